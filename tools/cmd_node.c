/* tusk node: the list of the repository's nodes. */
#include "cmd.h"
#include "entry.h"
#include "json.h"
#include "nodes_text.h"
#include "tusk/replicate.h"
#include "tusk/text.h"

#include <string.h>

struct action {
	const char *name;
	int operands_min, operands_max; /* after the name */
	const char *usage;
	int (*run)(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_err *err);
};

/* The n-th word after the action's name; NULL when there is none. */
static const char *operand(const struct tusk_cli *cli, size_t n)
{
	const struct tusk_words *words = &cli->args->operands;
	return n + 1 < words->count ? words->items[n + 1] : NULL;
}

/* ---- list ---- */

static void print_policy(struct tusk_cli *cli, const struct tusk_nodes *nodes)
{
	bool any = false;
	for (unsigned i = 0; i < TUSK_ROLE_COUNT; i++)
		any = any || nodes->require[i];
	if (cli->report.quiet)
		return;
	fputs("a backup needs", stdout);
	for (unsigned i = 0; i < TUSK_ROLE_COUNT; i++)
		if (nodes->require[i])
			printf(" %s=%u", tusk_role_name((enum tusk_role)i), nodes->require[i]);
	puts(any ? "" : " all of them");
}

static void print_json(struct tusk_cli *cli, const struct tusk_member *member)
{
	struct tusk_json *json = tusk_json_new("node");
	tusk_json_text(json, "name", member->name);
	tusk_json_text(json, "role", tusk_role_name(member->role));
	tusk_json_text(json, "url", member->url);
	tusk_cli_print(cli, json);
}

static int list_nodes(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_err *err)
{
	struct tusk_nodes nodes;
	(void)err;
	tusk_nodes_get(repository, &nodes);
	for (size_t i = 0; i < nodes.count; i++) {
		const struct tusk_member *member = &nodes.items[i];
		if (cli->report.json) {
			print_json(cli, member);
			continue;
		}
		printf("%-12s  %-6s  ", member->name, tusk_role_name(member->role));
		tusk_print_escaped(stdout, member->url, strlen(member->url));
		putchar('\n');
	}
	if (nodes.count > 1 && !cli->report.json)
		print_policy(cli, &nodes);
	return 0;
}

/* ---- changes ---- */

static int take_text(const char *text, char *ret_text, size_t size, const char *what, struct tusk_err *err)
{
	if (strlen(text) >= size)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "the %s of the node is too long", what);
	memcpy(ret_text, text, strlen(text) + 1);
	return 0;
}

static int add_node(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_err *err)
{
	struct tusk_member member = {0};
	const char *name = operand(cli, 0), *url = operand(cli, 1), *role = tusk_args_text(cli->args, TUSK_OPT_ROLE);
	if (take_text(name, member.name, sizeof(member.name), "name", err) < 0 ||
	    take_text(url, member.url, sizeof(member.url), "place", err) < 0)
		return -1;
	member.role = tusk_role_of_url(url);
	if (role && tusk_role_parse(role, &member.role) < 0)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "there is no role \"%s\"", role);
	bool init = tusk_args_has(cli->args, TUSK_OPT_INIT);
	if (tusk_nodes_add(repository, &member, init, err) < 0)
		return -1;
	if (cli->report.json)
		print_json(cli, &member);
	else if (!cli->report.quiet)
		printf("added node %s (%s)%s%s\n", member.name, tusk_role_name(member.role),
		       init ? "; tusk sync fills it: " : "", init ? "tusk sync" : "");
	return 0;
}

static int remove_node(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_err *err)
{
	const char *name = operand(cli, 0);
	if (tusk_nodes_remove(repository, name, err) < 0)
		return -1;
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("node-removed");
		tusk_json_text(json, "name", name);
		tusk_cli_print(cli, json);
	} else if (!cli->report.quiet) {
		printf("removed node %s from the list; what is on it stays there\n", name);
	}
	return 0;
}

/* "local=1" */
static int parse_requirement(const char *word, unsigned require[TUSK_ROLE_COUNT], struct tusk_err *err)
{
	const char *equals = strchr(word, '=');
	char name[16] = "";
	enum tusk_role role;
	if (equals && (size_t)(equals - word) < sizeof(name))
		memcpy(name, word, (size_t)(equals - word));
	if (!equals || tusk_role_parse(name, &role) < 0 || strspn(equals + 1, "0123456789") != strlen(equals + 1) ||
	    !equals[1] || strlen(equals) > 3)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "\"%s\" is not local=N, remote=N or cloud=N", word);
	require[role] = (unsigned)strtoul(equals + 1, NULL, 10);
	return 0;
}

static int require_nodes(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_err *err)
{
	unsigned require[TUSK_ROLE_COUNT] = {0};
	for (size_t i = 0; operand(cli, i); i++)
		if (strcmp(operand(cli, i), "all") != 0 && parse_requirement(operand(cli, i), require, err) < 0)
			return -1;
	return tusk_nodes_require(repository, require, err);
}

static const struct action actions[] = {
    {"list", 0, 0, "node list takes no argument", list_nodes},
    {"add", 2, 2, "node add needs a name and a place", add_node},
    {"remove", 1, 1, "node remove needs a name; see: tusk node list", remove_node},
    {"status", 0, 0, "node status takes no argument", tusk_node_status},
    {"require", 1, TUSK_ROLE_COUNT, "node require needs \"all\", or local=N, remote=N, cloud=N", require_nodes},
    {NULL, 0, 0, NULL, NULL},
};

static const struct action *find_action(const char *name)
{
	for (const struct action *action = actions; action->name; action++)
		if (strcmp(action->name, name) == 0)
			return action;
	return NULL;
}

static int refuse_action(struct tusk_cli *cli, const char *name)
{
	static const char *const names[] = {"list", "add", "remove", "status", "require", NULL};
	const char *nearest = tusk_text_nearest(name, names);
	return tusk_report_fail(&cli->report, TUSK_E_USAGE,
				nearest ? "node has no action \"%s\"; did you mean \"%s\"?"
					: "node has no action \"%s\"; see: tusk help node",
				name, nearest);
}

int cmd_node(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	const struct tusk_words *words = &cli->args->operands;
	const struct action *action = find_action(words->items[0]);
	if (!action)
		return refuse_action(cli, words->items[0]);
	int count = (int)words->count - 1;
	if (count < action->operands_min || count > action->operands_max)
		return tusk_report_fail(&cli->report, TUSK_E_USAGE, "%s", action->usage);
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	if (tusk_cli_open(cli, &repository, &err) < 0)
		return tusk_cli_fail(cli, &err);
	if (action->run(cli, repository, &err) == 0)
		return TUSK_EXIT_OK;
	tusk_err_prefix(&err, "node %s failed", action->name);
	return tusk_cli_fail(cli, &err);
}
