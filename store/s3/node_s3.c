#include "node_s3.h"
#include "tusk/clock.h"

#include <stdlib.h>
#include <string.h>

#define UPLOADS                                                                                                      \
	16 /* one alone leaves the service idle while it is waited for, and each is as slow as its lost packets make \
	      it */

void tusk_s3_key(const struct tusk_node_s3 *node, const char *name, char ret_key[TUSK_S3_NAME_SIZE])
{
	snprintf(ret_key, TUSK_S3_NAME_SIZE, "%s%s", node->client.place.prefix, name);
}

/* Nobody knows how much room a bucket has. */
static int s3_space(struct tusk_node *node, uint64_t *ret_free, uint64_t *ret_total, struct tusk_err *err)
{
	(void)node;
	(void)err;
	*ret_free = *ret_total = 0;
	return 0;
}

/* Nothing half-written is ever visible, and no upload is in parts. */
static void s3_sweep(struct tusk_node *node)
{
	(void)node;
}

static bool s3_is_behind(struct tusk_node *node)
{
	struct tusk_node_s3 *s3 = (struct tusk_node_s3 *)node;

	return tusk_s3_pace_is_behind(&s3->pace, UPLOADS, tusk_now_ms());
}

static void s3_close(struct tusk_node *node)
{
	struct tusk_node_s3 *s3 = (struct tusk_node_s3 *)node;

	tusk_s3_foreseen_close(s3);
	tusk_s3_client_release(&s3->client);
	tusk_s3_pace_release(&s3->pace);
	pthread_mutex_destroy(&s3->lock);
	pthread_cond_destroy(&s3->foreseen_changed);
	free(node->url);
	free(s3);
}

static const struct tusk_node_ops node_ops = {
    .close = s3_close,
    .uncreate = tusk_s3_uncreate,
    .get = tusk_s3_get,
    .put = tusk_s3_put,
    .object_open = tusk_s3_object_open,
    .uploads = UPLOADS,
    .is_behind = s3_is_behind,
    .upload_begin = tusk_s3_upload_begin,
    .list = tusk_s3_list,
    .stat = tusk_s3_stat,
    .remove = tusk_s3_remove,
    .replace = tusk_s3_replace,
    .digest = tusk_s3_digest,
    .quarantine = tusk_s3_quarantine,
    .generation = tusk_s3_generation,
    .sweep = s3_sweep,
    .space = s3_space,
    .foresee = tusk_s3_foresee,
    .foreseen_drop = tusk_s3_foreseen_drop,
};

int tusk_node_s3_open(const char *url, struct tusk_node **ret_node, struct tusk_err *err)
{
	struct tusk_node_s3 *node = NULL;
	struct tusk_s3_place place;
	char *copy;

	if (tusk_s3_place_parse(url, &place, err) < 0)
		return -1;
	node = calloc(1, sizeof(*node));
	copy = strdup(url);
	if (!node || !copy) {
		free(node);
		free(copy);
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open a node: out of memory");
	}
	if (tusk_s3_client_init(&node->client, &place, err) < 0) {
		free(node);
		free(copy);
		return -1;
	}
	pthread_mutex_init(&node->lock, NULL);
	tusk_s3_pace_init(&node->pace);
	tusk_cond_init(&node->foreseen_changed);
	node->base.ops = &node_ops;
	node->base.url = copy;
	node->base.is_remote = true;
	*ret_node = &node->base;
	return 0;
}
