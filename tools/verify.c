#include "verify_internal.h"

#include "tusk/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define DEPTH_LIMIT 1100

static void report(struct verify *verify, const char *path, const char *what, const char *snapshot, const char *copy)
{
	verify->counts->differences++;
	if (verify->options->on_difference)
		verify->options->on_difference(verify->options->context, path, what, snapshot, copy);
}

void verify_differ(struct verify *verify, uint64_t number, const char *what, const char *snapshot, const char *copy)
{
	TUSK_AUTO_BUF struct tusk_buf path = {0};

	int failed = tusk_view_path_of(verify->view, number, &path, NULL);
	report(verify, failed || !path.data ? "?" : (const char *)path.data, what, snapshot, copy);
}

static bool stopped(const struct verify *verify)
{
	return verify->options->stop && atomic_load(verify->options->stop);
}

static int walk(struct verify *verify, const struct tusk_entry *directory, int fd, unsigned depth,
		struct tusk_err *err);

/* O_NOATIME where we may, so that looking changes nothing. */
static int open_quietly(int dirfd, const char *name, int flags)
{
	flags |= O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(dirfd, name, flags | O_NOATIME);

	return fd >= 0 || errno != EPERM ? fd : openat(dirfd, name, flags);
}

static int one(struct verify *verify, const struct tusk_entry *entry, int dirfd, const char *name, unsigned depth,
	       struct tusk_err *err)
{
	struct verify_subject subject = {.dirfd = dirfd, .fd = -1, .name = name};
	TUSK_AUTO_FD int fd = -1;

	verify->counts->entries++;
	if (fstatat(dirfd, name, &subject.st, AT_SYMLINK_NOFOLLOW)) {
		verify_differ(verify, entry->number, "missing", "present",
			      errno == ENOENT ? "absent" : strerror(errno));
		return 0;
	}
	if (S_ISREG(subject.st.st_mode) || S_ISDIR(subject.st.st_mode)) {
		fd = open_quietly(dirfd, name, S_ISDIR(subject.st.st_mode) ? O_DIRECTORY : 0);
		if (fd < 0) {
			verify_differ(verify, entry->number, "unreadable", "readable", strerror(errno));
			return 0;
		}
	}
	subject.fd = fd;
	if (verify_entry(verify, entry, &subject, err))
		return -1;
	if (entry->type != TUSK_TYPE_DIRECTORY || !S_ISDIR(subject.st.st_mode))
		return 0;
	return walk(verify, entry, subject.fd, depth + 1, err);
}

/* What the copy has and the snapshot has not. */
static int find_extra(struct verify *verify, const struct tusk_entry *directory, int fd, struct tusk_err *err)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = own < 0 ? NULL : fdopendir(own);
	struct dirent *item;
	int state = 0;

	if (!stream) {
		if (own >= 0)
			close(own);
		verify_differ(verify, directory->number, "unreadable", "readable", strerror(errno));
		return 0;
	}
	while (state >= 0 && (item = readdir(stream))) {
		TUSK_AUTO_ENTRY struct tusk_entry found = {0};
		TUSK_AUTO_BUF struct tusk_buf path = {0};
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		state = tusk_view_lookup(verify->view, directory, item->d_name, strlen(item->d_name), &found, err);
		if (state != TUSK_ABSENT)
			continue;
		if (tusk_view_path_of(verify->view, directory->number, &path, err) ||
		    (path.len > 1 && tusk_buf_append(&path, "/", 1)) ||
		    tusk_buf_append(&path, item->d_name, strlen(item->d_name) + 1))
			state = -1;
		else
			report(verify, (const char *)path.data, "extra", "absent", "present");
	}
	closedir(stream);
	return state < 0 ? -1 : 0;
}

static int walk(struct verify *verify, const struct tusk_entry *directory, int fd, unsigned depth, struct tusk_err *err)
{
	TUSK_AUTO_DIR struct tusk_dir *cursor = NULL;
	struct tusk_entry entry;
	char name[256];
	int state;

	if (depth > DEPTH_LIMIT)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "folders are nested too deeply");
	if (find_extra(verify, directory, fd, err) || tusk_dir_open(verify->view, directory, &cursor, err))
		return -1;
	while (!stopped(verify) && (state = tusk_dir_next(cursor, &entry, err)) != 0) {
		TUSK_AUTO_ENTRY struct tusk_entry own = {0};
		if (state < 0 || tusk_view_entry(verify->view, entry.number, &own, err))
			return -1;
		memcpy(name, own.name.data, own.name.len);
		name[own.name.len] = 0;
		if (one(verify, &own, fd, name, depth, err))
			return -1;
	}
	return 0;
}

static int verify_file(struct verify *verify, const struct tusk_entry *top, const char *place, struct tusk_err *err)
{
	char name[256];
	struct stat st;

	memcpy(name, top->name.data, top->name.len);
	name[top->name.len] = 0;
	if (lstat(place, &st))
		return tusk_err_set(err, TUSK_E_ABSENT, errno, "%s", place);
	if (!S_ISDIR(st.st_mode))
		return one(verify, top, AT_FDCWD, place, 0, err);
	TUSK_AUTO_FD int fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "%s", place);
	return one(verify, top, fd, name, 0, err);
}

static int run(struct verify *verify, struct tusk_err *err)
{
	const char *place = verify->options->dir;
	TUSK_AUTO_ENTRY struct tusk_entry top = {0};
	struct verify_subject subject = {.dirfd = AT_FDCWD, .fd = -1, .name = place};

	if (tusk_view_path(verify->view, verify->options->path, &top, err))
		return -1;
	if (top.type != TUSK_TYPE_DIRECTORY)
		return verify_file(verify, &top, place, err);
	TUSK_AUTO_FD int fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &subject.st))
		return tusk_err_set(err, errno == ENOENT ? TUSK_E_ABSENT : TUSK_E_IO, errno, "%s", place);
	subject.fd = fd;
	verify->counts->entries++;
	if (top.number != 0 && verify_entry(verify, &top, &subject, err))
		return -1;
	return walk(verify, &top, fd, 0, err);
}

int verify_run(struct tusk_view *view, const struct verify_options *options, struct verify_counts *ret_counts,
	       struct tusk_err *err)
{
	struct verify verify = {
	    .options = options,
	    .counts = ret_counts,
	    .view = view,
	    .links = verify_links_new(),
	    .hasher = tusk_hasher_new(),
	    .buffer = malloc(VERIFY_BUFFER_SIZE),
	};
	int result;

	*ret_counts = (struct verify_counts){0};
	if (!verify.links || !verify.hasher || !verify.buffer)
		result = tusk_err_set(err, TUSK_E_NOMEM, 0, "verify");
	else
		result = run(&verify, err);
	if (result == 0 && stopped(&verify))
		result = tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "interrupted");
	verify_links_free(verify.links);
	tusk_hasher_free(verify.hasher);
	free(verify.buffer);
	return result;
}
