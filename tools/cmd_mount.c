/* tusk mount: finds tuskfs and becomes it. tuskfs returns when the mount answers. */
#include "cmd.h"
#include "driver.h"
#include "tusk/buf.h"
#include "tusk/cleanup.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Appends ",name=value" with commas and backslashes of the value escaped. */
static int add_option(struct tusk_buf *list, const char *name, const char *value)
{
	if (!value)
		return 0;
	int rc = list->len ? tusk_buf_append(list, ",", 1) : 0;
	rc |= tusk_buf_append(list, name, strlen(name));
	rc |= tusk_buf_append(list, "=", 1);
	for (const char *c = value; *c; c++) {
		if (*c == ',' || *c == '\\')
			rc |= tusk_buf_append(list, "\\", 1);
		rc |= tusk_buf_append(list, c, 1);
	}
	return rc;
}

static int build_options(const struct tusk_args *args, struct tusk_buf *list, struct tusk_err *err)
{
	const struct tusk_words *given = &args->values[TUSK_OPT_MOUNT_OPTIONS].list;
	int rc = 0;
	for (size_t i = 0; i < given->count; i++) {
		rc |= list->len ? tusk_buf_append(list, ",", 1) : 0;
		rc |= tusk_buf_append(list, given->items[i], strlen(given->items[i]));
	}
	rc |= add_option(list, "password-file", tusk_args_text(args, TUSK_OPT_PASSWORD_FILE));
	rc |= add_option(list, "password-command", tusk_args_text(args, TUSK_OPT_PASSWORD_COMMAND));
	rc |= add_option(list, "key-file", tusk_args_text(args, TUSK_OPT_KEY_FILE));
	for (size_t i = 0; i < args->values[TUSK_OPT_ONLY].list.count; i++)
		rc |= add_option(list, "node", args->values[TUSK_OPT_ONLY].list.items[i]);
	rc |= tusk_buf_append(list, "", 1);
	return rc ? tusk_err_set(err, TUSK_E_NOMEM, 0, "mount: out of memory") : 0;
}

static int check_directory(const char *directory, struct tusk_err *err)
{
	struct stat st;
	if (stat(directory, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0
					   : tusk_err_set(err, TUSK_E_MOUNT, ENOTDIR, "cannot mount on %s", directory);
	/* A dead mount, or one of another user's: for tuskfs to judge. */
	if (errno != ENOENT && errno != ENOTDIR)
		return 0;
	return tusk_err_set(err, TUSK_E_MOUNT, errno, "cannot mount on %s", directory);
}

/* Returns only when that fails. */
static void become_driver(const struct tusk_args *args, const char *url, const char *directory, const char *options,
			  struct tusk_err *err)
{
	TUSK_AUTO_FREE char *driver = NULL;
	if (tusk_driver_path(&driver, err) < 0)
		return;
	const char *argv[8];
	int count = 0;
	argv[count++] = "tuskfs";
	if (tusk_args_has(args, TUSK_OPT_FOREGROUND))
		argv[count++] = "-f";
	if (*options) {
		argv[count++] = "-o";
		argv[count++] = options;
	}
	argv[count++] = "--";
	argv[count++] = url;
	argv[count++] = directory;
	argv[count] = NULL;
	execv(driver, (char *const *)(uintptr_t)argv);
	tusk_err_set(err, TUSK_E_MOUNT, errno, "%s", driver);
}

int cmd_mount(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	const struct tusk_words *words = &cli->args->operands;
	if (words->count == 2 && tusk_args_has(cli->args, TUSK_OPT_REPOSITORY))
		return tusk_report_fail(&cli->report, TUSK_E_USAGE,
					"mount: the repository is named twice: \"%s\" and \"%s\"",
					tusk_args_text(cli->args, TUSK_OPT_REPOSITORY), words->items[0]);
	if (cli->args->values[TUSK_OPT_ONLY].list.count > 1)
		return tusk_report_fail(&cli->report, TUSK_E_USAGE, "mount: a mount shows one node or all of them");
	const char *url = words->count == 2 ? words->items[0] : tusk_cli_url(cli, &err);
	const char *directory = words->items[words->count - 1];
	TUSK_AUTO_BUF struct tusk_buf options = {0};
	if (!url || check_directory(directory, &err) < 0 || build_options(cli->args, &options, &err) < 0)
		return tusk_cli_fail(cli, &err);

	become_driver(cli->args, url, directory, (const char *)options.data, &err);
	tusk_err_prefix(&err, "cannot mount on %s", directory);
	return tusk_cli_fail(cli, &err);
}
