#include "keyslot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VERSION        1u
#define CHUNK_FLOOR    1024u
#define CHUNK_CEILING  (16u << 20)
#define PACK_FLOOR     (1u << 20)
#define PACK_CEILING   (64u << 20)
#define HASH_LINE_SIZE (7 + 64 + 1) /* "sha256 ...\n" */

static const char *const suite_names[] = {
    [TUSK_SUITE_NONE] = "none",
    [TUSK_SUITE_AES256_GCM] = "aes256-gcm",
    [TUSK_SUITE_CHACHA20_POLY1305] = "chacha20-poly1305",
};
#define SUITE_COUNT (sizeof(suite_names) / sizeof(suite_names[0]))

const char *tusk_suite_name(enum tusk_suite suite)
{
	return (size_t)suite < SUITE_COUNT ? suite_names[suite] : "unknown";
}

/* The lines not read yet. */
struct lines {
	const char *position, *end;
};

static int broken(const char *what, struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_CORRUPT, 0, "tusk.repository is damaged: %s", what);
}

/* Takes the line "key value" off and copies its value; the key must be the one expected. */
static int take(struct lines *lines, const char *key, char *ret_value, size_t size, struct tusk_err *err)
{
	size_t key_len = strlen(key), left = (size_t)(lines->end - lines->position), len;
	const char *value = lines->position + key_len + 1, *newline;

	if (left < key_len + 2 || memcmp(lines->position, key, key_len) != 0 || lines->position[key_len] != ' ')
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "tusk.repository is damaged: no \"%s\" in its place", key);
	newline = memchr(value, '\n', left - key_len - 1);
	len = newline ? (size_t)(newline - value) : size;
	if (len >= size || memchr(value, '\0', len))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "tusk.repository is damaged: bad value of \"%s\"", key);
	memcpy(ret_value, value, len);
	ret_value[len] = '\0';
	lines->position = newline + 1;
	return 0;
}

/* Takes a number in the one form that the encoder writes. */
static int take_number(struct lines *lines, const char *key, int base, uint64_t *ret_number, struct tusk_err *err)
{
	char value[24], again[24];

	if (take(lines, key, value, sizeof(value), err) < 0)
		return -1;
	*ret_number = strtoull(value, NULL, base);
	snprintf(again, sizeof(again), base == 16 ? "%" PRIx64 : "%" PRIu64, *ret_number);
	if (strcmp(value, again) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "tusk.repository is damaged: bad number of \"%s\"", key);
	return 0;
}

static int take_size(struct lines *lines, const char *key, uint32_t *ret_size, struct tusk_err *err)
{
	uint64_t number;

	if (take_number(lines, key, 10, &number, err) < 0)
		return -1;
	if (number > UINT32_MAX)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "tusk.repository is damaged: \"%s\" is too large", key);
	*ret_size = (uint32_t)number;
	return 0;
}

static int take_suite(struct lines *lines, enum tusk_suite *ret_suite, struct tusk_err *err)
{
	char value[32];

	if (take(lines, "suite", value, sizeof(value), err) < 0)
		return -1;
	for (size_t i = 0; i < SUITE_COUNT; i++) {
		if (strcmp(value, suite_names[i]) == 0) {
			*ret_suite = (enum tusk_suite)i;
			return 0;
		}
	}
	return tusk_err_set(err, TUSK_E_CORRUPT, 0, "tusk.repository is damaged: unknown suite \"%s\"", value);
}

/* Reads the version before anything else, so that a newer format is named even if all the rest of it is different. */
static int take_version(struct lines *lines, struct tusk_err *err)
{
	char kind[16];
	uint64_t version;

	if (take(lines, "tusk", kind, sizeof(kind), err) < 0 || strcmp(kind, "repository") != 0)
		return broken("it does not begin with \"tusk repository\"", err);
	if (take_number(lines, "version", 10, &version, err) < 0)
		return -1;
	if (version > VERSION)
		return tusk_err_set(err, TUSK_E_VERSION, 0,
				    "the repository has format version %" PRIu64 ", this tusk reads up to version %u; "
				    "use a newer tusk",
				    version, VERSION);
	return version == VERSION ? 0 : broken("there is no version 0", err);
}

