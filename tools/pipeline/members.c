/* Joining nodes to a repository. */
#include "pipeline/members.h"

#include "pipeline/plan.h"
#include "tusk/replicate.h"

#include <string.h>

static const struct tusk_member *find(const struct tusk_nodes *nodes, const char *name)
{
	size_t i = tusk_nodes_find(nodes, name);
	return nodes->counter && i < nodes->count ? &nodes->items[i] : NULL;
}

static int fill(const struct pipeline_node *node, struct tusk_member *ret_member, struct tusk_err *err)
{
	*ret_member = (struct tusk_member){.role = (enum tusk_role)node->role};
	if (strlen(node->name) >= sizeof(ret_member->name) || strlen(node->url) >= sizeof(ret_member->url))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "node %s: its name or url is too long", node->name);
	memcpy(ret_member->name, node->name, strlen(node->name) + 1);
	memcpy(ret_member->url, node->url, strlen(node->url) + 1);
	return 0;
}

/* First as a node that holds the repository already, then as one that is to be made. */
static int add(struct tusk_repository *repository, const struct pipeline_node *node, struct tusk_err *err)
{
	struct tusk_member member;
	if (fill(node, &member, err) < 0)
		return -1;
	if (tusk_nodes_add(repository, &member, false, err) == 0)
		return 0;
	if (err->code != TUSK_E_NO_REPOSITORY)
		return -1;
	tusk_err_clear(err);
	return tusk_nodes_add(repository, &member, true, err);
}

/* The list is read anew for each addition: an open repository goes on with the old one. */
static int join(struct pipeline_access *access, size_t head, size_t n, struct tusk_err *err)
{
	const struct pipeline_node *node = &access->pipeline->nodes[n];
	struct tusk_nodes nodes;
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	if (pipeline_open(access, head, false, &repository, err) < 0)
		return -1;
	tusk_nodes_get(repository, &nodes);
	const struct tusk_member *known = find(&nodes, node->name);
	if (!known && pipeline_use_credentials(access, n, err) < 0)
		return -1;
	if (!known)
		return add(repository, node, err);
	if (strcmp(known->url, node->url) == 0)
		return 0;
	return tusk_err_set(err, TUSK_E_USAGE, 0,
			    "node %s is at %s in the repository's list, but at %s in %s; tusk node remove %s",
			    node->name, known->url, node->url, access->pipeline->file, node->name);
}

int pipeline_members_join(struct pipeline_access *access, size_t head, bool *ret_usable,
			  void (*on_problem)(void *context, size_t node, const struct tusk_err *why), void *context,
			  struct tusk_err *err)
{
	const struct pipeline *p = access->pipeline;
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	bool alone = true;
	if (pipeline_open(access, head, false, &repository, err) < 0)
		return -1;
	for (size_t n = 0; n < p->node_count; n++)
		alone = alone && (n == head || pipeline_head(p, n) != head);
	ret_usable[head] = true;
	if (alone)
		return 0;
	if (join(access, head, head, err) < 0)
		return -1;
	for (size_t i = 0; i < p->node_count; i++) {
		size_t n = p->order[i];
		struct tusk_err why = {0};
		if (n == head || pipeline_head(p, n) != head)
			continue;
		if (p->nodes[n].when_present && !pipeline_is_present(&p->nodes[n]))
			continue;
		ret_usable[n] = join(access, head, n, &why) == 0;
		if (!ret_usable[n])
			on_problem(context, n, &why);
	}
	return 0;
}
