/* Checking nodes one by one, each hashed where it lies, and healing what is damaged from the others. */
#include "handle.h"
#include "ledger.h"
#include "nodeset.h"
#include "scrub.h"
#include "tusk/replicate.h"

#include <stdlib.h>
#include <string.h>

/* What one node's check found that is to be healed. */
struct wound {
	char name[80];
	bool is_missing;
};

struct inspection {
	struct tusk_repository *repository;
	const struct tusk_inspect_options *options;
	size_t number;
	struct tusk_inspected *outcome;
	struct tusk_ledger ledger;
	struct wound *wounds;
	size_t wound_count, capacity;
};

static void inspection_release(struct inspection *inspection)
{
	tusk_ledger_release(&inspection->ledger);
	free(inspection->wounds);
}

static const char *member_name(const struct inspection *inspection)
{
	return inspection->repository->nodes.items[inspection->number].name;
}

/* The ledger knows the only node of a repository without a list as "". */
static const char *ledger_name(const struct inspection *inspection)
{
	return inspection->repository->nodes.counter ? member_name(inspection) : "";
}

/* Without data packs are only looked for. */
static bool wants(void *context, const char *name, uint64_t size)
{
	const struct inspection *inspection = context;

	return inspection->options->data || strncmp(name, "packs/", 6) != 0 || size == 0;
}

static int add_wound(struct inspection *inspection, const struct tusk_scrub_object *object, struct tusk_err *err)
{
	if (inspection->wound_count == inspection->capacity) {
		size_t capacity = inspection->capacity ? 2 * inspection->capacity : 16;
		struct wound *wounds = reallocarray(inspection->wounds, capacity, sizeof(*wounds));

		if (!wounds)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		inspection->wounds = wounds;
		inspection->capacity = capacity;
	}
	struct wound *wound = &inspection->wounds[inspection->wound_count++];
	snprintf(wound->name, sizeof(wound->name), "%s", object->name);
	wound->is_missing = object->state == TUSK_SCRUB_MISSING;
	return 0;
}

static int note_proof(struct inspection *inspection, const struct tusk_scrub_object *object, struct tusk_err *err)
{
	const char *digits = strrchr(object->name, '/');
	struct tusk_id pack;

	if (strncmp(object->name, "packs/", 6) != 0 || object->state == TUSK_SCRUB_MISSING ||
	    tusk_hex_decode(digits + 1, strlen(digits + 1), pack.bytes, TUSK_ID_SIZE) < 0)
		return 0;
	return tusk_ledger_add(&inspection->ledger, &pack, object->state == TUSK_SCRUB_DAMAGED, err);
}

static int on_object(void *context, const struct tusk_scrub_object *object, struct tusk_err *err)
{
	struct inspection *inspection = context;
	const struct tusk_inspect_options *options = inspection->options;

	if (note_proof(inspection, object, err) < 0)
		return -1;
	if (options->progress)
		atomic_fetch_add(&options->progress->bytes, object->size);
	if (options->progress)
		atomic_fetch_add(&options->progress->objects, 1);
	if (object->state == TUSK_SCRUB_INTACT)
		return 0;
	if (options->on_damage)
		options->on_damage(options->context, member_name(inspection), object->name, object->what);
	return add_wound(inspection, object, err);
}

/* A ledger that cannot be written costs the next check some reading. */
static void save_ledger(struct inspection *inspection)
{
	struct tusk_repository *repository = inspection->repository;

	tusk_ledger_merge(&inspection->ledger, NULL, NULL);
	(void)tusk_ledger_save(repository->node, &repository->keys, ledger_name(inspection), &inspection->ledger, NULL);
}

/* tusk.repository does not prove itself: the caller has to look at that one. */
static void heal(struct inspection *inspection)
{
	struct tusk_node *set = inspection->repository->node;

	for (size_t i = 0; i < inspection->wound_count; i++) {
		const struct wound *wound = &inspection->wounds[i];
		struct tusk_err why = {0};

		if (!tusk_object_is_provable(wound->name) || tusk_node_member_count(set) < 2)
			continue;
		if (tusk_nodeset_bring(set, inspection->number, wound->name, !wound->is_missing, NULL, &why) == 0)
			inspection->outcome->healed++;
		else if (inspection->outcome->why.code == TUSK_OK)
			inspection->outcome->why = why;
		if (inspection->options->on_heal)
			inspection->options->on_heal(inspection->options->context, member_name(inspection), wound->name,
						     why.code ? &why : NULL);
	}
}

static int inspect(struct inspection *inspection, struct tusk_err *err)
{
	const struct tusk_inspect_options *options = inspection->options;
	struct tusk_repository *repository = inspection->repository;
	struct tusk_scrub_options scrub = {
	    .wants = wants, .on_object = on_object, .context = inspection, .stop = options->stop};
	struct tusk_scrub_result result;
	struct tusk_node *node;

	if (tusk_node_member(repository->node, inspection->number, &node, err) < 0)
		return -1;
	(void)tusk_ledger_load(repository->node, &repository->keys, ledger_name(inspection), &inspection->ledger, NULL);
	if (tusk_scrub_run(node, &scrub, &result, err) < 0)
		return -1;
	inspection->outcome->objects = result.objects;
	inspection->outcome->packs = result.packs;
	inspection->outcome->bytes = result.bytes;
	inspection->outcome->damaged = result.damaged;
	inspection->outcome->missing = result.missing;
	if (options->data)
		save_ledger(inspection);
	if (options->heal)
		heal(inspection);
	return 0;
}

static int choose(const struct tusk_repository *repository, const struct tusk_inspect_options *options,
		  struct tusk_inspect_result *result, struct tusk_err *err)
{
	const struct tusk_nodes *nodes = &repository->nodes;

	for (size_t k = 0; k < options->count; k++) {
		size_t i = tusk_nodes_find(nodes, options->names[k]);

		if (i == nodes->count)
			return tusk_err_set(err, TUSK_E_ABSENT, 0, "there is no node %s", options->names[k]);
		result->items[i].asked = true;
	}
	for (size_t i = 0; i < nodes->count && options->count == 0; i++)
		result->items[i].asked = true;
	return 0;
}

int tusk_nodes_inspect(struct tusk_repository *repository, const struct tusk_inspect_options *options,
		       struct tusk_inspect_result *ret_result, struct tusk_err *err)
{
	struct tusk_inspect_result result = {.count = repository->nodes.count};

	if (choose(repository, options, &result, err) < 0)
		return -1;
	for (size_t i = 0; i < result.count; i++) {
		struct inspection inspection TUSK_CLEANUP(inspection_release) = {
		    .repository = repository, .options = options, .number = i, .outcome = &result.items[i]};

		if (!result.items[i].asked)
			continue;
		result.items[i].complete = inspect(&inspection, &result.items[i].why) == 0;
		if (result.items[i].why.code == TUSK_E_INTERRUPTED)
			return tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "interrupted");
	}
	*ret_result = result;
	return 0;
}
