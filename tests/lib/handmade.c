#include "handmade.h"

#include "codec.h"
#include "manifest.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- opening ---- */

static void require(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "handmade: %s\n", what);
		abort();
	}
}

void handmade_open(struct handmade *made, enum tusk_suite suite)
{
	*made = (struct handmade){0};
	tusk_test_directory(made->path);
	tusk_test_repository(made->path, suite, &made->repository);
	made->ider = tusk_ider_new(&made->repository->keys);
}

void handmade_close(struct handmade *made)
{
	tusk_pack_writer_abort(made->chunks);
	tusk_pack_writer_abort(made->trees);
	for (size_t i = 0; i < made->toc_count; i++)
		tusk_toc_release(&made->tocs[i]);
	free(made->tocs);
	for (size_t i = 0; i < made->memory_count; i++)
		free(made->memory[i]);
	free(made->memory);
	tusk_ider_free(made->ider);
	tusk_repository_close(made->repository);
	tusk_test_remove(made->path);
}

void handmade_reopen(struct handmade *made, bool forgets_index)
{
	char state[128];
	require(!made->chunks && !made->trees, "reopened with packs not sealed");
	tusk_repository_close(made->repository);
	snprintf(state, sizeof(state), "%s/state", made->path);
	if (forgets_index)
		tusk_test_remove(state);
	tusk_test_repository_open(made->path, &made->repository);
}

#define SLAB_SIZE ((size_t)1 << 20)

/* Small pieces come from slabs: tests make hundreds of thousands of entries. */
void *handmade_take(struct handmade *made, size_t len)
{
	len = (len + 16) / 16 * 16; /* never nothing: the slab may not be there yet */
	if (len > made->slab_left) {
		made->slab_left = len > SLAB_SIZE ? len : SLAB_SIZE;
		made->slab = calloc(1, made->slab_left);
		made->memory = reallocarray(made->memory, made->memory_count + 1, sizeof(*made->memory));
		require(made->memory && made->slab, "out of memory");
		made->memory[made->memory_count++] = made->slab;
	}
	void *taken = made->slab;
	made->slab += len;
	made->slab_left -= len;
	return taken;
}

uint8_t *handmade_bytes(struct handmade *made, size_t len, uint64_t seed)
{
	uint8_t *bytes = handmade_take(made, len);
	uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;
	for (size_t i = 0; i < len; i++) {
		state ^= state << 13; /* xorshift64 */
		state ^= state >> 7;
		state ^= state << 17;
		bytes[i] = (uint8_t)(state >> 32);
	}
	return bytes;
}

static struct tusk_bytes keep(struct handmade *made, const void *data, size_t len)
{
	uint8_t *copy = handmade_take(made, len);
	if (len > 0)
		memcpy(copy, data, len);
	return (struct tusk_bytes){.data = copy, .len = len};
}

/* ---- objects ---- */

struct tusk_id handmade_put(struct handmade *made, uint8_t type, const void *data, size_t len)
{
	bool is_chunk = type == TUSK_OBJECT_CHUNK;
	struct tusk_pack_writer **writer = is_chunk ? &made->chunks : &made->trees;
	TUSK_AUTO_COMPRESSOR struct tusk_compressor *compressor = tusk_compressor_new();
	TUSK_AUTO_FREE uint8_t *packed = malloc(len ? len : 1);
	struct tusk_err err = {0};
	struct tusk_id id;
	size_t packed_len;

	tusk_ider_from_data(made->ider, type, data, len, &id);
	if (!*writer)
		tusk_test_ok(tusk_pack_writer_open(made->repository->node, &made->repository->keys,
						   is_chunk ? TUSK_PACK_CHUNKS : TUSK_PACK_TREES, writer, &err),
			     &err);
	enum tusk_codec codec = tusk_compress(compressor, data, len, packed, &packed_len);
	tusk_test_ok(tusk_pack_writer_add(*writer, type, (uint8_t)codec, &id, codec ? packed : data,
					  codec ? packed_len : len, (uint32_t)len, NULL, &err),
		     &err);
	return id;
}

