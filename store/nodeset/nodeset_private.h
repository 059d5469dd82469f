/* The inside of a set. */
#ifndef TUSK_NODESET_PRIVATE_H
#define TUSK_NODESET_PRIVATE_H

#include "node_ops.h"
#include "nodeset.h"

#include "tusk/id.h"

#include <pthread.h>

#define MEMBERS_MAX       (TUSK_NODES_MAX + 1)
#define QUEUE_THREADS_MAX 4
#define AVOIDED_MAX       64
#define HEALED_MAX        64
#define GRAVEYARD_MAX     32
#define GENERATIONS       10

/* The objects below one prefix, by the last part of their names. */
struct set_item {
	struct tusk_id id;
	uint64_t size;
};
struct set_listing {
	struct set_item *items; /* sorted by id once sealed, each once */
	size_t count, capacity;
};

/* ---- a pack that waits in a temporary file (spool.c) ---- */
struct spooled;

/* ---- what is on its way to a member (queue.c) ---- */
struct job {
	struct job *next;
	char name[TUSK_NODE_NAME_SIZE];
	struct tusk_buf data;    /* of a small object */
	bool has_data;           /* else it is copied: */
	struct spooled *spooled; /* from here; NULL: from any other member */
	bool last;               /* a manifest: begun when all others are done, and only if none failed */
};
struct queue {
	pthread_mutex_t lock; /* all below */
	pthread_cond_t changed;
	struct job *first, **end;
	const struct job *under_way[QUEUE_THREADS_MAX];
	size_t waiting, running;
	bool closed, failed;
	struct tusk_err why; /* of the first failure */
	pthread_t threads[QUEUE_THREADS_MAX];
	unsigned threads_count;
	enum tusk_delivery delivery;
};

/* ---- a member (member.c) ---- */
enum member_state {
	MEMBER_CLOSED,
	MEMBER_OPENING,
	MEMBER_OPEN,
	MEMBER_DOWN,   /* tried again after a while */
	MEMBER_FOREIGN /* another repository is there: never tried again */
};
struct opening;
struct member {
	struct set *set;
	struct tusk_member info;
	size_t number;
	pthread_mutex_t lock; /* all below, but for queue */
	enum member_state state;
	struct tusk_node *node;
	struct opening *opening;
	atomic_bool was_late;
	int64_t retry_at_ms;
	struct tusk_err why;
	/* Given up, but perhaps in use by another thread; closed with the set. */
	struct tusk_node *graveyard[GRAVEYARD_MAX];
	size_t graves;
	uint64_t buried_bytes;
	struct {
		uint64_t value;
		int64_t at_ms;
	} generations[GENERATIONS]; /* of folders, as last seen; remote ones are asked seldom */
	bool lock_held;             /* by the caller of the set's lock */
	struct queue queue;
};

struct set {
	struct tusk_node base;
	uint8_t parameters_hash[32];
	void (*log)(void *context, const char *line);
	void *log_context;
	int (*guard)(void *context, struct tusk_node *member, enum tusk_guard when, struct tusk_err *err);
	void *guard_context;
	char *spool_dir;
	size_t count;
	struct member members[MEMBERS_MAX];
	size_t order[MEMBERS_MAX]; /* in which they are read */
	pthread_mutex_t heal_lock; /* one healing at a time */
	pthread_mutex_t lock;      /* all below */
	pthread_cond_t changed;    /* a pack left the spool */
	struct {
		char name[TUSK_NODE_NAME_SIZE];
		size_t member;
	} avoided[AVOIDED_MAX]; /* damaged there, and it cannot be replaced */
	size_t avoided_count;
	char healed[HEALED_MAX][TUSK_NODE_NAME_SIZE]; /* lately */
	size_t healed_count;
	struct set_listing
	    required; /* packs that snapshots may need: what the members had, and what was written since */
	bool required_known;
	struct set_listing lost; /* packs that are damaged on all members */
	size_t spooled_count;
	struct spooled *spooled_first;
};

static inline struct set *set_of(struct tusk_node *node)
{
	return (struct set *)node;
}

extern const struct tusk_node_ops tusk_nodeset_ops;

