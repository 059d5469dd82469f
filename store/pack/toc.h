/* What the parts of the pack module share. */
#ifndef TUSK_TOC_H
#define TUSK_TOC_H

#include "pack.h"

#define TUSK_PACK_MAGIC        "tuskPACK"
#define TUSK_PACK_TRAILER_SIZE 16
#define TUSK_RECORD_AAD_SIZE   46

/* Whether type, codec and lengths agree with each other and with the limits of FORMAT.md. */
bool tusk_record_valid(const struct tusk_record *record);
void tusk_record_aad(const struct tusk_record *record, uint8_t ret_aad[TUSK_RECORD_AAD_SIZE]);

/* For TUSK_CLEANUP. */
void tusk_object_key_wipe(struct tusk_object_key *key);
#define TUSK_AUTO_OBJECT_KEY TUSK_CLEANUP(tusk_object_key_wipe)

/* Bytes of the sealed table of count records. */
size_t tusk_toc_sealed_size(uint32_t count);
/* Appends the sealed table and the trailer to out. */
int tusk_toc_seal(struct tusk_aead *aead, const struct tusk_object_key *key, const struct tusk_record *records,
		  uint32_t count, struct tusk_buf *out, struct tusk_err *err);

/* Where the compressed form of a record lies, record->stored - TUSK_TAG_SIZE bytes, after tusk_pack_read has expanded
 * it with this scratch. Not for raw records. */
const uint8_t *tusk_pack_compressed(const struct tusk_record *record, const struct tusk_buf *scratch);

/* Opens a pack's header, whichever kind it is of. name is for messages. */
int tusk_pack_header_open(const struct tusk_keys *keys, const uint8_t header[TUSK_OBJECT_HEADER_SIZE], const char *name,
			  enum tusk_pack_kind *ret_kind, struct tusk_object_key *ret_key, struct tusk_err *err);

#endif
