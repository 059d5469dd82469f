/* The pages of LMDB 0.9 on 64 bits, read without LMDB: whether the trees and the free list are what LMDB takes for
 * granted. It would write outside a page that claims more room than it has, and over a page that is both free and in
 * use. (Layout: MDB_page, MDB_node, MDB_db and MDB_meta in LMDB's mdb.c.) */
#include "index_env.h"

#include "wire.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PAGE_HEADER 16
#define NODE_HEADER 8
#define DEPTH_MAX   32
#define NO_PAGE     UINT64_MAX

#define FLAG_BRANCH   0x01
#define FLAG_LEAF     0x02
#define FLAG_OVERFLOW 0x04

#define NODE_BIG  0x01
#define NODE_TREE 0x02
#define TREE_SIZE 48 /* MDB_db: u32, u16 flags, u16 depth, 4 x u64, u64 root */

/* Where things are in a meta page. */
#define META_TREES 40 /* the free list's, then the main tree */
#define META_LAST  136
#define META_TXN   144

struct pages {
	const uint8_t *data;
	size_t page_size;
	uint64_t count; /* pages in use or free: none is beyond */
	uint8_t *seen;  /* a bit for each */
};

static bool see(struct pages *pages, uint64_t number)
{
	if (number < 2 || number >= pages->count || (pages->seen[number / 8] >> (number % 8) & 1))
		return false;
	pages->seen[number / 8] |= (uint8_t)(1u << (number % 8));
	return true;
}

static bool see_overflow(struct pages *pages, uint64_t number, uint64_t len)
{
	if (!see(pages, number))
		return false;
	const uint8_t *page = pages->data + number * pages->page_size;
	uint32_t count = tusk_load_u32(page + 12);
	if (tusk_load_u64(page) != number || tusk_load_u16(page + 10) != FLAG_OVERFLOW ||
	    count > pages->count - number || len > (uint64_t)count * pages->page_size - PAGE_HEADER)
		return false;
	for (uint32_t i = 1; i < count; i++)
		if (!see(pages, number + i))
			return false;
	return true;
}

/* A list of free pages: a count, then page numbers. */
static bool see_free(struct pages *pages, const uint8_t *list, uint64_t len)
{
	if (len < 8 || tusk_load_u64(list) > len / 8 - 1)
		return false;
	for (uint64_t i = 1; i <= tusk_load_u64(list); i++)
		if (!see(pages, tusk_load_u64(list + i * 8)))
			return false;
	return true;
}

static bool see_tree(struct pages *pages, const uint8_t *tree, bool is_free);

static bool see_leaf(struct pages *pages, const uint8_t *node, size_t room, bool is_free, size_t *ret_size)
{
	uint16_t flags = tusk_load_u16(node + 4), key_len = tusk_load_u16(node + 6);
	uint64_t len = tusk_load_u16(node) | (uint64_t)tusk_load_u16(node + 2) << 16;
	uint64_t held = flags & NODE_BIG ? 8 : len;

	if (NODE_HEADER + key_len + held > room)
		return false;
	*ret_size = (NODE_HEADER + key_len + held + 1) & ~(size_t)1;
	const uint8_t *value = node + NODE_HEADER + key_len;
	if (flags & NODE_BIG) {
		uint64_t first = tusk_load_u64(value);

		if (!see_overflow(pages, first, len))
			return false;
		value = pages->data + first * pages->page_size + PAGE_HEADER;
	}
	if (flags & NODE_TREE)
		return len == TREE_SIZE && !is_free && see_tree(pages, value, false);
	return !is_free || see_free(pages, value, len);
}

static bool see_page(struct pages *pages, uint64_t number, unsigned depth, bool is_free)
{
	if (depth == 0 || !see(pages, number))
		return false;
	const uint8_t *page = pages->data + number * pages->page_size;
	uint16_t lower = tusk_load_u16(page + 12), upper = tusk_load_u16(page + 14);
	size_t used = 0;

	if (tusk_load_u64(page) != number || tusk_load_u16(page + 10) != (depth == 1 ? FLAG_LEAF : FLAG_BRANCH) ||
	    lower <= PAGE_HEADER || lower > upper || upper > pages->page_size || lower % 2 != 0)
		return false;
	for (uint16_t at = PAGE_HEADER; at < lower; at += 2) {
		uint16_t offset = tusk_load_u16(page + at);
		const uint8_t *node = page + offset;
		size_t size = 0;

		if (offset < upper || offset % 2 != 0 || (size_t)offset + NODE_HEADER > pages->page_size)
			return false;
		size_t room = pages->page_size - offset;
		if (depth == 1) {
			if (!see_leaf(pages, node, room, is_free, &size))
				return false;
		} else {
			uint64_t child = tusk_load_u16(node) | (uint64_t)tusk_load_u16(node + 2) << 16 |
					 (uint64_t)tusk_load_u16(node + 4) << 32;

			size = (NODE_HEADER + (size_t)tusk_load_u16(node + 6) + 1) & ~(size_t)1;
			if (size > room || !see_page(pages, child, depth - 1, is_free))
				return false;
		}
		used += size;
	}
	return used == pages->page_size - upper;
}

static bool see_tree(struct pages *pages, const uint8_t *tree, bool is_free)
{
	uint16_t depth = tusk_load_u16(tree + 6);
	uint64_t root = tusk_load_u64(tree + 40);

	if (root == NO_PAGE)
		return depth == 0;
	return depth <= DEPTH_MAX && see_page(pages, root, depth, is_free);
}

/* The meta page of the transaction, whose pages stay as they are while it lives. */
static bool see_all(struct pages *pages, uint64_t txn_id)
{
	uint8_t meta[META_TXN + 8];

	memcpy(meta, pages->data + txn_id % 2 * pages->page_size, sizeof(meta));
	if (tusk_load_u64(meta + META_TXN) != txn_id || tusk_load_u64(meta + META_LAST) >= pages->count)
		return false;
	pages->count = tusk_load_u64(meta + META_LAST) + 1;
	return see_tree(pages, meta + META_TREES, true) && see_tree(pages, meta + META_TREES + TREE_SIZE, false);
}

bool tusk_probe_pages(const struct tusk_db *db, MDB_txn *txn)
{
	struct pages pages = {.page_size = (size_t)sysconf(_SC_PAGESIZE)};
	struct stat status;
	int fd;

	if (mdb_env_get_fd(db->env, &fd) != 0 || fstat(fd, &status) < 0)
		return false;
	size_t len = (size_t)status.st_size;
	pages.count = len / pages.page_size;
	if (pages.count < 2)
		return false;
	void *data = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return false;
	pages.data = data;
	pages.seen = calloc(pages.count / 8 + 1, 1);
	bool good = pages.seen && see_all(&pages, mdb_txn_id(txn));
	free(pages.seen);
	munmap(data, len);
	return good;
}
