/* Publishing: the bytes must be what the name says. */
#include "serve_private.h"

#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define SMALL_MAX       ((uint64_t)16 << 20) /* of everything but packs */
#define HEADER_SIZE     80u
#define TRAILER_SIZE    16u
#define TOC_MAX         ((uint64_t)8 << 20)
#define TOC_OTHERS_SIZE (HEADER_SIZE + TUSK_SHA256_SIZE)

static bool begins_with(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool is_named_by_content(const char *name)
{
	static const char *const prefixes[] = {"packs/", "snapshots/", "keys/",  "nodes/",
					       "marks/", "ledger/",    "drills/"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (begins_with(name, prefixes[i]))
			return true;
	}
	return false;
}

static int not_what_it_says(const char *name, struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_CORRUPT, 0, "refused: the bytes received are not those of %s", name);
}

static void object_cleanup(struct tusk_object **object)
{
	tusk_object_close(*object);
}

/* The hash that toc/<pack> must have: of the pack's header, its end from the table on, and the hash of those two. */
static int hash_of_toc(struct tusk_object *pack, uint64_t end_len, uint8_t ret_hash[TUSK_SHA256_SIZE],
		       struct tusk_err *err)
{
	struct tusk_hasher *hasher TUSK_AUTO_HASHER = tusk_hasher_new();
	uint8_t *bytes TUSK_AUTO_FREE = malloc(HEADER_SIZE + end_len + TUSK_SHA256_SIZE);
	uint64_t size = tusk_object_size(pack);

	if (!hasher || !bytes)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_object_pread(pack, bytes, HEADER_SIZE, 0, err) < 0 ||
	    tusk_object_pread(pack, bytes + HEADER_SIZE, end_len, size - end_len, err) < 0)
		return -1;
	if (tusk_load_u32(bytes + HEADER_SIZE + end_len - TRAILER_SIZE) != end_len - TRAILER_SIZE)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the table has another length in the pack");
	tusk_sha256(bytes, HEADER_SIZE + end_len, bytes + HEADER_SIZE + end_len);
	tusk_sha256(bytes, HEADER_SIZE + end_len + TUSK_SHA256_SIZE, ret_hash);
	return 0;
}

static int check_toc(const struct tusk_serve_job *job, const uint8_t hash[TUSK_SHA256_SIZE], struct tusk_err *err)
{
	struct tusk_object *pack TUSK_CLEANUP(object_cleanup) = NULL;
	const char *name = job->request.name, *digits = name + strlen("toc/");
	uint64_t size = job->upload.size;
	uint8_t expected[TUSK_SHA256_SIZE];
	char pack_name[TUSK_NODE_NAME_SIZE];

	snprintf(pack_name, sizeof(pack_name), "packs/%.2s/%s", digits, digits);
	if (size < TOC_OTHERS_SIZE + TRAILER_SIZE || size > TOC_MAX)
		return not_what_it_says(name, err);
	int found = tusk_object_open(job->node, pack_name, &pack, err);
	if (found < 0)
		return -1;
	if (found == TUSK_NODE_ABSENT)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "refused: %s is not there", pack_name);
	if (tusk_object_size(pack) < HEADER_SIZE + size - TOC_OTHERS_SIZE ||
	    hash_of_toc(pack, size - TOC_OTHERS_SIZE, expected, NULL) < 0 ||
	    memcmp(expected, hash, sizeof(expected)) != 0)
		return not_what_it_says(name, err);
	return 0;
}

static int check_content(const struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_err *err)
{
	const char *name = job->request.name;
	uint8_t hash[TUSK_SHA256_SIZE];
	char digits[TUSK_ID_TEXT_SIZE];

	tusk_hasher_final(job->upload.hasher, hash);
	tusk_hex_encode(hash, sizeof(hash), digits);
	if (!begins_with(name, "packs/") && job->upload.size > SMALL_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "%s is larger than such an object can be", name);
	if (is_named_by_content(name) && strcmp(name + strlen(name) - strlen(digits), digits) != 0)
		return not_what_it_says(name, err);
	if (begins_with(name, "toc/") && serve->role != TUSK_ACCESS_FULL)
		return check_toc(job, hash, err);
	return 0;
}

int tusk_serve_commit(const struct tusk_serve *serve, struct tusk_serve_job *job, struct tusk_err *err)
{
	const char *name = job->request.name;

	job->request.replace = job->upload.replace;
	if (tusk_serve_may(serve->role, &job->request, err) < 0)
		return -1;
	if (!tusk_node_name_valid(name))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "refused: \"%.100s\" is not the name of an object", name);
	if (check_content(serve, job, err) < 0)
		return -1;
	if (job->upload.replace)
		return tusk_node_replace(job->node, name, job->upload.data.data, job->upload.data.len, err);
	return tusk_upload_commit(TUSK_STEAL(job->upload.upload), name, err);
}
