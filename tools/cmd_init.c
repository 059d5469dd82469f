/* tusk init: a new repository. */
#include "cmd.h"
#include "init_from.h"
#include "json.h"
#include "secret.h"
#include "tusk/cleanup.h"
#include "tusk/init.h"
#include "tusk/text.h"

#include <string.h>
#include <unistd.h>

static const char *const suites[] = {"none", "aes256-gcm", "chacha20-poly1305"}; /* by enum tusk_suite */

static int choose(struct tusk_cli *cli, const char **ret_url, struct tusk_init_options *ret_options,
		  struct tusk_err *err)
{
	const struct tusk_args *args = cli->args;
	const char *named = tusk_args_text(args, TUSK_OPT_REPOSITORY);
	if (args->operands.count && named)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "init: the repository is named twice: \"%s\" and \"%s\"",
				    named, args->operands.items[0]);
	*ret_url = args->operands.count ? args->operands.items[0] : tusk_cli_url(cli, err);
	if (!*ret_url)
		return -1;

	uint64_t chunk = tusk_args_has(args, TUSK_OPT_CHUNK_SIZE) ? args->values[TUSK_OPT_CHUNK_SIZE].number : 131072;
	if (chunk < 16384 || chunk > 4194304 || (chunk & (chunk - 1)))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "--chunk-size \"%s\" is not a power of two from 16K to 4M",
				    tusk_args_text(args, TUSK_OPT_CHUNK_SIZE));
	*ret_options = (struct tusk_init_options){.suite = TUSK_SUITE_AES256_GCM,
						  .chunk_average = (uint32_t)chunk,
						  .label = tusk_args_text(args, TUSK_OPT_LABEL)};
	const char *suite = tusk_args_text(args, TUSK_OPT_ENCRYPTION);
	for (int i = 0; suite && i < 3; i++)
		if (strcmp(suites[i], suite) == 0)
			ret_options->suite = (enum tusk_suite)i;
	return 0;
}

static int make(struct tusk_cli *cli, const char *url, struct tusk_init_options *options,
		struct tusk_parameters *ret_parameters, struct tusk_err *err)
{
	if (options->suite == TUSK_SUITE_NONE)
		return tusk_repository_init(url, options, ret_parameters, err);
	char prompt[TUSK_ERR_MESSAGE_SIZE];
	snprintf(prompt, sizeof(prompt), "new password for %s", url);
	struct tusk_secret_request request = {
	    .password_file = tusk_args_text(cli->args, TUSK_OPT_PASSWORD_FILE),
	    .password_command = tusk_args_text(cli->args, TUSK_OPT_PASSWORD_COMMAND),
	    .key_file = tusk_args_text(cli->args, TUSK_OPT_KEY_FILE),
	    .environment = true,
	    .create = true,
	    .prompt = prompt,
	};
	TUSK_AUTO_SECRET struct tusk_secret secret = {0};
	struct tusk_secret_origin origin;
	int rc = tusk_secret_get(&request, &secret, &origin, err);
	cli->no_secret = origin.none;
	if (rc == 0) {
		options->secret = &secret;
		rc = tusk_repository_init(url, options, ret_parameters, err);
		options->secret = NULL;
	}
	if (rc < 0 && origin.made_key_file)
		unlink(origin.made_key_file);
	return rc;
}

static void report_made(struct tusk_cli *cli, const char *url, const struct tusk_parameters *parameters)
{
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("summary");
		tusk_json_text(json, "repository", url);
		tusk_json_hex(json, "id", parameters->id, sizeof(parameters->id));
		tusk_json_text(json, "encryption", suites[parameters->suite]);
		tusk_json_count(json, "chunk_average", parameters->chunk_average);
		tusk_cli_print(cli, json);
		return;
	}
	char chunk[16];
	tusk_text_bytes(parameters->chunk_average, chunk);
	printf("created repository %s (encryption: %s, chunks of %s on average)\n", url, suites[parameters->suite],
	       chunk);
	if (cli->report.quiet)
		return;
	if (parameters->suite != TUSK_SUITE_NONE)
		printf("  keep the password or key in a safe place: without it nothing can be read\n"
		       "  a second way in:   tusk -r %s key add --recovery-code\n",
		       url);
	printf("  next:              tusk -r %s backup PATH...\n", url);
}

/* "cannot create repository URL: cause"; the library's own texts begin with the URL. */
static void name_repository(const char *url, struct tusk_err *err)
{
	struct tusk_err cause = *err;
	size_t len = strlen(url);
	if (strncmp(cause.message, url, len) == 0 && cause.message[len] == ':')
		tusk_err_set(err, cause.code, 0, "cannot create repository %s", cause.message);
	else
		tusk_err_prefix(err, "cannot create repository %s", url);
}

int cmd_init(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	const char *url = NULL;
	struct tusk_init_options options;
	struct tusk_parameters parameters;
	if (choose(cli, &url, &options, &err) < 0)
		return tusk_cli_fail(cli, &err);
	if (tusk_args_has(cli->args, TUSK_OPT_FROM))
		return tusk_init_from(cli, url);
	if (make(cli, url, &options, &parameters, &err) != 0) {
		name_repository(url, &err);
		return tusk_cli_fail(cli, &err);
	}
	report_made(cli, url, &parameters);
	return TUSK_EXIT_OK;
}
