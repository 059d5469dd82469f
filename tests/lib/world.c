#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>

#define READ_SIZE (1u << 20)

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "test world: %s: %s\n", what, strerror(errno));
	abort();
}

static void on_problem(void *context, enum tusk_problem problem, const char *path, int sys_errno)
{
	struct world *world = context;
	if (world->problem_count == WORLD_PROBLEMS)
		return;
	size_t i = world->problem_count++;
	world->problems[i].kind = problem;
	world->problems[i].sys_errno = sys_errno;
	snprintf(world->problems[i].path, sizeof(world->problems[i].path), "%s", path);
}

static void on_entry(void *context, char fate, const char *path, uint64_t size)
{
	struct world *world = context;
	(void)size;
	if (world->on_entry)
		world->on_entry(world, fate, path);
}

void world_open(struct world *world, enum tusk_suite suite)
{
	*world = (struct world){0};
	tusk_test_directory(world->path);
	snprintf(world->source, sizeof(world->source), "%s/source", world->path);
	require(mkdir(world->source, 0755) == 0, world->source);
	tusk_test_repository(world->path, suite, &world->repository);
	world->paths[0] = world->source;
	world->options = (struct tusk_backup_options){.paths = world->paths,
						      .path_count = 1,
						      .stream_fd = -1,
						      .threads = 2,
						      .on_problem = on_problem,
						      .on_entry = on_entry,
						      .context = world};
}

void world_close(struct world *world)
{
	tusk_repository_close(world->repository);
	tusk_test_remove(world->path);
}

void world_reopen(struct world *world, bool forget)
{
	tusk_repository_close(world->repository);
	if (forget) {
		char state[128];
		tusk_test_options(world->path, state);
		tusk_test_remove(state);
	}
	tusk_test_repository_open(world->path, &world->repository);
}

static void full_name(struct world *world, const char *name, char ret_path[512])
{
	snprintf(ret_path, 512, "%s/%s", world->source, name);
}

void world_mkdir(struct world *world, const char *name)
{
	char path[512];
	full_name(world, name, path);
	require(mkdir(path, 0755) == 0, path);
}

void world_file(struct world *world, const char *name, const void *data, size_t len)
{
	tusk_test_write(world->source, name, data, len);
}

void world_text(struct world *world, const char *name, const char *text)
{
	world_file(world, name, text, strlen(text));
}

void world_random_bytes(void *data, size_t len, uint64_t seed)
{
	uint8_t *bytes = data;
	uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
	for (size_t i = 0; i < len; i++) {
		/* xorshift64 (Marsaglia 2003) */
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bytes[i] = (uint8_t)(x >> 32);
	}
}

void world_random_file(struct world *world, const char *name, size_t len, uint64_t seed)
{
	TUSK_AUTO_FREE uint8_t *data = malloc(len ? len : 1);
	require(data != NULL, "memory");
	world_random_bytes(data, len, seed);
	world_file(world, name, data, len);
}

void world_remove(struct world *world, const char *name)
{
	char path[512];
	full_name(world, name, path);
	require(remove(path) == 0, path);
}

/* Writes a file again and again until its ctime is later than that of anything made before by more than the span in
 * which a backup does not trust it. */
void world_settle(struct world *world)
{
	char path[128];
	struct stat first, now;
	snprintf(path, sizeof(path), "%.64s/clock", world->path);
	int fd TUSK_AUTO_FD = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	require(fd >= 0 && fstat(fd, &first) == 0, path);
	do {
		require(pwrite(fd, "x", 1, 0) == 1 && fstat(fd, &now) == 0, path);
	} while ((now.st_mtim.tv_sec - first.st_ctim.tv_sec) * 1000000000 + now.st_mtim.tv_nsec -
		     first.st_ctim.tv_nsec <
		 50000000);
}

int world_try(struct world *world)
{
	world->problem_count = 0;
	tusk_err_clear(&world->err);
	return tusk_backup_run(world->repository, &world->options, &world->result, &world->err);
}

void world_backup(struct world *world, size_t problems)
{
	tusk_test_ok(world_try(world), &world->err);
	if (world->result.counters.errors == problems && world->problem_count == problems)
		return;
	for (size_t i = 0; i < world->problem_count; i++)
		fprintf(stderr, "problem %d: %s: %s\n", (int)world->problems[i].kind, world->problems[i].path,
			strerror(world->problems[i].sys_errno));
	require(false, "another number of problems than expected");
}

static struct tusk_snapshot_list load(struct world *world)
{
	struct tusk_snapshot_list list;
	struct tusk_err err = {0};
	tusk_test_ok(tusk_snapshot_list_load(world->repository, NULL, NULL, &list, &err), &err);
	return list;
}

