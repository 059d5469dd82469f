/* The inside of struct tusk_repository, for the modules of the library above it: reader, ingest, check. */
#ifndef TUSK_HANDLE_H
#define TUSK_HANDLE_H

#include "crypto.h"
#include "index.h"
#include "node.h"
#include "pack.h"
#include "tusk/nodes.h"
#include "tusk/repository.h"

#include <pthread.h>

/* Sums over one pack's records, kept so that its table of contents is read once (stats.c). */
struct tusk_pack_figures {
	struct tusk_id pack;
	enum tusk_pack_kind kind; /* 0: its table of contents cannot be read */
	uint64_t records, stored, raw;
};

struct tusk_fetcher; /* reader/fetcher.h: caches and open packs; made at first use */

struct tusk_repository {
	char *url, *state_dir;
	struct tusk_node *node;
	void (*log)(void *context, const char *line); /* the caller's */
	void *log_context;
	const char *purpose;     /* NULL, or what reads are noted under */
	struct tusk_nodes nodes; /* the list; one item when there is none */
	bool is_part;            /* nodes are not all that there are */
	struct tusk_parameters parameters;
	uint8_t parameters_hash[32];
	struct tusk_keys keys;
	struct tusk_id slot; /* that opened it; zero for suite none */
	int64_t slot_created;
	char slot_label[128];
	struct tusk_index *index;
	size_t tree_cache, chunk_cache;
	bool no_cache; /* the fetcher reads the node itself: set before it is made */
	struct tusk_fetcher *fetcher;
	void (*fetcher_free)(struct tusk_fetcher *fetcher); /* set by reader/ */
	pthread_mutex_t lock;                               /* guards fetcher's making */
	pthread_mutex_t figures_lock;                       /* guards the next two */
	struct tusk_pack_figures *figures;                  /* sorted by pack */
	size_t figures_count;
};

#endif
