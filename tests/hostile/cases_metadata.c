/* Times, owners, inode numbers, extended attributes. */
#include "hostile.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- times and numbers ---- */

static struct tusk_entry plain(struct hostile *hostile)
{
	struct tusk_entry entry = hostile_named(hostile, "file", 4, TUSK_TYPE_FILE);
	entry.size = entry.data_bytes = 5;
	entry.content = TUSK_CONTENT_INLINE;
	entry.content_bytes = (struct tusk_bytes){(const uint8_t *)"hello", 5};
	return entry;
}

static void timed(struct hostile *hostile, const char *what, enum hostile_fate fate, int64_t seconds, int64_t ns)
{
	struct tusk_entry entry = plain(hostile);
	entry.mtime = (struct timespec){seconds, ns};
	entry.ctime = (struct timespec){-seconds, 0};
	hostile_entry(hostile, what, fate, &entry);
}

static void times(struct hostile *hostile)
{
	timed(hostile, "time: 10^9 nanoseconds", HOSTILE_REFUSED, 1700000000, 1000000000);
	timed(hostile, "time: 2^63 nanoseconds", HOSTILE_REFUSED, 1700000000, INT64_MAX);
	timed(hostile, "time: before 1970", HOSTILE_HARMLESS, -1, 999999999);
	timed(hostile, "time: year 292,277,026,596", HOSTILE_HARMLESS, INT64_MAX, 999999999);
	timed(hostile, "time: the first of all", HOSTILE_HARMLESS, -INT64_MAX, 0);
}

static void owners(struct hostile *hostile)
{
	struct tusk_entry entry = plain(hostile);
	entry.uid = entry.gid = UINT32_MAX; /* chown would leave the owner as it is */
	hostile_entry(hostile, "owner: 2^32 - 1", HOSTILE_HARMLESS, &entry);
	entry = plain(hostile);
	entry.uid = entry.gid = 0;
	entry.mode = S_IFREG | 06777;
	hostile_entry(hostile, "owner: root, everybody may write, setuid", HOSTILE_HARMLESS, &entry);
	entry = plain(hostile);
	entry.source_inode = UINT64_MAX;
	hostile_entry(hostile, "inode: 2^64 - 1", HOSTILE_HARMLESS, &entry);
	entry.source_inode = 0;
	hostile_entry(hostile, "inode: 0", HOSTILE_HARMLESS, &entry);
}

/* ---- extended attributes ---- */

struct pair {
	const char *name;
	size_t name_len; /* 0: that of name */
	const void *value;
	size_t len;
};

/* As FORMAT.md has it, without the rules about names and order. */
static struct tusk_bytes list(struct hostile *hostile, const struct pair *pairs, size_t count, uint64_t says)
{
	TUSK_AUTO_BUF struct tusk_buf out = {0};
	int failed = tusk_put_varint(&out, says);

	for (size_t i = 0; i < count; i++) {
		size_t len = pairs[i].name_len ? pairs[i].name_len : strlen(pairs[i].name);
		failed |= tusk_put_bytes(&out, pairs[i].name, len);
		failed |= tusk_put_bytes(&out, pairs[i].value, pairs[i].len);
	}
	if (failed)
		abort();
	uint8_t *copy = handmade_take(&hostile->made, out.len);
	memcpy(copy, out.data, out.len);
	return (struct tusk_bytes){copy, out.len};
}

static struct tusk_bytes in_blob(struct hostile *hostile, const struct tusk_bytes *bytes, uint64_t says)
{
	TUSK_AUTO_BUF struct tusk_buf reference = {0};
	struct tusk_id id = handmade_put(&hostile->made, TUSK_OBJECT_BLOB, bytes->data, bytes->len);
	uint8_t *copy = handmade_take(&hostile->made, 64);

	if (tusk_put_raw(&reference, id.bytes, TUSK_ID_SIZE) || tusk_put_varint(&reference, says))
		abort();
	memcpy(copy, reference.data, reference.len);
	return (struct tusk_bytes){copy, reference.len};
}

static void attributes(struct hostile *hostile, const char *what, enum hostile_fate fate,
		       const struct tusk_bytes *bytes, bool is_blob)
{
	struct tusk_entry entry = plain(hostile);
	entry.has_xattrs = true;
	entry.xattrs_in_blob = is_blob;
	entry.xattr_bytes = *bytes;
	hostile_entry(hostile, what, fate, &entry);
}

static void one(struct hostile *hostile, const char *what, enum hostile_fate fate, const char *name, const void *value,
		size_t len)
{
	struct pair pair = {name, 0, value, len};
	struct tusk_bytes bytes = list(hostile, &pair, 1, 1);
	bool is_blob = bytes.len > TUSK_XATTRS_INLINE_MAX;
	if (is_blob)
		bytes = in_blob(hostile, &bytes, bytes.len);
	attributes(hostile, what, fate, &bytes, is_blob);
}

