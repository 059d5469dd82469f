#include "node_local.h"

#include "fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Made in this order; the first one decides which of two simultaneous attempts goes on. */
static const char *const folders[] = {"keys", "toc", "snapshots", "packs", "tmp"};
#define FOLDER_COUNT (sizeof(folders) / sizeof(folders[0]))

/* Removes the files in tmp/. */
static void empty_tmp(const struct tusk_node_local *node)
{
	int fd = openat(node->root_fd, "tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory TUSK_AUTO_DIRECTORY = fd < 0 ? NULL : fdopendir(fd);

	for (const struct dirent *entry; directory && (entry = readdir(directory));)
		unlinkat(dirfd(directory), entry->d_name, 0);
}

void tusk_node_local_uncreate(struct tusk_node *node)
{
	struct tusk_node_local *local = (struct tusk_node_local *)node;
	char name[16];

	empty_tmp(local);
	for (unsigned i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "packs/%02x", i);
		unlinkat(local->root_fd, name, AT_REMOVEDIR);
	}
	for (size_t i = 0; i < FOLDER_COUNT; i++)
		unlinkat(local->root_fd, folders[i], AT_REMOVEDIR);
	if (local->made_root)
		rmdir(node->url);
}

/* A new file system holds lost+found; anything else is not ours to write into. */
static int refuse_unless_empty(int root_fd, struct tusk_err *err)
{
	int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory TUSK_AUTO_DIRECTORY = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!directory)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot list the directory");
	if (faccessat(root_fd, "tusk.repository", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return tusk_err_set(err, TUSK_E_EXISTS, 0, "there is a repository already");
	for (errno = 0; (entry = readdir(directory)); errno = 0) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, "lost+found") != 0)
			return tusk_err_set(err, TUSK_E_EXISTS, 0, "the directory is not empty");
	}
	return errno ? tusk_err_set(err, TUSK_E_IO, errno, "cannot list the directory") : 0;
}

static int make_folder(int root_fd, const char *name, struct tusk_err *err)
{
	if (mkdirat(root_fd, name, TUSK_FOLDER_MODE) < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot create folder %s", name);
	return 0;
}

/* Two syncs in all: the last folder made in packs/ and in the root makes those before it durable too. The first folder
 * is there already. */
static int make_other_folders(int root_fd, struct tusk_err *err)
{
	char name[16];

	for (size_t i = 1; i < FOLDER_COUNT; i++) {
		if (make_folder(root_fd, folders[i], err) < 0)
			return -1;
	}
	for (unsigned i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "packs/%02x", i);
		if (make_folder(root_fd, name, err) < 0)
			return -1;
	}
	if (tusk_durable_mkdir(root_fd, name, TUSK_FOLDER_MODE, err) < 0)
		return -1;
	return tusk_durable_mkdir(root_fd, folders[0], TUSK_FOLDER_MODE, err);
}

int tusk_node_local_create(const char *path, struct tusk_node **ret_node, struct tusk_err *err)
{
	struct tusk_node *node TUSK_AUTO_NODE = NULL;
	struct stat status = {0};
	int root_fd;
	bool missing = stat(path, &status) < 0 && errno == ENOENT;

	if (status.st_mode && !S_ISDIR(status.st_mode))
		return tusk_err_set(err, TUSK_E_EXISTS, 0, "there is something else than a directory");
	if (missing && tusk_durable_mkdir(AT_FDCWD, path, TUSK_FOLDER_MODE, err) < 0)
		return -1;
	if (tusk_node_local_open(path, &node, err) < 0) {
		if (missing)
			rmdir(path);
		return -1;
	}
	((struct tusk_node_local *)node)->made_root = missing;
	root_fd = ((struct tusk_node_local *)node)->root_fd;
	if (refuse_unless_empty(root_fd, err) < 0)
		return -1;
	if (make_folder(root_fd, folders[0], err) < 0) {
		if (missing)
			rmdir(path);
		return -1;
	}
	if (make_other_folders(root_fd, err) < 0) {
		tusk_node_local_uncreate(node);
		return -1;
	}
	*ret_node = TUSK_STEAL(node);
	return 0;
}
