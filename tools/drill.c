/* The drill: choosing a sample, restoring it, judging it. */
#include "drill.h"

#include "privatemount.h"
#include "progress.h"
#include "restore.h"
#include "tusk/cleanup.h"
#include "tusk/clock.h"
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLDER_SIZE 256
#define SEARCH_MAX  4096u /* entries passed over in search of a file */

struct work {
	const struct drill_options *options;
	struct tusk_view *view;
	const char *folder; /* where files are restored to */
	int source_fd;
	struct tusk_drill *drill;
	const char *path; /* of the file that is judged */
	bool bad;
};

static void on_restore_problem(void *context, const char *path, const struct tusk_err *why)
{
	struct work *work = context;
	work->bad = true;
	work->options->on_problem(work->options->context, path, why->message);
}

static void on_difference(void *context, const char *path, const char *what, const char *snapshot, const char *copy)
{
	struct work *work = context;
	char text[256];
	/* The owner of files restored by an ordinary user is that user; that is no failure of the node. */
	if (geteuid() != 0 && (strcmp(what, "owner") == 0 || strcmp(what, "group") == 0))
		return;
	snprintf(text, sizeof(text), "%s: %.100s is not %.100s", what, copy, snapshot);
	work->bad = true;
	work->options->on_problem(work->options->context, path, text);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

static void remove_folder(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* Restores one file and compares it, as tusk restore and tusk verify do. */
static int try_file(struct work *work, const char *path, uint64_t size, struct tusk_err *err)
{
	char copy[4200];
	struct restore_counts counts = {0};
	struct verify_counts judged = {0};
	struct restore_options restore = {.path = path,
					  .dest = work->folder,
					  .overwrite = RESTORE_ALWAYS,
					  .threads = 1,
					  .source_fd = work->source_fd,
					  .on_problem = on_restore_problem,
					  .context = work,
					  .stop = work->options->stop,
					  .counts = &counts};
	struct verify_options verify = {
	    .path = path, .dir = copy, .on_difference = on_difference, .context = work, .stop = work->options->stop};
	const char *slash = strrchr(path, '/');
	snprintf(copy, sizeof(copy), "%s/%s", work->folder, slash ? slash + 1 : path);
	work->bad = false;
	if (restore_run(work->view, &restore, err) < 0)
		return -1;
	if (!work->bad && verify_run(work->view, &verify, &judged, err) < 0)
		return -1;
	work->drill->files++;
	work->drill->bytes += size;
	work->drill->failures += work->bad;
	unlink(copy);
	return 0;
}

/* Where the share of that number begins, when entries are cut into sample shares. */
static uint64_t share_begin(uint64_t entries, uint64_t sample, uint64_t number)
{
	return entries / sample * number + entries % sample * number / sample;
}

/* Files spread over the snapshot, none twice, beginning with *next, which then is where the next drill begins. */
static int try_sample(struct work *work, uint64_t sample, uint64_t *next, struct tusk_err *err)
{
	uint64_t entries = tusk_view_entry_count(work->view), at = 0, passed = 0;
	if (sample == 0 || entries == 0)
		return 0;
	uint64_t start = *next % entries;
	for (uint64_t share = 0; share < sample && at < entries; at++) {
		TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
		TUSK_AUTO_BUF struct tusk_buf path = {0};
		if (tusk_view_entry(work->view, (start + at) % entries, &entry, err) < 0)
			return -1;
		bool is_file = entry.type == TUSK_TYPE_FILE;
		if (is_file && (tusk_view_path_of(work->view, entry.number, &path, err) < 0 ||
				try_file(work, (const char *)path.data, entry.size, err) < 0))
			return -1;
		if (!is_file && ++passed < SEARCH_MAX)
			continue;
		passed = 0;
		share++;
		uint64_t begin = share_begin(entries, sample, share);
		at = begin > at + 1 ? begin - 1 : at;
	}
	/* A step that divides nothing evenly, so that a few drills do not meet the same files. */
	*next = (start + (entries / sample + 1) * 5 / 8 + 1) % entries;
	return 0;
}

static int drill_snapshot(struct tusk_cli *cli, struct tusk_repository *repository,
			  const struct tusk_snapshot *snapshot, uint64_t sample, struct work *work,
			  struct tusk_err *err)
{
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	TUSK_AUTO_PRIVATE_MOUNT struct tusk_private_mount mount = TUSK_PRIVATE_MOUNT_NONE;
	if (tusk_view_open(repository, snapshot, &view, err) < 0)
		return -1;
	work->drill->mounted = tusk_private_mount_start(tusk_repository_url(repository), tusk_cli_only(cli),
							&snapshot->id, work->options->secret, &mount, err) == 0;
	if (!work->drill->mounted) {
		tusk_report_warning(&cli->report, "drill: no mount (%s); reading the repository directly",
				    err->message);
		tusk_err_clear(err);
	}
	work->view = view;
	work->source_fd = mount.fd;
	return try_sample(work, sample, &work->drill->next, err);
}

/* The newest snapshots, one for each source, host and first path: at most count of them; the number found. */
static size_t choose(const struct tusk_snapshot_list *list, const struct tusk_snapshot **ret_chosen, size_t count)
{
	size_t found = 0;
	for (size_t i = list->count; i-- > 0 && found < count;) {
		const struct tusk_snapshot *snapshot = &list->items[i];
		bool seen = false;
		for (size_t j = 0; j < found && !seen; j++) {
			const struct tusk_snapshot *other = ret_chosen[j];
			seen = strcmp(other->source, snapshot->source) == 0 &&
			       strcmp(other->host, snapshot->host) == 0 &&
			       other->paths.count == snapshot->paths.count &&
			       (!other->paths.count || strcmp(other->paths.items[0], snapshot->paths.items[0]) == 0);
		}
		if (!seen && snapshot->root.descendants)
			ret_chosen[found++] = snapshot;
	}
	return found;
}

static int compare_files(const void *a, const void *b)
{
	const struct tusk_snapshot *left = *(const struct tusk_snapshot *const *)a;
	const struct tusk_snapshot *right = *(const struct tusk_snapshot *const *)b;
	return left->root.descendants < right->root.descendants ? -1 : left->root.descendants > right->root.descendants;
}

/* Where the last drill of this node ended. */
static int go_on(struct tusk_repository *repository, struct tusk_drill *drill, struct tusk_err *err)
{
	size_t count = 0;
	TUSK_AUTO_FREE struct tusk_drill *drills = NULL;
	if (tusk_drill_list(repository, &drills, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (strcmp(drills[i].node, drill->node) == 0)
			drill->next = drills[i].next;
	return 0;
}

/* Files may be large, and /tmp may be in memory. */
static int make_folder(char ret_path[FOLDER_SIZE], struct tusk_err *err)
{
	const char *base = getenv("TMPDIR");

	if (!base || *base != '/' || strlen(base) + sizeof("/tusk-drill.XXXXXX") > FOLDER_SIZE)
		base = access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
	snprintf(ret_path, FOLDER_SIZE, "%s/tusk-drill.XXXXXX", base);
	return mkdtemp(ret_path) ? 0 : tusk_err_set(err, TUSK_E_IO, errno, "cannot make a folder in %s", base);
}

int drill_run(struct tusk_cli *cli, struct tusk_repository *repository, const struct drill_options *options,
	      struct tusk_drill *ret_drill, struct tusk_err *err)
{
	char folder[FOLDER_SIZE];
	struct timespec now;
	const struct tusk_snapshot *chosen[32];
	struct tusk_drill drill = {0};
	struct work work = {.options = options, .folder = folder, .drill = &drill};
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	snprintf(drill.node, sizeof(drill.node), "%s", options->name);
	gethostname(drill.host, sizeof(drill.host) - 1);
	clock_gettime(CLOCK_REALTIME, &now);
	drill.time_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (tusk_cli_snapshots(cli, repository, &list, err) < 0 || go_on(repository, &drill, err) < 0)
		return -1;
	size_t count = choose(&list, chosen, sizeof(chosen) / sizeof(chosen[0]));
	if (!count)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "there is no snapshot with files");
	if (make_folder(folder, err) < 0)
		return -1;
	int64_t started = tusk_now_ms();
	uint64_t left = options->sample;
	int rc = 0;
	/* The smallest first: what a snapshot of few files leaves of its share goes to the others. */
	qsort(chosen, count, sizeof(chosen[0]), compare_files);
	for (size_t i = 0; rc == 0 && left && i < count; i++) {
		uint64_t share = (left + count - i - 1) / (count - i), before = drill.files;
		drill.snapshot = chosen[i]->id;
		rc = drill_snapshot(cli, repository, chosen[i], share, &work, err);
		left -= drill.files - before;
	}
	remove_folder(folder);
	drill.elapsed_ms = (uint64_t)(tusk_now_ms() - started);
	if (rc == 0)
		rc = tusk_drill_add(repository, &drill, err);
	if (rc == 0)
		*ret_drill = drill;
	return rc;
}
