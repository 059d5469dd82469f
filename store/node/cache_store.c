#include "cache_store.h"

#include "fileio.h"
#include "wire.h"

#include "tusk/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER_MODE  0700
#define TRAILER_SIZE (8 + TUSK_SHA256_SIZE) /* size of the object; hash of the data and that size */
#define KEPT_PERCENT 90                     /* after something had to go */

struct tusk_cache_store {
	char *folder;
	uint64_t max;
	pthread_mutex_t lock;
	bool is_counted;
	uint64_t bytes; /* about what there is: other processes add, too */
};

struct tusk_cache_store *tusk_cache_store_new(const char *folder, uint64_t max)
{
	struct tusk_cache_store *store = calloc(1, sizeof(*store));
	char *copy = strdup(folder);

	if (!store || !copy) {
		free(store);
		free(copy);
		return NULL;
	}
	store->folder = copy;
	store->max = max;
	pthread_mutex_init(&store->lock, NULL);
	return store;
}

void tusk_cache_store_free(struct tusk_cache_store *store)
{
	if (!store)
		return;
	pthread_mutex_destroy(&store->lock);
	free(store->folder);
	free(store);
}

static void path_of(const struct tusk_cache_store *store, const char *digits, uint32_t block, char ret_path[PATH_MAX])
{
	snprintf(ret_path, PATH_MAX, "%s/%.2s/%s.%lu", store->folder, digits, digits, (unsigned long)block);
}

static void hash_block(const uint8_t *data, size_t len, const uint8_t size_bytes[8], uint8_t ret_hash[TUSK_SHA256_SIZE])
{
	struct tusk_hasher *hasher TUSK_AUTO_HASHER = tusk_hasher_new();

	tusk_hasher_update(hasher, data, len);
	tusk_hasher_update(hasher, size_bytes, 8);
	tusk_hasher_final(hasher, ret_hash);
}

bool tusk_cache_store_load(struct tusk_cache_store *store, const char *digits, uint32_t block, uint8_t *data,
			   size_t *ret_len, uint64_t *ret_object_size)
{
	uint8_t trailer[TRAILER_SIZE], hash[TUSK_SHA256_SIZE];
	int fd TUSK_AUTO_FD = -1;
	struct stat status;
	char path[PATH_MAX];
	size_t len, got;

	path_of(store, digits, block, path);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size <= (off_t)TRAILER_SIZE ||
	    status.st_size > (off_t)(TUSK_CACHE_BLOCK_SIZE + TRAILER_SIZE))
		return false;
	len = (size_t)status.st_size - TRAILER_SIZE;
	if (tusk_pread_full(fd, data, len, 0, &got, path, NULL) < 0 || got != len ||
	    tusk_pread_full(fd, trailer, sizeof(trailer), len, &got, path, NULL) < 0 || got != sizeof(trailer))
		return false;
	hash_block(data, len, trailer, hash);
	if (memcmp(hash, trailer + 8, sizeof(hash)) != 0) {
		unlink(path);
		return false;
	}
	(void)futimens(fd, NULL); /* used now */
	*ret_len = len;
	*ret_object_size = tusk_load_u64(trailer);
	return true;
}

bool tusk_cache_store_has(struct tusk_cache_store *store, const char *digits, uint32_t block)
{
	char path[PATH_MAX];

	path_of(store, digits, block, path);
	return access(path, F_OK) == 0;
}

/* ---- what is there, and what must go ---- */

struct kept {
	struct timespec used;
	uint64_t size;
	char name[80]; /* "ab/<64 digits>.<block>" */
};
struct kept_list {
	struct kept *items;
	size_t count, capacity;
	uint64_t bytes;
};

static bool list_add(struct kept_list *list, const struct stat *status, unsigned folder, const char *name)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 256;
		struct kept *items = reallocarray(list->items, capacity, sizeof(*items));

		if (!items)
			return false;
		list->items = items;
		list->capacity = capacity;
	}
	struct kept *kept = &list->items[list->count++];
	*kept = (struct kept){.used = status->st_mtim, .size = (uint64_t)status->st_size};
	snprintf(kept->name, sizeof(kept->name), "%02x/%.76s", folder, name);
	list->bytes += kept->size;
	return true;
}

static void list_folder(const struct tusk_cache_store *store, unsigned folder, struct kept_list *list)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	struct stat status;
	DIR *directory;

	snprintf(path, sizeof(path), "%s/%02x", store->folder, folder);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(status.st_mode))
			continue;
		if (!list_add(list, &status, folder, entry->d_name))
			break;
	}
	if (directory)
		closedir(directory);
}

static int by_use(const void *a, const void *b)
{
	const struct kept *left = a, *right = b;

	if (left->used.tv_sec != right->used.tv_sec)
		return left->used.tv_sec < right->used.tv_sec ? -1 : 1;
	if (left->used.tv_nsec != right->used.tv_nsec)
		return left->used.tv_nsec < right->used.tv_nsec ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* Counts, and drops what was not used for longest until less than max is there. With the lock held. */
static void count_and_shrink(struct tusk_cache_store *store)
{
	struct kept_list list = {0};
	char path[PATH_MAX];

	for (unsigned folder = 0; folder < 256; folder++)
		list_folder(store, folder, &list);
	store->is_counted = true;
	store->bytes = list.bytes;
	if (store->bytes > store->max && list.count)
		qsort(list.items, list.count, sizeof(*list.items), by_use);
	for (size_t i = 0; list.bytes > store->max && i < list.count && store->bytes > store->max / 100 * KEPT_PERCENT;
	     i++) {
		snprintf(path, sizeof(path), "%s/%s", store->folder, list.items[i].name);
		unlink(path);
		store->bytes -= list.items[i].size;
	}
	free(list.items);
}

static void account(struct tusk_cache_store *store, uint64_t size)
{
	pthread_mutex_lock(&store->lock);
	store->bytes += size;
	if (!store->is_counted || store->bytes > store->max)
		count_and_shrink(store);
	pthread_mutex_unlock(&store->lock);
}

/* Under a name of its own first: a reader sees all of it or nothing. */
static bool write_file(const char *path, const uint8_t *data, size_t len, const uint8_t trailer[TRAILER_SIZE])
{
	char temporary[PATH_MAX];
	bool good;
	int fd;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return false;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return false;
	good = tusk_write_full(fd, data, len, temporary, NULL) == 0 &&
	       tusk_write_full(fd, trailer, TRAILER_SIZE, temporary, NULL) == 0;
	good = close(fd) == 0 && good && link(temporary, path) == 0;
	unlink(temporary);
	return good;
}

void tusk_cache_store_save(struct tusk_cache_store *store, const char *digits, uint32_t block, const uint8_t *data,
			   size_t len, uint64_t object_size)
{
	uint8_t trailer[TRAILER_SIZE];
	char path[PATH_MAX], folder[PATH_MAX];

	if (store->max < len)
		return;
	tusk_store_u64(trailer, object_size);
	hash_block(data, len, trailer, trailer + 8);
	path_of(store, digits, block, path);
	snprintf(folder, sizeof(folder), "%s/%.2s", store->folder, digits);
	if (access(folder, F_OK) < 0 && tusk_make_directories(folder, FOLDER_MODE, NULL) < 0)
		return;
	if (write_file(path, data, len, trailer))
		account(store, len + TRAILER_SIZE);
}

void tusk_cache_store_drop(struct tusk_cache_store *store, const char *digits, uint32_t count)
{
	char path[PATH_MAX];

	for (uint32_t block = 0; block < count; block++) {
		path_of(store, digits, block, path);
		unlink(path);
	}
}
