#include "views_private.h"

#include <assert.h>
#include <string.h>

static int compare_names(const void *a, const void *b)
{
	const struct tuskfs_node *x = a, *y = b;
	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int compare_nodeids(const void *a, const void *b)
{
	const struct tuskfs_node *x = *(const struct tuskfs_node *const *)a;
	const struct tuskfs_node *y = *(const struct tuskfs_node *const *)b;
	return (x->nodeid > y->nodeid) - (x->nodeid < y->nodeid);
}

static int compare_sequences(const void *a, const void *b)
{
	const struct tuskfs_node *x = *(const struct tuskfs_node *const *)a;
	const struct tuskfs_node *y = *(const struct tuskfs_node *const *)b;
	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

static void count_subfolders(struct tuskfs_catalogue *catalogue)
{
	struct tuskfs_node *parent = NULL;
	for (size_t i = 0; i < catalogue->count; i++) {
		const struct tuskfs_node *node = &catalogue->nodes[i];
		bool folder = node->kind == TUSKFS_FOLDER || node->kind == TUSKFS_SNAPSHOT;
		if (!folder || node->nodeid == TUSKFS_NODE_ROOT)
			continue;
		if (!parent || parent->nodeid != node->parent)
			parent = (struct tuskfs_node *)(uintptr_t)tuskfs_catalogue_node(catalogue, node->parent);
		assert(parent);
		parent->subfolders++;
	}
}

void tuskfs_catalogue_finish(struct tuskfs_catalogue *catalogue, const struct tuskfs_catalogue *previous)
{
	qsort(catalogue->nodes, catalogue->count, sizeof(*catalogue->nodes), compare_names);
	catalogue->last_sequence = previous ? previous->last_sequence : 0;
	for (size_t i = 0; i < catalogue->count; i++) {
		struct tuskfs_node *node = &catalogue->nodes[i];
		const struct tuskfs_node *old =
		    previous ? tuskfs_catalogue_child(previous, node->parent, node->name) : NULL;
		node->sequence = old ? old->sequence : ++catalogue->last_sequence;
		catalogue->by_nodeid[i] = catalogue->by_sequence[i] = node;
	}
	qsort(catalogue->by_nodeid, catalogue->count, sizeof(*catalogue->by_nodeid), compare_nodeids);
	qsort(catalogue->by_sequence, catalogue->count, sizeof(*catalogue->by_sequence), compare_sequences);
	count_subfolders(catalogue);
}

struct tuskfs_catalogue *tuskfs_catalogue_hold(struct tuskfs_catalogue *catalogue)
{
	atomic_fetch_add(&catalogue->references, 1);
	return catalogue;
}

void tuskfs_catalogue_drop(struct tuskfs_catalogue *catalogue)
{
	if (!catalogue || atomic_fetch_sub(&catalogue->references, 1) != 1)
		return;
	for (size_t i = 0; i < catalogue->count; i++) {
		free(catalogue->nodes[i].name);
		free(catalogue->nodes[i].text);
	}
	free(catalogue->nodes);
	free(catalogue->by_nodeid);
	free(catalogue->by_sequence);
	free(catalogue->snapshots);
	for (size_t i = 0; i < TUSKFS_REPORT_COUNT; i++)
		free(catalogue->reports[i]);
	free(catalogue);
}

const struct tuskfs_node *tuskfs_catalogue_node(const struct tuskfs_catalogue *catalogue, uint64_t nodeid)
{
	size_t low = 0, high = catalogue->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (catalogue->by_nodeid[middle]->nodeid < nodeid)
			low = middle + 1;
		else
			high = middle;
	}
	bool found = low < catalogue->count && catalogue->by_nodeid[low]->nodeid == nodeid;
	return found ? catalogue->by_nodeid[low] : NULL;
}

const struct tuskfs_node *tuskfs_catalogue_child(const struct tuskfs_catalogue *catalogue, uint64_t parent,
						 const char *name)
{
	struct tuskfs_node key = {.parent = parent, .name = (char *)(uintptr_t)name};
	return bsearch(&key, catalogue->nodes, catalogue->count, sizeof(key), compare_names);
}

const struct tuskfs_node *tuskfs_catalogue_next(const struct tuskfs_catalogue *catalogue, uint64_t parent,
						uint64_t after)
{
	size_t low = 0, high = catalogue->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct tuskfs_node *node = catalogue->by_sequence[middle];
		if (node->parent < parent || (node->parent == parent && node->sequence <= after))
			low = middle + 1;
		else
			high = middle;
	}
	bool found = low < catalogue->count && catalogue->by_sequence[low]->parent == parent;
	return found ? catalogue->by_sequence[low] : NULL;
}

size_t tuskfs_catalogue_snapshot_count(const struct tuskfs_catalogue *catalogue)
{
	return catalogue->snapshot_count;
}

const struct tuskfs_slot *tuskfs_catalogue_snapshot(const struct tuskfs_catalogue *catalogue, size_t index)
{
	assert(index < catalogue->snapshot_count);
	return catalogue->snapshots[index];
}

char **tuskfs_catalogue_report(struct tuskfs_catalogue *catalogue, enum tuskfs_report report)
{
	return &catalogue->reports[report];
}

/* Merges the two arrays, which are sorted by (parent, name). The folders come in runs, so one remembered parent is
 * enough to report each of them once. */
void tuskfs_catalogue_compare(const struct tuskfs_catalogue *before, const struct tuskfs_catalogue *after,
			      void (*changed)(void *context, uint64_t parent, const char *entry), void *context)
{
	uint64_t reported = 0;
	for (size_t i = 0, j = 0;;) {
		const struct tuskfs_node *old = i < before->count ? &before->nodes[i] : NULL;
		const struct tuskfs_node *new = j < after->count ? &after->nodes[j] : NULL;
		if (!old && !new)
			return;
		int order = !old ? 1 : !new ? -1 : compare_names(old, new);
		i += order <= 0;
		j += order >= 0;
		if (order == 0 && old->nodeid == new->nodeid)
			continue;
		uint64_t parent = order <= 0 ? old->parent : new->parent;
		if (order <= 0)
			changed(context, parent, old->name);
		if (parent != reported)
			changed(context, parent, NULL);
		reported = parent;
	}
}
