/* tusk key: the slots that open a repository. */
#include "cmd.h"
#include "entry.h"
#include "json.h"
#include "secret.h"
#include "tusk/cleanup.h"
#include "tusk/init.h"
#include "tusk/recovery.h"
#include "tusk/text.h"

#include <string.h>
#include <unistd.h>

static const char *kind_name(enum tusk_secret_kind kind)
{
	switch (kind) {
	case TUSK_SECRET_PASSPHRASE:
		return "password";
	case TUSK_SECRET_KEY_FILE:
		return "key-file";
	case TUSK_SECRET_RECOVERY:
		return "recovery-code";
	}
	return "unknown";
}

static void print_key(struct tusk_cli *cli, const struct tusk_key_info *key)
{
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("key");
		tusk_json_id(json, "id", &key->id);
		tusk_json_text(json, "kind", kind_name(key->kind));
		tusk_json_flag(json, "current", key->current);
		if (key->current) {
			tusk_json_time(json, "created", (struct timespec){.tv_sec = key->created});
			tusk_json_text(json, "label", key->label);
		}
		if (key->kdf_log2_n)
			tusk_json_count(json, "kdf_log2_n", key->kdf_log2_n);
		tusk_cli_print(cli, json);
		return;
	}
	char id[TUSK_ID_TEXT_SIZE], time[32] = "";
	tusk_id_text(&key->id, id);
	if (key->current)
		tusk_text_time_local((struct timespec){.tv_sec = key->created}, time);
	printf("%c %.*s  %-13s  %-19s  ", key->current ? '*' : ' ', TUSK_SHORT_ID_LENGTH, id, kind_name(key->kind),
	       time);
	tusk_print_escaped(stdout, key->label, strlen(key->label));
	putchar('\n');
}

static int list_keys(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_err *err)
{
	TUSK_AUTO_FREE struct tusk_key_info *keys = NULL;
	size_t count;
	if (tusk_key_list(repository, &keys, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		print_key(cli, &keys[i]);
	if (count == 0 && !cli->report.json)
		puts("no keys: the repository is not encrypted");
	return 0;
}

/* Where the new secret comes from. A recovery code is made here and shown once it is in place. */
static int new_secret(struct tusk_cli *cli, struct tusk_secret *ret_secret, struct tusk_secret_origin *ret_origin,
		      struct tusk_err *err)
{
	struct tusk_secret_request request = {
	    .password_file = tusk_args_text(cli->args, TUSK_OPT_NEW_PASSWORD_FILE),
	    .key_file = tusk_args_text(cli->args, TUSK_OPT_NEW_KEY_FILE),
	    .create = true,
	    .prompt = "new password",
	};
	*ret_origin = (struct tusk_secret_origin){0};
	if (!tusk_args_has(cli->args, TUSK_OPT_RECOVERY_CODE)) {
		int rc = tusk_secret_get(&request, ret_secret, ret_origin, err);
		if (rc < 0 && ret_origin->none)
			return tusk_err_set(
			    err, TUSK_E_PASSWORD, 0,
			    "there is no terminal to ask for the new password; use --new-password-file, "
			    "--new-key-file or --recovery-code");
		return rc;
	}
	if (request.password_file || request.key_file)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "key: --recovery-code goes with no other kind of new key");
	uint8_t key[32];
	if (tusk_key_generate(key, err) < 0)
		return -1;
	ret_secret->kind = TUSK_SECRET_RECOVERY;
	int rc = tusk_buf_append(&ret_secret->secret, key, sizeof(key));
	explicit_bzero(key, sizeof(key));
	return rc < 0 ? tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory") : 0;
}

static void report_added(struct tusk_cli *cli, const struct tusk_id *id, const struct tusk_secret *secret)
{
	char text[TUSK_ID_TEXT_SIZE], code[TUSK_RECOVERY_TEXT_SIZE] = "";
	tusk_id_text(id, text);
	if (secret->kind == TUSK_SECRET_RECOVERY && secret->secret.len == 32)
		tusk_recovery_encode(secret->secret.data, code);
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("key-added");
		tusk_json_id(json, "id", id);
		tusk_json_text(json, "kind", kind_name(secret->kind));
		if (*code)
			tusk_json_text(json, "recovery_code", code);
		tusk_cli_print(cli, json);
	} else {
		printf("added key %.*s (%s)\n", TUSK_SHORT_ID_LENGTH, text, kind_name(secret->kind));
		if (*code)
			printf("  %s\n  print it and put it away; it is typed where a password is asked for, and it is "
			       "not "
			       "shown again\n",
			       code);
	}
	explicit_bzero(code, sizeof(code));
}

