/* Reading a snapshot: entries by number, name or path, directories in order, file content with verification.
 *
 * One struct tusk_view per snapshot; all functions may be called from many threads at once. Every byte that comes out
 * has been authenticated (FORMAT.md, Sealing). Damage is TUSK_E_CORRUPT for what it touches and nothing else.
 */
#ifndef TUSK_READER_H
#define TUSK_READER_H

#include "tusk/err.h"
#include "tusk/id.h"
#include "tusk/repository.h"
#include "tusk/snapshot.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>
#include <time.h>

enum tusk_type {
	TUSK_TYPE_FILE = 1,
	TUSK_TYPE_DIRECTORY,
	TUSK_TYPE_SYMLINK,
	TUSK_TYPE_CHARACTER_DEVICE,
	TUSK_TYPE_BLOCK_DEVICE,
	TUSK_TYPE_FIFO,
	TUSK_TYPE_SOCKET
};

enum tusk_content {
	TUSK_CONTENT_EMPTY,
	TUSK_CONTENT_INLINE,
	TUSK_CONTENT_CHUNK,
	TUSK_CONTENT_LIST,
	TUSK_CONTENT_INDIRECT
};

struct tusk_bytes {
	const uint8_t *data;
	size_t len;
};

struct tusk_block; /* a decoded tree block, reference counted */

/* One entry, decoded. Pointers are into the pinned block and live until tusk_entry_release.
 * Invariants: 1. (mode & S_IFMT) agrees with type. 2. name is legal (FORMAT.md), empty only for the root. 3. mtime and
 * ctime ns < 10^9. */
struct tusk_entry {
	struct tusk_block *pin;
	uint64_t number; /* within the snapshot, the root is 0; rises with readdir order */
	enum tusk_type type;
	struct tusk_bytes name;
	uint32_t mode, uid, gid;
	struct tusk_bytes user, group; /* owner names at the source; empty: unknown */
	struct timespec mtime, ctime;
	uint64_t source_inode;
	uint64_t nlink;      /* files: as at the source (1 unless link_id); directories: 2 + subdirs */
	uint64_t link_id;    /* 0: not hard-linked; equal for the links of one file, < 2^62 */
	uint64_t size;       /* files: apparent size; symlinks: length of target; directories: 0 */
	uint64_t data_bytes; /* files: bytes in data extents (== size without holes) */
	bool has_holes, has_xattrs;
	uint32_t device_major, device_minor;
	struct tusk_bytes target; /* symlinks */
	bool has_sha256;          /* false for empty and inline files: use tusk_entry_sha256 */
	uint8_t sha256[32];
	struct tusk_subtree subtree; /* directories */
	uint64_t first_child;        /* directories: number of the first child */
	/* For the decoder's own use: where the variable parts lie. */
	enum tusk_content content;
	uint64_t chunk_count;
	uint8_t list_level;
	struct tusk_bytes content_bytes; /* inline data, or n x (id, varint length), or the list id */
	struct tusk_bytes extent_bytes;  /* encoded extents, or id and length */
	bool extents_in_blob;
	struct tusk_bytes xattr_bytes; /* encoded list, or id and length */
	bool xattrs_in_blob;
};
void tusk_entry_release(struct tusk_entry *entry);
#define TUSK_AUTO_ENTRY TUSK_CLEANUP(tusk_entry_release)

struct tusk_view;

/* Opens a snapshot for reading. Borrows repository until close; copies what it needs of snapshot. Reads nothing yet. */
int tusk_view_open(struct tusk_repository *repository, const struct tusk_snapshot *snapshot,
		   struct tusk_view **ret_view, struct tusk_err *err);
void tusk_view_close(struct tusk_view *view);
TUSK_DEFINE_CLEANUP(struct tusk_view, tusk_view, tusk_view_close)
#define TUSK_AUTO_VIEW TUSK_CLEANUP(tusk_view_cleanup)
/* Number of entries, the root included: valid numbers are below this. */
uint64_t tusk_view_entry_count(const struct tusk_view *view);

enum tusk_found { TUSK_FOUND = 0, TUSK_ABSENT = 1 };

/* The entry with that number. TUSK_E_ABSENT when number is out of range. ret_entry must be released by the caller (all
 * look-ups). */
int tusk_view_entry(struct tusk_view *view, uint64_t number, struct tusk_entry *ret_entry, struct tusk_err *err);
/* The child of directory (an entry of this view) with that name: TUSK_FOUND, TUSK_ABSENT, or -1. */
int tusk_view_lookup(struct tusk_view *view, const struct tusk_entry *directory, const void *name, size_t name_len,
		     struct tusk_entry *ret_entry, struct tusk_err *err);
/* By a path of bytes relative to the root; leading, trailing and doubled slashes are ignored; "" is the root; "." and
 * ".." are refused; symlinks are not followed. TUSK_E_ABSENT says which component is missing. */
