#include "scrub.h"
#include "tusk/check.h"
#include "tusk/clock.h"

#define STAGE_EVERY_MS 100

struct keyless {
	const struct tusk_check_options *options;
	const char *node;
	uint64_t done;
	int64_t told_ms; /* when on_stage was called last */
};

/* How many there are is not known before the end. */
static void tell_stage(struct keyless *keyless)
{
	int64_t now_ms = tusk_now_ms();
	if (!keyless->options->on_stage || now_ms - keyless->told_ms < STAGE_EVERY_MS)
		return;
	keyless->told_ms = now_ms;
	keyless->options->on_stage(keyless->options->context, "objects", keyless->done, 0);
}

static int on_object(void *context, const struct tusk_scrub_object *object, struct tusk_err *err)
{
	struct keyless *keyless = context;
	const struct tusk_check_options *options = keyless->options;
	struct tusk_damage damage = {.node = keyless->node, .object = object->name, .what = object->what};

	(void)err;
	if (object->state != TUSK_SCRUB_INTACT && options->on_damage)
		options->on_damage(options->context, &damage);
	keyless->done++;
	tell_stage(keyless);
	return 0;
}

/* A folder that has neither parameters nor anything else of a repository is none; a node whose parameters are lost is a
 * damaged one. */
static int ignore(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	(void)context;
	(void)name;
	(void)size;
	(void)err;
	return 1;
}

static int require_repository(struct tusk_node *node, struct tusk_err *err)
{
	uint64_t size;
	int found = tusk_node_stat(node, "tusk.repository", &size, err);
	if (found == TUSK_NODE_FOUND)
		return 0;
	if (found < 0)
		return -1;
	if (tusk_node_list(node, "packs/", ignore, NULL, NULL) == 1)
		return 0;
	return tusk_err_set(err, TUSK_E_NO_REPOSITORY, 0, "%s is not a repository", tusk_node_url(node));
}

int tusk_check_keyless(const char *url, const struct tusk_check_options *options, struct tusk_check_result *ret_result,
		       struct tusk_err *err)
{
	TUSK_AUTO_NODE struct tusk_node *node = NULL;
	struct keyless keyless = {.options = options};
	struct tusk_scrub_options scrub = {
	    .on_object = on_object, .context = &keyless, .threads = options->threads, .stop = options->stop};
	struct tusk_scrub_result result;

	if (tusk_node_open(url, &node, err) != 0 || require_repository(node, err) != 0)
		return -1;
	keyless.node = tusk_node_url(node);
	if (tusk_scrub_run(node, &scrub, &result, err) != 0)
		return -1;
	*ret_result = (struct tusk_check_result){.packs = result.packs,
						 .packs_read = result.packs,
						 .objects = result.objects,
						 .bytes_read = result.bytes,
						 .damaged_objects = result.damaged + result.missing};
	return 0;
}
