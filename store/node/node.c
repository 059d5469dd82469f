#include "node_ops.h"

#include "tusk/id.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first REQUIRED ones are made by init; the others when something is put there. */
static const char *const prefixes[] = {"packs/", "toc/",       "snapshots/", "keys/",   "leases/", "nodes/",
				       "marks/", "forgotten/", "ledger/",    "drills/", NULL};
#define REQUIRED 4

static bool is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
			return false;
	}
	return true;
}

static bool is_id(const char *text)
{
	return strlen(text) == TUSK_ID_TEXT_SIZE - 1 && is_hex(text, TUSK_ID_TEXT_SIZE - 1);
}

bool tusk_node_name_valid(const char *name)
{
	if (strcmp(name, "tusk.repository") == 0 || strcmp(name, "epoch") == 0 || strcmp(name, "condemned") == 0)
		return true;
	for (size_t i = 0; prefixes[i]; i++) {
		size_t len = strlen(prefixes[i]);
		const char *rest = name + len;

		if (strncmp(name, prefixes[i], len) != 0)
			continue;
		if (i == 0) /* packs/ab/ab... */
			return strlen(rest) > 3 && rest[2] == '/' && is_id(rest + 3) && strncmp(rest, rest + 3, 2) == 0;
		return is_id(rest);
	}
	return false;
}

bool tusk_node_name_changes(const char *name)
{
	return strcmp(name, "epoch") == 0 || strcmp(name, "condemned") == 0 || strncmp(name, "leases/", 7) == 0;
}

bool tusk_node_folder_is_required(const char *prefix)
{
	for (size_t i = 0; i < REQUIRED; i++) {
		if (strcmp(prefix, prefixes[i]) == 0)
			return true;
	}
	return false;
}

static int check_name(const char *name, struct tusk_err *err)
{
	if (tusk_node_name_valid(name))
		return 0;
	return tusk_err_set(err, TUSK_E_USAGE, 0, "\"%.100s\" is not the name of an object", name);
}

static int check_prefix(const char *prefix, struct tusk_err *err)
{
	for (size_t i = 0; prefixes[i]; i++) {
		if (strcmp(prefix, prefixes[i]) == 0)
			return 0;
	}
	return tusk_err_set(err, TUSK_E_USAGE, 0, "\"%.100s\" is not a folder of objects", prefix);
}

/* The length of "scheme" when url is scheme://..., else 0. */
static size_t scheme_length(const char *url)
{
	size_t len = strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	return strncmp(url + len, "://", 3) == 0 ? len : 0;
}

/* The path in "file:///path" or "file://localhost/path", with %XX decoded. */
static int file_url_path(const char *url, char ret_path[PATH_MAX], struct tusk_err *err)
{
	const char *in = url + strlen("file://");
	size_t len = 0;

	if (strncmp(in, "localhost/", 10) == 0)
		in += strlen("localhost");
	if (*in != '/')
		return tusk_err_set(err, TUSK_E_USAGE, 0, "\"%s\" names another host; write file:///path", url);
	for (; *in; in++) {
		uint8_t byte = (uint8_t)*in;

		if (*in == '%') {
			if (strnlen(in, 3) < 3 || tusk_hex_decode(in + 1, 2, &byte, 1) < 0 || byte == 0)
				return tusk_err_set(err, TUSK_E_USAGE, 0, "\"%s\" has a broken %%XX", url);
			in += 2;
		}
		if (len + 1 >= PATH_MAX)
			return tusk_err_set(err, TUSK_E_USAGE, ENAMETOOLONG, "\"%.64s...\"", url);
		ret_path[len++] = (char)byte;
	}
	ret_path[len] = '\0';
	return 0;
}

/* Makes path absolute by the current folder, without resolving anything, and drops slashes at its end. */
static int make_absolute(const char *path, char ret_path[PATH_MAX], struct tusk_err *err)
{
	char folder[PATH_MAX] = "";
	size_t len;
	int printed;

	if (path[0] != '/') {
		if (!getcwd(folder, sizeof(folder)))
			return tusk_err_set(err, TUSK_E_IO, errno, "cannot find the current folder");
		while (strncmp(path, "./", 2) == 0)
			path += 2 + strspn(path + 2, "/");
		if (strcmp(path, ".") == 0)
			path = "";
	}
	printed = snprintf(ret_path, PATH_MAX, "%s%s%s", folder, path[0] == '/' ? "" : "/", path);
	if (printed < 0 || printed >= PATH_MAX)
		return tusk_err_set(err, TUSK_E_USAGE, ENAMETOOLONG, "\"%.64s...\"", path);
	len = (size_t)printed;
	while (len > 1 && ret_path[len - 1] == '/')
		ret_path[--len] = '\0';
	return 0;
}