int tusk_view_path(struct tusk_view *view, const char *path, struct tusk_entry *ret_entry, struct tusk_err *err);
/* The path of an entry from the root, "/" first ("/" for the root itself), as bytes; appends to ret_path with an
 * uncounted NUL. */
int tusk_view_path_of(struct tusk_view *view, uint64_t number, struct tusk_buf *ret_path, struct tusk_err *err);

/* Walking one directory in order. */
struct tusk_dir;
int tusk_dir_open(struct tusk_view *view, const struct tusk_entry *directory, struct tusk_dir **ret_dir,
		  struct tusk_err *err);
void tusk_dir_close(struct tusk_dir *dir);
TUSK_DEFINE_CLEANUP(struct tusk_dir, tusk_dir, tusk_dir_close)
#define TUSK_AUTO_DIR TUSK_CLEANUP(tusk_dir_cleanup)
/* The next read returns the child with this position (0-based). Cheap. */
void tusk_dir_seek(struct tusk_dir *dir, uint64_t position);
/* 1 with the entry (pinned by dir: valid until the next call on dir, must not be released), 0 at the end, -1. */
int tusk_dir_next(struct tusk_dir *dir, struct tusk_entry *ret_entry, struct tusk_err *err);

/* Extended attributes, decoded: names and values point into buffer. */
struct tusk_xattr {
	struct tusk_bytes name, value;
};
struct tusk_xattrs {
	struct tusk_xattr *items;
	size_t count;
	struct tusk_buf buffer;
};
int tusk_entry_xattrs(struct tusk_view *view, const struct tusk_entry *entry, struct tusk_xattrs *ret_xattrs,
		      struct tusk_err *err);
void tusk_xattrs_release(struct tusk_xattrs *xattrs);
#define TUSK_AUTO_XATTRS TUSK_CLEANUP(tusk_xattrs_release)

/* SHA-256 of a file's content as recorded (computed from the inline bytes for tiny files). */
int tusk_entry_sha256(const struct tusk_entry *entry, uint8_t ret_sha256[32], struct tusk_err *err);

/* A file open for reading: extents and chunk positions, loaded as needed. Thread-safe. */
struct tusk_file;
int tusk_file_open(struct tusk_view *view, const struct tusk_entry *entry, struct tusk_file **ret_file,
		   struct tusk_err *err);
void tusk_file_close(struct tusk_file *file);
TUSK_DEFINE_CLEANUP(struct tusk_file, tusk_file, tusk_file_close)
#define TUSK_AUTO_FILE TUSK_CLEANUP(tusk_file_cleanup)
uint64_t tusk_file_size(const struct tusk_file *file);
/* Whether one chunk is all of it. Who then reads the whole at once (tusk_file_pread) has it decoded straight into the
 * memory given, past the cache: for small files, that are seldom read twice. */
bool tusk_file_is_single(const struct tusk_file *file);
/* Copies bytes [offset, offset + len) into data; holes read as zeros; short only at the end of the file. Sets *ret_len.
 */
int tusk_file_pread(struct tusk_file *file, void *data, size_t len, uint64_t offset, size_t *ret_len,
		    struct tusk_err *err);
/* As lseek with SEEK_DATA (data true) or SEEK_HOLE: the first offset >= offset in data or in a hole (the end of the
 * file counts as a hole). TUSK_ABSENT (ENXIO) when offset >= size or no data follows; TUSK_FOUND; -1. */
int tusk_file_seek(struct tusk_file *file, uint64_t offset, bool data, uint64_t *ret_offset, struct tusk_err *err);

/* Without copying: the verified bytes of [offset, offset + len) as slices of pinned chunks. */
struct tusk_slices {
	struct iovec *iov;
	size_t count;
	size_t len; /* bytes in all */
	void **pins;
	size_t pin_count;
};
int tusk_file_slices(struct tusk_file *file, uint64_t offset, size_t len, struct tusk_slices *ret_slices,
		     struct tusk_err *err);
void tusk_slices_release(struct tusk_slices *slices);

/* The part of the file, offset within it, that one decoded chunk covers without a hole: what reading offset makes
 * cheap. TUSK_ABSENT for a hole, inline content and offsets behind the end; TUSK_FOUND; -1. Reads no content. */
int tusk_file_span(struct tusk_file *file, uint64_t offset, uint64_t *ret_start, uint64_t *ret_end,
		   struct tusk_err *err);

/* Visits the chunks of a file in order: id, file-data position, length. Stops and returns the callback's value when it
 * is not 0. */
int tusk_file_chunks(struct tusk_file *file,
		     int (*visit)(void *context, const struct tusk_id *id, uint64_t data_offset, uint32_t len,
				  struct tusk_err *err),
		     void *context, struct tusk_err *err);

/* A hint that [offset, offset + len) will be read soon: decodes into the cache on the repository's prefetch threads.
 * Never blocks. */
void tusk_file_prefetch(struct tusk_file *file, uint64_t offset, uint64_t len);

#endif
