/* A large object on its way: its name is known only at its end, and so nothing can be sent before. It waits in a file
 * that has no name. */
#include "crypto.h"
#include "fileio.h"
#include "node_s3.h"
#include "tusk/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define HASH_BLOCK (256u << 10)

struct s3_upload {
	struct tusk_upload base;
	struct tusk_node_s3 *node;
	struct tusk_md5 *md5;
	int fd;
	uint64_t len;
};

static void upload_abort(struct tusk_upload *upload)
{
	struct s3_upload *s3 = (struct s3_upload *)upload;

	if (s3->fd >= 0)
		close(s3->fd);
	tusk_md5_free(s3->md5);
	free(s3);
}

static int upload_write(struct tusk_upload *upload, const void *data, size_t len, struct tusk_err *err)
{
	struct s3_upload *s3 = (struct s3_upload *)upload;

	if (tusk_write_full(s3->fd, data, len, "a temporary file", err) < 0)
		return -1;
	s3->len += len;
	if (s3->md5)
		tusk_md5_update(s3->md5, data, len);
	return 0;
}

/* The hash of what was written, from the file. */
static int hash_file(const struct s3_upload *upload, char ret_hash[65], struct tusk_err *err)
{
	struct tusk_hasher *hasher TUSK_AUTO_HASHER = tusk_hasher_new();
	uint8_t *block TUSK_AUTO_FREE = malloc(HASH_BLOCK);
	uint8_t hash[TUSK_SHA256_SIZE];
	size_t got;

	if (!hasher || !block)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot hash an object: out of memory");
	for (uint64_t offset = 0; offset < upload->len; offset += got) {
		if (tusk_pread_full(upload->fd, block, HASH_BLOCK, offset, &got, "a temporary file", err) < 0)
			return -1;
		if (!got)
			return tusk_err_set(err, TUSK_E_IO, 0, "a temporary file has become shorter");
		tusk_hasher_update(hasher, block, got);
	}
	tusk_hasher_final(hasher, hash);
	tusk_hex_encode(hash, sizeof(hash), ret_hash);
	return 0;
}

/* A pack's name is its hash: if the file does not hold those bytes any more, the service will notice. */
static int find_hash(const struct s3_upload *upload, const char *name, char ret_hash[65], struct tusk_err *err)
{
	if (strncmp(name, "packs/", 6) != 0)
		return hash_file(upload, ret_hash, err);
	snprintf(ret_hash, 65, "%s", name + strlen(name) - 64);
	return 0;
}

static int upload_commit(struct tusk_upload *upload, const char *name, struct tusk_err *err)
{
	struct s3_upload *s3 = (struct s3_upload *)upload;
	struct tusk_s3_pace *pace = &s3->node->pace;
	struct tusk_s3_content content = {.body = {.fd = s3->fd, .len = s3->len, .pace = pace}};
	uint8_t sum[TUSK_MD5_SIZE];
	int result = find_hash(s3, name, content.hash, err);

	if (s3->md5) {
		tusk_md5_final(s3->md5, sum);
		content.md5 = sum;
	}
	if (result == 0) {
		tusk_s3_pace_begin(pace, s3->len, tusk_now_ms());
		result = tusk_s3_store(s3->node, name, &content, false, err);
		tusk_s3_pace_end(pace, tusk_now_ms());
	}
	upload_abort(upload);
	return result;
}

static const struct tusk_upload_ops upload_ops = {
    .write = upload_write, .commit = upload_commit, .abort = upload_abort};

/* For file systems without O_TMPFILE. */
static int open_and_unlink(const char *folder)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/tusk-XXXXXX", folder);
	int fd = len < (int)sizeof(path) ? mkostemp(path, O_CLOEXEC) : -1;

	if (fd >= 0)
		unlink(path);
	return fd;
}

static int open_spool(struct tusk_err *err)
{
	const char *folder = getenv("TMPDIR");
	int fd;

	if (!folder || !folder[0])
		folder = access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = open_and_unlink(folder);
	if (fd < 0)
		(void)tusk_err_set(err, TUSK_E_IO, errno, "cannot make a temporary file in %s", folder);
	return fd;
}

int tusk_s3_upload_begin(struct tusk_node *node, struct tusk_upload **ret_upload, struct tusk_err *err)
{
	struct s3_upload *upload = calloc(1, sizeof(*upload));

	if (!upload)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot begin to write an object: out of memory");
	upload->base.ops = &upload_ops;
	upload->node = (struct tusk_node_s3 *)node;
	upload->md5 = tusk_md5_new();
	upload->fd = open_spool(err);
	if (upload->fd < 0) {
		upload_abort(&upload->base);
		return -1;
	}
	tusk_s3_pace_ready(&upload->node->pace, tusk_now_ms());
	*ret_upload = &upload->base;
	return 0;
}
