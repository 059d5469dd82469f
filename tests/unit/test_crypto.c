#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bytes.h"
#include "crypto.h"

#include <pthread.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const enum tusk_suite suites[] = {TUSK_SUITE_NONE, TUSK_SUITE_AES256_GCM, TUSK_SUITE_CHACHA20_POLY1305};

/* The bytes first, first + 1, ... */
static void fill_rising(uint8_t *data, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(first + i);
}

/* Root key 00..1f, repository id 40..4f. The expected values below come from an independent program in Python. */
static struct tusk_keys sample_keys(enum tusk_suite suite)
{
	struct tusk_keys keys;
	uint8_t root[32], repository[16];

	fill_rising(root, sizeof(root), 0);
	fill_rising(repository, sizeof(repository), 0x40);
	assert_int_equal(tusk_keys_derive(suite, repository, root, &keys, NULL), 0);
	return keys;
}

static struct tusk_object_key sample_key(enum tusk_suite suite)
{
	struct tusk_object_key key = {.suite = suite};

	fill_rising(key.key, sizeof(key.key), 0);
	return key;
}

/* FIPS 180-4 examples. */
static void sha256_matches_the_standard(void **state)
{
	static const struct {
		const char *text, *hash;
	} cases[] = {
	    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	struct tusk_hasher *hasher TUSK_AUTO_HASHER = tusk_hasher_new();
	uint8_t hash[32];

	(void)state;
	assert_non_null(hasher);
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = strlen(cases[i].text);

		tusk_sha256(cases[i].text, len, hash);
		assert_hex(hash, 32, cases[i].hash);
		for (size_t k = 0; k < len; k++)
			tusk_hasher_update(hasher, cases[i].text + k, 1);
		tusk_hasher_final(hasher, hash);
		assert_hex(hash, 32, cases[i].hash);
	}
	tusk_hasher_update(hasher, "rubbish", 7);
	tusk_hasher_reset(hasher);
	tusk_hasher_update(hasher, "abc", 3);
	tusk_hasher_final(hasher, hash);
	assert_hex(hash, 32, cases[1].hash);
}

static void *hash_abc(void *argument)
{
	for (unsigned i = 0; i < 1000; i++)
		tusk_sha256("abc", 3, argument);
	return NULL;
}

static void threads_hash_at_the_same_time(void **state)
{
	pthread_t threads[4];
	uint8_t hashes[4][32];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hash_abc, hashes[i]), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_hex(hashes[i], 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	}
}

static void keys_follow_from_the_root_as_published(void **state)
{
	struct tusk_keys keys = sample_keys(TUSK_SUITE_AES256_GCM);

	(void)state;
	assert_hex(keys.id, 32, "69056ed0c0f69c9b0670a0432fea0e8fd170612e8ac00e945880bfa67a131b97");
	assert_hex(keys.cdc, 32, "63915022aad5ec77c418fe3bcc48450e3b68ddb07bebba2eb5144dca07008b27");
	assert_hex(keys.pack, 32, "71127a6c671a94c20d22809cfb285b0d121d3aa11e6237607d3573644aca1c8c");
	assert_hex(keys.meta, 32, "beb755a50b4a22b4ccc8c5783e6e7e45f6357c436fe68a44484ac89efd534c96");
	assert_hex(keys.index, 32, "b6e32334e921b86c4ee8f77c5dc3df5be8f34d99b1d42d45d7cec897b50db3dd");
	tusk_keys_wipe(&keys);
	assert_hex(keys.root, 32, "0000000000000000000000000000000000000000000000000000000000000000");
}

static void suite_none_has_a_public_root(void **state)
{
	struct tusk_keys keys = sample_keys(TUSK_SUITE_NONE);
	struct tusk_keys again;

	(void)state;
	assert_hex(keys.root, 32, "ef0eddd2fcb3733d808429ecd5a4c531c9db8891dd2bc33157d4ee5a20978c9b");
	assert_hex(keys.pack, 32, "cfcbcf93414c1c0cffd035d1d3325811a2a3f7490b534c644c6a277d0a2a1792");
	assert_int_equal(tusk_keys_derive(TUSK_SUITE_NONE, keys.repository, NULL, &again, NULL), 0);
	assert_memory_equal(again.pack, keys.pack, 32);
}

