/* The packs that a backup has open, and the committers that make full ones durable and tell the index. */
#ifndef TUSK_WRITERS_H
#define TUSK_WRITERS_H

#include "ingest.h"

struct tusk_writers;

/* Starts the committers, as many as the node takes uploads at a time. A dry run has no packs and never calls this. */
int tusk_writers_start(struct tusk_ingest *ingest, struct tusk_writers **ret_writers, struct tusk_err *err);
/* A chunk pack to write to: the one given back last, so that a quiet backup fills a single pack, or a new one. */
int tusk_writers_take(struct tusk_writers *writers, struct tusk_pack_writer **ret_writer, struct tusk_err *err);
/* Gives it back; a full one goes to the committer (waits while that is far behind). */
void tusk_writers_give(struct tusk_writers *writers, struct tusk_pack_writer *writer);
bool tusk_writers_is_full(const struct tusk_writers *writers, const struct tusk_pack_writer *writer);
/* Adds a record to the tree pack that all threads share. Arguments as tusk_pack_writer_add. */
struct tusk_writers_record {
	uint8_t type, codec;
	const struct tusk_id *id;
	const void *payload;
	size_t payload_len;
	uint32_t raw_len;
};
int tusk_writers_add_meta(struct tusk_writers *writers, const struct tusk_writers_record *record, struct tusk_err *err);
/* Makes everything durable and indexed. Errors go to tusk_ingest_fail. */
void tusk_writers_finish(struct tusk_writers *writers);
/* Wakes threads that wait for the committer, after an error. */
void tusk_writers_wake(struct tusk_writers *writers);
/* Ends the committers and aborts whatever is not durable. */
void tusk_writers_free(struct tusk_writers *writers);

#endif
