/* Packs: writing, opening, reading records, tables of contents (FORMAT.md, Pack). */
#ifndef TUSK_PACK_H
#define TUSK_PACK_H

#include "crypto.h"
#include "node.h"
#include "tusk/id.h"

#define TUSK_PACK_MAX_SIZE    (80u << 20)
#define TUSK_PACK_MAX_RECORDS 131072u
#define TUSK_RECORD_MAX_RAW   (16u << 20)
#define TUSK_TOC_MAX_SIZE     (8u << 20)

enum tusk_pack_kind { TUSK_PACK_CHUNKS = 1, TUSK_PACK_TREES = 2 };

struct tusk_record {
	struct tusk_id id;
	uint32_t offset, stored, raw; /* bytes; stored includes the tag */
	uint8_t type, codec;
};

/* A decoded table of contents. */
struct tusk_toc {
	struct tusk_id pack;
	enum tusk_pack_kind kind;
	struct tusk_record *records;
	uint32_t count;
};
void tusk_toc_release(struct tusk_toc *toc);
#define TUSK_AUTO_TOC TUSK_CLEANUP(tusk_toc_release)

void tusk_pack_name(const struct tusk_id *id, char ret_name[80]); /* "packs/ab/abcd..." */
void tusk_toc_name(const struct tusk_id *id, char ret_name[80]);  /* "toc/abcd..." */

/* Decodes a toc object (hash at its end checked). Pure but for keys: this is the fuzz target. */
int tusk_toc_decode(const struct tusk_keys *keys, struct tusk_aead *aead, const struct tusk_id *pack, const void *data,
		    size_t len, struct tusk_toc *ret_toc, struct tusk_err *err);
/* From the toc object, else from the pack's end. TUSK_E_ABSENT when there is neither; TUSK_E_CORRUPT when none decodes.
 */
int tusk_toc_load(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_aead *aead,
		  const struct tusk_id *pack, struct tusk_toc *ret_toc, struct tusk_err *err);

/* Writing: streams to the node; holds at most about 1 MiB (or twice a larger record) plus 48 bytes a record. Borrows
 * node and keys until it is finished or aborted. One thread at a time. */
struct tusk_pack_writer;
int tusk_pack_writer_open(struct tusk_node *node, const struct tusk_keys *keys, enum tusk_pack_kind kind,
			  struct tusk_pack_writer **ret_writer, struct tusk_err *err);
/* Seals payload (raw or compressed, as codec says) as the next record, and proves that it opens again to the same bytes
 * before it is written. ret_record may be NULL. TUSK_E_LIMIT (record too large, or pack full) and TUSK_E_USAGE leave
 * the writer as it was; after any other failure it can only be aborted. */
int tusk_pack_writer_add(struct tusk_pack_writer *writer, uint8_t type, uint8_t codec, const struct tusk_id *id,
			 const void *payload, size_t payload_len, uint32_t raw_len, struct tusk_record *ret_record,
			 struct tusk_err *err);
uint64_t tusk_pack_writer_size(const struct tusk_pack_writer *writer);
uint32_t tusk_pack_writer_count(const struct tusk_pack_writer *writer);
/* At least one record must have been added. Padding, toc, trailer; pack durable, then toc object durable. Consumes
 * writer in every case. */
int tusk_pack_writer_finish(struct tusk_pack_writer *writer, struct tusk_toc *ret_toc, uint64_t *ret_size,
			    struct tusk_err *err);
void tusk_pack_writer_abort(struct tusk_pack_writer *writer);

/* Reading. */
struct tusk_pack; /* open pack: object handle and key; thread-safe */
int tusk_pack_open(struct tusk_node *node, const struct tusk_keys *keys, const struct tusk_id *id,
		   struct tusk_pack **ret_pack, struct tusk_err *err);
/* The same by another copy of its header (80 bytes), for when its own is damaged. */
int tusk_pack_open_headed(struct tusk_node *node, const struct tusk_keys *keys, const struct tusk_id *id,
			  const uint8_t header[TUSK_OBJECT_HEADER_SIZE], struct tusk_pack **ret_pack,
			  struct tusk_err *err);
void tusk_pack_close(struct tusk_pack *pack);
/* Reads, opens and decompresses one record into out (record->raw bytes). scratch is the caller's, reused. */
int tusk_pack_read(struct tusk_pack *pack, struct tusk_aead *aead, const struct tusk_record *record,
		   struct tusk_buf *scratch, uint8_t *out, struct tusk_err *err);
/* The same from sealed bytes that the caller already has (record->stored of them): for coalesced reads. */
int tusk_pack_decode(struct tusk_pack *pack, struct tusk_aead *aead, const struct tusk_record *record,
		     const uint8_t *sealed, struct tusk_buf *scratch, uint8_t *out, struct tusk_err *err);
int tusk_pack_pread(struct tusk_pack *pack, void *data, size_t len, uint64_t offset, struct tusk_err *err);

/* Records that are proven against their ids, one after the other, and go on into another pack in the form that they
 * have: nothing is compressed again. One thread at a time. */
struct tusk_pack_copier {
	struct tusk_aead *aead;
	struct tusk_ider *ider;
	struct tusk_buf raw, scratch; /* the record that was read last; its sealed and its compressed form */
};
int tusk_pack_copier_init(struct tusk_pack_copier *copier, const struct tusk_keys *keys, struct tusk_err *err);
void tusk_pack_copier_release(struct tusk_pack_copier *copier); /* wipes what was read */
/* As tusk_pack_read; TUSK_E_CORRUPT as well when the bytes are not those that record->id names. */
int tusk_pack_copier_read(struct tusk_pack_copier *copier, struct tusk_pack *pack, const struct tusk_record *record,
			  struct tusk_err *err);
/* The record that was read last, as tusk_pack_writer_add. */
int tusk_pack_copier_write(const struct tusk_pack_copier *copier, const struct tusk_record *record,
			   struct tusk_pack_writer *writer, struct tusk_err *err);

#endif