struct tusk_view *world_view(struct world *world)
{
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = load(world);
	struct tusk_view *view = NULL;
	struct tusk_err err = {0};
	for (size_t i = 0; i < list.count; i++)
		if (tusk_id_equal(&list.items[i].id, &world->result.id))
			tusk_test_ok(tusk_view_open(world->repository, &list.items[i], &view, &err), &err);
	require(view != NULL, "the snapshot is not listed");
	return view;
}

size_t world_snapshot_count(struct world *world)
{
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = load(world);
	return list.count;
}

void world_entry(struct world *world, const char *name, struct tusk_entry *ret_entry, struct tusk_view **ret_view)
{
	char path[512];
	struct tusk_err err = {0};
	full_name(world, name, path);
	*ret_view = world_view(world);
	tusk_test_ok(tusk_view_path(*ret_view, path, ret_entry, &err), &err);
}

bool world_has(struct world *world, const char *name)
{
	TUSK_AUTO_VIEW struct tusk_view *view = world_view(world);
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	char path[512];
	struct tusk_err err = {0};
	full_name(world, name, path);
	if (tusk_view_path(view, path, &entry, &err) == 0)
		return true;
	require(err.code == TUSK_E_ABSENT, err.message);
	return false;
}

struct tusk_subtree world_subtree(struct world *world)
{
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	world_entry(world, "", &entry, &view);
	return entry.subtree;
}

/* ---- comparison ---- */

static void differs(const char *path, const char *what)
{
	fprintf(stderr, "%s differs in its %s\n", path, what);
	abort();
}

static void compare_times(const char *path, const struct tusk_entry *entry, const struct stat *stat)
{
	if (entry->mtime.tv_sec != stat->st_mtim.tv_sec || entry->mtime.tv_nsec != stat->st_mtim.tv_nsec)
		differs(path, "mtime");
	if (entry->ctime.tv_sec != stat->st_ctim.tv_sec || entry->ctime.tv_nsec != stat->st_ctim.tv_nsec)
		differs(path, "ctime");
}

static void compare_metadata(const char *path, const struct tusk_entry *entry, const struct stat *stat)
{
	if (entry->mode != stat->st_mode || entry->uid != stat->st_uid || entry->gid != stat->st_gid)
		differs(path, "mode or owner");
	if (entry->source_inode != stat->st_ino)
		differs(path, "inode number");
	compare_times(path, entry, stat);
	if (!S_ISDIR(stat->st_mode) && entry->nlink != stat->st_nlink)
		differs(path, "number of links");
	if ((entry->link_id != 0) != (!S_ISDIR(stat->st_mode) && stat->st_nlink > 1))
		differs(path, "link id");
	if ((S_ISCHR(stat->st_mode) || S_ISBLK(stat->st_mode)) &&
	    makedev(entry->device_major, entry->device_minor) != stat->st_rdev)
		differs(path, "device number");
	if (S_ISREG(stat->st_mode) && entry->size != (uint64_t)stat->st_size)
		differs(path, "size");
}

static void compare_xattrs(struct tusk_view *view, const char *path, const struct tusk_entry *entry)
{
	TUSK_AUTO_XATTRS struct tusk_xattrs xattrs = {0};
	struct tusk_err err = {0};
	char names[65536], value[65536];
	size_t count = 0;
	tusk_test_ok(tusk_entry_xattrs(view, entry, &xattrs, &err), &err);
	ssize_t len = llistxattr(path, names, sizeof(names));
	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1, count++) {
		size_t i = 0;
		while (i < xattrs.count && (xattrs.items[i].name.len != strlen(names + at) ||
					    memcmp(xattrs.items[i].name.data, names + at, strlen(names + at)) != 0))
			i++;
		ssize_t got = lgetxattr(path, names + at, value, sizeof(value));
		if (i == xattrs.count || got != (ssize_t)xattrs.items[i].value.len ||
		    memcmp(value, xattrs.items[i].value.data, (size_t)got) != 0)
			differs(path, "extended attributes");
	}
	if (count != xattrs.count || entry->has_xattrs != (count > 0))
		differs(path, "number of extended attributes");
}

static void compare_holes(struct tusk_file *file, int fd, const char *path, uint64_t size)
{
	struct tusk_err err = {0};
	bool data = true;
	for (uint64_t at = 0; at < size; data = !data) {
		off_t there = lseek(fd, (off_t)at, data ? SEEK_DATA : SEEK_HOLE);
		uint64_t here = 0;
		int found = tusk_file_seek(file, at, data, &here, &err);
		if ((there < 0) != (found == TUSK_ABSENT) || (there >= 0 && (uint64_t)there != here))
			differs(path, "holes");
		if (there < 0)
			return;
		at = here;
	}
}

