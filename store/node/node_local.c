#include "node_local.h"

#include "fileio.h"
#include "tusk/sabotage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Within this time of the last change, a folder may change again under the same time stamp (FAT: 2 s). */
#define STAMP_RESOLUTION_S 2

struct local_object {
	struct tusk_object base;
	int fd;
};
struct local_upload {
	struct tusk_upload base;
	struct tusk_node_local *node;
	struct tusk_pending pending;
};

/* Opens name below the root; a symbolic link anywhere in it is ELOOP, so nothing outside is ever reached. */
static int open_beneath(const struct tusk_node_local *node, const char *name, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, node->root_fd, name, &how, sizeof(how));

	/* Kernels before 5.6 do not have it, old container filters forbid it; names are checked, so this is safe too.
	 */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(node->root_fd, name, flags | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

static int open_error(const char *name, int failure, struct tusk_err *err)
{
	if (failure == ELOOP)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is a symbolic link or lies behind one", name);
	return tusk_err_set(err, TUSK_E_IO, failure, "cannot open %s", name);
}

static void local_object_close(struct tusk_object *object)
{
	struct local_object *local = (struct local_object *)object;

	close(local->fd);
	free(local);
}

static int local_object_pread(struct tusk_object *object, void *data, size_t len, uint64_t offset, struct tusk_err *err)
{
	const struct local_object *local = (const struct local_object *)object;
	size_t got;

	if (tusk_pread_full(local->fd, data, len, offset, &got, object->name, err) < 0)
		return -1;
	if (got < len)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is truncated: %zu of %zu bytes at offset %llu",
				    object->name, got, len, (unsigned long long)offset);
	return 0;
}

static const struct tusk_object_ops object_ops = {.close = local_object_close, .pread = local_object_pread};

static int local_object_open(struct tusk_node *node, const char *name, struct tusk_object **ret_object,
			     struct tusk_err *err)
{
	/* O_NONBLOCK: a FIFO in an object's place must not make us wait. */
	int fd TUSK_AUTO_FD = open_beneath((struct tusk_node_local *)node, name, O_RDONLY | O_NONBLOCK);
	struct local_object *object;
	struct stat status;

	if (fd < 0 && errno == ENOENT)
		return TUSK_NODE_ABSENT;
	if (fd < 0)
		return open_error(name, errno, err);
	if (fstat(fd, &status) < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot stat %s", name);
	if (!S_ISREG(status.st_mode))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is not a regular file", name);
	object = calloc(1, sizeof(*object));
	if (!object)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open %s: out of memory", name);
	object->base.ops = &object_ops;
	object->base.size = (uint64_t)status.st_size;
	snprintf(object->base.name, sizeof(object->base.name), "%s", name);
	object->fd = tusk_steal_fd(&fd);
	*ret_object = &object->base;
	return TUSK_NODE_FOUND;
}

TUSK_DEFINE_CLEANUP(struct tusk_object, object, tusk_object_close)

static int local_get(struct tusk_node *node, const char *name, size_t max, struct tusk_buf *ret_data,
		     struct tusk_err *err)
{
	struct tusk_object *object TUSK_CLEANUP(object_cleanup) = NULL;
	struct tusk_buf data TUSK_AUTO_SECRET_BUF = {0};
	int found = local_object_open(node, name, &object, err);

	if (found != TUSK_NODE_FOUND)
		return found;
	if (object->size > max)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "%s is too large: %llu bytes, at most %zu are allowed", name,
				    (unsigned long long)object->size, max);
	if (tusk_buf_reserve(&data, (size_t)object->size) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot read %s: out of memory", name);
	if (object->size && local_object_pread(object, data.data, (size_t)object->size, 0, err) < 0)
		return -1;
	data.len = (size_t)object->size;
	tusk_buf_release(ret_data);
	*ret_data = data;
	data = (struct tusk_buf){0};
	return TUSK_NODE_FOUND;
}

int tusk_node_local_ensure_folder(const struct tusk_node_local *node, const char *name, struct tusk_err *err)
{
	char folder[TUSK_NODE_NAME_SIZE];

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - name), name);
		if (faccessat(node->root_fd, folder, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (tusk_durable_mkdir(node->root_fd, folder, TUSK_FOLDER_MODE, err) < 0)
			return -1;
	}
	return 0;
}

static int local_put(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err)
{
	const struct tusk_node_local *local = (const struct tusk_node_local *)node;

	if (tusk_node_local_ensure_folder(local, name, err) < 0)
		return -1;
	return tusk_durable_put(local->root_fd, name, data, len, err);
}

static int local_upload_write(struct tusk_upload *upload, const void *data, size_t len, struct tusk_err *err)
{
	struct local_upload *local = (struct local_upload *)upload;

	return tusk_write_full(local->pending.fd, data, len, local->pending.temporary, err);
}

