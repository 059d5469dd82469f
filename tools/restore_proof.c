#include "hash_range.h"
#include "restore_internal.h"

#include <errno.h>

/* Lock: fields below lock. */
struct restore_proof {
	int fd;
	uint64_t size;
	struct tusk_hasher *hasher;
	uint8_t *buffer;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t written; /* up to here the file is as it will stay */
	bool given_up;
	struct tusk_err err;
};

static void proof_free(struct restore_proof *proof)
{
	pthread_mutex_destroy(&proof->lock);
	pthread_cond_destroy(&proof->changed);
	tusk_hasher_free(proof->hasher);
	free(proof->buffer);
	free(proof);
}

/* How much there is to hash at offset, once there is a buffer of it or the rest of the file; 0: given up. */
static size_t wait_for(struct restore_proof *proof, uint64_t offset)
{
	uint64_t left = proof->size - offset;
	size_t wanted = left < RESTORE_BUFFER_SIZE ? (size_t)left : RESTORE_BUFFER_SIZE;

	pthread_mutex_lock(&proof->lock);
	while (!proof->given_up && proof->written - offset < wanted)
		pthread_cond_wait(&proof->changed, &proof->lock);
	bool given_up = proof->given_up;
	pthread_mutex_unlock(&proof->lock);
	return given_up ? 0 : wanted;
}

static int hash_piece(struct restore_proof *proof, uint64_t offset, size_t len)
{
	int rc = tusk_hash_range(proof->hasher, proof->fd, offset, offset + len, proof->buffer, RESTORE_BUFFER_SIZE);

	if (rc > 0)
		return tusk_err_set(&proof->err, TUSK_E_CORRUPT, 0, "became shorter while it was written");
	return rc < 0 ? tusk_err_set(&proof->err, TUSK_E_IO, errno, "cannot be read back") : 0;
}

static void *follow(void *context)
{
	struct restore_proof *proof = context;
	size_t len;

	for (uint64_t offset = 0; offset < proof->size; offset += len) {
		len = wait_for(proof, offset);
		if (len == 0 || hash_piece(proof, offset, len) < 0)
			break;
	}
	return NULL;
}

struct restore_proof *restore_proof_start(int fd, uint64_t size)
{
	struct restore_proof *proof = calloc(1, sizeof(*proof));

	if (!proof)
		return NULL;
	pthread_mutex_init(&proof->lock, NULL);
	pthread_cond_init(&proof->changed, NULL);
	proof->fd = fd;
	proof->size = size;
	proof->hasher = tusk_hasher_new();
	proof->buffer = malloc(RESTORE_BUFFER_SIZE);
	if (proof->hasher && proof->buffer && pthread_create(&proof->thread, NULL, follow, proof) == 0)
		return proof;
	proof_free(proof);
	return NULL;
}

void restore_proof_written(struct restore_proof *proof, uint64_t end)
{
	pthread_mutex_lock(&proof->lock);
	proof->written = end;
	pthread_cond_signal(&proof->changed);
	pthread_mutex_unlock(&proof->lock);
}

int restore_proof_finish(struct restore_proof *proof, bool give_up, uint8_t ret_sha256[TUSK_SHA256_SIZE],
			 struct tusk_err *err)
{
	pthread_mutex_lock(&proof->lock);
	proof->written = proof->size;
	proof->given_up = give_up;
	pthread_cond_signal(&proof->changed);
	pthread_mutex_unlock(&proof->lock);
	pthread_join(proof->thread, NULL);
	int failed = proof->err.code ? -1 : 0;
	if (failed && !give_up)
		*err = proof->err;
	if (!failed)
		tusk_hasher_final(proof->hasher, ret_sha256);
	proof_free(proof);
	return failed;
}
