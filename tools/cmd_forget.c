/* tusk forget: which snapshots stay, and why. */
#include "entry.h"
#include "prune_text.h"
#include "tusk/cleanup.h"
#include "tusk/forget.h"
#include "tusk/text.h"

#include <string.h>

#define REASONS_SIZE 128
/* So many snapshots going at once, and of all at most one in five staying, is more often a slip than a wish. */
#define MANY   20u
#define FIFTHS 5u

static const struct {
	enum tusk_opt opt;
	const char *reason;
} kinds[TUSK_KEEP_KINDS] = {
    [TUSK_KEEP_LAST] = {TUSK_OPT_KEEP_LAST, "last"},          [TUSK_KEEP_HOURLY] = {TUSK_OPT_KEEP_HOURLY, "hourly"},
    [TUSK_KEEP_DAILY] = {TUSK_OPT_KEEP_DAILY, "daily"},       [TUSK_KEEP_WEEKLY] = {TUSK_OPT_KEEP_WEEKLY, "weekly"},
    [TUSK_KEEP_MONTHLY] = {TUSK_OPT_KEEP_MONTHLY, "monthly"}, [TUSK_KEEP_YEARLY] = {TUSK_OPT_KEEP_YEARLY, "yearly"},
};

static int read_policy(const struct tusk_args *args, struct tusk_policy *ret_policy, struct tusk_err *err)
{
	struct tusk_policy policy = {.tags = args->values[TUSK_OPT_KEEP_TAG].list.items,
				     .tag_count = args->values[TUSK_OPT_KEEP_TAG].list.count};
	const char *within = tusk_args_text(args, TUSK_OPT_KEEP_WITHIN);

	for (size_t i = 0; i < TUSK_KEEP_KINDS; i++)
		policy.keep[i] = (uint32_t)args->values[kinds[i].opt].number;
	policy.has_within = within != NULL;
	if (within && tusk_span_parse(within, &policy.within) < 0)
		return tusk_err_set(err, TUSK_E_USAGE, 0,
				    "forget: --keep-within \"%s\" is no length of time; write 7d, 36h or 1y6m", within);
	*ret_policy = policy;
	return 0;
}

static bool contains(const struct tusk_strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->count; i++)
		if (strcmp(strings->items[i], text) == 0)
			return true;
	return false;
}

static bool is_concerned(const struct tusk_args *args, const struct tusk_snapshot *snapshot)
{
	const char *host = tusk_args_text(args, TUSK_OPT_HOST), *path = tusk_args_text(args, TUSK_OPT_PATH);
	const struct tusk_words *tags = &args->values[TUSK_OPT_TAG].list;

	if ((host && strcmp(host, snapshot->host) != 0) || (path && !contains(&snapshot->paths, path)))
		return false;
	for (size_t i = 0; i < tags->count; i++)
		if (!contains(&snapshot->tags, tags->items[i]))
			return false;
	return true;
}

/* ---- choosing ---- */

static int by_policy(const struct tusk_args *args, const struct tusk_policy *policy,
		     const struct tusk_snapshot_list *list, struct tusk_verdict **ret_verdicts, size_t *ret_count,
		     struct tusk_err *err)
{
	TUSK_AUTO_FREE const struct tusk_snapshot **items = calloc(list->count + 1, sizeof(*items));
	size_t count = 0;

	if (!items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < list->count; i++)
		if (is_concerned(args, &list->items[i]))
			items[count++] = &list->items[i];
	*ret_count = count;
	return tusk_policy_apply(policy, items, count, ret_verdicts, err);
}

/* Those named go, but for pinned ones: asking for these is an error. */
static int by_name(const struct tusk_args *args, const struct tusk_snapshot_list *list,
		   struct tusk_verdict **ret_verdicts, size_t *ret_count, struct tusk_err *err)
{
	TUSK_AUTO_FREE struct tusk_verdict *verdicts = calloc(args->operands.count, sizeof(*verdicts));
	size_t count = 0;