static void compare_content(struct tusk_view *view, const char *path, const struct tusk_entry *entry)
{
	static uint8_t here[READ_SIZE], there[READ_SIZE];
	TUSK_AUTO_FILE struct tusk_file *file = NULL;
	struct tusk_err err = {0};
	int fd TUSK_AUTO_FD = open(path, O_RDONLY | O_CLOEXEC);
	require(fd >= 0, path);
	tusk_test_ok(tusk_file_open(view, entry, &file, &err), &err);
	for (uint64_t at = 0;; at += READ_SIZE) {
		size_t len;
		ssize_t got = pread(fd, there, READ_SIZE, (off_t)at);
		tusk_test_ok(tusk_file_pread(file, here, READ_SIZE, at, &len, &err), &err);
		if (got < 0 || (size_t)got != len || memcmp(here, there, len) != 0)
			differs(path, "content");
		if (len < READ_SIZE)
			break;
	}
	compare_holes(file, fd, path, entry->size);
}

static void compare_entry(struct tusk_view *view, const char *path, const struct tusk_entry *entry)
{
	struct stat stat;
	char target[4096];
	require(lstat(path, &stat) == 0, path);
	compare_metadata(path, entry, &stat);
	compare_xattrs(view, path, entry);
	if (S_ISREG(stat.st_mode))
		compare_content(view, path, entry);
	if (S_ISLNK(stat.st_mode)) {
		ssize_t len = readlink(path, target, sizeof(target));
		if (len != (ssize_t)entry->target.len || memcmp(target, entry->target.data, (size_t)len) != 0)
			differs(path, "target");
	}
}

static size_t count_names(const char *path)
{
	DIR *dir = opendir(path);
	size_t count = 0;
	require(dir != NULL, path);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void compare_directory(struct tusk_view *view, const char *path, const struct tusk_entry *directory)
{
	TUSK_AUTO_DIR struct tusk_dir *dir = NULL;
	struct tusk_entry entry;
	struct tusk_err err = {0};
	size_t count = 0;
	int got;
	compare_entry(view, path, directory);
	tusk_test_ok(tusk_dir_open(view, directory, &dir, &err), &err);
	for (; (got = tusk_dir_next(dir, &entry, &err)) == 1; count++) {
		char child[4096];
		snprintf(child, sizeof(child), "%s/%.*s", path, (int)entry.name.len, (const char *)entry.name.data);
		if (entry.type == TUSK_TYPE_DIRECTORY)
			compare_directory(view, child, &entry);
		else
			compare_entry(view, child, &entry);
	}
	tusk_test_ok(got, &err);
	if (count != count_names(path) || count != directory->subtree.entries)
		differs(path, "names");
}

void world_assert_same(struct world *world)
{
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	world_entry(world, "", &entry, &view);
	compare_directory(view, world->source, &entry);
}

void world_assert_content(struct world *world, const char *name, const void *data, size_t len)
{
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	TUSK_AUTO_FILE struct tusk_file *file = NULL;
	TUSK_AUTO_FREE uint8_t *stored = malloc(len + 1);
	struct tusk_err err = {0};
	size_t got;
	require(stored != NULL, "memory");
	world_entry(world, name, &entry, &view);
	tusk_test_ok(tusk_file_open(view, &entry, &file, &err), &err);
	tusk_test_ok(tusk_file_pread(file, stored, len + 1, 0, &got, &err), &err);
	if (got != len || memcmp(stored, data, len) != 0)
		differs(name, "content");
}

/* ---- the node ---- */

static uint64_t node_state;
static struct world_packs packs;

static int add_to_state(const char *path, const struct stat *stat, int kind, struct FTW *place)
{
	(void)kind;
	(void)place;
	uint64_t hash = 14695981039346656037u; /* FNV-1a, added up: the order does not count */
	for (const char *c = path; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 1099511628211u;
	node_state += hash ^ ((uint64_t)stat->st_size * 31 + (uint64_t)stat->st_mtim.tv_nsec * 17 +
			      (uint64_t)stat->st_mtim.tv_sec);
	return 0;
}

uint64_t world_node_state(struct world *world)
{
	char path[128];
	snprintf(path, sizeof(path), "%.64s/repository", world->path);
	node_state = 0;
	require(nftw(path, add_to_state, 16, FTW_PHYS) == 0, path);
	return node_state;
}

static int add_pack(const char *path, const struct stat *stat, int kind, struct FTW *place)
{
	(void)path;
	(void)place;
	if (kind == FTW_F) {
		packs.count++;
		packs.bytes += (uint64_t)stat->st_size;
	}
	return 0;
}

struct world_packs world_packs(struct world *world)
{
	char path[128];
	snprintf(path, sizeof(path), "%.64s/repository/packs", world->path);
	packs = (struct world_packs){0};
	require(nftw(path, add_pack, 16, FTW_PHYS) == 0, path);
	return packs;
}