static void local_upload_abort(struct tusk_upload *upload)
{
	struct local_upload *local = (struct local_upload *)upload;

	tusk_pending_abort(&local->pending);
	free(local);
}

static int local_upload_commit(struct tusk_upload *upload, const char *name, struct tusk_err *err)
{
	struct local_upload *local = (struct local_upload *)upload;
	int result = tusk_node_local_ensure_folder(local->node, name, err);

	if (result == 0)
		result = tusk_pending_publish(&local->pending, name, err);
	local_upload_abort(upload);
	return result;
}

static const struct tusk_upload_ops upload_ops = {
    .write = local_upload_write, .commit = local_upload_commit, .abort = local_upload_abort};

static int local_upload_begin(struct tusk_node *node, struct tusk_upload **ret_upload, struct tusk_err *err)
{
	struct local_upload *upload TUSK_AUTO_FREE = calloc(1, sizeof(*upload));

	if (!upload)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot begin to write an object: out of memory");
	upload->base.ops = &upload_ops;
	upload->node = (struct tusk_node_local *)node;
	if (tusk_pending_open(&upload->pending, upload->node->root_fd, err) < 0)
		return -1;
	*ret_upload = &TUSK_STEAL(upload)->base;
	return 0;
}

struct visitor {
	int (*visit)(void *context, const char *name, uint64_t size, struct tusk_err *err);
	void *context;
};

/* Visits one entry of a folder; what is not an object, or vanished since it was listed, is passed over. */
static int visit_entry(int folder_fd, const char *prefix, const char *entry, const struct visitor *visitor,
		       struct tusk_err *err)
{
	char name[TUSK_NODE_NAME_SIZE];
	struct stat status;
	int len = snprintf(name, sizeof(name), "%s%s", prefix, entry);

