#include "tusk/replicate.h"

#include "handle.h"
#include "keyslot.h"
#include "roster.h"

#include <stdlib.h>
#include <string.h>

static struct tusk_member *find(struct tusk_nodes *nodes, const char *name)
{
	size_t i = tusk_nodes_find(nodes, name);

	return i < nodes->count ? &nodes->items[i] : NULL;
}

static unsigned count_role(const struct tusk_nodes *nodes, enum tusk_role role)
{
	unsigned count = 0;

	for (size_t i = 0; i < nodes->count; i++)
		count += nodes->items[i].role == role;
	return count;
}

static int check_policy(const struct tusk_nodes *nodes, struct tusk_err *err)
{
	for (unsigned i = 0; i < TUSK_ROLE_COUNT; i++) {
		unsigned count = count_role(nodes, (enum tusk_role)i);

		if (nodes->require[i] > count)
			return tusk_err_set(err, TUSK_E_USAGE, 0, "%s=%u is required, but there %s %u such node%s",
					    tusk_role_name((enum tusk_role)i), nodes->require[i],
					    count == 1 ? "is" : "are", count, count == 1 ? "" : "s");
	}
	return 0;
}

/* ---- a new node ---- */

static int read_parameters(struct tusk_node *node, struct tusk_buf *ret_text, struct tusk_err *err)
{
	int found = tusk_node_get(node, "tusk.repository", TUSK_PARAMETERS_MAX, ret_text, err);

	if (found == TUSK_NODE_ABSENT)
		return tusk_err_set(err, TUSK_E_NO_REPOSITORY, 0, "there is no repository here (no tusk.repository)");
	return found == TUSK_NODE_FOUND ? 0 : -1;
}

static int copy_keys(struct tusk_node *from, struct tusk_node *to, struct tusk_err *err)
{
	TUSK_AUTO_FREE struct tusk_id *ids = NULL;
	size_t count;

	if (tusk_keyslot_list(from, &ids, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		TUSK_AUTO_BUF struct tusk_buf data = {0};
		struct tusk_err why = {0};
		char name[80];

		if (tusk_keyslot_get(from, &ids[i], &data, &why) < 0) {
			if (why.code == TUSK_E_CORRUPT)
				continue; /* it opens nothing there either */
			if (err)
				*err = why;
			return -1;
		}
		tusk_keyslot_name(&ids[i], name);
		if (tusk_node_put(to, name, data.data, data.len, err) < 0)
			return -1;
	}
	return 0;
}

/* tusk.repository comes last: before it is there, nothing takes the place for a repository. */
static int fill(struct tusk_repository *repository, struct tusk_node *node, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf text = {0};

	if (read_parameters(repository->node, &text, err) < 0 || copy_keys(repository->node, node, err) < 0)
		return -1;
	return tusk_node_put(node, "tusk.repository", text.data, text.len, err);
}

static int check_same(struct tusk_repository *repository, struct tusk_node *node, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf text = {0};
	uint8_t hash[TUSK_SHA256_SIZE];

	if (read_parameters(node, &text, err) < 0)
		return -1;
	tusk_sha256(text.data, text.len, hash);
	if (memcmp(hash, repository->parameters_hash, sizeof(hash)) != 0)
		return tusk_err_set(err, TUSK_E_EXISTS, 0, "another repository is here");
	return 0;
}

static int open_new(struct tusk_repository *repository, const char *url, bool init, struct tusk_node **ret_node,
		    struct tusk_err *err)
{
	TUSK_AUTO_NODE struct tusk_node *node = NULL;
	int result = init ? tusk_node_create(url, &node, err) : tusk_node_open(url, &node, err);

	if (result == 0)
		result = init ? fill(repository, node, err) : check_same(repository, node, err);
	if (result < 0)
		return tusk_err_prefix(err, "%s", url);
	*ret_node = TUSK_STEAL(node);
	return 0;
}

/* ---- the list ---- */

/* The list as it is now, whoever changed it since the repository was opened, with the next counter. */
static int begin_change(struct tusk_repository *repository, struct tusk_nodes *ret_nodes, struct tusk_err *err)
{
	struct tusk_nodes nodes;

	if (tusk_roster_load(repository->node, &repository->keys, &nodes, err) < 0)
		return -1;
	*ret_nodes = nodes.counter ? nodes : repository->nodes;
	ret_nodes->counter++;
	return 0;
}

/* The node that had no name so far keeps that of its role, unless the new one has it. */
static void make_room_for_name(struct tusk_nodes *nodes, const char *name)
{
	if (nodes->counter == 1 && strcmp(nodes->items[0].name, name) == 0)
		snprintf(nodes->items[0].name, sizeof(nodes->items[0].name), "first");
}

static int append(struct tusk_nodes *nodes, const struct tusk_member *member, const char *url, struct tusk_err *err)
{
	struct tusk_member *item = &nodes->items[nodes->count];

	if (strlen(url) >= sizeof(item->url))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "the place of node %s is too long", member->name);
	/* The first node under a name that the user chose. */
	if (nodes->counter == 1 && strcmp(nodes->items[0].url, url) == 0) {
		nodes->items[0] = *member;
		snprintf(nodes->items[0].url, sizeof(nodes->items[0].url), "%s", url);
		return tusk_member_check(member, err);
	}
	if (nodes->count == TUSK_NODES_MAX)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "a repository has at most %d nodes", TUSK_NODES_MAX);
	make_room_for_name(nodes, member->name);
	*item = *member;
	snprintf(item->url, sizeof(item->url), "%s", url);
	nodes->count++;
	return 0;
}