static int add_key(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_err *err)
{
	TUSK_AUTO_SECRET struct tusk_secret secret = {0};
	struct tusk_secret_origin origin;
	struct tusk_id id;
	int rc = new_secret(cli, &secret, &origin, err);
	if (rc == 0)
		rc = tusk_key_add(repository, &secret, tusk_args_text(cli->args, TUSK_OPT_LABEL), 0, &id, err);
	if (rc < 0) {
		if (origin.made_key_file)
			unlink(origin.made_key_file);
		return -1;
	}
	report_added(cli, &id, &secret);
	return 0;
}

static int remove_key(struct tusk_cli *cli, struct tusk_repository *repository, const char *prefix,
		      struct tusk_err *err)
{
	struct tusk_id id;
	char text[TUSK_ID_TEXT_SIZE];
	if (tusk_key_remove(repository, prefix, &id, err) < 0)
		return -1;
	tusk_id_text(&id, text);
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("key-removed");
		tusk_json_id(json, "id", &id);
		tusk_cli_print(cli, json);
	} else {
		printf("removed key %.*s\n", TUSK_SHORT_ID_LENGTH, text);
	}
	return 0;
}

/* The new key is in place and proven before the old one goes. */
static int replace_key(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_err *err)
{
	struct tusk_id current;
	char prefix[TUSK_ID_TEXT_SIZE];
	if (tusk_key_current(repository, &current, err) < 0 || add_key(cli, repository, err) < 0)
		return -1;
	tusk_id_text(&current, prefix);
	return remove_key(cli, repository, prefix, err);
}

int cmd_key(struct tusk_cli *cli)
{
	static const char *const actions[] = {"list", "add", "remove", "passwd", NULL};
	struct tusk_err err = {0};
	const struct tusk_words *words = &cli->args->operands;
	const char *action = words->items[0];
	int which = 0;
	while (actions[which] && strcmp(actions[which], action) != 0)
		which++;
	if (!actions[which]) {
		const char *nearest = tusk_text_nearest(action, actions);
		return tusk_report_fail(&cli->report, TUSK_E_USAGE,
					nearest ? "key has no action \"%s\"; did you mean \"%s\"?"
						: "key has no action \"%s\"; there are list, add, remove and passwd",
					action, nearest);
	}
	bool removes = strcmp(action, "remove") == 0;
	if (words->count != (removes ? 2 : 1))
		return tusk_report_fail(&cli->report, TUSK_E_USAGE,
					removes ? "key remove needs the id of a key; see: tusk key list"
						: "key %s takes no argument",
					action);
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	if (tusk_cli_open(cli, &repository, &err) < 0)
		return tusk_cli_fail(cli, &err);
	int rc = which == 0   ? list_keys(cli, repository, &err)
		 : which == 1 ? add_key(cli, repository, &err)
		 : removes    ? remove_key(cli, repository, words->items[1], &err)
			      : replace_key(cli, repository, &err);
	if (rc == 0)
		return TUSK_EXIT_OK;
	tusk_err_prefix(&err, "key %s failed", action);
	return tusk_cli_fail(cli, &err);
}