/* nodeset.c */
void set_log(struct set *set, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* member.c. The node of a member; NULL when it cannot be had within patience_ms (-1: however long it takes), err then
 * says why. Borrowed until the set is closed. */
struct tusk_node *member_node(struct member *member, int patience_ms, struct tusk_err *err);
/* The same for reading: waits a little, once. */
struct tusk_node *member_node_to_read(struct member *member, struct tusk_err *err);
/* Takes note of a failed call. */
void member_failed(struct member *member, struct tusk_node *node, const struct tusk_err *err);
bool member_is_local(const struct member *member);
void member_release(struct member *member);
uint64_t member_read_bytes(struct member *member);

/* Walks over members in the order of reading: first those at hand, then those that were not to be waited for, if
 * nobody answered. */
struct turn {
	struct set *set;
	size_t next;
	bool second, answered;
	struct tusk_err why; /* of the last failure */
	struct member *member;
	struct tusk_node *node;
};
void turn_begin(struct set *set, struct turn *ret_turn);
/* False at the end. Sets member and node. */
bool turn_next(struct turn *turn);
/* The current member failed with turn->why, or answered. */
void turn_failed(struct turn *turn);
/* The current member, asked for one object, said found, which is not TUSK_NODE_FOUND. */
void turn_missed(struct turn *turn, int found);
/* What to return when nobody had it: TUSK_NODE_ABSENT if anybody answered, else -1. */
int turn_end(const struct turn *turn, struct tusk_err *err);

/* read.c */
int set_get(struct tusk_node *node, const char *name, size_t max, struct tusk_buf *ret_data, struct tusk_err *err);
int set_object_open(struct tusk_node *node, const char *name, struct tusk_object **ret_object, struct tusk_err *err);
int set_stat(struct tusk_node *node, const char *name, uint64_t *ret_size, struct tusk_err *err);
int set_digest(struct tusk_node *node, const char *name, uint8_t ret_sha256[32], uint64_t *ret_size,
	       struct tusk_err *err);
int set_generation(struct tusk_node *node, const char *prefix, uint64_t *ret_generation, struct tusk_err *err);
int set_space(struct tusk_node *node, uint64_t *ret_free, uint64_t *ret_total, struct tusk_err *err);

/* listing.c */
int set_list(struct tusk_node *node, const char *prefix,
	     int (*visit)(void *context, const char *name, uint64_t size, struct tusk_err *err), void *context,
	     struct tusk_err *err);
void listing_release(struct set_listing *listing);
int listing_add(struct set_listing *listing, const struct tusk_id *id, uint64_t size);
void listing_seal(struct set_listing *listing);
bool listing_has(const struct set_listing *listing, const struct tusk_id *id);
int listing_load(struct tusk_node *node, const char *prefix, struct set_listing *ret_listing, struct tusk_err *err);
/* The id in the last part of a name. */
int listing_id(const char *name, struct tusk_id *ret_id);

/* heal.c */
int set_suspect(struct tusk_node *node, const char *name);
bool set_is_avoided(struct set *set, const struct member *member, const char *name);
/* A member does not have an object that from has: puts it there if it was lost, not if the member is only behind. */
void set_heal_absent(struct set *set, struct member *member, struct member *from, const char *name);

/* bring.c. Copies from any other member that has it intact; what proves damaged on the way is healed. */
int set_copy_to_member(struct member *member, struct tusk_copy *copy, struct tusk_err *err);

/* write.c */
int set_put(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err);
int set_replace(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err);
int set_remove(struct tusk_node *node, const char *name, struct tusk_err *err);
int set_quarantine(struct tusk_node *node, const char *name, struct tusk_err *err);
int set_lock(struct tusk_node *node, struct tusk_node_lock **ret_lock, struct tusk_err *err);
void set_sweep(struct tusk_node *node);
void set_reserve(struct tusk_node *node, bool keep);
bool set_is_behind(struct tusk_node *node);
int set_upload_begin(struct tusk_node *node, struct tusk_upload **ret_upload, struct tusk_err *err);
/* The first local member that can be used; NULL: there is none. */
struct member *set_lead(struct set *set, struct tusk_node **ret_node);
/* "epoch" and "condemned" are each member's own. Whoever works through the set has those of the lead (without a local
 * member: of the first that can be reached), whose lock the set's lock is. */
bool set_is_own(const char *name);
struct tusk_node *set_own_node(struct set *set, struct tusk_err *err);

/* complete.c. Whether the member has all packs that are required: 1, 0, -1. */
int set_member_is_complete(struct set *set, struct tusk_node *node, struct tusk_err *err);
/* A pack was written, or the union of all members' packs became known (takes it). */
void set_require_pack(struct set *set, const char *name);
void set_require_all(struct set *set, struct set_listing *listing);
/* Puts a manifest on a member, under its lock, if it is complete and the guard agrees. Brings what it lacks first, if
 * that is little. */
int set_publish(struct set *set, struct member *member, const char *name, const struct tusk_buf *data,
		struct tusk_err *err);

/* queue.c */
void queue_init(struct queue *queue);
/* Takes job. A member that failed takes nothing: it is owed. */
void queue_push(struct member *member, struct job *job);
struct job *job_new(const char *name, const void *data, size_t len, struct spooled *spooled);
void queue_settle(struct member *member, const atomic_bool *stop);
/* Drops jobs that have not begun and ends the threads. */
void queue_close(struct member *member);
/* A job that waits for that pack will take it from another member; false when none waits. */
bool queue_redirect(struct member *member, struct spooled *spooled);
/* Whether jobs wait although all its threads are busy. */
bool queue_is_behind(struct member *member);
bool queue_has_failed(struct member *member, struct tusk_err *ret_why);

/* spool.c */
int spool_upload_begin(struct set *set, struct tusk_upload **ret_upload, struct tusk_err *err);
struct tusk_object *spool_object(struct spooled *spooled);
void spool_done(struct spooled *spooled, bool is_stored);

#endif
