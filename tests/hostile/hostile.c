/* hostile OUTSIDE: makes a repository of hostile snapshots and prints where it is, then "FATE ID NAME" for each. Its
 * key file is beside it. */
#include "hostile.h"

#include "manifest.h"

#include <stdlib.h>
#include <string.h>

#define GOOD_SIZE 5000u
#define LIMIT     (TUSK_ENTRIES_LIMIT - 10)

static void require(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "hostile: %s\n", what);
		exit(1);
	}
}

/* ---- raw parts ---- */

struct tusk_entry hostile_named(struct hostile *hostile, const void *name, size_t len, enum tusk_type type)
{
	struct tusk_entry entry = handmade_entry(&hostile->made, "x", type);
	uint8_t *copy = handmade_take(&hostile->made, len);

	memcpy(copy, name, len);
	entry.name = (struct tusk_bytes){copy, len};
	if (type == TUSK_TYPE_SYMLINK)
		entry.target = (struct tusk_bytes){(const uint8_t *)"target", 6};
	return entry;
}

struct tusk_entry hostile_directory(struct hostile *hostile, const char *name, const struct tusk_subtree *below)
{
	struct tusk_entry entry = handmade_entry(&hostile->made, name, TUSK_TYPE_DIRECTORY);
	entry.mode |= 0111;
	entry.subtree = *below;
	return entry;
}

struct tusk_subtree hostile_block(struct hostile *hostile, const void *block, size_t len)
{
	return (struct tusk_subtree){
	    .id = handmade_put(&hostile->made, TUSK_OBJECT_TREE, block, len), .entries = 1, .descendants = 1};
}

/* header, offsets, entries; no owners */
static struct tusk_id put_framed(struct hostile *hostile, uint8_t level, const struct tusk_buf *entries,
				 const uint32_t *ends, size_t count)
{
	TUSK_AUTO_BUF struct tusk_buf block = {0};
	uint32_t first = (uint32_t)(16 + 4 * count), at = 0;

	require(tusk_put_u32(&block, level) == 0 && tusk_put_u32(&block, (uint32_t)count) == 0 &&
		    tusk_put_u32(&block, level ? 0 : 1) == 0 && tusk_put_u32(&block, 0) == 0,
		"out of memory");
	first += level ? 0 : 1;
	for (size_t i = 0; i < count; at = ends[i++])
		require(tusk_put_u32(&block, first + at) == 0, "out of memory");
	require(level || tusk_put_u8(&block, 0) == 0, "out of memory"); /* an owner table of nobody */
	require(tusk_put_raw(&block, entries->data, entries->len) == 0, "out of memory");
	return handmade_put(&hostile->made, TUSK_OBJECT_TREE, block.data, block.len);
}

struct tusk_subtree hostile_leaf(struct hostile *hostile, const struct tusk_entry *entries, size_t count)
{
	TUSK_AUTO_BUF struct tusk_buf encoded = {0};
	uint32_t *ends = handmade_take(&hostile->made, (count + 1) * sizeof(*ends));
	struct tusk_subtree sums = {.entries = count, .descendants = count};

	for (size_t i = 0; i < count; i++) {
		const struct tusk_entry *entry = &entries[i];
		require(tusk_leaf_encode(&encoded, entry, TUSK_LEAF_ENTRY) == 0, "out of memory");
		ends[i] = (uint32_t)encoded.len;
		sums.bytes += entry->type == TUSK_TYPE_FILE ? entry->size : entry->subtree.bytes;
		sums.descendants += entry->subtree.descendants;
		sums.subdirs += entry->type == TUSK_TYPE_DIRECTORY;
	}
	if (sums.bytes > INT64_MAX)
		sums.bytes = INT64_MAX;
	sums.id = put_framed(hostile, 0, &encoded, ends, count);
	return sums;
}

struct tusk_subtree hostile_index(struct hostile *hostile, uint8_t level, const struct hostile_child *children,
				  size_t count)
{
	TUSK_AUTO_BUF struct tusk_buf encoded = {0};
	uint32_t *ends = handmade_take(&hostile->made, (count + 1) * sizeof(*ends));
	struct tusk_subtree sums = {.level = level};

	for (size_t i = 0; i < count; i++) {
		const struct tusk_subtree *below = &children[i].below;
		require(tusk_put_bytes(&encoded, children[i].first, strlen(children[i].first)) == 0 &&
			    tusk_put_raw(&encoded, below->id.bytes, TUSK_ID_SIZE) == 0 &&
			    tusk_put_varint(&encoded, below->entries) == 0 &&
			    tusk_put_varint(&encoded, below->descendants) == 0 &&
			    tusk_put_varint(&encoded, below->bytes) == 0 &&
			    tusk_put_varint(&encoded, below->subdirs) == 0,
			"out of memory");
		ends[i] = (uint32_t)encoded.len;
		sums.entries += below->entries;
		sums.descendants += below->descendants;
		sums.bytes += below->bytes;
		sums.subdirs += below->subdirs;
	}
	sums.id = put_framed(hostile, level, &encoded, ends, count);
	return sums;
}

/* ---- publishing ---- */

