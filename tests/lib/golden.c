#include "golden.h"

#include "wire.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct tusk_bytes bytes(struct test_pool *pool, const void *data, size_t len)
{
	return (struct tusk_bytes){memcpy(test_pool_take(pool, len), data, len), len};
}

static struct tusk_bytes repeat(struct test_pool *pool, uint8_t byte, size_t len)
{
	return (struct tusk_bytes){memset(test_pool_take(pool, len), byte, len), len};
}

static void make_special(struct test_pool *pool, struct tusk_entry *entry, enum tusk_type type, uint32_t mode)
{
	entry->type = type;
	entry->mode = mode;
	entry->size = entry->data_bytes = 0;
	entry->content = TUSK_CONTENT_EMPTY;
	entry->chunk_count = 0;
	entry->has_sha256 = false;
	memset(entry->sha256, 0, sizeof(entry->sha256));
	if (type == TUSK_TYPE_SYMLINK) {
		entry->target = test_pool_text(pool, "../target");
		entry->size = entry->target.len;
	}
}

static void make_files(struct test_pool *pool, struct tusk_entry *entries)
{
	uint8_t chunks[2 * (TUSK_ID_SIZE + 1)];

	make_special(pool, &entries[0], TUSK_TYPE_FILE, S_IFREG | 0600); /* empty */
	make_special(pool, &entries[1], TUSK_TYPE_FILE, S_IFREG | 0600);
	entries[1].content = TUSK_CONTENT_INLINE;
	entries[1].content_bytes = test_pool_text(pool, "hello\n");
	entries[1].size = entries[1].data_bytes = 6;
	/* entries[2]: one chunk */
	memset(chunks, 0x11, sizeof(chunks));
	chunks[TUSK_ID_SIZE] = 100;
	chunks[sizeof(chunks) - 1] = 27;
	entries[3].content = TUSK_CONTENT_LIST;
	entries[3].chunk_count = 2;
	entries[3].content_bytes = bytes(pool, chunks, sizeof(chunks));
	entries[3].size = entries[3].data_bytes = 127;
	entries[4].content = TUSK_CONTENT_INDIRECT;
	entries[4].chunk_count = 1000;
	entries[4].list_level = 1;
	entries[4].content_bytes = repeat(pool, 0x22, TUSK_ID_SIZE);
	entries[4].size = entries[4].data_bytes = 123456789;
	entries[5].content = TUSK_CONTENT_LIST; /* with holes: 4096 + 100 + gap of 50 + 27 + hole to 8192 */
	entries[5].chunk_count = 2;
	entries[5].content_bytes = entries[3].content_bytes;
	entries[5].has_holes = true;
	entries[5].data_bytes = 127;
	entries[5].size = 8192;
	entries[5].extent_bytes = bytes(pool, "\x02\x80\x20\x64\x32\x1b", 6);
	entries[6].content = TUSK_CONTENT_EMPTY; /* nothing but a hole */
	entries[6].chunk_count = 0;
	entries[6].has_holes = true;
	entries[6].data_bytes = 0;
	entries[6].size = 1 << 20;
	entries[6].extent_bytes = bytes(pool, "\x00", 1);
}

static void make_others(struct test_pool *pool, struct tusk_entry *entries)
{
	make_special(pool, &entries[7], TUSK_TYPE_DIRECTORY, S_IFDIR | 0755);
	memset(entries[7].subtree.id.bytes, 0x33, TUSK_ID_SIZE);
	entries[7].subtree.level = 1;
	entries[7].subtree.entries = 300;
	entries[7].subtree.descendants = 5000;
	entries[7].subtree.bytes = 1234567890123;
	entries[7].subtree.subdirs = 12;
	entries[7].nlink = 14;
	make_special(pool, &entries[8], TUSK_TYPE_SYMLINK, S_IFLNK | 0777);
	make_special(pool, &entries[9], TUSK_TYPE_CHARACTER_DEVICE, S_IFCHR | 0666);
	entries[9].device_major = 1;
	entries[9].device_minor = 300;
	make_special(pool, &entries[10], TUSK_TYPE_BLOCK_DEVICE, S_IFBLK | 0660);
	entries[10].device_major = 259;
	make_special(pool, &entries[11], TUSK_TYPE_FIFO, S_IFIFO | 0600);
	make_special(pool, &entries[12], TUSK_TYPE_SOCKET, S_IFSOCK | 0600);
}

void golden_entries(struct test_pool *pool, struct tusk_entry ret_entries[GOLDEN_ENTRIES])
{
	struct tusk_entry *entries = ret_entries;
	char name[8];

	for (int i = 0; i < GOLDEN_ENTRIES; i++) {
		snprintf(name, sizeof(name), "%c", 'a' + i);
		entries[i] = test_plain_file(pool, name);
	}
	make_files(pool, entries);
	make_others(pool, entries);
	entries[0].has_xattrs = true;
	entries[0].xattr_bytes = bytes(pool, "\x01\x06user.x\x03one", 12);
	entries[1].has_xattrs = entries[1].xattrs_in_blob = true;
	entries[1].xattr_bytes = repeat(pool, 0x44, TUSK_ID_SIZE + 1);
	entries[2].nlink = 3;
	entries[2].link_id = 77;
	entries[2].user = test_pool_text(pool, "bob");
	entries[2].uid = 5;
	entries[13].mtime = (struct timespec){-5, 1};
	entries[13].ctime = (struct timespec){0, 999999999};
	entries[13].user = (struct tusk_bytes){0};
	entries[13].uid = UINT32_MAX;
	entries[13].has_holes = entries[13].extents_in_blob = true;
	entries[13].extent_bytes = repeat(pool, 0x55, TUSK_ID_SIZE + 1);
	entries[13].content = TUSK_CONTENT_INDIRECT;
	entries[13].chunk_count = 2;
	entries[13].content_bytes = repeat(pool, 0x66, TUSK_ID_SIZE);
	entries[13].size = 1 << 30;
	entries[13].data_bytes = 4096;
}

void golden_load(const char *name, struct tusk_buf *ret_data)
{
	char path[256];
	int high, low;

	snprintf(path, sizeof(path), TUSK_TEST_DATA "/tree/%s.hex", name);
	FILE *file = fopen(path, "r");
	if (!file)
		fail_msg("cannot open %s", path);
	while ((high = fgetc(file)) != EOF) {
		uint8_t byte;
		char digits[2];

		if (isspace(high))
			continue;
		low = fgetc(file);
		digits[0] = (char)high;
		digits[1] = (char)low;
		assert_int_equal(tusk_hex_decode(digits, 2, &byte, 1), 0);
		assert_int_equal(tusk_put_u8(ret_data, byte), 0);
	}
	fclose(file);
	assert_true(ret_data->len > 0);
}

void golden_compare(const char *name, const void *data, size_t len)
{
	struct tusk_buf golden = {0};

	golden_load(name, &golden);
	bool same = golden.len == len && memcmp(golden.data, data, len) == 0;
	tusk_buf_release(&golden);
	if (same)
		return;
	for (size_t i = 0; i < len; i++)
		printf("%02x%s", ((const uint8_t *)data)[i], i % 40 == 39 || i + 1 == len ? "\n" : "");
	fail_msg("%s.hex differs from what is written now, which is above", name);
}
