#include "crypto.h"
#include "extents.h"

#include <string.h>

static void add_zeros(struct tusk_hasher *hasher, uint64_t len)
{
	static const uint8_t zeros[16 << 10];
	while (len > 0) {
		size_t part = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);
		tusk_hasher_update(hasher, zeros, part);
		len -= part;
	}
}

/* Nothing is recorded for a file whose bytes are in the entry itself: holes and those bytes are all of it. */
static int digest_small(const struct tusk_entry *entry, uint8_t ret_sha256[32], struct tusk_err *err)
{
	TUSK_AUTO_EXTENTS struct tusk_extents extents = {0};
	TUSK_AUTO_HASHER struct tusk_hasher *hasher = tusk_hasher_new();
	struct tusk_stretch stretch;

	if (entry->content == TUSK_CONTENT_EMPTY) {
		add_zeros(hasher, entry->size);
	} else {
		if (tusk_extents_load(NULL, entry, &extents, err) != 0)
			return -1;
		if (entry->content_bytes.len != entry->data_bytes)
			return tusk_err_set(err, TUSK_E_CORRUPT, 0,
					    "a file's content is not as long as its entry says");
		for (uint64_t offset = 0; offset < entry->size; offset += stretch.len) {
			tusk_extents_at(&extents, offset, &stretch);
			if (stretch.is_data)
				tusk_hasher_update(hasher, entry->content_bytes.data + stretch.data_offset,
						   (size_t)stretch.len);
			else
				add_zeros(hasher, stretch.len);
		}
	}
	tusk_hasher_final(hasher, ret_sha256);
	return 0;
}

int tusk_entry_sha256(const struct tusk_entry *entry, uint8_t ret_sha256[32], struct tusk_err *err)
{
	if (entry->type != TUSK_TYPE_FILE)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "only files have a SHA-256");
	if (!entry->has_sha256)
		return digest_small(entry, ret_sha256, err);
	memcpy(ret_sha256, entry->sha256, 32);
	return 0;
}