	if (!verdicts)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < args->operands.count; i++) {
		const struct tusk_snapshot *snapshot;
		size_t k = 0;
		if (tusk_snapshot_find(list, args->operands.items[i], &snapshot, err) < 0)
			return tusk_err_prefix(err, "forget");
		if (snapshot->pinned)
			return tusk_err_set(err, TUSK_E_USAGE, 0, "forget: %s is pinned; first: tusk pin --undo %s",
					    args->operands.items[i], args->operands.items[i]);
		while (k < count && verdicts[k].snapshot != snapshot)
			k++;
		if (k == count)
			verdicts[count++].snapshot = snapshot;
	}
	*ret_verdicts = TUSK_STEAL(verdicts);
	*ret_count = count;
	return 0;
}

/* ---- telling ---- */

static void reasons_text(unsigned reasons, char ret_text[REASONS_SIZE])
{
	static const struct {
		unsigned bit;
		const char *text;
	} others[] = {{TUSK_KEPT_WITHIN, "within"}, {TUSK_KEPT_TAG, "tag"}, {TUSK_KEPT_PIN, "pinned"}};
	size_t len = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < TUSK_KEEP_KINDS; i++)
		if (reasons & 1u << i)
			len += (size_t)snprintf(ret_text + len, REASONS_SIZE - len, "%s%s", len ? ", " : "",
						kinds[i].reason);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (reasons & others[i].bit)
			len += (size_t)snprintf(ret_text + len, REASONS_SIZE - len, "%s%s", len ? ", " : "",
						others[i].text);
}

static void print_group(const struct tusk_snapshot *snapshot)
{
	printf("snapshots of ");
	tusk_print_escaped(stdout, snapshot->host, strlen(snapshot->host));
	for (size_t i = 0; i < snapshot->paths.count; i++) {
		fputs(i ? " " : ":", stdout);
		tusk_print_escaped(stdout, snapshot->paths.items[i], strlen(snapshot->paths.items[i]));
	}
	putchar('\n');
}

static void print_verdict(struct tusk_cli *cli, const struct tusk_verdict *verdict, bool keep)
{
	const struct tusk_snapshot *snapshot = verdict->snapshot;
	char id[TUSK_ID_TEXT_SIZE], time[32], reasons[REASONS_SIZE];

	reasons_text(verdict->reasons, reasons);
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("forget");
		tusk_json_id(json, "id", &snapshot->id);
		tusk_json_time(json, "time", snapshot->time);
		tusk_json_text(json, "host", snapshot->host);
		tusk_json_strings(json, "paths", &snapshot->paths);
		tusk_json_flag(json, "keep", keep);
		tusk_json_text(json, "reasons", reasons);
		tusk_cli_print(cli, json);
		return;
	}
	tusk_id_text(&snapshot->id, id);
	tusk_text_time_local(snapshot->time, time);
	printf("  %-6s  %.*s  %s", keep ? "keep" : "remove", TUSK_SHORT_ID_LENGTH, id, time);
	for (size_t i = 0; i < snapshot->tags.count; i++) {
		fputs(i ? "," : "  [", stdout);
		tusk_print_escaped(stdout, snapshot->tags.items[i], strlen(snapshot->tags.items[i]));
	}
	printf("%s%s%s\n", snapshot->tags.count ? "]" : "", *reasons ? "  " : "", reasons);
}

static size_t print_table(struct tusk_cli *cli, const struct tusk_verdict *verdicts, size_t count, bool by_name)
{
	size_t going = 0;

	for (size_t i = 0; i < count; i++) {
		if (!by_name && !cli->report.json && !cli->report.quiet &&
		    (i == 0 || verdicts[i].group != verdicts[i - 1].group))
			print_group(verdicts[i].snapshot);
		going += verdicts[i].reasons == 0;
		if (!cli->report.quiet)
			print_verdict(cli, &verdicts[i], verdicts[i].reasons != 0);
	}
	return going;
}

/* ---- the verb ---- */

static void print_sum(const struct tusk_cli *cli, size_t going, size_t staying)
{
	bool dry_run = tusk_args_has(cli->args, TUSK_OPT_DRY_RUN);
	if (!cli->report.json)
		printf("%s %zu %s, kept %zu\n", dry_run ? "would forget" : "forgot", going,
		       going == 1 ? "snapshot" : "snapshots", staying);
}

