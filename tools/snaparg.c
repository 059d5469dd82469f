/* SNAP[:PATH]: splitting, finding, opening. */
#include "snaparg.h"

#include "tusk/cleanup.h"
#include "tusk/text.h"

#include <ctype.h>
#include <string.h>

static bool two_digits(const char *text)
{
	return isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[1]);
}

/* Length of what names the snapshot: up to the first colon that is not within "@2026-11-20T14:07:22". */
static size_t snap_length(const char *text)
{
	const char *t = text[0] == '@' ? strchr(text, 'T') : NULL;
	size_t len = strcspn(text, ":");
	if (!t || text + len != t + 3 || text[len] != ':' || !two_digits(t + 1) || !two_digits(t + 4))
		return len;
	len += 3;
	bool has_seconds = text[len] == ':' && two_digits(text + len + 1);
	return len + (has_seconds ? 3 : 0) + strcspn(text + len + (has_seconds ? 3 : 0), ":");
}

int tusk_snaparg_split(const char *text, char **ret_snap, const char **ret_path, struct tusk_err *err)
{
	size_t at = snap_length(text);
	char *snap = strndup(text, at);
	if (!snap)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	*ret_snap = snap;
	*ret_path = text[at] ? text + at + 1 : text + at;
	return 0;
}

/* "a//b/" -> "/a/b" */
static char *normalise(const char *path)
{
	char *out = malloc(strlen(path) + 2);
	if (!out)
		return NULL;
	size_t len = 0;
	for (const char *c = path; *c;) {
		c += strspn(c, "/");
		size_t part = strcspn(c, "/");
		if (!part)
			break;
		out[len++] = '/';
		memcpy(out + len, c, part);
		len += part;
		c += part;
	}
	if (!len)
		out[len++] = '/';
	out[len] = '\0';
	return out;
}

void tusk_place_release(struct tusk_place *place)
{
	tusk_entry_release(&place->entry);
	if (place->view)
		tusk_view_close(place->view);
	free(place->path);
	memset(place, 0, sizeof(*place));
}

/* A snapshot that cannot be read has no time: a name by order or time may mean it. An id means what it says. */
static void warn_of_damaged(const struct tusk_cli *cli, const struct tusk_snapshot_list *list, const char *snap,
			    const struct tusk_snapshot *snapshot)
{
	char id[TUSK_ID_TEXT_SIZE];
	bool is_id = snap[strspn(snap, "0123456789abcdefABCDEF")] == '\0';
	if (is_id || list->damaged == 0)
		return;
	tusk_id_text(&snapshot->id, id);
	tusk_report_warning(&cli->report, "%s: \"%s\" is snapshot %.*s here, but one that cannot be read may be newer",
			    cli->args->command->name, snap, TUSK_SHORT_ID_LENGTH, id);
}

int tusk_place_open(struct tusk_cli *cli, struct tusk_repository *repository, const struct tusk_snapshot_list *list,
		    const char *text, struct tusk_place *ret_place, struct tusk_err *err)
{
	TUSK_AUTO_FREE char *snap = NULL;
	const char *path;
	const struct tusk_snapshot *snapshot;
	if (tusk_snaparg_split(text, &snap, &path, err) < 0)
		return -1;
	if (tusk_snapshot_find(list, snap, &snapshot, err) < 0)
		return tusk_err_prefix(err, "%s", cli->args->command->name);
	warn_of_damaged(cli, list, snap, snapshot);
	ret_place->snapshot = snapshot->id;
	ret_place->path = normalise(path);
	if (!ret_place->path)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_view_open(repository, snapshot, &ret_place->view, err) < 0 ||
	    tusk_view_path(ret_place->view, path, &ret_place->entry, err) < 0) {
		char id[TUSK_ID_TEXT_SIZE];
		tusk_id_text(&snapshot->id, id);
		return tusk_err_prefix(err, "%s: snapshot %.*s", cli->args->command->name, TUSK_SHORT_ID_LENGTH, id);
	}
	return 0;
}

void tusk_session_release(struct tusk_session *session)
{
	tusk_place_release(&session->place);
	tusk_snapshot_list_release(&session->list);
	if (session->repository)
		tusk_repository_close(session->repository);
	memset(session, 0, sizeof(*session));
}

int tusk_session_open(struct tusk_cli *cli, const char *text, struct tusk_session *session, struct tusk_err *err)
{
	if (tusk_cli_open(cli, &session->repository, err) < 0 ||
	    tusk_cli_snapshots(cli, session->repository, &session->list, err) < 0)
		return -1;
	return tusk_place_open(cli, session->repository, &session->list, text, &session->place, err);
}

static bool contains(const struct tusk_strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->count; i++)
		if (strcmp(strings->items[i], text) == 0)
			return true;
	return false;
}

bool tusk_snapshot_wanted(const struct tusk_args *args, const struct tusk_snapshot *snapshot)
{
	const char *host = tusk_args_text(args, TUSK_OPT_HOST);
	const char *source = tusk_args_text(args, TUSK_OPT_SOURCE);
	const char *path = tusk_args_text(args, TUSK_OPT_PATH);
	if (host && strcmp(host, snapshot->host) != 0)
		return false;
	if (source && strcmp(source, snapshot->source) != 0)
		return false;
	if (path && !contains(&snapshot->paths, path))
		return false;
	const struct tusk_words *tags = &args->values[TUSK_OPT_TAG].list;
	for (size_t i = 0; i < tags->count; i++)
		if (!contains(&snapshot->tags, tags->items[i]))
			return false;
	return true;
}