static void finish(struct handmade *made, struct tusk_pack_writer **writer)
{
	struct tusk_err err = {0};
	uint64_t size;
	if (!*writer)
		return;
	made->tocs = reallocarray(made->tocs, made->toc_count + 1, sizeof(*made->tocs));
	require(made->tocs, "out of memory");
	tusk_test_ok(tusk_pack_writer_finish(*writer, &made->tocs[made->toc_count++], &size, &err), &err);
	*writer = NULL;
}

void handmade_seal(struct handmade *made)
{
	finish(made, &made->chunks);
	finish(made, &made->trees);
}

static int put_block(void *context, const void *block, size_t len, struct tusk_id *ret_id, struct tusk_err *err)
{
	(void)err;
	*ret_id = handmade_put(context, TUSK_OBJECT_TREE, block, len);
	return 0;
}

static int put_list(void *context, const void *list, size_t len, struct tusk_id *ret_id, struct tusk_err *err)
{
	(void)err;
	*ret_id = handmade_put(context, TUSK_OBJECT_LIST, list, len);
	return 0;
}

/* ---- entries ---- */

struct tusk_entry handmade_entry(struct handmade *made, const char *name, enum tusk_type type)
{
	static const uint32_t formats[] = {[TUSK_TYPE_FILE] = S_IFREG,         [TUSK_TYPE_DIRECTORY] = S_IFDIR,
					   [TUSK_TYPE_SYMLINK] = S_IFLNK,      [TUSK_TYPE_CHARACTER_DEVICE] = S_IFCHR,
					   [TUSK_TYPE_BLOCK_DEVICE] = S_IFBLK, [TUSK_TYPE_FIFO] = S_IFIFO,
					   [TUSK_TYPE_SOCKET] = S_IFSOCK};
	return (struct tusk_entry){.type = type,
				   .name = keep(made, name, strlen(name)),
				   .mode =
				       ((size_t)type < sizeof(formats) / sizeof(formats[0]) ? formats[type] : 0) | 0644,
				   .uid = 1000,
				   .gid = 100,
				   .user = {.data = (const uint8_t *)"anna", .len = 4},
				   .group = {.data = (const uint8_t *)"users", .len = 5},
				   .mtime = {1700000000, 123456789},
				   .ctime = {1700000001, 987654321},
				   .source_inode = 4711,
				   .nlink = type == TUSK_TYPE_DIRECTORY ? 2 : 1};
}

static void set_chunks(struct handmade *made, struct tusk_entry *entry, const uint8_t *data, size_t piece)
{
	struct tusk_tree_sink sink = {.put = put_list, .context = made};
	TUSK_AUTO_BUF struct tusk_buf refs = {0};
	struct tusk_list_builder *builder;
	struct tusk_err err = {0};
	struct tusk_id list;

	tusk_test_ok(tusk_list_builder_new(&sink, &builder, &err), &err);
	for (size_t offset = 0; offset < entry->size; offset += piece) {
		size_t len = entry->size - offset < piece ? (size_t)entry->size - offset : piece;
		struct tusk_chunk_ref ref = {.id = handmade_put(made, TUSK_OBJECT_CHUNK, data + offset, len),
					     .len = len};
		tusk_put_raw(&refs, &ref.id, TUSK_ID_SIZE);
		tusk_put_varint(&refs, len);
		tusk_test_ok(tusk_list_builder_add(builder, &ref, &err), &err);
		entry->chunk_count++;
	}
	entry->has_sha256 = true;
	tusk_sha256(data, (size_t)entry->size, entry->sha256);
	entry->content = TUSK_CONTENT_CHUNK;
	if (entry->chunk_count > TUSK_LIST_INLINE_MAX) {
		tusk_test_ok(tusk_list_builder_finish(builder, &list, &entry->list_level, &err), &err);
		entry->content = TUSK_CONTENT_INDIRECT;
		entry->content_bytes = keep(made, list.bytes, TUSK_ID_SIZE);
	} else if (entry->chunk_count > 1) {
		entry->content = TUSK_CONTENT_LIST;
		entry->content_bytes = keep(made, refs.data, refs.len);
	}
	tusk_list_builder_free(builder);
}