static void object_ids_are_as_published(void **state)
{
	static const struct {
		enum tusk_suite suite;
		uint8_t type;
		const char *id;
	} cases[] = {
	    {TUSK_SUITE_AES256_GCM, 1, "bf5ba0cb010a96291de71ad33402f2a9340ec92f4215978de3f0fa8507a7cf17"},
	    {TUSK_SUITE_CHACHA20_POLY1305, 2, "321f6a65f60be3ac5dbf952b4bb0011aec6d2c805e1a000bca282787616e5128"},
	    {TUSK_SUITE_NONE, 1, "db0c1b73e5fb0051e7f6957d5552ff28706afe787b93c6a10748e3940413edc3"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tusk_keys keys = sample_keys(cases[i].suite);
		struct tusk_ider *ider TUSK_AUTO_IDER = tusk_ider_new(&keys);
		struct tusk_id id;
		uint8_t hash[32];

		assert_non_null(ider);
		for (unsigned repeat = 0; repeat < 2; repeat++) {
			tusk_ider_from_data(ider, cases[i].type, "hello tusk", 10, &id);
			assert_hex(id.bytes, 32, cases[i].id);
			tusk_sha256("hello tusk", 10, hash);
			tusk_ider_from_hash(ider, cases[i].type, hash, &id);
			assert_hex(id.bytes, 32, cases[i].id);
			tusk_ider_from_hash(ider, 3, hash, &id);
		}
	}
}

static void object_keys_are_as_published(void **state)
{
	static const struct {
		enum tusk_suite suite;
		const char *key, *commitment;
	} cases[] = {
	    {TUSK_SUITE_NONE, "380d0a02b2e9a09ec459fb53305044098cd9ac55c8f86667b47362ee33a83bc6",
	     "2f4a94f6e273e47da4be35629c77a04ddbfb3974b4fc32189aa0e92e5f1fc87c"},
	    {TUSK_SUITE_AES256_GCM, "d42201c8a4383f0fa48d0269254daa50f4a8ca2b189aec9c2a5ce2d95e077d99",
	     "23be9ceeb331e5d605e9fadbf629bbc1537a9a72d119ae060c1d7db5486d3277"},
	    {TUSK_SUITE_CHACHA20_POLY1305, "78a34616adfb09866be8062b0fc6e4ffb1e74318b47fc085cf778ebf2eeebe08",
	     "aaffe3ca55db03570123a7bee2a04ee2a5e57dbd7a107304686e6d5ebd6ccd0b"},
	};
	uint8_t salt[32];

	(void)state;
	fill_rising(salt, sizeof(salt), 0x80);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tusk_keys keys = sample_keys(cases[i].suite);
		struct tusk_object_key key;

		assert_int_equal(tusk_object_key_derive(&keys, keys.pack, 1, salt, &key, NULL), 0);
		assert_int_equal(key.suite, cases[i].suite);
		assert_hex(key.key, 32, cases[i].key);
		assert_hex(key.commitment, 32, cases[i].commitment);
	}
}

static void an_object_header_opens_with_its_own_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(suites); i++) {
		struct tusk_keys keys = sample_keys(suites[i]);
		struct tusk_object_key made, opened;
		struct tusk_err err = {0};
		uint8_t header[TUSK_OBJECT_HEADER_SIZE], other[TUSK_OBJECT_HEADER_SIZE];

		assert_int_equal(tusk_object_header_make(&keys, keys.pack, "tuskPACK", 1, header, &made, &err), 0);
		assert_memory_equal(header, "tuskPACK\1\0", 10);
		assert_int_equal(header[10], suites[i]);
		assert_int_equal(header[11], 1);
		assert_int_equal(tusk_object_header_open(&keys, keys.pack, "tuskPACK", 1, header, "it", &opened, &err),
				 0);
		assert_memory_equal(made.key, opened.key, 32);
		assert_int_equal(tusk_object_header_make(&keys, keys.pack, "tuskPACK", 1, other, &made, &err), 0);
		assert_memory_not_equal(header + 16, other + 16, 32);
		assert_memory_not_equal(made.key, opened.key, 32);
	}
}

