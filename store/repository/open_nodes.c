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

static int open_only(struct tusk_repository *repository, size_t primary, const char *only, struct tusk_err *err)
{
	struct tusk_node *node TUSK_AUTO_NODE = NULL;
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	const struct tusk_nodes *nodes = &repository->nodes;
	uint8_t hash[TUSK_SHA256_SIZE];
	size_t i = 0;

	while (i < nodes->count && strcmp(nodes->items[i].name, only) != 0 && strcmp(nodes->items[i].url, only) != 0)
		i++;
	if (i == nodes->count)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "there is no node %s; see: tusk node list", only);
	if (i != primary) {
		if (tusk_node_open(nodes->items[i].url, &node, err) < 0)
			return tusk_err_prefix(err, "node %s", only);
		int found = tusk_node_get(node, "tusk.repository", TUSK_PARAMETERS_MAX, &text, err);
		if (found < 0)
			return tusk_err_prefix(err, "node %s", only);
		tusk_sha256(text.data, text.len, hash);
		if (found == TUSK_NODE_ABSENT || memcmp(hash, repository->parameters_hash, sizeof(hash)) != 0)
			return tusk_err_set(err, TUSK_E_NO_REPOSITORY, 0, "node %s does not hold this repository",
					    only);
		tusk_node_close(repository->node);
		repository->node = TUSK_STEAL(node);
	}
	repository->nodes.items[0] = repository->nodes.items[i];
	repository->nodes.count = 1;
	memset(repository->nodes.require, 0, sizeof(repository->nodes.require));
	return 0;
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
	if (options->only)
		return open_only(repository, set.primary, options->only, err);
	if (repository->nodes.count < 2)
		return 0;
	memcpy(set.parameters_hash, repository->parameters_hash, sizeof(set.parameters_hash));
	return tusk_nodeset_new(&set, &repository->node, err);
}
