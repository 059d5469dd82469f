#include "chunks.h"

#include <stdlib.h>

#define IDLE_MAX 16

struct tusk_boxes {
	pthread_mutex_t lock;
	struct tusk_box *idle;
	size_t idle_count;
};

static int put_block(void *context, const void *block, size_t len, struct tusk_id *ret_id, struct tusk_err *err)
{
	struct tusk_box *box = context;
	return tusk_store_meta(box->lane, TUSK_OBJECT_TREE, block, len, ret_id, err);
}

struct tusk_boxes *tusk_boxes_new(void)
{
	struct tusk_boxes *boxes = calloc(1, sizeof *boxes);
	if (boxes)
		pthread_mutex_init(&boxes->lock, NULL);
	return boxes;
}

void tusk_box_free(struct tusk_box *box)
{
	if (!box)
		return;
	tusk_tree_builder_free(box->builder);
	free(box);
}

void tusk_boxes_free(struct tusk_boxes *boxes)
{
	if (!boxes)
		return;
	while (boxes->idle) {
		struct tusk_box *box = boxes->idle;
		boxes->idle = box->next;
		tusk_box_free(box);
	}
	pthread_mutex_destroy(&boxes->lock);
	free(boxes);
}

static int new_box(struct tusk_box **ret_box, struct tusk_err *err)
{
	struct tusk_box *box = calloc(1, sizeof *box);
	if (!box)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	box->sink = (struct tusk_tree_sink){.put = put_block, .context = box};
	if (tusk_tree_builder_new(&box->sink, &box->builder, err) < 0) {
		free(box);
		return -1;
	}
	*ret_box = box;
	return 0;
}

int tusk_boxes_take(struct tusk_boxes *boxes, struct tusk_box **ret_box, struct tusk_err *err)
{
	pthread_mutex_lock(&boxes->lock);
	struct tusk_box *box = boxes->idle;
	if (box) {
		boxes->idle = box->next;
		boxes->idle_count--;
	}
	pthread_mutex_unlock(&boxes->lock);
	if (!box)
		return new_box(ret_box, err);
	*ret_box = box;
	return 0;
}

void tusk_boxes_give(struct tusk_boxes *boxes, struct tusk_box *box)
{
	box->lane = NULL;
	pthread_mutex_lock(&boxes->lock);
	bool keep = boxes->idle_count < IDLE_MAX;
	if (keep) {
		box->next = boxes->idle;
		boxes->idle = box;
		boxes->idle_count++;
	}
	pthread_mutex_unlock(&boxes->lock);
	if (!keep)
		tusk_box_free(box);
}
