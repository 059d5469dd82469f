/* Which writer this client is, as its state folder has it (the file "writer"). */
#ifndef TUSK_WRITER_H
#define TUSK_WRITER_H

#include "tusk/err.h"
#include "tusk/id.h"

#include <stdbool.h>

#define TUSK_WRITER_FILE "writer"

struct tusk_writer {
	uint8_t uuid[16];
	uint64_t counter;
	struct tusk_id previous; /* the last snapshot that it wrote */
};

/* False, and *ret_writer untouched: it has written none, or the file is damaged. */
bool tusk_writer_load(int dir_fd, struct tusk_writer *ret_writer);
/* Replaces the file durably. */
int tusk_writer_save(int dir_fd, const struct tusk_writer *writer, struct tusk_err *err);

#endif
