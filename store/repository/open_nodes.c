#include "open_nodes.h"

#include "keyslot.h"
#include "nodeset.h"
#include "roster.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOG_FILE "nodes.log"

/* To the caller, and to a file in the state folder: what was healed should not be known only to whoever looked. A
 * client that cannot write there goes on without. */
static void log_line(void *context, const char *line)
{
	struct tusk_repository *repository = context;

	if (repository->log)
		repository->log(repository->log_context, line);
	tusk_state_note(repository->state_dir, LOG_FILE, line);
}

static void set_member(struct tusk_member *member, const char *name, const char *url)
{
	member->role = tusk_role_of_url(url);
	snprintf(member->name, sizeof(member->name), "%s", name);
	snprintf(member->url, sizeof(member->url), "%s", url);
}

/* Damage to the list keeps nobody from the node that was opened. */
static void load_list(struct tusk_repository *repository)
{
	struct tusk_nodes *nodes = &repository->nodes;
	const char *url = tusk_node_url(repository->node);
	struct tusk_err why = {0};
	char line[TUSK_ERR_MESSAGE_SIZE + 80];

	if (tusk_roster_load(repository->node, &repository->keys, nodes, &why) == 0 && nodes->counter > 0)
		return;
	if (why.code != TUSK_OK) {
		snprintf(line, sizeof(line), "the list of nodes cannot be read: %s", why.message);
		log_line(repository, line);
	}
	*nodes = (struct tusk_nodes){.count = 1};
	set_member(&nodes->items[0], tusk_role_name(tusk_role_of_url(url)), url);
}

/* Whether two local paths lead to the same folder. */
static bool is_same_folder(const char *a, const char *b)
{
	struct stat first, second;

	return a[0] == '/' && b[0] == '/' && stat(a, &first) == 0 && stat(b, &second) == 0 &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* The item that is the node opened; it is added when the list knows it by another URL only. */
static size_t find_primary(struct tusk_nodes *nodes, const char *url)
{
	for (size_t i = 0; i < nodes->count; i++) {
		if (strcmp(nodes->items[i].url, url) == 0)
			return i;
	}
	for (size_t i = 0; i < nodes->count; i++) {
		if (is_same_folder(nodes->items[i].url, url))
			return i;
	}
	set_member(&nodes->items[nodes->count], "here", url);
	return nodes->count++;
}

/* The place in the list of what the user calls a node. */
static size_t find_named(const struct tusk_repository *repository, size_t primary, const char *only)
{
	const struct tusk_nodes *nodes = &repository->nodes;

	if (strcmp(repository->url, only) == 0)
		return primary;
	for (size_t i = 0; i < nodes->count; i++) {
		if (strcmp(nodes->items[i].name, only) == 0 || strcmp(nodes->items[i].url, only) == 0)
			return i;
	}
	return nodes->count;
}

/* Another node of the list in the place of the one that was opened. */
static int replace_primary(struct tusk_repository *repository, const struct tusk_member *member, struct tusk_err *err)
{
	struct tusk_node *node TUSK_AUTO_NODE = NULL;
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	uint8_t hash[TUSK_SHA256_SIZE];

	if (tusk_node_open(member->url, &node, err) < 0)
		return tusk_err_prefix(err, "node %s", member->name);
	int found = tusk_node_get(node, "tusk.repository", TUSK_PARAMETERS_MAX, &text, err);
	if (found < 0)
		return tusk_err_prefix(err, "node %s", member->name);
	tusk_sha256(text.data, text.len, hash);
	if (found == TUSK_NODE_ABSENT || memcmp(hash, repository->parameters_hash, sizeof(hash)) != 0)
		return tusk_err_set(err, TUSK_E_NO_REPOSITORY, 0, "node %s does not hold this repository",
				    member->name);
	tusk_node_close(repository->node);
	repository->node = TUSK_STEAL(node);
	return 0;
}

/* Shortens the list to the nodes that were asked for. ret_primary: which of them repository->node is. */
static int keep_only(struct tusk_repository *repository, const char *const *only, size_t *ret_primary,
		     struct tusk_err *err)
{
	struct tusk_nodes *nodes = &repository->nodes;
	bool wanted[TUSK_NODES_MAX + 1] = {false};
	size_t primary = *ret_primary, kept = 0;

	for (; *only; only++) {
		size_t i = find_named(repository, primary, *only);

		if (i == nodes->count)
			return tusk_err_set(err, TUSK_E_USAGE, 0, "there is no node %s; see: tusk node list", *only);
		wanted[i] = true;
	}
	repository->is_part = false;
	for (size_t i = 0; i < nodes->count; i++)
		repository->is_part = repository->is_part || !wanted[i];
	*ret_primary = 0;
	for (size_t i = 0; i < nodes->count; i++) {
		if (!wanted[i])
			continue;
		if (i == primary)
			*ret_primary = kept;
		nodes->items[kept++] = nodes->items[i];
	}
	nodes->count = kept;
	memset(nodes->require, 0, sizeof(nodes->require));
	return wanted[primary] ? 0 : replace_primary(repository, &nodes->items[0], err);
}

int tusk_repository_open_nodes(struct tusk_repository *repository, const struct tusk_open_options *options,
			       struct tusk_err *err)
{
	struct tusk_nodeset_options set = {.nodes = &repository->nodes,
					   .primary_node = repository->node,
					   .spool_dir = repository->state_dir,
					   .log = log_line,
					   .log_context = repository};

	repository->log = options->log;
	repository->log_context = options->log_context;
	load_list(repository);
	set.primary = find_primary(&repository->nodes, tusk_node_url(repository->node));
	if (options->only && keep_only(repository, options->only, &set.primary, err) < 0)
		return -1;
	set.primary_node = repository->node;
	if (repository->nodes.count < 2)
		return 0;
	tusk_node_foreseen_drop(repository->node); /* from here on all nodes together are asked */
	memcpy(set.parameters_hash, repository->parameters_hash, sizeof(set.parameters_hash));
	return tusk_nodeset_new(&set, &repository->node, err);
}
