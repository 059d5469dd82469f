/* Opening the repository, hints, and the end of a command. */
#include "globals.h"

#include "json.h"
#include "secret.h"
#include "tusk/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

const char *tusk_cli_url(const struct tusk_cli *cli, struct tusk_err *err)
{
	const char *url = tusk_args_text(cli->args, TUSK_OPT_REPOSITORY);
	if (!url)
		url = getenv("TUSK_REPOSITORY");
	if (!url || !*url) {
		tusk_err_set(err, TUSK_E_USAGE, 0, "%s: no repository is named: use -r or TUSK_REPOSITORY",
			     cli->args->command->name);
		return NULL;
	}
	return url;
}

const char *const *tusk_cli_only(const struct tusk_cli *cli)
{
	return tusk_args_has(cli->args, TUSK_OPT_ONLY) ? cli->args->values[TUSK_OPT_ONLY].list.items : NULL;
}

static int ask(void *context, struct tusk_secret *ret_secret, struct tusk_err *err)
{
	struct tusk_cli *cli = context;
	char prompt[TUSK_ERR_MESSAGE_SIZE];
	if (cli->keep_secret && cli->keep_secret->secret.len)
		return tusk_secret_copy(cli->keep_secret, ret_secret, err);
	snprintf(prompt, sizeof(prompt), "password for %s", cli->url);
	struct tusk_secret_request request = {
	    .password_file = tusk_args_text(cli->args, TUSK_OPT_PASSWORD_FILE),
	    .password_command = tusk_args_text(cli->args, TUSK_OPT_PASSWORD_COMMAND),
	    .key_file = tusk_args_text(cli->args, TUSK_OPT_KEY_FILE),
	    .environment = true,
	    .prompt = prompt,
	};
	struct tusk_secret_origin origin;
	int rc = tusk_secret_get(&request, ret_secret, &origin, err);
	cli->no_secret = origin.none;
	if (rc < 0 || !cli->keep_secret)
		return rc;
	return tusk_secret_copy(ret_secret, cli->keep_secret, err);
}

/* What the nodes have to say: an object was healed, a node cannot be used. */
static void log_line(void *context, const char *line)
{
	const struct tusk_cli *cli = context;
	tusk_report_warning(&cli->report, "%s", line);
}

/* What is read to give data back is accounted for; the rest of what is read is not. */
static void note_reads(const char *command, struct tusk_repository *repository)
{
	static const char *const names[] = {"restore", "cat", "dump", "drill"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(command, names[i]) == 0)
			tusk_repository_note_reads(repository, names[i]);
}

int tusk_cli_open(struct tusk_cli *cli, struct tusk_repository **ret_repository, struct tusk_err *err)
{
	const char *url = tusk_cli_url(cli, err);
	return url ? tusk_cli_open_at(cli, url, ret_repository, err) : -1;
}

int tusk_cli_open_at(struct tusk_cli *cli, const char *url, struct tusk_repository **ret_repository,
		     struct tusk_err *err)
{
	cli->url = url;
	struct tusk_open_options options = {.ask = ask,
					    .ask_context = cli,
					    .only = tusk_cli_only(cli),
					    .log = log_line,
					    .log_context = cli,
					    .for_backup = strcmp(cli->args->command->name, "backup") == 0};
	cli->opened = tusk_repository_open(url, &options, ret_repository, err) == 0;
	if (cli->opened) {
		note_reads(cli->args->command->name, *ret_repository);
		return 0;
	}
	/* The library's text begins with the repository's name. */
	struct tusk_err cause = *err;
	return tusk_err_set(err, cause.code, 0, "cannot open repository %s", cause.message);
}

static void on_damage(void *context, const struct tusk_id *id, const struct tusk_err *why)
{
	char text[TUSK_ID_TEXT_SIZE];
	tusk_id_text(id, text);
	struct tusk_err err = *why;
	tusk_err_prefix(&err, "snapshot %.*s", TUSK_SHORT_ID_LENGTH, text);
	tusk_cli_note(context, &err);
}

int tusk_cli_snapshots(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_snapshot_list *ret_list,
		       struct tusk_err *err)
{
	return tusk_snapshot_list_load(repository, on_damage, cli, ret_list, err);
}

/* A repository can be made in a folder that is missing or empty. */
static bool could_be_created(const char *url)
{
	DIR *dir = opendir(url);
	if (!dir)
		return errno == ENOENT;
	int entries = 0;
	while (readdir(dir))
		entries++;
	closedir(dir);
	return entries <= 2;
}

int tusk_cli_fail(struct tusk_cli *cli, const struct tusk_err *err)
{
	const char *hints[TUSK_HINTS_MAX] = {NULL, NULL};
	char text[TUSK_ERR_MESSAGE_SIZE];
	struct tusk_err none = {0};
	const char *url = cli->args && cli->args->command ? tusk_cli_url(cli, &none) : NULL;
	if (err->code == TUSK_E_NO_REPOSITORY && url && could_be_created(url)) {
		snprintf(text, sizeof(text), "create one with   tusk init %s", url);
		hints[0] = text;
	} else if (err->code == TUSK_E_PASSWORD && cli->no_secret) {
		hints[0] =
		    "use --password-file, --password-command, --key-file or systemd LoadCredential=tusk.password";
	} else if (err->code == TUSK_E_CORRUPT && cli->opened && url &&
		   strcmp(cli->args->command->name, "check") != 0) {
		snprintf(text, sizeof(text), "tusk -r %s check --data   lists everything that is damaged", url);
		hints[0] = text;
	}
	return tusk_report_error(&cli->report, err, hints);
}

void tusk_cli_note(struct tusk_cli *cli, struct tusk_err *err)
{
	int status = tusk_report_error(&cli->report, err, NULL);
	if (status > cli->status)
		cli->status = status;
	tusk_err_clear(err);
}

void tusk_cli_print(struct tusk_cli *cli, struct tusk_json *json)
{
	if (tusk_json_print(json, stdout) == 0)
		return;
	struct tusk_err err = {0};
	tusk_err_set(&err, TUSK_E_NOMEM, 0, "out of memory");
	tusk_cli_note(cli, &err);
}

int tusk_cli_finish(struct tusk_cli *cli, int status)
{
	if (status == TUSK_EXIT_OK)
		status = cli->status;
	errno = 0;
	bool bad = ferror(stdout) != 0;
	bad = fflush(stdout) != 0 || bad;
	if (!bad || errno == EPIPE)
		return status;
	struct tusk_err err = {0};
	tusk_err_set(&err, TUSK_E_IO, errno, "cannot write the result to standard output");
	tusk_report_error(&cli->report, &err, NULL);
	return status ? status : TUSK_EXIT_ERROR;
}