static void publish(struct hostile *hostile, const struct tusk_buf *body, const char *name, enum hostile_fate fate)
{
	static const char *const words[] = {"refused", "harmless", "found"};
	const struct tusk_keys *keys = &hostile->made.repository->keys;
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	TUSK_AUTO_BUF struct tusk_buf object = {0};
	char path[100] = "snapshots/", *text = path + strlen(path);
	struct tusk_object_key key;
	struct tusk_err err = {0};
	struct tusk_id id;
	size_t len = TUSK_OBJECT_HEADER_SIZE + body->len + TUSK_TAG_SIZE;

	require(tusk_buf_reserve(&object, len) == 0, "out of memory");
	tusk_test_ok(tusk_object_header_make(keys, keys->meta, "tuskSNAP", 3, object.data, &key, &err), &err);
	tusk_test_ok(tusk_aead_seal(aead, &key, 0, "snapshot", 8, body->data, body->len,
				    object.data + TUSK_OBJECT_HEADER_SIZE, &err),
		     &err);
	object.len = len;
	tusk_sha256(object.data, object.len, id.bytes);
	tusk_id_text(&id, text);
	handmade_seal(&hostile->made);
	tusk_test_ok(tusk_node_put(hostile->made.repository->node, path, object.data, object.len, &err), &err);
	printf("%s %s %s\n", words[fate], text, name);
	hostile->count++;
}

void hostile_manifest(struct hostile *hostile, const char *name, enum hostile_fate fate,
		      const struct tusk_subtree *root, const struct tusk_snapshot *snapshot)
{
	static char empty[] = "", host[] = "box";
	struct tusk_snapshot whole = {.host = host, .user = empty, .source = empty, .comment = empty, .version = empty};
	struct tusk_entry entry = handmade_entry(&hostile->made, "root", TUSK_TYPE_DIRECTORY);
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	struct tusk_err err = {0};

	entry.mode |= 0111;
	if (snapshot)
		whole = *snapshot;
	if (whole.time.tv_sec == 0)
		whole.time = whole.end_time = (struct timespec){.tv_sec = 1700000000 + hostile->count};
	whole.root = *root;
	whole.has_xattrs = true; /* else nobody asks for them */
	if (whole.root_entry.len == 0)
		tusk_test_ok(tusk_tree_encode_root(&whole.root_entry, &entry, &err), &err);
	tusk_test_ok(tusk_manifest_encode_body(&whole, &body, &err), &err);
	tusk_buf_release(&whole.root_entry);
	publish(hostile, &body, name, fate);
}

struct tusk_subtree hostile_good_root(struct hostile *hostile)
{
	return hostile_leaf(hostile, &hostile->good, 1);
}

void hostile_tree(struct hostile *hostile, const char *name, enum hostile_fate fate, const struct tusk_subtree *bad)
{
	/* One folder deeper, so that it is "bad" and not the root whose block says impossible things of a folder. */
	struct tusk_entry inner = hostile_directory(hostile, "inner", bad);
	struct tusk_subtree outer = hostile_leaf(hostile, &inner, 1);
	if (outer.descendants > LIMIT)
		outer.descendants = LIMIT;
	struct tusk_entry entries[] = {hostile_directory(hostile, "bad", &outer), hostile->good};
	struct tusk_subtree root = hostile_leaf(hostile, entries, 2);
	hostile_manifest(hostile, name, fate, &root, NULL);
}

void hostile_entries(struct hostile *hostile, const char *name, enum hostile_fate fate,
		     const struct tusk_entry *entries, size_t count)
{
	struct tusk_subtree bad = hostile_leaf(hostile, entries, count);
	hostile_tree(hostile, name, fate, &bad);
}

/* ---- the program ---- */

static void write_key(const char *path)
{
	char key[66];
	memset(key, 0, sizeof(key));
	for (size_t i = 0; i < 64; i += 2)
		memcpy(key + i, "5a", 2);
	key[64] = '\n';
	tusk_test_write(path, "key", key, 65);
}

/* What was made lives until the end, on purpose: LeakSanitizer shall look at those who read it. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

int main(int argc, char **argv)
{
	struct hostile hostile = {.outside = argc > 1 ? argv[1] : "/nonexistent"};
	struct handmade *made = &hostile.made;

	require(argc == 2, "usage: hostile OUTSIDE");
	handmade_open(made, TUSK_SUITE_AES256_GCM);
	write_key(made->path);
	printf("%s\n", made->path);
	const uint8_t *data = handmade_bytes(made, 2 * GOOD_SIZE, 1);
	hostile.good = handmade_file(made, "good", data, GOOD_SIZE, GOOD_SIZE);
	hostile.chunk = handmade_file(made, "chunk", data + GOOD_SIZE, GOOD_SIZE, GOOD_SIZE);
	hostile_names(&hostile);
	hostile_links(&hostile);
	hostile_metadata(&hostile);
	hostile_files(&hostile);
	hostile_trees(&hostile);
	hostile_roots(&hostile);
	fprintf(stderr, "hostile: %u snapshots\n", hostile.count);
	/* handmade_close would remove it all. */
	tusk_repository_close(made->repository);
	return ferror(stdout) ? 1 : 0;
}
