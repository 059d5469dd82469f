/* tusk verify: compares a folder with a snapshot and lists every difference. */
#include "cmd.h"
#include "json.h"
#include "signals.h"
#include "snaparg.h"
#include "tusk/text.h"
#include "verify.h"

#include <string.h>

static void on_difference(void *context, const char *path, const char *what, const char *snapshot, const char *copy)
{
	struct tusk_cli *cli = context;
	TUSK_AUTO_BUF struct tusk_buf escaped = {0};

	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("difference");
		tusk_json_text(json, "path", path);
		tusk_json_text(json, "what", what);
		tusk_json_text(json, "snapshot", snapshot);
		tusk_json_text(json, "copy", copy);
		tusk_cli_print(cli, json);
	} else if (tusk_text_escape(&escaped, path, strlen(path)) == 0) {
		printf("%s: %s: snapshot %s, here %s\n", (const char *)escaped.data, what, snapshot, copy);
	}
}

static void tell(struct tusk_cli *cli, const struct verify_counts *counts)
{
	char entries[32], files[32], bytes[16], differences[32];

	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("summary");
		tusk_json_text(json, "command", "verify");
		tusk_json_count(json, "entries", counts->entries);
		tusk_json_count(json, "files", counts->files);
		tusk_json_count(json, "bytes", counts->bytes);
		tusk_json_count(json, "differences", counts->differences);
		tusk_cli_print(cli, json);
		return;
	}
	tusk_text_count(counts->entries, entries);
	tusk_text_count(counts->files, files);
	tusk_text_bytes(counts->bytes, bytes);
	tusk_text_count(counts->differences, differences);
	if (counts->differences)
		printf("%s differences in %s entries\n", differences, entries);
	else if (!cli->report.quiet)
		printf("no difference: %s entries, %s files read and hashed (%s)\n", entries, files, bytes);
}

int cmd_verify(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	TUSK_AUTO_SESSION struct tusk_session session = {0};
	struct verify_counts counts = {0};

	if (tusk_session_open(cli, cli->args->operands.items[0], &session, &err))
		return tusk_cli_fail(cli, &err);
	struct verify_options options = {
	    .path = session.place.path,
	    .dir = cli->args->operands.items[1],
	    .on_difference = on_difference,
	    .context = cli,
	    .stop = tusk_signals_catch(),
	};
	if (verify_run(session.place.view, &options, &counts, &err)) {
		tusk_err_prefix(&err, "verify stopped");
		return tusk_cli_fail(cli, &err);
	}
	tell(cli, &counts);
	return counts.differences ? TUSK_EXIT_DAMAGE : TUSK_EXIT_OK;
}
