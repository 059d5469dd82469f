/* Directories: counts that lie, blocks that are none, bombs. And whole snapshots: roots and manifests. */
#include "hostile.h"

#include <stdlib.h>
#include <string.h>

/* ---- counts that lie ---- */

static void lie(struct hostile *hostile, const char *what, const struct tusk_subtree *sums)
{
	hostile_tree(hostile, what, HOSTILE_REFUSED, sums);
}

static void counts(struct hostile *hostile)
{
	struct tusk_entry entries[] = {hostile->chunk, hostile->good};
	const struct tusk_subtree right = hostile_leaf(hostile, entries, 2);
	struct tusk_subtree sums = right;

	hostile_tree(hostile, "tree: nothing wrong with it", HOSTILE_HARMLESS, &right);
	sums.entries = sums.descendants = 1;
	lie(hostile, "tree: fewer entries", &sums);
	sums.entries = sums.descendants = 3;
	lie(hostile, "tree: more entries", &sums);
	sums.entries = sums.descendants = ((uint64_t)1 << 40) - 10;
	lie(hostile, "tree: 2^40 - 10 entries", &sums);
	sums = right;
	sums.descendants = ((uint64_t)1 << 40) - 10;
	lie(hostile, "tree: more descendants", &sums);
	sums = right;
	sums.bytes++; /* a figure that nothing depends on */
	hostile_tree(hostile, "tree: more bytes", HOSTILE_HARMLESS, &sums);
	sums = right;
	sums.subdirs = 1; /* the same */
	hostile_tree(hostile, "tree: more folders", HOSTILE_HARMLESS, &sums);
	sums = right;
	sums.level = 1;
	lie(hostile, "tree: a leaf that should be an index", &sums);
	sums.level = 5;
	lie(hostile, "tree: a leaf that should be of level 5", &sums);
	sums = right;
	sums.id = (struct tusk_id){{0}};
	lie(hostile, "tree: entries of no block", &sums);
	sums.id = (struct tusk_id){{1, 2, 3}};
	lie(hostile, "tree: a block that is not there", &sums);
	sums = right;
	sums.entries = sums.descendants = 0;
	sums.bytes = 0;
	lie(hostile, "tree: a block without entries", &sums);
	sums = right;
	tusk_ider_from_hash(hostile->made.ider, TUSK_OBJECT_CHUNK, hostile->chunk.sha256, &sums.id);
	lie(hostile, "tree: a chunk instead of a block", &sums);
}

/* ---- index blocks ---- */

static void indexes(struct hostile *hostile)
{
	struct tusk_subtree low = hostile_leaf(hostile, &hostile->chunk, 1),
			    high = hostile_leaf(hostile, &hostile->good, 1);
	struct hostile_child children[] = {{"chunk", low}, {"good", high}};
	struct tusk_subtree sums = hostile_index(hostile, 1, children, 2);

	hostile_tree(hostile, "index: nothing wrong with it", HOSTILE_HARMLESS, &sums);
	sums.level = 0;
	lie(hostile, "index: called a leaf", &sums);
	children[1].first = "chunk";
	sums = hostile_index(hostile, 1, children, 2);
	lie(hostile, "index: two children of one name", &sums);
	children[1] = (struct hostile_child){"good", low};
	sums = hostile_index(hostile, 1, children, 2);
	lie(hostile, "index: a child of another name", &sums);
	children[1] = (struct hostile_child){"a", high};
	sums = hostile_index(hostile, 1, children, 2);
	lie(hostile, "index: out of order", &sums);
	children[1] = (struct hostile_child){"good", high};
	sums = hostile_index(hostile, 2, children, 2);
	lie(hostile, "index: children of another level", &sums);
	sums = hostile_index(hostile, 6, children, 2);
	lie(hostile, "index: level 6", &sums);
	children[1].below.entries = 1000;
	children[1].below.descendants = 1000;
	sums = hostile_index(hostile, 1, children, 2);
	lie(hostile, "index: a child with fewer entries than said", &sums);
	children[1].below.entries = children[1].below.descendants = 0;
	sums = hostile_index(hostile, 1, children, 2);
	lie(hostile, "index: a child without entries", &sums);
	children[1].below = high;
	children[1].below.id = sums.id;
	sums = hostile_index(hostile, 1, children, 2);
	lie(hostile, "index: an index as a leaf", &sums);
}

/* ---- blocks that are none ---- */

static void raw(struct hostile *hostile, const char *what, const void *block, size_t len)
{
	struct tusk_subtree sums = hostile_block(hostile, block, len);
	lie(hostile, what, &sums);
}

static void blocks(struct hostile *hostile)
{
	static uint8_t zeros[1 << 16];
	uint8_t block[64] = {0};

	raw(hostile, "block: one byte", zeros, 1);
	raw(hostile, "block: zeros", zeros, sizeof(zeros));
	block[4] = block[5] = block[6] = block[7] = 255; /* entries */
	raw(hostile, "block: 4,294,967,295 entries", block, sizeof(block));
	memset(block, 0, sizeof(block));
	block[4] = 1;
	block[8] = block[9] = block[10] = 255; /* owner table */
	raw(hostile, "block: owners beyond its end", block, sizeof(block));
	memset(block, 0, sizeof(block));
	block[4] = 1;
	block[16] = 255; /* offset */
	raw(hostile, "block: an entry beyond its end", block, sizeof(block));
	memset(block, 0, sizeof(block));
	block[4] = 2;
	block[8] = 1;
	block[16] = 40;
	block[20] = 30;
	raw(hostile, "block: offsets that fall", block, sizeof(block));
	memset(block, 255, sizeof(block));
	raw(hostile, "block: ones", block, sizeof(block));
	/* 16 MiB of zeros from 64 KiB of LZ4 */
	uint8_t *bomb = calloc(1, 16u << 20);
	if (!bomb)
		abort();
	raw(hostile, "block: 16 MiB of zeros", bomb, 16u << 20);
	free(bomb);
}

