/* Key slots: the input as a slot, and, sealed under the right key, as the body of one. */
#include "keyslot.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE 88u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tusk_parameters parameters = {.suite = TUSK_SUITE_AES256_GCM};
static const uint8_t parameters_hash[32];

static void try_open(const struct tusk_secret *secret, const struct tusk_buf *slot)
{
	struct tusk_keyslot header, opened;
	struct tusk_err err = {0};

	if (tusk_keyslot_peek(slot->data, slot->len, &header, &err) < 0) {
		if (err.code == TUSK_OK)
			abort();
		return;
	}
	/* scrypt takes too long to be tried here; its bounds are what matters. */
	if (header.kind == TUSK_SECRET_PASSPHRASE) {
		if (header.log2_n > 20 || header.r != 8 || header.p > 4)
			abort();
		return;
	}
	if (tusk_keyslot_open(&parameters, parameters_hash, secret, slot, &opened, &err) == 0 &&
	    strnlen(opened.label, sizeof(opened.label)) == sizeof(opened.label))
		abort();
}

/* A slot for secret whose body is whatever data says. */
static void forge(const struct tusk_secret *secret, const uint8_t *data, size_t size, struct tusk_buf *slot)
{
	struct tusk_aead *aead TUSK_AUTO_AEAD = tusk_aead_new();
	struct tusk_object_key key = {.suite = parameters.suite};
	uint8_t header[HEADER_SIZE] = "tuskKEYS\1\0\2", aad[HEADER_SIZE + 32] = {0}, material[64];

	if (!aead || tusk_buf_reserve(slot, HEADER_SIZE + size + TUSK_TAG_SIZE) < 0 ||
	    tusk_kdf_hkdf(secret->secret.data, secret->secret.len, header + 24, "tusk v1 slot", material, NULL) < 0)
		abort();
	memcpy(key.key, material, 32);
	memcpy(header + 56, material + 32, 32);
	memcpy(aad, header, sizeof(header));
	memcpy(slot->data, header, sizeof(header));
	if (tusk_aead_seal(aead, &key, 0, aad, sizeof(aad), data, size, slot->data + HEADER_SIZE, NULL) < 0)
		abort();
	slot->len = HEADER_SIZE + size + TUSK_TAG_SIZE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tusk_secret secret TUSK_AUTO_SECRET = {.kind = TUSK_SECRET_KEY_FILE};
	struct tusk_buf raw TUSK_AUTO_BUF = {0}, forged TUSK_AUTO_BUF = {0};
	static const uint8_t key[32];

	if (tusk_buf_append(&secret.secret, key, sizeof(key)) < 0 || tusk_buf_append(&raw, data, size) < 0)
		abort();
	try_open(&secret, &raw);
	forge(&secret, data, size, &forged);
	try_open(&secret, &forged);
	return 0;
}