/* The last line holds the hash of those before it, which are all that is left to read. */
static int check_hash(const char *data, size_t len, struct lines *lines, struct tusk_err *err)
{
	struct lines last;
	char value[65], expected[65];
	uint8_t hash[32];

	if (len < HASH_LINE_SIZE || lines->position > lines->end - HASH_LINE_SIZE)
		return broken("it is too short", err);
	last = (struct lines){.position = lines->end - HASH_LINE_SIZE, .end = lines->end};
	lines->end = last.position;
	if (take(&last, "sha256", value, sizeof(value), err) < 0)
		return -1;
	tusk_sha256(data, len - HASH_LINE_SIZE, hash);
	tusk_hex_encode(hash, sizeof(hash), expected);
	return strcmp(value, expected) == 0 ? 0 : broken("it does not hash to what its last line says", err);
}

static bool sizes_valid(const struct tusk_parameters *parameters)
{
	uint32_t average = parameters->chunk_average;

	return parameters->chunk_min >= CHUNK_FLOOR && parameters->chunk_min < average &&
	       average < parameters->chunk_max && parameters->chunk_max <= CHUNK_CEILING &&
	       (average & (average - 1)) == 0 && parameters->pack_size >= PACK_FLOOR &&
	       parameters->pack_size <= PACK_CEILING;
}

static int take_features(struct lines *lines, struct tusk_err *err)
{
	uint64_t compatible, incompatible;

	if (take_number(lines, "compatible", 16, &compatible, err) < 0 ||
	    take_number(lines, "incompatible", 16, &incompatible, err) < 0)
		return -1;
	if (incompatible)
		return tusk_err_set(err, TUSK_E_VERSION, 0,
				    "the repository uses features (%" PRIx64 ") that this tusk does not know; "
				    "use a newer tusk",
				    incompatible);
	return 0;
}

static int take_rest(struct lines *lines, struct tusk_parameters *parameters, struct tusk_err *err)
{
	char value[40];

	if (take(lines, "id", value, sizeof(value), err) < 0)
		return -1;
	if (tusk_hex_decode(value, strlen(value), parameters->id, sizeof(parameters->id)) < 0)
		return broken("bad value of \"id\"", err);
	if (take_suite(lines, &parameters->suite, err) < 0 ||
	    take_size(lines, "chunk-min", &parameters->chunk_min, err) < 0 ||
	    take_size(lines, "chunk-average", &parameters->chunk_average, err) < 0 ||
	    take_size(lines, "chunk-max", &parameters->chunk_max, err) < 0 ||
	    take_size(lines, "pack-size", &parameters->pack_size, err) < 0)
		return -1;
	if (lines->position != lines->end)
		return broken("there are lines too many", err);
	return sizes_valid(parameters) ? 0 : broken("impossible sizes of chunks or packs", err);
}

int tusk_parameters_decode(const void *data, size_t len, struct tusk_parameters *ret_parameters, struct tusk_err *err)
{
	const char *text = len ? data : ""; /* of an empty object there may be no address */
	struct lines lines = {.position = text, .end = text + len};
	struct tusk_parameters parameters = {0};

	if (len > TUSK_PARAMETERS_MAX)
		return broken("it is too large", err);
	if (take_version(&lines, err) < 0 || check_hash(data, len, &lines, err) < 0 || take_features(&lines, err) < 0 ||
	    take_rest(&lines, &parameters, err) < 0)
		return -1;
	*ret_parameters = parameters;
	return 0;
}

int tusk_parameters_encode(const struct tusk_parameters *parameters, struct tusk_buf *out, struct tusk_err *err)
{
	char text[1024], id[33], digits[65];
	uint8_t hash[32];
	int len;

	if ((size_t)parameters->suite >= SUITE_COUNT || !sizes_valid(parameters))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "a repository cannot have these parameters");
	tusk_hex_encode(parameters->id, sizeof(parameters->id), id);
	len =
	    snprintf(text, sizeof(text),
		     "tusk repository\nversion %u\ncompatible 0\nincompatible 0\nid %s\nsuite %s\n"
		     "chunk-min %" PRIu32 "\nchunk-average %" PRIu32 "\nchunk-max %" PRIu32 "\npack-size %" PRIu32 "\n",
		     VERSION, id, suite_names[parameters->suite], parameters->chunk_min, parameters->chunk_average,
		     parameters->chunk_max, parameters->pack_size);
	tusk_sha256(text, (size_t)len, hash);
	tusk_hex_encode(hash, sizeof(hash), digits);
	len += snprintf(text + len, sizeof(text) - (size_t)len, "sha256 %s\n", digits);
	if (tusk_buf_append(out, text, (size_t)len) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot write tusk.repository: out of memory");
	return 0;
}