/* ---- bombs ---- */

/* Each folder holds the one below it `width` times: width ^ depth entries from depth blocks. */
static struct tusk_subtree bomb(struct hostile *hostile, unsigned depth, unsigned width, bool is_honest)
{
	struct tusk_entry *entries = handmade_take(&hostile->made, width * sizeof(*entries));
	struct tusk_subtree below = hostile_leaf(hostile, &hostile->chunk, 1);

	for (unsigned level = 0; level < depth; level++) {
		for (unsigned i = 0; i < width; i++) {
			char name[16];
			snprintf(name, sizeof(name), "d%05u", i);
			entries[i] = hostile_directory(hostile, name, &below);
		}
		below = hostile_leaf(hostile, entries, width);
		if (!is_honest) { /* what the tree really holds would be beyond all limits */
			below.descendants = 2 * below.entries;
			below.bytes = 0;
		}
	}
	return below;
}

static void bombs(struct hostile *hostile)
{
	struct tusk_subtree sums = bomb(hostile, 1030, 1, true);
	hostile_tree(hostile, "bomb: 1,030 folders deep", HOSTILE_REFUSED, &sums);
	sums = bomb(hostile, 900, 1, true);
	hostile_tree(hostile, "bomb: 900 folders deep", HOSTILE_HARMLESS, &sums);
	sums = bomb(hostile, 36, 2, true);
	hostile_tree(hostile, "bomb: 2^36 folders in 36 blocks", HOSTILE_FOUND, &sums);
	sums = bomb(hostile, 3, 4000, true);
	hostile_tree(hostile, "bomb: 6.4 * 10^10 folders in 3 blocks", HOSTILE_FOUND, &sums);
	sums = bomb(hostile, 64, 2, false);
	hostile_tree(hostile, "bomb: 2^64 folders, and a lie", HOSTILE_REFUSED, &sums);
}

void hostile_trees(struct hostile *hostile)
{
	counts(hostile);
	indexes(hostile);
	blocks(hostile);
	bombs(hostile);
}

/* ---- whole snapshots ---- */

static void texts(struct hostile *hostile)
{
	static char empty[] = "", up[] = "/../../etc", dots[] = "..", slash[] = "/", evil[] = "/\033[2J\n../x";
	static char *one[] = {dots}, *two[] = {slash}, *paths[] = {up, evil};
	struct tusk_subtree root = hostile_good_root(hostile);
	struct tusk_snapshot snapshot = {.host = up, .user = evil, .source = dots, .comment = evil, .version = empty};

	snapshot.tags = (struct tusk_strings){.items = one, .count = 1};
	snapshot.paths = (struct tusk_strings){.items = paths, .count = 2};
	hostile_manifest(hostile, "manifest: names that lead upwards", HOSTILE_HARMLESS, &root, &snapshot);
	snapshot.host = dots;
	snapshot.source = slash;
	snapshot.tags = (struct tusk_strings){.items = two, .count = 1};
	hostile_manifest(hostile, "manifest: dots and slashes", HOSTILE_HARMLESS, &root, &snapshot);
	snapshot.host = evil;
	snapshot.source = evil;
	hostile_manifest(hostile, "manifest: escape sequences", HOSTILE_HARMLESS, &root, &snapshot);
	snapshot.has_parent = true;
	snapshot.parent = (struct tusk_id){{1}};
	snapshot.time = (struct timespec){.tv_sec = 253402300800}; /* year 10000 */
	hostile_manifest(hostile, "manifest: year 10,000", HOSTILE_HARMLESS, &root, &snapshot);
	snapshot.time = (struct timespec){.tv_sec = -62135596801}; /* before year 1 */
	hostile_manifest(hostile, "manifest: before the year 1", HOSTILE_HARMLESS, &root, &snapshot);
}

void hostile_roots(struct hostile *hostile)
{
	struct tusk_subtree right = hostile_good_root(hostile), sums = right;

	texts(hostile);
	sums.id = (struct tusk_id){{1}};
	hostile_manifest(hostile, "root: not there", HOSTILE_REFUSED, &sums, NULL);
	sums = right;
	sums.entries = sums.descendants = 1000;
	hostile_manifest(hostile, "root: more entries", HOSTILE_REFUSED, &sums, NULL);
	sums = right;
	sums.level = 3;
	hostile_manifest(hostile, "root: of another level", HOSTILE_REFUSED, &sums, NULL);
	tusk_ider_from_hash(hostile->made.ider, TUSK_OBJECT_CHUNK, hostile->chunk.sha256, &right.id);
	hostile_manifest(hostile, "root: a chunk", HOSTILE_REFUSED, &right, NULL);
}
