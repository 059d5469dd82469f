#include "check_private.h"

#include "chunk_map.h"
#include "extents.h"
#include "pool.h"

#include <stdlib.h>
#include <string.h>

struct check_files {
	struct tusk_check *check;
	struct tusk_pool *pool;
};

/* A file to hash. Owns what it needs of the entry: the block it came from may go. */
struct job {
	struct tusk_id key;
	uint8_t sha256[32];
	uint64_t size;
	struct tusk_extents extents;
	struct tusk_chunk_map map;
};

static void job_free(struct job *job)
{
	tusk_extents_release(&job->extents);
	tusk_chunk_map_release(&job->map);
	free(job);
}

/* Hashing as the bytes come; the chunk at hand is kept, because a hole may split it. */
struct stream {
	struct check_files *files;
	const struct job *job;
	struct tusk_hasher *hasher;
	struct tusk_buf chunk;
	struct tusk_chunk_place place; /* of chunk; len 0: none */
	bool is_reading;               /* chunk */
};

static int add_zeros(struct stream *stream, uint64_t len, struct tusk_err *err)
{
	static const uint8_t zeros[16 << 10];
	for (; len > 0; len -= len < sizeof(zeros) ? len : sizeof(zeros)) {
		if (check_go_on(stream->files->check, err) != 0)
			return -1;
		tusk_hasher_update(stream->hasher, zeros, len < sizeof(zeros) ? (size_t)len : sizeof(zeros));
	}
	return 0;
}

static int load_chunk(struct stream *stream, uint64_t offset, struct tusk_err *err)
{
	struct tusk_chunk_place *place = &stream->place;
	if (check_go_on(stream->files->check, err) != 0 ||
	    tusk_chunk_map_find(&stream->job->map, offset, place, err) != 0)
		return -1;
	stream->is_reading = true;
	if (tusk_fetcher_read(stream->files->check->fetcher, &place->id, TUSK_OBJECT_CHUNK, place->len, &stream->chunk,
			      err) != 0)
		return -1;
	stream->is_reading = false;
	return 0;
}

static int add_data(struct stream *stream, uint64_t offset, uint64_t len, struct tusk_err *err)
{
	while (len > 0) {
		if (offset < stream->place.start || offset - stream->place.start >= stream->place.len) {
			if (load_chunk(stream, offset, err) != 0)
				return -1;
		}
		size_t within = (size_t)(offset - stream->place.start);
		size_t part = stream->chunk.len - within < len ? stream->chunk.len - within : (size_t)len;
		tusk_hasher_update(stream->hasher, stream->chunk.data + within, part);
		offset += part;
		len -= part;
	}
	return 0;
}

static int hash_file(struct stream *stream, struct tusk_err *err)
{
	const struct job *job = stream->job;
	struct tusk_stretch stretch;
	uint8_t sha256[32];

	for (uint64_t offset = 0; offset < job->size; offset += stretch.len) {
		tusk_extents_at(&job->extents, offset, &stretch);
		int status = stretch.is_data ? add_data(stream, stretch.data_offset, stretch.len, err)
					     : add_zeros(stream, stretch.len, err);
		if (status != 0)
			return -1;
	}
	tusk_hasher_final(stream->hasher, sha256);
	if (memcmp(sha256, job->sha256, sizeof(sha256)) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the content does not hash to the SHA-256 recorded for it");
	return 0;
}

/* A chunk that cannot be read is a damaged object, known already perhaps; else it is the file that is wrong. */
static int note(const struct stream *stream, const struct tusk_err *why, struct tusk_err *err)
{
	struct tusk_check *check = stream->files->check;
	const struct tusk_id *id = &stream->place.id;
	if (!stream->is_reading)
		return check_add_damage(check, &stream->job->key, CHECK_NO_PACK, why->message, err);
	return check_knows_damage(check, id) ? 0 : check_add_object(check, id, why->message, err);
}

static int run(void *context, void *pointer, struct tusk_err *err)
{
	struct check_files *files = context;
	struct job *job = pointer;
	TUSK_AUTO_HASHER struct tusk_hasher *hasher = tusk_hasher_new();
	struct stream stream = {.files = files, .job = job, .hasher = hasher};
	struct tusk_err why = {0};

	int status = hash_file(&stream, &why);
	if (status != 0 && check_is_damage(why.code))
		status = note(&stream, &why, err);
	else if (status != 0)
		*err = why;
	tusk_buf_release(&stream.chunk);
	job_free(job);
	return status;
}

static void drop(void *context, void *job)
{
	(void)context;
	job_free(job);
}

int check_files_new(struct tusk_check *check, struct check_files **ret_files, struct tusk_err *err)
{
	TUSK_AUTO_FREE struct check_files *files = calloc(1, sizeof(*files));
	if (!files)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	files->check = check;
	struct tusk_pool_work work = {.run = run, .drop = drop, .context = files};
	if (tusk_pool_new(&work, check->threads, &files->pool, err) != 0)
		return -1;
	*ret_files = TUSK_STEAL(files);
	return 0;
}

int check_files_add(struct check_files *files, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct tusk_fetcher *fetcher = files->check->fetcher;
	struct job *job = calloc(1, sizeof(*job));
	if (!job)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	check_content_key(entry, &job->key);
	memcpy(job->sha256, entry->sha256, sizeof(job->sha256));
	job->size = entry->size;
	if (tusk_extents_load(fetcher, entry, &job->extents, err) != 0 ||
	    tusk_chunk_map_load(fetcher, entry, &job->map, err) != 0) {
		job_free(job);
		return -1;
	}
	tusk_pool_add(files->pool, job);
	return 0;
}

int check_files_finish(struct check_files *files, struct tusk_err *err)
{
	int status = tusk_pool_finish(files->pool, err);
	free(files);
	return status;
}