/* ---- kinds of node ---- */

static int open_file(const char *url, struct tusk_node **ret_node, struct tusk_err *err)
{
	char decoded[PATH_MAX], path[PATH_MAX];

	if (file_url_path(url, decoded, err) < 0 || make_absolute(decoded, path, err) < 0)
		return -1;
	return tusk_node_local_open(path, ret_node, err);
}

static int create_file(const char *url, struct tusk_node **ret_node, struct tusk_err *err)
{
	char decoded[PATH_MAX], path[PATH_MAX];

	if (file_url_path(url, decoded, err) < 0 || make_absolute(decoded, path, err) < 0)
		return -1;
	return tusk_node_local_create(path, ret_node, err);
}

static int open_path(const char *url, struct tusk_node **ret_node, struct tusk_err *err)
{
	char path[PATH_MAX];

	return make_absolute(url, path, err) < 0 ? -1 : tusk_node_local_open(path, ret_node, err);
}

static int create_path(const char *url, struct tusk_node **ret_node, struct tusk_err *err)
{
	char path[PATH_MAX];

	return make_absolute(url, path, err) < 0 ? -1 : tusk_node_local_create(path, ret_node, err);
}

struct kind {
	const char *scheme; /* "": a path */
	int (*open)(const char *url, struct tusk_node **ret_node, struct tusk_err *err);
	int (*create)(const char *url, struct tusk_node **ret_node, struct tusk_err *err);
};

static const struct kind kinds[] = {
    {"", open_path, create_path},
    {"file", open_file, create_file},
    {"ssh", tusk_node_ssh_open, tusk_node_ssh_create},
    {"s3", tusk_node_s3_open, tusk_node_s3_create},
    {"s3+http", tusk_node_s3_open, tusk_node_s3_create},
};

/* NULL (TUSK_E_USAGE) for a kind of node that this build does not have. */
static const struct kind *kind_of(const char *url, struct tusk_err *err)
{
	size_t len = scheme_length(url);

	for (size_t i = 0; url[0] && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].scheme) == len && memcmp(kinds[i].scheme, url, len) == 0)
			return &kinds[i];
	}
	if (!url[0])
		(void)tusk_err_set(err, TUSK_E_USAGE, 0, "the place of the repository is empty");
	else
		(void)tusk_err_set(err, TUSK_E_USAGE, 0, "\"%.200s\": %.*s:// is not supported by this build", url,
				   (int)len, url);
	return NULL;
}

int tusk_node_open(const char *url, struct tusk_node **ret_node, struct tusk_err *err)
{
	const struct kind *kind = kind_of(url, err);

	return kind ? kind->open(url, ret_node, err) : -1;
}

int tusk_node_create(const char *url, struct tusk_node **ret_node, struct tusk_err *err)
{
	const struct kind *kind = kind_of(url, err);

	return kind ? kind->create(url, ret_node, err) : -1;
}

void tusk_node_uncreate(struct tusk_node *node)
{
	node->ops->uncreate(node);
}

void tusk_node_close(struct tusk_node *node)
{
	if (node)
		node->ops->close(node);
}

const char *tusk_node_url(const struct tusk_node *node)
{
	return node->url;
}

bool tusk_node_is_remote(const struct tusk_node *node)
{
	return node->is_remote;
}

static void count_read(struct tusk_node *node, size_t len)
{
	if (node)
		atomic_fetch_add_explicit(&node->read_bytes, len, memory_order_relaxed);
}

uint64_t tusk_node_read_bytes(const struct tusk_node *node)
{
	return atomic_load_explicit(&node->read_bytes, memory_order_relaxed);
}

int tusk_node_get(struct tusk_node *node, const char *name, size_t max, struct tusk_buf *ret_data, struct tusk_err *err)
{
	if (check_name(name, err) < 0)
		return -1;
	int found = node->ops->get(node, name, max, ret_data, err);
	if (found == TUSK_NODE_FOUND)
		count_read(node, ret_data->len);
	return found;
}

int tusk_node_put(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err)
{
	return check_name(name, err) < 0 ? -1 : node->ops->put(node, name, data, len, err);
}

void tusk_node_foresee(struct tusk_node *node, const char *const *names, size_t count)
{
	if (node->ops->foresee)
		node->ops->foresee(node, names, count);
}

void tusk_node_foreseen_drop(struct tusk_node *node)
{
	if (node->ops->foreseen_drop)
		node->ops->foreseen_drop(node);
}

int tusk_object_open(struct tusk_node *node, const char *name, struct tusk_object **ret_object, struct tusk_err *err)
{
	if (check_name(name, err) < 0)
		return -1;
	int found = node->ops->object_open(node, name, ret_object, err);
	if (found == TUSK_NODE_FOUND)
		(*ret_object)->node = node;
	return found;
}

