/* Storing pieces of data once: id, look-up, compression, pack. */
#ifndef TUSK_CHUNKS_H
#define TUSK_CHUNKS_H

#include "ingest.h"
#include "tree.h"

/* Stores a chunk unless the repository or this backup has it already. sha256: of data, or NULL when the caller does not
 * know it. The pack in hand stays with lane until tusk_lane_rest. */
int tusk_store_chunk(struct tusk_lane *lane, const void *data, size_t len, const uint8_t sha256[32],
		     struct tusk_id *ret_id, struct tusk_err *err);
/* The same for a tree block, list or blob, which go to the shared tree pack. */
int tusk_store_meta(struct tusk_lane *lane, uint8_t type, const void *data, size_t len, struct tusk_id *ret_id,
		    struct tusk_err *err);
/* Gives the pack in hand back for others to fill. */
void tusk_lane_rest(struct tusk_lane *lane);
/* Stores data as a blob and puts its reference (id, varint length) into ret_reference, which is emptied first. */
int tusk_store_blob(struct tusk_lane *lane, const void *data, size_t len, struct tusk_buf *ret_reference,
		    struct tusk_err *err);

/* A builder of directories or of chunk lists that stores through whichever lane is set when it is used. */
struct tusk_box {
	struct tusk_lane *lane;
	struct tusk_tree_sink sink;
	struct tusk_tree_builder *builder;
	struct tusk_box *next;
};
struct tusk_boxes; /* recycled boxes; thread-safe */
struct tusk_boxes *tusk_boxes_new(void);
void tusk_boxes_free(struct tusk_boxes *boxes);
int tusk_boxes_take(struct tusk_boxes *boxes, struct tusk_box **ret_box, struct tusk_err *err);
/* Only after tusk_tree_builder_finish. */
void tusk_boxes_give(struct tusk_boxes *boxes, struct tusk_box *box);
/* For a box that was not finished. */
void tusk_box_free(struct tusk_box *box);

/* The sink of chunk lists; context is the lane. */
int tusk_store_list(void *lane, const void *block, size_t len, struct tusk_id *ret_id, struct tusk_err *err);

#endif