/* On all nodes, the new one among them. */
static int save(struct tusk_repository *repository, struct tusk_node *node, const struct tusk_nodes *nodes,
		struct tusk_err *err)
{
	if (tusk_roster_save(repository->node, &repository->keys, nodes, err) < 0)
		return -1;
	return tusk_roster_save(node, &repository->keys, nodes, err);
}

int tusk_nodes_add(struct tusk_repository *repository, const struct tusk_member *member, bool init,
		   struct tusk_err *err)
{
	TUSK_AUTO_NODE struct tusk_node *node = NULL;
	TUSK_AUTO_BUF struct tusk_buf trial = {0};
	struct tusk_nodes nodes;

	if (tusk_member_check(member, err) < 0 || begin_change(repository, &nodes, err) < 0)
		return -1;
	if (find(&nodes, member->name) && nodes.counter > 1)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "there is a node %s already", member->name);
	if (open_new(repository, member->url, init, &node, err) < 0)
		return -1;
	if (append(&nodes, member, tusk_node_url(node), err) < 0 || tusk_roster_encode(&nodes, &trial, err) < 0)
		return -1;
	return save(repository, node, &nodes, err);
}

/* "cloud", or "cloud2" where that is taken. */
static void invent_name(const struct tusk_nodes *nodes, struct tusk_member *member)
{
	const char *role = tusk_role_name(member->role);

	snprintf(member->name, sizeof(member->name), "%s", role);
	for (unsigned n = 2; tusk_nodes_find(nodes, member->name) < nodes->count; n++)
		snprintf(member->name, sizeof(member->name), "%s%u", role, n);
}

int tusk_nodes_make(struct tusk_repository *repository, const char *url, char ret_name[TUSK_MEMBER_NAME_SIZE],
		    struct tusk_err *err)
{
	TUSK_AUTO_NODE struct tusk_node *node = NULL;
	struct tusk_member member = {.role = tusk_role_of_url(url)};
	struct tusk_nodes nodes;

	if (begin_change(repository, &nodes, err) < 0 || open_new(repository, url, true, &node, err) < 0)
		return -1;
	for (size_t i = 0; i < nodes.count; i++) {
		if (strcmp(nodes.items[i].url, tusk_node_url(node)) == 0) {
			memcpy(ret_name, nodes.items[i].name, TUSK_MEMBER_NAME_SIZE);
			return 0;
		}
	}
	invent_name(&nodes, &member);
	if (append(&nodes, &member, tusk_node_url(node), err) < 0 || save(repository, node, &nodes, err) < 0)
		return -1;
	memcpy(ret_name, member.name, TUSK_MEMBER_NAME_SIZE);
	return 0;
}

int tusk_nodes_remove(struct tusk_repository *repository, const char *name, struct tusk_err *err)
{
	struct tusk_nodes nodes;
	struct tusk_member *member;

	if (begin_change(repository, &nodes, err) < 0)
		return -1;
	member = find(&nodes, name);
	if (!member)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "there is no node %s", name);
	if (nodes.count == 1)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%s is the only node", name);
	*member = nodes.items[--nodes.count];
	if (check_policy(&nodes, err) < 0)
		return tusk_err_prefix(err, "without %s", name);
	return tusk_roster_save(repository->node, &repository->keys, &nodes, err);
}

int tusk_nodes_require(struct tusk_repository *repository, const unsigned require[TUSK_ROLE_COUNT],
		       struct tusk_err *err)
{
	struct tusk_nodes nodes;

	if (begin_change(repository, &nodes, err) < 0)
		return -1;
	memcpy(nodes.require, require, sizeof(nodes.require));
	if (check_policy(&nodes, err) < 0)
		return -1;
	return tusk_roster_save(repository->node, &repository->keys, &nodes, err);
}
