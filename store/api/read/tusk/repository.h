/* An open repository, for reading. */
#ifndef TUSK_REPOSITORY_H
#define TUSK_REPOSITORY_H

#include "tusk/buf.h"
#include "tusk/err.h"
#include "tusk/id.h"

enum tusk_suite { TUSK_SUITE_NONE = 0, TUSK_SUITE_AES256_GCM = 1, TUSK_SUITE_CHACHA20_POLY1305 = 2 };

/* What is in tusk.repository. */
struct tusk_parameters {
	uint8_t id[16];
	enum tusk_suite suite;
	uint32_t chunk_min, chunk_average, chunk_max; /* bytes */
	uint32_t pack_size;                           /* bytes */
};

enum tusk_secret_kind { TUSK_SECRET_PASSPHRASE = 1, TUSK_SECRET_KEY_FILE = 2, TUSK_SECRET_RECOVERY = 3 };

/* A secret that may open a key slot. secret: passphrase bytes without the newline, or the 32 key bytes. */
struct tusk_secret {
	enum tusk_secret_kind kind;
	struct tusk_buf secret;
	char origin[256]; /* for messages: "/etc/tusk/home.password", "the terminal" */
};
void tusk_secret_release(struct tusk_secret *secret);
#define TUSK_AUTO_SECRET TUSK_CLEANUP(tusk_secret_release)

struct tusk_open_options {
	/* Called at most once, and only if the repository exists and is encrypted. Fills ret_secret; 0 or -1 with err
	 * set (TUSK_E_PASSWORD when there is no way to get one). */
	int (*ask)(void *context, struct tusk_secret *ret_secret, struct tusk_err *err);
	void *ask_context;
	const char *state_dir; /* NULL: $XDG_STATE_HOME/tusk, else /var/lib/tusk for root, else ~/.local/state/tusk */
	size_t tree_cache;     /* bytes of decoded tree blocks to keep; 0: 16 MiB */
	size_t chunk_cache;    /* bytes of decoded chunks to keep; 0: 32 MiB */
	/* Use these nodes of the list alone (names or URLs; url itself is one, too); ends with NULL. NULL: all of them.
	 * Such a choice has an index of its own on this client. */
	const char *const *only;
	/* One line for each object that was healed from another node, and for each node that is not used. Any thread.
	 * May be NULL. */
	void (*log)(void *context, const char *line);
	void *log_context;
	/* A backup follows: what it asks a far node for first is asked for while the repository is opened. */
	bool for_backup;
};

struct tusk_repository;

/* Opens the repository at url (a path, or file:///path; other kinds of node come later).
 * Errors: TUSK_E_NO_REPOSITORY, TUSK_E_VERSION, TUSK_E_PASSWORD, TUSK_E_CORRUPT, TUSK_E_IO. Opens no LMDB environment
 * before the first look-up that needs one, so a process may fork (daemonise) between this call and its first use.
 * Thread-safe after return. */
int tusk_repository_open(const char *url, const struct tusk_open_options *options,
			 struct tusk_repository **ret_repository, struct tusk_err *err);
void tusk_repository_close(struct tusk_repository *repository);
/* What it is opened for ("restore"; a static text): when it is closed, the bytes that were read from each node since it
 * was opened are noted in reads.log of the state folder. To be called after a fork, by the one process that goes on. */
void tusk_repository_note_reads(struct tusk_repository *repository, const char *purpose);
TUSK_DEFINE_CLEANUP(struct tusk_repository, tusk_repository, tusk_repository_close)
#define TUSK_AUTO_REPOSITORY TUSK_CLEANUP(tusk_repository_cleanup)

const struct tusk_parameters *tusk_repository_parameters(const struct tusk_repository *repository);
const char *tusk_repository_url(const struct tusk_repository *repository);
/* The state folder of this repository on this client; borrowed. */
const char *tusk_repository_state_dir(const struct tusk_repository *repository);

/* Figures of the nodes. */
struct tusk_repository_stats {
	uint64_t packs, chunk_packs, tree_packs, snapshots;
	uint64_t physical_bytes;                   /* every object on the node, as du --apparent-size counts files */
	uint64_t records, stored_bytes, raw_bytes; /* of all packs: sealed; expanded */
	uint64_t free_bytes, total_bytes;          /* of the node's file system */
};
int tusk_repository_stat(struct tusk_repository *repository, struct tusk_repository_stats *ret_stats,
			 struct tusk_err *err);
/* Without what only the tables of contents know (kinds, records, stored_bytes, raw_bytes: 0): for a far node that is a
 * few requests instead of one for each pack. */
int tusk_repository_weigh(struct tusk_repository *repository, struct tusk_repository_stats *ret_stats,
			  struct tusk_err *err);

/* Drops the client's index and builds it anew from toc/ (or from the packs where a toc is lost). */
struct tusk_rebuild_result {
	uint64_t packs, entries, damaged;
};
int tusk_repository_rebuild_index(struct tusk_repository *repository, struct tusk_rebuild_result *ret_result,
				  struct tusk_err *err);

#endif
