/* tusk init --from: one more node of a repository that exists, filled from the others. */
#include "init_from.h"

#include "json.h"
#include "nodes_text.h"
#include "tusk/cleanup.h"
#include "tusk/replicate.h"

/* What the repository has already decided. */
static int refuse_options(const struct tusk_args *args, struct tusk_err *err)
{
	static const enum tusk_opt decided[] = {TUSK_OPT_ENCRYPTION, TUSK_OPT_CHUNK_SIZE, TUSK_OPT_LABEL};
	for (size_t i = 0; i < sizeof(decided) / sizeof(decided[0]); i++)
		if (tusk_args_has(args, decided[i]))
			return tusk_err_set(err, TUSK_E_USAGE, 0,
					    "init: --%s and --from do not go together: encryption, chunks and keys are "
					    "those of the other repository",
					    tusk_opt_table[decided[i]].name);
	return 0;
}

static int make(struct tusk_cli *cli, const char *from, const char *url, char ret_name[TUSK_MEMBER_NAME_SIZE],
		struct tusk_err *err)
{
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	if (tusk_cli_open_at(cli, from, &repository, err) < 0)
		return -1;
	if (tusk_nodes_make(repository, url, ret_name, err) < 0)
		return tusk_err_prefix(err, "cannot make another node of %s", from);
	return 0;
}

/* Opened again: now the list has the new node. */
static int fill(struct tusk_cli *cli, const char *from, const char *name, struct tusk_err *err)
{
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	if (tusk_cli_open_at(cli, from, &repository, err) < 0)
		return -1;
	return tusk_nodes_catch_up(cli, repository, &name, 1, err);
}

static void tell(struct tusk_cli *cli, const char *url, const char *from, const char *name)
{
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("summary");
		tusk_json_text(json, "repository", url);
		tusk_json_text(json, "from", from);
		tusk_json_text(json, "node", name);
		tusk_cli_print(cli, json);
	} else if (!cli->report.quiet) {
		printf("created node %s of the repository %s: %s\n", name, from, url);
	}
}

int tusk_init_from(struct tusk_cli *cli, const char *url)
{
	struct tusk_err err = {0};
	const char *from = tusk_args_text(cli->args, TUSK_OPT_FROM);
	char name[TUSK_MEMBER_NAME_SIZE];
	TUSK_AUTO_SECRET struct tusk_secret secret = {0};
	cli->keep_secret = &secret; /* cppcheck-suppress autoVariables ; until the end of this function */
	int status = refuse_options(cli->args, &err) < 0 ? -1 : make(cli, from, url, name, &err);
	if (status == 0) {
		tell(cli, url, from, name);
		status = fill(cli, from, name, &err);
	}
	cli->keep_secret = NULL;
	return status < 0 ? tusk_cli_fail(cli, &err) : TUSK_EXIT_OK;
}