static void a_header_with_any_bit_changed_is_refused(void **state)
{
	struct tusk_keys keys = sample_keys(TUSK_SUITE_AES256_GCM);
	struct tusk_object_key key, untouched;
	uint8_t header[TUSK_OBJECT_HEADER_SIZE];

	(void)state;
	assert_int_equal(tusk_object_header_make(&keys, keys.pack, "tuskPACK", 1, header, &key, NULL), 0);
	for (size_t bit = 0; bit < 8 * sizeof(header); bit++) {
		struct tusk_err err = {0};

		header[bit / 8] ^= (uint8_t)(1 << bit % 8);
		memset(&untouched, 0x77, sizeof(untouched));
		assert_int_equal(
		    tusk_object_header_open(&keys, keys.pack, "tuskPACK", 1, header, "it", &untouched, &err), -1);
		/* Version 1 with its lowest bit cleared is 0: never written. */
		assert_int_equal(err.code, bit / 8 == 8 || bit / 8 == 9 ? (bit == 64 ? TUSK_E_CORRUPT : TUSK_E_VERSION)
									: TUSK_E_CORRUPT);
		assert_int_equal(untouched.key[0], 0x77);
		assert_memory_equal(err.message, "it: ", 4);
		header[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void a_header_of_another_key_kind_or_repository_is_refused(void **state)
{
	struct tusk_keys keys = sample_keys(TUSK_SUITE_AES256_GCM), others = keys;
	struct tusk_object_key key;
	struct tusk_err err = {0};
	uint8_t header[TUSK_OBJECT_HEADER_SIZE];

	(void)state;
	assert_int_equal(tusk_object_header_make(&keys, keys.pack, "tuskPACK", 1, header, &key, &err), 0);
	assert_int_equal(tusk_object_header_open(&keys, keys.meta, "tuskPACK", 1, header, "it", &key, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_non_null(strstr(err.message, "commitment"));
	others.repository[0] ^= 1;
	assert_int_equal(tusk_object_header_open(&others, keys.pack, "tuskPACK", 1, header, "it", &key, &err), -1);
	assert_non_null(strstr(err.message, "commitment"));
	assert_int_equal(tusk_object_header_open(&keys, keys.pack, "tuskSNAP", 1, header, "it", &key, &err), -1);
	assert_int_equal(tusk_object_header_open(&keys, keys.pack, "tuskPACK", 2, header, "it", &key, &err), -1);
	/* Retyped along with the field: the key has the kind inside. */
	header[11] = 2;
	assert_int_equal(tusk_object_header_open(&keys, keys.pack, "tuskPACK", 2, header, "it", &key, &err), -1);
	assert_non_null(strstr(err.message, "commitment"));
	header[11] = 1;
	header[10] = TUSK_SUITE_CHACHA20_POLY1305;
	others = keys;
	others.suite = TUSK_SUITE_CHACHA20_POLY1305;
	assert_int_equal(tusk_object_header_open(&others, keys.pack, "tuskPACK", 1, header, "it", &key, &err), -1);
	assert_non_null(strstr(err.message, "commitment"));
}

/* Test cases 13 and 14 of McGrew and Viega, The Galois/Counter Mode of Operation. */
static void aes_gcm_matches_its_specification(void **state)
{
	struct tusk_aead *aead TUSK_AUTO_AEAD = tusk_aead_new();
	struct tusk_object_key key = {.suite = TUSK_SUITE_AES256_GCM};
	uint8_t zeros[16] = {0}, out[32];

	(void)state;
	assert_non_null(aead);
	assert_int_equal(tusk_aead_seal(aead, &key, 0, NULL, 0, NULL, 0, out, NULL), 0);
	assert_hex(out, 16, "530f8afbc74536b9a963b4f1c4cb738b");
	assert_int_equal(tusk_aead_seal(aead, &key, 0, NULL, 0, zeros, 16, out, NULL), 0);
	assert_hex(out, 32, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

static const char fox[] = "The quick brown fox jumps over the lazy dog";
#define FOX_NUMBER 0x1122334455667788

/* Key 00..1f, number FOX_NUMBER, associated data "associated"; by Python's cryptography. */
static void sealing_gives_the_published_bytes(void **state)
{
	static const char *const sealed[] = {
	    [TUSK_SUITE_NONE] = "54686520717569636b2062726f776e20666f78206a756d7073206f76657220746865206c617a7920646f67"
				"581099862475b8d2054068df9ba5f1ca",
	    [TUSK_SUITE_AES256_GCM] =
		"8a178c8912e7232a45ec471654280ae04073f73babd0887c0de65c4a0d4c413fe917d832d89fe27efb19bc"
		"d2d8b58a8645989a320a0a5e2dc975e9",
	    [TUSK_SUITE_CHACHA20_POLY1305] =
		"1ec1e9d81b1b1199fbb49459f2d006292566fd50490bdc0fdad9d27b50f8418fdbfa182d6dbd72e397f4bf"
		"53002674bf1cd4606c555ba596d49c2b",
	};
	struct tusk_aead *aead TUSK_AUTO_AEAD = tusk_aead_new();

	(void)state;
	assert_non_null(aead);
	/* Twice, so that each suite also runs with its key in place. */
	for (size_t i = 0; i < 2 * COUNT(suites); i++) {
		struct tusk_object_key key = sample_key(suites[i % COUNT(suites)]);
		uint8_t out[sizeof(fox) - 1 + TUSK_TAG_SIZE], back[sizeof(fox) - 1];

		assert_int_equal(tusk_aead_seal(aead, &key, FOX_NUMBER, "associated", 10, fox, sizeof(back), out, NULL),
				 0);
		assert_hex(out, sizeof(out), sealed[key.suite]);
		assert_int_equal(tusk_aead_open(aead, &key, FOX_NUMBER, "associated", 10, out, sizeof(out), back, NULL),
				 0);
		assert_memory_equal(back, fox, sizeof(back));
	}
}

static void a_changed_key_takes_effect_at_once(void **state)
{
	struct tusk_aead *aead TUSK_AUTO_AEAD = tusk_aead_new();

	(void)state;
	assert_non_null(aead);
	for (size_t i = 0; i < COUNT(suites); i++) {
		struct tusk_object_key one = sample_key(suites[i]), two = one;
		uint8_t a[20], b[20], c[20], back[4];

		two.key[31] ^= 1;
		assert_int_equal(tusk_aead_seal(aead, &one, 1, "", 0, "text", 4, a, NULL), 0);
		assert_int_equal(tusk_aead_seal(aead, &two, 1, "", 0, "text", 4, b, NULL), 0);
		assert_int_equal(tusk_aead_seal(aead, &one, 1, "", 0, "text", 4, c, NULL), 0);
		assert_memory_not_equal(a + 4, b + 4, TUSK_TAG_SIZE);
		assert_memory_equal(a, c, sizeof(a));
		assert_int_equal(tusk_aead_open(aead, &two, 1, "", 0, a, sizeof(a), back, NULL), -1);
		assert_int_equal(tusk_aead_open(aead, &one, 1, "", 0, a, sizeof(a), back, NULL), 0);
	}
}

/* Tries to open; a failure must be "corrupt" and leave only zeros. */
static bool opens(struct tusk_aead *aead, const struct tusk_object_key *key, uint64_t number, const char *aad,
		  const uint8_t *sealed, size_t sealed_len)
{
	size_t len = sealed_len < TUSK_TAG_SIZE ? 0 : sealed_len - TUSK_TAG_SIZE;
	uint8_t *copy TUSK_AUTO_FREE = malloc(sealed_len + 1), *out TUSK_AUTO_FREE = malloc(len + 1);
	struct tusk_err err = {0};

	assert_true(copy && out);
	memcpy(copy, sealed, sealed_len);
	memset(out, 0x55, len + 1);
	if (tusk_aead_open(aead, key, number, aad, strlen(aad), copy, sealed_len, out, &err) == 0)
		return true;
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_memory_equal(err.message, "does not verify", 15);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(out[i], 0);
	assert_int_equal(out[len], 0x55);
	return false;
}

static void sealed_data_that_differs_in_any_way_is_refused(void **state)
{
	struct tusk_aead *aead TUSK_AUTO_AEAD = tusk_aead_new();

	(void)state;
	assert_non_null(aead);
	for (size_t i = 0; i < COUNT(suites); i++) {
		struct tusk_object_key key = sample_key(suites[i]);
		uint8_t sealed[sizeof(fox) - 1 + TUSK_TAG_SIZE];

		assert_int_equal(tusk_aead_seal(aead, &key, 80, "aad", 3, fox, sizeof(fox) - 1, sealed, NULL), 0);
		assert_true(opens(aead, &key, 80, "aad", sealed, sizeof(sealed)));
		for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
			sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(opens(aead, &key, 80, "aad", sealed, sizeof(sealed)));
			sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t cut = 0; cut < sizeof(sealed); cut++)
			assert_false(opens(aead, &key, 80, "aad", sealed, cut));
		assert_false(opens(aead, &key, 81, "aad", sealed, sizeof(sealed)));
		assert_false(opens(aead, &key, 80 + ((uint64_t)1 << 32), "aad", sealed, sizeof(sealed)));
		assert_false(opens(aead, &key, 80, "aae", sealed, sizeof(sealed)));
		assert_false(opens(aead, &key, 80, "aa", sealed, sizeof(sealed)));
		assert_false(opens(aead, &key, 80, "aadT", sealed, sizeof(sealed)));
		assert_true(opens(aead, &key, 80, "aad", sealed, sizeof(sealed)));
	}
}

static void the_border_of_aad_and_text_is_authenticated(void **state)
{
	struct tusk_aead *aead TUSK_AUTO_AEAD = tusk_aead_new();

	(void)state;
	assert_non_null(aead);
	for (size_t i = 0; i < COUNT(suites); i++) {
		struct tusk_object_key key = sample_key(suites[i]);
		uint8_t sealed[4 + TUSK_TAG_SIZE];

		if (suites[i] == TUSK_SUITE_NONE)
			continue; /* both are one string there; lengths are part of every AAD in FORMAT.md */
		assert_int_equal(tusk_aead_seal(aead, &key, 1, "ab", 2, "cdef", 4, sealed, NULL), 0);
		assert_false(opens(aead, &key, 1, "abc", sealed + 1, sizeof(sealed) - 1));
	}
}

static void data_of_any_length_survives_sealing(void **state)
{
	static const size_t lengths[] = {0, 1, 15, 16, 17, 4096, 1 << 20};
	struct tusk_aead *aead TUSK_AUTO_AEAD = tusk_aead_new();

	(void)state;
	assert_non_null(aead);
	for (size_t i = 0; i < COUNT(suites) * COUNT(lengths); i++) {
		struct tusk_object_key key = sample_key(suites[i % COUNT(suites)]);
		size_t len = lengths[i / COUNT(suites)];
		uint8_t *plain TUSK_AUTO_FREE = malloc(len + 1), *back TUSK_AUTO_FREE = malloc(len + 1);
		uint8_t *sealed TUSK_AUTO_FREE = malloc(len + TUSK_TAG_SIZE);

		assert_true(plain && back && sealed);
		fill_random(plain, len, i);
		assert_int_equal(tusk_aead_seal(aead, &key, UINT64_MAX, "", 0, plain, len, sealed, NULL), 0);
		assert_int_equal(memcmp(sealed, plain, len) == 0, key.suite == TUSK_SUITE_NONE || len == 0);
		assert_int_equal(tusk_aead_open(aead, &key, UINT64_MAX, "", 0, sealed, len + TUSK_TAG_SIZE, back, NULL),
				 0);
		assert_memory_equal(plain, back, len);
	}
}

static void too_much_for_one_piece_is_refused(void **state)
{
	struct tusk_aead *aead TUSK_AUTO_AEAD = tusk_aead_new();
	struct tusk_object_key key = sample_key(TUSK_SUITE_AES256_GCM);
	struct tusk_err err = {0};
	uint8_t out[32];

	(void)state;
	assert_non_null(aead);
	assert_int_equal(tusk_aead_seal(aead, &key, 0, "", 0, "", (size_t)1 << 31, out, &err), -1);
	assert_int_equal(err.code, TUSK_E_LIMIT);
	assert_int_equal(tusk_aead_open(aead, &key, 0, "", (size_t)1 << 31, out, 32, out, &err), -1);
	assert_int_equal(err.code, TUSK_E_LIMIT);
}

/* RFC 5869, appendix A.1 and A.3: a shorter salt padded with zeros is the same HMAC key, a shorter output a beginning.
 */
static void hkdf_matches_rfc_5869(void **state)
{
	uint8_t secret[22], salt[32] = {0}, okm[64];

	(void)state;
	memset(secret, 0x0b, sizeof(secret));
	assert_int_equal(tusk_kdf_hkdf(secret, 22, salt, "", okm, NULL), 0);
	assert_hex(okm, 42, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
	fill_rising(salt, 13, 0);
	assert_int_equal(tusk_kdf_hkdf(secret, 22, salt, "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", okm, NULL), 0);
	assert_hex(okm, 42, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

/* RFC 7914's own vectors have shorter salts than a slot; these are by Python's hashlib. */
static void scrypt_matches_another_program(void **state)
{
	static const struct {
		const char *passphrase;
		unsigned log2_n;
		uint32_t r, p;
		const char *okm;
	} cases[] = {
	    {"", 4, 1, 1,
	     "dc00122b8655a673e0b4a8c1757832ecf4f50dcd1d2526b8f8da9abd400a6e76"
	     "0f9bb20d5dae5d8f39bde1711687495ba6af1bc8a5ce98369439dcb95aef4107"},
	    {"pleaseletmein", 10, 8, 16,
	     "02f189ef2ecca0cc29ad4262d84dda31cc49847b2c1103c7f4d743a6a929c407"
	     "b7797ee0228ae22695fae1c4d3b0027f8d98d87b8534acddd3314ef4a63566bd"},
	    {"correct horse", 15, 8, 1,
	     "821cb484f79cd2cd811961aea0403d8244dec526252a6a12ab72432fd8e4f4dc"
	     "fd92ab66b660b035f17b345c496770c32531fbfdda8866fbf7fe2775efd61e28"},
	};
	uint8_t salt[32], okm[64];

	(void)state;
	fill_rising(salt, sizeof(salt), 0x80);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(tusk_kdf_scrypt(cases[i].passphrase, strlen(cases[i].passphrase), salt,
						 cases[i].log2_n, cases[i].r, cases[i].p, okm, NULL),
				 0);
		assert_hex(okm, sizeof(okm), cases[i].okm);
	}
}

static void scrypt_refuses_parameters_that_only_eat_memory(void **state)
{
	static const struct {
		unsigned log2_n;
		uint32_t r, p;
	} bad[] = {{0, 8, 1}, {21, 8, 1}, {64, 8, 1}, {15, 0, 1}, {15, 9, 1}, {15, 8, 0}, {15, 8, 17}};
	uint8_t salt[32] = {0}, okm[64];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct tusk_err err = {0};

		assert_int_equal(tusk_kdf_scrypt("x", 1, salt, bad[i].log2_n, bad[i].r, bad[i].p, okm, &err), -1);
		assert_int_equal(err.code, TUSK_E_LIMIT);
	}
}

static void the_gear_table_is_an_aes_key_stream(void **state)
{
	uint8_t key[32];
	uint64_t gear[256];

	(void)state;
	fill_rising(key, sizeof(key), 0);
	assert_int_equal(tusk_gear_table(key, gear, NULL), 0);
	assert_int_equal(gear[0], 0xd09f492ab60090f2);
	assert_int_equal(gear[1], 0x80772edd6a9af3a9);
	assert_int_equal(gear[255], 0x99e3f8f9b6c57b1c);
}

static void random_bytes_differ_and_wiped_bytes_are_zero(void **state)
{
	uint8_t a[32] = {0}, b[32] = {0}, zeros[32] = {0};

	(void)state;
	assert_int_equal(tusk_random(a, sizeof(a), NULL), 0);
	assert_int_equal(tusk_random(b, sizeof(b), NULL), 0);
	assert_false(tusk_equal_constant_time(a, b, sizeof(a)));
	assert_false(tusk_equal_constant_time(a, zeros, sizeof(a)));
	assert_true(tusk_equal_constant_time(a, a, sizeof(a)));
	tusk_wipe(a, sizeof(a));
	assert_true(tusk_equal_constant_time(a, zeros, sizeof(a)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sha256_matches_the_standard),
	    cmocka_unit_test(threads_hash_at_the_same_time),
	    cmocka_unit_test(keys_follow_from_the_root_as_published),
	    cmocka_unit_test(suite_none_has_a_public_root),
	    cmocka_unit_test(object_ids_are_as_published),
	    cmocka_unit_test(object_keys_are_as_published),
	    cmocka_unit_test(an_object_header_opens_with_its_own_keys),
	    cmocka_unit_test(a_header_with_any_bit_changed_is_refused),
	    cmocka_unit_test(a_header_of_another_key_kind_or_repository_is_refused),
	    cmocka_unit_test(aes_gcm_matches_its_specification),
	    cmocka_unit_test(sealing_gives_the_published_bytes),
	    cmocka_unit_test(a_changed_key_takes_effect_at_once),
	    cmocka_unit_test(sealed_data_that_differs_in_any_way_is_refused),
	    cmocka_unit_test(the_border_of_aad_and_text_is_authenticated),
	    cmocka_unit_test(data_of_any_length_survives_sealing),
	    cmocka_unit_test(too_much_for_one_piece_is_refused),
	    cmocka_unit_test(hkdf_matches_rfc_5869),
	    cmocka_unit_test(scrypt_matches_another_program),
	    cmocka_unit_test(scrypt_refuses_parameters_that_only_eat_memory),
	    cmocka_unit_test(the_gear_table_is_an_aes_key_stream),
	    cmocka_unit_test(random_bytes_differ_and_wiped_bytes_are_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
