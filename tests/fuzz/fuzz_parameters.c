/* tusk.repository: the input as it is, and with the hash line that makes it pass the first check. */
#include "keyslot.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const void *data, size_t size)
{
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	struct tusk_parameters parameters, again;
	struct tusk_err err = {0};

	if (tusk_parameters_decode(data, size, &parameters, &err) < 0) {
		if (err.code == TUSK_OK)
			abort();
		return;
	}
	if (tusk_parameters_encode(&parameters, &text, NULL) < 0 ||
	    tusk_parameters_decode(text.data, text.len, &again, NULL) < 0 || again.suite != parameters.suite ||
	    memcmp(again.id, parameters.id, sizeof(again.id)) != 0 || again.pack_size != parameters.pack_size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	char line[80] = "sha256 ";
	uint8_t hash[32];

	check(data, size);
	tusk_sha256(data, size, hash);
	tusk_hex_encode(hash, sizeof(hash), line + 7);
	strcat(line, "\n");
	if (tusk_buf_append(&text, data, size) < 0 || tusk_buf_append(&text, line, strlen(line)) < 0)
		abort();
	check(text.data, text.len);
	return 0;
}
