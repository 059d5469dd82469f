#include "codec.h"

#include <limits.h>
#include <lz4.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ACCELERATION 1
/* Inputs from this size on are sampled first: one piece of each stretch, but at least a few. */
#define SAMPLE_FROM    (16 * 1024)
#define SAMPLE_PIECE   4096
#define SAMPLE_STRETCH (32 * 1024)
#define SAMPLE_FEWEST  4

struct tusk_compressor {
	void *state;
	char sample[SAMPLE_PIECE];
};

struct tusk_compressor *tusk_compressor_new(void)
{
	struct tusk_compressor *compressor = malloc(sizeof(*compressor));

	if (!compressor)
		return NULL;
	compressor->state = malloc((size_t)LZ4_sizeofState());
	if (!compressor->state) {
		free(compressor);
		return NULL;
	}
	return compressor;
}

void tusk_compressor_free(struct tusk_compressor *compressor)
{
	if (!compressor)
		return;
	free(compressor->state);
	free(compressor);
}

/* The length of the LZ4 block, or 0 when it would be longer than 63/64 of len: LZ4 stops where the room ends. */
static size_t shrink(struct tusk_compressor *compressor, const char *data, size_t len, char *out)
{
	size_t room = len - (len + 63) / 64;
	int made;

	if (!room)
		return 0;
	made = LZ4_compress_fast_extState(compressor->state, data, out, (int)len, (int)room, ACCELERATION);
	return made > 0 ? (size_t)made : 0;
}

/* True when no piece of the sample shrinks. Text and programs answer with the first piece. */
static bool looks_incompressible(struct tusk_compressor *compressor, const char *data, size_t len)
{
	size_t pieces = len / SAMPLE_STRETCH;

	if (pieces < SAMPLE_FEWEST)
		pieces = SAMPLE_FEWEST;
	for (size_t i = 0; i < pieces; i++) {
		size_t offset = (len - SAMPLE_PIECE) / (pieces - 1) * i;

		if (shrink(compressor, data + offset, SAMPLE_PIECE, compressor->sample))
			return false;
	}
	return true;
}

enum tusk_codec tusk_compress(struct tusk_compressor *compressor, const void *data, size_t len, void *out,
			      size_t *ret_len)
{
	size_t made = 0;

	if (len <= LZ4_MAX_INPUT_SIZE && (len < SAMPLE_FROM || !looks_incompressible(compressor, data, len)))
		made = shrink(compressor, data, len, out);
	*ret_len = made ? made : len;
	return made ? TUSK_CODEC_LZ4 : TUSK_CODEC_RAW;
}

int tusk_decompress(enum tusk_codec codec, const void *data, size_t len, void *out, size_t raw_len,
		    struct tusk_err *err)
{
	if (codec == TUSK_CODEC_RAW) {
		if (len != raw_len)
			return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%zu bytes stored raw instead of %zu", len,
					    raw_len);
		if (len)
			memcpy(out, data, len);
		return 0;
	}
	if (codec != TUSK_CODEC_LZ4)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "unknown codec %u", (unsigned)codec);
	if (len > INT_MAX || raw_len > INT_MAX ||
	    LZ4_decompress_safe(data, out, (int)len, (int)raw_len) != (int)raw_len)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "LZ4 block does not decode to %zu bytes", raw_len);
	return 0;
}
