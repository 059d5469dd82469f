#include "blob.h"

#include "view_private.h"
#include "wire.h"

#include <string.h>

int tusk_blob_load(struct tusk_fetcher *fetcher, const struct tusk_bytes *reference, struct tusk_buf *ret_data,
		   struct tusk_err *err)
{
	struct tusk_cursor cursor;
	struct tusk_id id;

	tusk_cursor_init(&cursor, reference->data, reference->len);
	tusk_get_id(&cursor, &id);
	uint64_t len = tusk_get_varint(&cursor);
	if (!tusk_cursor_done(&cursor) || len > TUSK_RECORD_MAX_RAW)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the reference to a blob is malformed");
	return tusk_fetcher_read(fetcher, &id, TUSK_OBJECT_BLOB, len, ret_data, err);
}

int tusk_entry_xattrs(struct tusk_view *view, const struct tusk_entry *entry, struct tusk_xattrs *ret_xattrs,
		      struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf blob = {0};

	if (!entry->has_xattrs) {
		memset(ret_xattrs, 0, sizeof(*ret_xattrs));
		return 0;
	}
	if (!entry->xattrs_in_blob)
		return tusk_xattrs_decode(entry->xattr_bytes.data, entry->xattr_bytes.len, ret_xattrs, err);
	if (tusk_blob_load(view->fetcher, &entry->xattr_bytes, &blob, err) != 0)
		return tusk_err_prefix(err, "extended attributes");
	return tusk_xattrs_decode(blob.data, blob.len, ret_xattrs, err);
}