void tusk_object_close(struct tusk_object *object)
{
	if (object)
		object->ops->close(object);
}

uint64_t tusk_object_size(const struct tusk_object *object)
{
	return object->size;
}

int tusk_object_pread(struct tusk_object *object, void *data, size_t len, uint64_t offset, struct tusk_err *err)
{
	if (offset > object->size || len > object->size - offset)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0,
				    "%s is truncated: it has %llu bytes, %zu are wanted at offset %llu", object->name,
				    (unsigned long long)object->size, len, (unsigned long long)offset);
	if (object->ops->pread(object, data, len, offset, err) < 0)
		return -1;
	count_read(object->node, len);
	return 0;
}

bool tusk_object_doubt(struct tusk_object *object)
{
	return object->ops->doubt && object->ops->doubt(object);
}

unsigned tusk_node_uploads(const struct tusk_node *node)
{
	return node->ops->uploads ? node->ops->uploads : 1;
}

bool tusk_node_is_behind(struct tusk_node *node)
{
	return node->ops->is_behind && node->ops->is_behind(node);
}

int tusk_upload_begin(struct tusk_node *node, struct tusk_upload **ret_upload, struct tusk_err *err)
{
	return node->ops->upload_begin(node, ret_upload, err);
}

int tusk_upload_write(struct tusk_upload *upload, const void *data, size_t len, struct tusk_err *err)
{
	return upload->ops->write(upload, data, len, err);
}

int tusk_upload_commit(struct tusk_upload *upload, const char *name, struct tusk_err *err)
{
	if (check_name(name, err) < 0) {
		upload->ops->abort(upload);
		return -1;
	}
	return upload->ops->commit(upload, name, err);
}

void tusk_upload_abort(struct tusk_upload *upload)
{
	if (upload)
		upload->ops->abort(upload);
}

int tusk_node_list(struct tusk_node *node, const char *prefix,
		   int (*visit)(void *context, const char *name, uint64_t size, struct tusk_err *err), void *context,
		   struct tusk_err *err)
{
	return check_prefix(prefix, err) < 0 ? -1 : node->ops->list(node, prefix, visit, context, err);
}

int tusk_node_stat(struct tusk_node *node, const char *name, uint64_t *ret_size, struct tusk_err *err)
{
	return check_name(name, err) < 0 ? -1 : node->ops->stat(node, name, ret_size, err);
}

int tusk_node_remove(struct tusk_node *node, const char *name, struct tusk_err *err)
{
	return check_name(name, err) < 0 ? -1 : node->ops->remove(node, name, err);
}

int tusk_node_replace(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err)
{
	if (check_name(name, err) < 0)
		return -1;
	if (!tusk_node_name_changes(name))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%s is never replaced", name);
	return node->ops->replace(node, name, data, len, err);
}

int tusk_node_lock(struct tusk_node *node, struct tusk_node_lock **ret_lock, struct tusk_err *err)
{
	*ret_lock = NULL;
	return node->ops->lock ? node->ops->lock(node, ret_lock, err) : TUSK_NODE_NO_LOCKS;
}

void tusk_node_unlock(struct tusk_node_lock *lock)
{
	if (lock)
		lock->release(lock);
}

int tusk_node_digest(struct tusk_node *node, const char *name, uint8_t ret_sha256[32], uint64_t *ret_size,
		     struct tusk_err *err)
{
	if (check_name(name, err) < 0)
		return -1;
	if (node->ops->digest)
		return node->ops->digest(node, name, ret_sha256, ret_size, err);
	return tusk_node_digest_here(node, name, ret_sha256, ret_size, err);
}

int tusk_node_suspect(struct tusk_node *node, const char *name)
{
	return node->ops->suspect && tusk_node_name_valid(name) ? node->ops->suspect(node, name) : 0;
}

int tusk_node_quarantine(struct tusk_node *node, const char *name, struct tusk_err *err)
{
	return check_name(name, err) < 0 ? -1 : node->ops->quarantine(node, name, err);
}

int tusk_node_generation(struct tusk_node *node, const char *prefix, uint64_t *ret_generation, struct tusk_err *err)
{
	return check_prefix(prefix, err) < 0 ? -1 : node->ops->generation(node, prefix, ret_generation, err);
}

void tusk_node_sweep(struct tusk_node *node)
{
	node->ops->sweep(node);
}

void tusk_node_reserve(struct tusk_node *node, bool keep)
{
	if (node->ops->reserve)
		node->ops->reserve(node, keep);
}

int tusk_node_space(struct tusk_node *node, uint64_t *ret_free, uint64_t *ret_total, struct tusk_err *err)
{
	return node->ops->space(node, ret_free, ret_total, err);
}