/* all: snapshots of the repository. */
static int guard(const struct tusk_cli *cli, const struct tusk_verdict *verdicts, size_t count, size_t all,
		 struct tusk_err *err)
{
	size_t going = 0;

	for (size_t i = 0; i < count; i++)
		going += verdicts[i].reasons == 0;
	bool is_most = going == all || (going >= MANY && (all - going) * FIFTHS <= all);
	if (going == 0 || !is_most || tusk_args_has(cli->args, TUSK_OPT_NEARLY_ALL) ||
	    tusk_args_has(cli->args, TUSK_OPT_DRY_RUN))
		return 0;
	return tusk_err_set(err, TUSK_E_USAGE, 0,
			    "forget: of %zu snapshots only %zu would stay; --dry-run shows which; if that is what you "
			    "want, add --nearly-all",
			    all, all - going);
}

static int forget(struct tusk_cli *cli, struct tusk_repository *repository, bool *ret_any, struct tusk_err *err)
{
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	TUSK_AUTO_FREE struct tusk_verdict *verdicts = NULL;
	struct tusk_policy policy;
	bool named = cli->args->operands.count > 0;
	size_t count = 0;

	if (read_policy(cli->args, &policy, err) < 0 || tusk_cli_snapshots(cli, repository, &list, err) < 0)
		return -1;
	if (named && !tusk_policy_is_empty(&policy))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "forget: name snapshots or a policy (--keep-...), not both");
	if (!named && tusk_policy_is_empty(&policy)) {
		tusk_report_warning(&cli->report, "forget: no policy (--keep-...) and no snapshot: nothing is removed");
		*ret_any = false;
		return 0;
	}
	if ((named ? by_name(cli->args, &list, &verdicts, &count, err)
		   : by_policy(cli->args, &policy, &list, &verdicts, &count, err)) < 0)
		return -1;
	if (guard(cli, verdicts, count, list.count, err) < 0)
		return -1;
	size_t going = print_table(cli, verdicts, count, named);
	for (size_t i = 0; i < count && !tusk_args_has(cli->args, TUSK_OPT_DRY_RUN); i++)
		if (verdicts[i].reasons == 0 && tusk_snapshot_forget(repository, &verdicts[i].snapshot->id, err) < 0)
			return tusk_err_prefix(err, "forget");
	print_sum(cli, going, count - going);
	*ret_any = going > 0;
	return 0;
}

static int undo(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_err *err)
{
	const struct tusk_words *words = &cli->args->operands;

	if (words->count == 0)
		return tusk_err_set(err, TUSK_E_USAGE, 0,
				    "forget: --undo needs the id of a snapshot that was forgotten");
	for (size_t i = 0; i < words->count; i++) {
		char text[TUSK_ID_TEXT_SIZE];
		struct tusk_id id;
		if (tusk_snapshot_remember(repository, words->items[i], &id, err) < 0)
			return tusk_err_prefix(err, "forget: --undo %s", words->items[i]);
		tusk_id_text(&id, text);
		if (cli->report.json) {
			struct tusk_json *json = tusk_json_new("remembered");
			tusk_json_id(json, "id", &id);
			tusk_cli_print(cli, json);
		} else if (!cli->report.quiet) {
			printf("snapshot %.*s is back\n", TUSK_SHORT_ID_LENGTH, text);
		}
	}
	return 0;
}

int cmd_forget(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	bool any = false;

	if (tusk_args_has(cli->args, TUSK_OPT_UNDO)) {
		bool is_back = tusk_cli_open(cli, &repository, &err) == 0 && undo(cli, repository, &err) == 0;
		return is_back ? TUSK_EXIT_OK : tusk_cli_fail(cli, &err);
	}
	if (tusk_cli_open(cli, &repository, &err) < 0 || forget(cli, repository, &any, &err) < 0)
		return tusk_cli_fail(cli, &err);
	if (!tusk_args_has(cli->args, TUSK_OPT_PRUNE) || tusk_args_has(cli->args, TUSK_OPT_DRY_RUN))
		return TUSK_EXIT_OK;
	return tusk_cli_prune(cli, repository);
}
