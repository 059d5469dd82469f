/* A file of credentials. Its first line names the profile. */
#include "credentials.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tusk_s3_identity identity = {0};
	struct tusk_err err = {0};
	char profile[64] = "";
	size_t len = 0;
	int result;

	while (len < size && len < sizeof(profile) - 1 && data[len] && data[len] != '\n')
		len++;
	if (len)
		memcpy(profile, data, len);
	result = tusk_s3_credentials_parse((const char *)data + len, size - len, profile, &identity, &err);
	if ((result < 0) != (err.code != TUSK_OK) || (result == 0 && (!identity.key[0] || !identity.secret[0])) ||
	    (result != 0 && identity.key[0]) || strpbrk(identity.key, "\r\n "))
		abort();
	return 0;
}
