/* Input: codec u8, raw length u24 LE, stored bytes. Decoding must stay within its buffers whatever they say; what
 * decodes is packed again and must survive the round trip. */
#include "codec.h"
#include "tusk/cleanup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE 4
#define LARGEST     (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void round_trip(const uint8_t *raw, size_t len)
{
	struct tusk_compressor *compressor TUSK_AUTO_COMPRESSOR = tusk_compressor_new();
	uint8_t *out TUSK_AUTO_FREE = malloc(len ? len : 1), *back TUSK_AUTO_FREE = malloc(len ? len : 1);
	struct tusk_err err = {0};
	enum tusk_codec codec;
	size_t made;

	require(compressor && out && back);
	codec = tusk_compress(compressor, raw, len, out, &made);
	if (codec == TUSK_CODEC_RAW)
		return;
	require(made * 64 <= len * 63);
	require(tusk_decompress(codec, out, made, back, len, &err) == 0);
	require(memcmp(raw, back, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tusk_err err = {0};
	uint8_t *out TUSK_AUTO_FREE = NULL;
	size_t raw_len;

	round_trip(data, size);
	if (size < HEADER_SIZE)
		return 0;
	raw_len = (size_t)(data[1] | data[2] << 8 | data[3] << 16) % (LARGEST + 1);
	out = malloc(raw_len ? raw_len : 1);
	require(out != NULL);
	if (tusk_decompress((enum tusk_codec)data[0], data + HEADER_SIZE, size - HEADER_SIZE, out, raw_len, &err) == 0)
		round_trip(out, raw_len);
	else
		require(err.code == TUSK_E_CORRUPT);
	return 0;
}
