/* Compression of records. The only module that includes <lz4.h> and <zstd.h>. */
#ifndef TUSK_CODEC_H
#define TUSK_CODEC_H

#include "tusk/cleanup.h"
#include "tusk/err.h"

#include <stddef.h>
#include <stdint.h>

enum tusk_codec { TUSK_CODEC_RAW = 0, TUSK_CODEC_LZ4 = 1, TUSK_CODEC_ZSTD = 2 };

#define TUSK_ZSTD_LEVEL_DEFAULT 3
#define TUSK_ZSTD_LEVEL_MAX     19 /* those above need more memory to decode */

struct tusk_compressor;                            /* working memory, one per thread */
struct tusk_compressor *tusk_compressor_new(void); /* LZ4 */
/* level: for zstd, 1 to TUSK_ZSTD_LEVEL_MAX. */
struct tusk_compressor *tusk_compressor_new_for(enum tusk_codec codec, int level);
void tusk_compressor_free(struct tusk_compressor *compressor);
TUSK_DEFINE_CLEANUP(struct tusk_compressor, tusk_compressor, tusk_compressor_free)
#define TUSK_AUTO_COMPRESSOR TUSK_CLEANUP(tusk_compressor_cleanup)

/* Compresses data into out (capacity >= len). Returns the codec used and the length; TUSK_CODEC_RAW means that it did
 * not shrink by at least 1/64 and that out holds nothing useful (the caller seals data itself). Gives up early on
 * incompressible data (a sample decides). */
enum tusk_codec tusk_compress(struct tusk_compressor *compressor, const void *data, size_t len, void *out,
			      size_t *ret_len);
/* Exactly raw_len bytes must come out. TUSK_E_CORRUPT otherwise. */
int tusk_decompress(enum tusk_codec codec, const void *data, size_t len, void *out, size_t raw_len,
		    struct tusk_err *err);

#endif