struct tusk_entry handmade_file(struct handmade *made, const char *name, const void *data, size_t len, size_t piece)
{
	struct tusk_entry entry = handmade_entry(made, name, TUSK_TYPE_FILE);
	entry.size = entry.data_bytes = len;
	if (len > TUSK_INLINE_MAX) {
		set_chunks(made, &entry, data, piece);
	} else if (len > 0) {
		entry.content = TUSK_CONTENT_INLINE;
		entry.content_bytes = keep(made, data, len);
	}
	return entry;
}

/* SHA-256 of the file, with zeros in its holes. */
static void hash_holed(struct tusk_entry *entry, const uint8_t *data, const struct tusk_extent *extents, size_t count)
{
	uint8_t *whole = calloc(1, (size_t)entry->size + 1);
	require(whole, "out of memory");
	for (size_t i = 0; i < count; data += extents[i++].len)
		memcpy(whole + extents[i].offset, data, (size_t)extents[i].len);
	tusk_sha256(whole, (size_t)entry->size, entry->sha256);
	free(whole);
}

struct tusk_entry handmade_holed(struct handmade *made, const char *name, const struct handmade_holes *holes)
{
	struct tusk_entry entry = handmade_entry(made, name, TUSK_TYPE_FILE);
	TUSK_AUTO_BUF struct tusk_buf encoded = {0};

	entry.size = entry.data_bytes = holes->data_len;
	if (holes->data_len > 0)
		set_chunks(made, &entry, holes->data, holes->piece);

	require(tusk_extents_encode(&encoded, holes->extents, holes->count) == 0, "extents");
	if (entry.content == TUSK_CONTENT_CHUNK) { /* the hash is the file's, so the id has to be given */
		TUSK_AUTO_BUF struct tusk_buf refs = {0};
		struct tusk_id id;
		tusk_ider_from_data(made->ider, TUSK_OBJECT_CHUNK, holes->data, holes->data_len, &id);
		tusk_put_raw(&refs, &id, TUSK_ID_SIZE);
		tusk_put_varint(&refs, holes->data_len);
		entry.content = TUSK_CONTENT_LIST;
		entry.content_bytes = keep(made, refs.data, refs.len);
	}
	entry.has_holes = true;
	entry.size = holes->size;
	entry.extent_bytes = keep(made, encoded.data, encoded.len);
	entry.has_sha256 = true;
	hash_holed(&entry, holes->data, holes->extents, holes->count);
	return entry;
}

static struct tusk_bytes put_blob(struct handmade *made, const struct tusk_bytes *bytes)
{
	TUSK_AUTO_BUF struct tusk_buf reference = {0};
	struct tusk_id id = handmade_put(made, TUSK_OBJECT_BLOB, bytes->data, bytes->len);
	tusk_put_raw(&reference, &id, TUSK_ID_SIZE);
	tusk_put_varint(&reference, bytes->len);
	return keep(made, reference.data, reference.len);
}

void handmade_set_xattrs(struct handmade *made, struct tusk_entry *entry, const struct tusk_xattr *items, size_t count,
			 bool in_blob)
{
	TUSK_AUTO_BUF struct tusk_buf encoded = {0};
	require(tusk_xattrs_encode(&encoded, items, count) == 0, "extended attributes");
	entry->has_xattrs = true;
	entry->xattr_bytes = keep(made, encoded.data, encoded.len);
	entry->xattrs_in_blob = in_blob;
	if (in_blob)
		entry->xattr_bytes = put_blob(made, &entry->xattr_bytes);
}

void handmade_move_extents(struct handmade *made, struct tusk_entry *entry)
{
	entry->extents_in_blob = true;
	entry->extent_bytes = put_blob(made, &entry->extent_bytes);
}

static int compare_names(const void *a, const void *b)
{
	const struct tusk_bytes *left = &((const struct tusk_entry *)a)->name,
				*right = &((const struct tusk_entry *)b)->name;
	int order = memcmp(left->data, right->data, left->len < right->len ? left->len : right->len);
	return order ? order : (left->len > right->len) - (left->len < right->len);
}

struct tusk_subtree handmade_tree(struct handmade *made, struct tusk_entry *entries, size_t count)
{
	struct tusk_tree_sink sink = {.put = put_block, .context = made};
	struct tusk_tree_builder *builder;
	struct tusk_subtree subtree;
	struct tusk_err err = {0};