static void dangerous(struct hostile *hostile)
{
	/* vfs_cap_data, version 2, effective: every capability */
	static const uint8_t capability[20] = {1, 0, 0, 2, 255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255};
	/* version 2; an entry of an unknown tag; cut short */
	static const uint8_t acl[] = {2, 0, 0, 0, 0x77, 0x77, 7, 0, 255, 255, 255, 255, 1, 2, 3};
	static const uint8_t version[] = {9, 0, 0, 0};

	one(hostile, "attribute: capabilities", HOSTILE_HARMLESS, "security.capability", capability,
	    sizeof(capability));
	one(hostile, "attribute: SELinux", HOSTILE_HARMLESS, "security.selinux", "evil_u:evil_r:evil_t:s0", 23);
	one(hostile, "attribute: overlay opaque", HOSTILE_HARMLESS, "trusted.overlay.opaque", "y", 1);
	one(hostile, "attribute: overlay redirect", HOSTILE_HARMLESS, "trusted.overlay.redirect", "/etc", 4);
	one(hostile, "attribute: broken ACL", HOSTILE_HARMLESS, "system.posix_acl_access", acl, sizeof(acl));
	one(hostile, "attribute: ACL of another version", HOSTILE_HARMLESS, "system.posix_acl_access", version, 4);
	one(hostile, "attribute: default ACL of a file", HOSTILE_HARMLESS, "system.posix_acl_default", acl, 4);
	one(hostile, "attribute: of no namespace", HOSTILE_HARMLESS, "name", "value", 5);
	one(hostile, "attribute: tusk's own", HOSTILE_HARMLESS, "user.tusk.sha256", "0000", 4);
	one(hostile, "attribute: empty value", HOSTILE_HARMLESS, "user.empty", "", 0);
}

static void malformed(struct hostile *hostile)
{
	uint8_t *large = handmade_take(&hostile->made, 65537);
	char *long_name = handmade_take(&hostile->made, 300);
	struct pair twice[] = {{"user.a", 0, "1", 1}, {"user.a", 0, "2", 1}};
	struct pair unsorted[] = {{"user.b", 0, "1", 1}, {"user.a", 0, "2", 1}};
	struct pair nul = {"user.a\0b", 8, "1", 1}, nameless = {"", 0, "1", 1};
	struct tusk_bytes bytes;

	memset(large, 'v', 65537);
	memset(long_name, 'n', 256);
	memcpy(long_name, "user.", 5);
	one(hostile, "attribute: 65,536 bytes", HOSTILE_HARMLESS, "user.large", large, 65536);
	one(hostile, "attribute: 65,537 bytes", HOSTILE_REFUSED, "user.large", large, 65537);
	one(hostile, "attribute: name of 256 bytes", HOSTILE_REFUSED, long_name, "v", 1);
	bytes = list(hostile, twice, 2, 2);
	attributes(hostile, "attributes: twice", HOSTILE_REFUSED, &bytes, false);
	bytes = list(hostile, unsorted, 2, 2);
	attributes(hostile, "attributes: out of order", HOSTILE_REFUSED, &bytes, false);
	bytes = list(hostile, &nul, 1, 1);
	attributes(hostile, "attribute: NUL in the name", HOSTILE_REFUSED, &bytes, false);
	bytes = list(hostile, &nameless, 1, 1);
	attributes(hostile, "attribute: no name", HOSTILE_REFUSED, &bytes, false);
	bytes = list(hostile, twice, 1, UINT32_MAX);
	attributes(hostile, "attributes: a count that lies", HOSTILE_REFUSED, &bytes, false);
	bytes = list(hostile, twice, 0, 0);
	attributes(hostile, "attributes: none", HOSTILE_REFUSED, &bytes, false);
}

static void many(struct hostile *hostile)
{
	struct pair *pairs = handmade_take(&hostile->made, 10000 * sizeof(*pairs));
	struct tusk_bytes bytes, reference;

	for (size_t i = 0; i < 10000; i++) {
		char *name = handmade_take(&hostile->made, 16);
		snprintf(name, 16, "user.%05zu", i);
		pairs[i] = (struct pair){name, 0, "value", 5};
	}
	bytes = list(hostile, pairs, 10000, 10000);
	reference = in_blob(hostile, &bytes, bytes.len);
	attributes(hostile, "attributes: 10,000", HOSTILE_HARMLESS, &reference, true);
	reference = in_blob(hostile, &bytes, bytes.len + 1);
	attributes(hostile, "attributes: a blob of another length", HOSTILE_REFUSED, &reference, true);
	reference = in_blob(hostile, &bytes, UINT64_MAX);
	attributes(hostile, "attributes: a blob of 2^64 - 1 bytes", HOSTILE_REFUSED, &reference, true);
	uint8_t *missing = handmade_take(&hostile->made, 34);
	memset(missing, 7, 33);
	reference = (struct tusk_bytes){missing, 33};
	attributes(hostile, "attributes: a blob that is not there", HOSTILE_REFUSED, &reference, true);
}

void hostile_metadata(struct hostile *hostile)
{
	times(hostile);
	owners(hostile);
	dangerous(hostile);
	malformed(hostile);
	many(hostile);
}
