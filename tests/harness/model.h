/* What a power cut may leave: durable bytes and names, and what is pending (DESIGN.md). */
#ifndef TUSK_HARNESS_MODEL_H
#define TUSK_HARNESS_MODEL_H

#include "log.h"

#include <stdbool.h>
#include <stddef.h>

struct model_write {
	bool truncates;
	uint64_t offset, len; /* of a truncation: the size */
	const uint8_t *data;
};

struct model_inode;

/* A change of names. A rename has both halves, a new file the second, a removal the first. */
struct model_change {
	struct model_inode *from, *to, *inode; /* inode: what gets the name */
	char *from_name, *to_name;
	bool from_durable, to_durable;
	bool from_survives, to_survives; /* in the state that is being drawn */
};

struct model_name {
	char *name;
	struct model_inode *inode;
};

struct model_inode {
	uint64_t number;
	bool is_folder;
	uint8_t *data; /* durable */
	size_t len;
	struct model_write *writes; /* pending, in order */
	size_t write_count;
	struct model_name *names; /* durable */
	size_t name_count;
	struct model_change **changes; /* pending, in order */
	size_t change_count;
	char path[192]; /* where the state being written has it; for links */
	unsigned stamp; /* of the state that path belongs to */
};

struct model {
	struct model_inode **inodes;
	size_t inode_count;
	struct model_inode *root;
};

struct model *model_new(uint64_t root);
/* Applies one record; what concerns files that are not below the root is ignored. The bytes that follow the record must
 * stay where they are. */
void model_apply(struct model *model, const struct log_record *record, const char *name, const uint8_t *data);

/* A small generator, so that a state is its seed (Vigna, splitmix64). */
uint64_t random_next(uint64_t *state);

enum state_kind { STATE_RANDOM, STATE_EVERYTHING };
/* Writes a state that may be found after a crash now to the folder path, which exists and is empty. */
void state_write(struct model *model, enum state_kind kind, uint64_t seed, const char *path);

#endif