	if (len < 0 || (size_t)len >= sizeof(name) || !tusk_node_name_valid(name))
		return 0;
	if (fstatat(folder_fd, entry, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : tusk_err_set(err, TUSK_E_IO, errno, "cannot stat %s", name);
	if (!S_ISREG(status.st_mode))
		return 0;
	return visitor->visit(visitor->context, name, (uint64_t)status.st_size, err);
}

/* folder is prefix without its last slash. absent_is_empty: a folder that is not there has nothing to visit. */
static int list_folder(const struct tusk_node_local *node, const char *folder, bool absent_is_empty,
		       const struct visitor *visitor, struct tusk_err *err)
{
	int fd TUSK_AUTO_FD = open_beneath(node, folder, O_RDONLY | O_DIRECTORY);
	DIR *directory TUSK_AUTO_DIRECTORY = NULL;
	char prefix[TUSK_NODE_NAME_SIZE];

	if (fd < 0 && ((errno == ENOENT && absent_is_empty) || TUSK_SABOTAGED(listing_errors)))
		return 0;
	if (fd < 0)
		return open_error(folder, errno, err);
	directory = fdopendir(fd);
	if (!directory)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot list %s", folder);
	fd = -1; /* the stream closes it */
	snprintf(prefix, sizeof(prefix), "%s/", folder);
	for (;;) {
		const struct dirent *entry;
		int result;

		errno = 0;
		entry = readdir(directory);
		if (!entry && errno && !TUSK_SABOTAGED(listing_errors))
			return tusk_err_set(err, TUSK_E_IO, errno, "cannot list %s", folder);
		if (!entry)
			return 0;
		result = visit_entry(dirfd(directory), prefix, entry->d_name, visitor, err);
		if (result != 0)
			return result;
	}
}

/* "packs/" -> "packs" */
static void folder_of_prefix(const char *prefix, char ret_folder[16])
{
	snprintf(ret_folder, 16, "%.*s", (int)strcspn(prefix, "/"), prefix);
}

static int local_list(struct tusk_node *node, const char *prefix,
		      int (*visit)(void *context, const char *name, uint64_t size, struct tusk_err *err), void *context,
		      struct tusk_err *err)
{
	const struct tusk_node_local *local = (const struct tusk_node_local *)node;
	const struct visitor visitor = {visit, context};
	char folder[16];
	struct stat status;

	folder_of_prefix(prefix, folder);
	if (strcmp(folder, "packs") != 0)
		return list_folder(local, folder, !tusk_node_folder_is_required(prefix), &visitor, err);
	if (fstatat(local->root_fd, folder, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot list %s", folder);
	for (unsigned i = 0; i < 256; i++) {
		int result;

		snprintf(folder, sizeof(folder), "packs/%02x", i);
		result = list_folder(local, folder, true, &visitor, err);
		if (result != 0)
			return result;
	}
	return 0;
}

static int local_stat(struct tusk_node *node, const char *name, uint64_t *ret_size, struct tusk_err *err)
{
	struct stat status;

	if (fstatat(((struct tusk_node_local *)node)->root_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return TUSK_NODE_ABSENT;
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot stat %s", name);
	}
	if (!S_ISREG(status.st_mode))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is not a regular file", name);
	*ret_size = (uint64_t)status.st_size;
	return TUSK_NODE_FOUND;
}

static int local_remove(struct tusk_node *node, const char *name, struct tusk_err *err)
{
	return tusk_durable_unlink(((struct tusk_node_local *)node)->root_fd, name, err);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ (hash >> 29);
}

/* Adds the state of one folder to the hash. */
static int mix_folder(const struct tusk_node_local *node, const char *folder, bool absent_is_empty, uint64_t *hash,
		      struct tusk_err *err)
{
	struct timespec now;
	struct stat status;

	if (fstatat(node->root_fd, folder, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT || !absent_is_empty)
			return tusk_err_set(err, TUSK_E_IO, errno, "cannot stat %s", folder);
		*hash = mix(*hash, 0);
		return 0;
	}
	*hash = mix(*hash, (uint64_t)status.st_ino);
	*hash = mix(*hash, (uint64_t)status.st_mtim.tv_sec);
	*hash = mix(*hash, (uint64_t)status.st_mtim.tv_nsec);
	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec - status.st_mtim.tv_sec <= STAMP_RESOLUTION_S)
		*hash = mix(mix(*hash, (uint64_t)now.tv_sec), (uint64_t)now.tv_nsec);
	return 0;
}

static int local_generation(struct tusk_node *node, const char *prefix, uint64_t *ret_generation, struct tusk_err *err)
{
	const struct tusk_node_local *local = (const struct tusk_node_local *)node;
	uint64_t hash = 0;
	char folder[16];

	folder_of_prefix(prefix, folder);
	if (mix_folder(local, folder, !tusk_node_folder_is_required(prefix), &hash, err) < 0)
		return -1;
	for (unsigned i = 0; strncmp(folder, "packs", 5) == 0 && i < 256; i++) {
		snprintf(folder, sizeof(folder), "packs/%02x", i);
		if (mix_folder(local, folder, true, &hash, err) < 0)
			return -1;
	}
	*ret_generation = hash;
	return 0;
}

static int local_space(struct tusk_node *node, uint64_t *ret_free, uint64_t *ret_total, struct tusk_err *err)
{
	struct statvfs status;

	if (fstatvfs(((struct tusk_node_local *)node)->root_fd, &status) < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot find the free space of %s", node->url);
	*ret_free = (uint64_t)status.f_bavail * status.f_frsize;
	*ret_total = (uint64_t)status.f_blocks * status.f_frsize;
	return 0;
}

static void local_close(struct tusk_node *node)
{
	struct tusk_node_local *local = (struct tusk_node_local *)node;

	if (local->root_fd >= 0)
		close(local->root_fd);
	free(node->url);
	free(local);
}

static const struct tusk_node_ops node_ops = {
    .close = local_close,
    .uncreate = tusk_node_local_uncreate,
    .get = local_get,
    .put = local_put,
    .object_open = local_object_open,
    .upload_begin = local_upload_begin,
    .list = local_list,
    .stat = local_stat,
    .remove = local_remove,
    .replace = tusk_node_local_replace,
    .lock = tusk_node_local_lock,
    .quarantine = tusk_node_local_quarantine,
    .generation = local_generation,
    .sweep = tusk_node_local_sweep,
    .space = local_space,
    .reserve = tusk_node_local_reserve,
};

static int node_new(const char *path, struct tusk_node_local **ret_node, struct tusk_err *err)
{
	struct tusk_node_local *node = calloc(1, sizeof(*node));
	char *url = strdup(path);

	if (!node || !url) {
		free(node);
		free(url);
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open %s: out of memory", path);
	}
	node->base.ops = &node_ops;
	node->base.url = url;
	node->root_fd = -1;
	*ret_node = node;
	return 0;
}

int tusk_node_local_open(const char *path, struct tusk_node **ret_node, struct tusk_err *err)
{
	int fd TUSK_AUTO_FD = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tusk_node_local *node = NULL;

	if (fd < 0 && errno == ENOENT)
		return tusk_err_set(err, TUSK_E_NO_REPOSITORY, 0, "there is no repository here (no such directory)");
	if (fd < 0 && errno == ENOTDIR)
		return tusk_err_set(err, TUSK_E_NO_REPOSITORY, 0, "there is no repository here (not a directory)");
	if (fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot open the directory");
	if (node_new(path, &node, err) < 0)
		return -1;
	node->root_fd = tusk_steal_fd(&fd);
	*ret_node = &node->base;
	return 0;
}
