/* Creating a repository and managing its key slots. */
#ifndef TUSK_INIT_H
#define TUSK_INIT_H

#include "tusk/err.h"
#include "tusk/id.h"
#include "tusk/repository.h"

#include <time.h>

struct tusk_init_options {
	enum tusk_suite suite;
	uint32_t chunk_average; /* bytes, a power of two, 16 KiB .. 4 MiB; min is a quarter, max four times of it */
	const struct tusk_secret *secret; /* first slot; NULL only for TUSK_SUITE_NONE */
	const char *label;                /* of the slot; may be NULL */
	unsigned kdf_log2_n;              /* scrypt cost, 15..20; 0: 17 */
};

/* Creates a repository in a directory that is missing or empty (parents are not made). Durable on return.
 * Errors: TUSK_E_EXISTS (a repository, or something else, is there), TUSK_E_IO, TUSK_E_FULL. A failed call removes what
 * it made. */
int tusk_repository_init(const char *url, const struct tusk_init_options *options,
			 struct tusk_parameters *ret_parameters, struct tusk_err *err);

struct tusk_key_info {
	struct tusk_id id;
	enum tusk_secret_kind kind; /* 0: damaged */
	unsigned kdf_log2_n;
	time_t created;  /* 0 when current is false: it is sealed */
	char label[128]; /* empty when current is false: labels are sealed */
	bool current;    /* the slot that the open repository was opened with */
};
/* ret_keys: freed by the caller with free(). */
int tusk_key_list(struct tusk_repository *repository, struct tusk_key_info **ret_keys, size_t *ret_count,
		  struct tusk_err *err);
/* Adds a slot for secret; durable and proven to open on return. */
int tusk_key_add(struct tusk_repository *repository, const struct tusk_secret *secret, const char *label,
		 unsigned kdf_log2_n, struct tusk_id *ret_id, struct tusk_err *err);
/* Removes the slot whose id starts with prefix. TUSK_E_USAGE for the last slot or an ambiguous prefix. */
int tusk_key_remove(struct tusk_repository *repository, const char *prefix, struct tusk_id *ret_id,
		    struct tusk_err *err);
/* The slot that opened the repository. */
int tusk_key_current(struct tusk_repository *repository, struct tusk_id *ret_id, struct tusk_err *err);

/* 32 random bytes for a key file or recovery code. */
int tusk_key_generate(uint8_t ret_key[32], struct tusk_err *err);

#endif
