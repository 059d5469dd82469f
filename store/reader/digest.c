#include "crypto.h"
#include "tusk/reader.h"

#include <string.h>

/* Nothing is recorded for a file without chunks and holes: its bytes are in the entry itself. */
int tusk_entry_sha256(const struct tusk_entry *entry, uint8_t ret_sha256[32], struct tusk_err *err)
{
	if (entry->type != TUSK_TYPE_FILE)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "only files have a SHA-256");
	if (entry->has_sha256)
		memcpy(ret_sha256, entry->sha256, sizeof(entry->sha256));
	else
		tusk_sha256(entry->content_bytes.data, entry->content_bytes.len, ret_sha256);
	return 0;
}