	if (count > 0)
		qsort(entries, count, sizeof(*entries), compare_names);
	tusk_test_ok(tusk_tree_builder_new(&sink, &builder, &err), &err);
	for (size_t i = 0; i < count; i++)
		tusk_test_ok(tusk_tree_builder_add(builder, &entries[i], &err), &err);
	tusk_test_ok(tusk_tree_builder_finish(builder, &subtree, &err), &err);
	tusk_tree_builder_free(builder);
	return subtree;
}

struct tusk_entry handmade_directory(struct handmade *made, const char *name, struct tusk_entry *entries, size_t count)
{
	struct tusk_entry entry = handmade_entry(made, name, TUSK_TYPE_DIRECTORY);
	entry.subtree = handmade_tree(made, entries, count);
	entry.nlink = 2 + entry.subtree.subdirs;
	return entry;
}

/* ---- snapshots ---- */

struct tusk_id handmade_publish(struct handmade *made, struct tusk_snapshot *snapshot, time_t seconds)
{
	struct tusk_entry root = handmade_entry(made, "root", TUSK_TYPE_DIRECTORY);
	struct tusk_err err = {0};

	handmade_seal(made);
	snapshot->time = snapshot->end_time = (struct timespec){.tv_sec = seconds};
	tusk_test_ok(tusk_tree_encode_root(&snapshot->root_entry, &root, &err), &err);
	tusk_test_ok(tusk_manifest_publish(made->repository->node, &made->repository->keys, snapshot, &err), &err);
	tusk_buf_release(&snapshot->root_entry);
	return snapshot->id;
}

struct tusk_id handmade_snapshot(struct handmade *made, const struct tusk_subtree *root, time_t seconds)
{
	static char empty[] = "", host[] = "box";
	struct tusk_snapshot snapshot = {
	    .root = *root, .host = host, .user = empty, .source = empty, .comment = empty, .version = empty};
	return handmade_publish(made, &snapshot, seconds);
}

struct tusk_view *handmade_view(struct handmade *made, const struct tusk_id *id)
{
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	struct tusk_view *view = NULL;
	struct tusk_err err = {0};

	tusk_test_ok(tusk_snapshot_list_load(made->repository, NULL, NULL, &list, &err), &err);
	for (size_t i = 0; i < list.count; i++)
		if (tusk_id_equal(&list.items[i].id, id))
			tusk_test_ok(tusk_view_open(made->repository, &list.items[i], &view, &err), &err);
	require(view, "no such snapshot");
	return view;
}

struct tusk_view *handmade_view_tree(struct handmade *made, const struct tusk_subtree *root)
{
	struct tusk_id id = handmade_snapshot(made, root, 1700000000);
	return handmade_view(made, &id);
}

/* ---- damage ---- */

const struct tusk_record *handmade_where(const struct handmade *made, const struct tusk_id *id,
					 struct tusk_id *ret_pack)
{
	for (size_t i = 0; i < made->toc_count; i++) {
		for (uint32_t j = 0; j < made->tocs[i].count; j++) {
			if (!tusk_id_equal(&made->tocs[i].records[j].id, id))
				continue;
			*ret_pack = made->tocs[i].pack;
			return &made->tocs[i].records[j];
		}
	}
	require(false, "no such object");
	return NULL;
}

void handmade_flip(struct handmade *made, const char *name, size_t offset)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/repository/%s", made->path, name);
	require(chmod(path, 0600) == 0, path);
	FILE *file = fopen(path, "r+b");
	require(file && fseek(file, (long)offset, SEEK_SET) == 0, path);
	int byte = fgetc(file);
	require(byte != EOF && fseek(file, (long)offset, SEEK_SET) == 0 && fputc(byte ^ 0x40, file) != EOF, path);
	require(fclose(file) == 0, path);
}

void handmade_damage(struct handmade *made, const struct tusk_id *id, char ret_pack_name[80])
{
	struct tusk_id pack;
	char name[80];
	const struct tusk_record *record = handmade_where(made, id, &pack);
	tusk_pack_name(&pack, name);
	handmade_flip(made, name, record->offset + record->stored / 2);
	if (ret_pack_name)
		memcpy(ret_pack_name, name, sizeof(name));
}

void handmade_remove(struct handmade *made, const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/repository/%s", made->path, name);
	require(unlink(path) == 0, path);
}
