#include "codec.h"

#include <limits.h>
#include <lz4.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define ACCELERATION 1
/* Inputs from this size on are sampled first: one piece of each stretch, but at least a few. */
#define SAMPLE_FROM    (16 * 1024)
#define SAMPLE_PIECE   4096
#define SAMPLE_STRETCH (32 * 1024)
#define SAMPLE_FEWEST  4

struct tusk_compressor {
	enum tusk_codec codec;
	void *lz4;
	ZSTD_CCtx *zstd;
	char sample[SAMPLE_PIECE];
};

/* What a frame of zstd may leave out here: the length is in the table of contents, damage is the seal's business. */
static bool zstd_begin(struct tusk_compressor *compressor, int level)
{
	ZSTD_CCtx *zstd = compressor->zstd = ZSTD_createCCtx();

	return zstd && !ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level)) &&
	       !ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0)) &&
	       !ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 0));
}

struct tusk_compressor *tusk_compressor_new_for(enum tusk_codec codec, int level)
{
	struct tusk_compressor *compressor = calloc(1, sizeof(*compressor));
	bool ready = compressor != NULL;

	if (ready && codec == TUSK_CODEC_LZ4)
		ready = (compressor->lz4 = malloc((size_t)LZ4_sizeofState())) != NULL;
	else if (ready && codec == TUSK_CODEC_ZSTD)
		ready = zstd_begin(compressor, level);
	if (!ready) {
		tusk_compressor_free(compressor);
		return NULL;
	}
	compressor->codec = codec;
	return compressor;
}

struct tusk_compressor *tusk_compressor_new(void)
{
	return tusk_compressor_new_for(TUSK_CODEC_LZ4, 0);
}

void tusk_compressor_free(struct tusk_compressor *compressor)
{
	if (!compressor)
		return;
	ZSTD_freeCCtx(compressor->zstd);
	free(compressor->lz4);
	free(compressor);
}

/* The length of the compressed form, or 0 when it would be longer than 63/64 of len: both stop where the room ends. */
static size_t shrink(struct tusk_compressor *compressor, const char *data, size_t len, char *out)
{
	size_t room = len - (len + 63) / 64;

	if (!room)
		return 0;
	if (compressor->codec == TUSK_CODEC_ZSTD) {
		size_t made = ZSTD_compress2(compressor->zstd, out, room, data, len);
		return ZSTD_isError(made) ? 0 : made;
	}
	int made = LZ4_compress_fast_extState(compressor->lz4, data, out, (int)len, (int)room, ACCELERATION);
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

	if (compressor->codec != TUSK_CODEC_RAW && len <= LZ4_MAX_INPUT_SIZE &&
	    (len < SAMPLE_FROM || !looks_incompressible(compressor, data, len)))
		made = shrink(compressor, data, len, out);
	*ret_len = made ? made : len;
	return made ? compressor->codec : TUSK_CODEC_RAW;
}

/* ---- and back ---- */

static pthread_once_t decoders_once = PTHREAD_ONCE_INIT;
static pthread_key_t decoders;
static bool has_decoders;

static void free_decoder(void *decoder)
{
	ZSTD_freeDCtx(decoder);
}

static void make_decoders(void)
{
	has_decoders = pthread_key_create(&decoders, free_decoder) == 0;
}

/* One for each thread that meets a record of zstd. */
static ZSTD_DCtx *decoder_of_thread(void)
{
	pthread_once(&decoders_once, make_decoders);
	ZSTD_DCtx *decoder = has_decoders ? pthread_getspecific(decoders) : NULL;
	if (has_decoders && !decoder && (decoder = ZSTD_createDCtx()) && pthread_setspecific(decoders, decoder) != 0) {
		ZSTD_freeDCtx(decoder);
		return NULL;
	}
	return decoder;
}

static int expand_zstd(const void *data, size_t len, void *out, size_t raw_len, struct tusk_err *err)
{
	ZSTD_DCtx *decoder = decoder_of_thread();

	if (!decoder)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (ZSTD_decompressDCtx(decoder, out, raw_len, data, len) != raw_len)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "zstd frame does not decode to %zu bytes", raw_len);
	return 0;
}

static int expand_lz4(const void *data, size_t len, void *out, size_t raw_len, struct tusk_err *err)
{
	if (len > INT_MAX || raw_len > INT_MAX ||
	    LZ4_decompress_safe(data, out, (int)len, (int)raw_len) != (int)raw_len)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "LZ4 block does not decode to %zu bytes", raw_len);
	return 0;
}

int tusk_decompress(enum tusk_codec codec, const void *data, size_t len, void *out, size_t raw_len,
		    struct tusk_err *err)
{
	if (codec == TUSK_CODEC_LZ4)
		return expand_lz4(data, len, out, raw_len, err);
	if (codec == TUSK_CODEC_ZSTD)
		return expand_zstd(data, len, out, raw_len, err);
	if (codec != TUSK_CODEC_RAW)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "unknown codec %u", (unsigned)codec);
	if (len != raw_len)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%zu bytes stored raw instead of %zu", len, raw_len);
	if (len)
		memcpy(out, data, len);
	return 0;
}
