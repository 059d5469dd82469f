/* Writing a snapshot. */
#ifndef TUSK_BACKUP_H
#define TUSK_BACKUP_H

#include "tusk/err.h"
#include "tusk/filter.h"
#include "tusk/id.h"
#include "tusk/repository.h"
#include "tusk/snapshot.h"

#include <stdatomic.h>

/* Counters that a display may read while the backup runs. */
struct tusk_progress {
	atomic_uint_fast64_t files_done, bytes_done; /* seen so far, unchanged ones included */
	atomic_uint_fast64_t files_new, files_changed, files_same, dirs_done, others_done;
	atomic_uint_fast64_t bytes_read, bytes_new, bytes_stored, errors;
	atomic_uint_fast64_t files_expected, bytes_expected; /* from the parent snapshot, 0 if there is none */
};

enum tusk_problem {
	TUSK_PROBLEM_UNREADABLE, /* open, read, readdir, getxattr failed */
	TUSK_PROBLEM_VANISHED,   /* listed, then gone */
	TUSK_PROBLEM_CHANGED,    /* changed while it was read, three times; the last reading is stored */
	TUSK_PROBLEM_TOO_LARGE,  /* beyond a limit of the format */
	TUSK_PROBLEM_ROTTEN /* other content than in the parent, although size, mtime and ctime are the same: stored
			       as it is now, and not counted as an error */
};

enum tusk_compression {
	TUSK_COMPRESSION_AUTO = 0, /* lz4; zstd while a far node is behind */
	TUSK_COMPRESSION_LZ4,
	TUSK_COMPRESSION_NONE,
	TUSK_COMPRESSION_ZSTD
};
#define TUSK_COMPRESSION_LEVEL_MAX 19

struct tusk_backup_options {
	const char *const *paths; /* count paths; made absolute by the library without resolving symlinks */
	size_t path_count;
	const char *const *tags;
	size_t tag_count;
	const char *host, *source, *comment; /* NULL: this host, none, none */
	const char *const *command_line;     /* recorded; ends with NULL; may be NULL */
	const char *const *provenance;       /* more to record: key, value, key, value, ...; no key is empty */
	size_t provenance_count;             /* texts in it */
	struct timespec time;                /* zero: now */
	const struct tusk_filter *filter;    /* may be NULL */
	const char *parent; /* as tusk_snapshot_find; NULL: the newest of the same host and paths; "" : none */
	bool force;         /* read every file even when the parent says it is unchanged */
	/* Reads so many millionths of the files that the parent says are unchanged, others each time, so that all have
	 * been read after 1,000,000 / verify_ppm backups. */
	uint32_t verify_ppm;
	bool dry_run;     /* reads, hashes and counts, writes nothing */
	unsigned threads; /* 0: one per processor */
	enum tusk_compression compression;
	unsigned compression_level; /* of zstd: 1 to 19; 0: 3 */
	/* Instead of paths: one file named stream_name (in the root) with what stream_fd gives until its end; or what
	 * the program stream_command prints: a non-zero exit of it is a failure and no snapshot is written. */
	const char *stream_name;
	int stream_fd; /* -1: none */
	const char *const *stream_command;
	struct tusk_progress *progress; /* may be NULL */
	/* A source problem: path is bytes (NUL-terminated), sys_errno may be 0. Serialised. May be NULL. */
	void (*on_problem)(void *context, enum tusk_problem problem, const char *path, int sys_errno);
	/* An entry's fate for verbose output: 'N' new, 'M' changed, 'U' unchanged, 'D' directory, 'X' excluded.
	 * Serialised. May be NULL. */
	void (*on_entry)(void *context, char fate, const char *path, uint64_t size);
	void *context;
	const atomic_bool *stop; /* set by a signal handler: the backup ends with TUSK_E_INTERRUPTED; may be NULL */
};

struct tusk_backup_result {
	struct tusk_id id; /* zero for a dry run */
	struct tusk_counters counters;
	struct timespec time, end_time;
	bool has_parent;
	struct tusk_id parent;
	uint64_t removed_files; /* in the parent, not here; exact only within directories that were read */
	/* The last snapshot that this client wrote is neither there nor forgotten: an older copy of the repository, or
	 * it was lost. */
	bool has_lost;
	struct tusk_id lost;
};

/* Writes one snapshot. 0: the snapshot is durable (or the dry run done), counters.errors says how many source problems
 * there were. -1: no snapshot was written and the repository is as before but for unreferenced packs. A path that does
 * not exist at all is TUSK_E_SOURCE when it is the only one, else a problem. Crash at any moment: FORMAT.md, Order of
 * writing. */
int tusk_backup_run(struct tusk_repository *repository, const struct tusk_backup_options *options,
		    struct tusk_backup_result *ret_result, struct tusk_err *err);

#endif
