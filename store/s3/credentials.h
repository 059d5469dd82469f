/* Who we are to a service: keys, from where the tools of AWS look for them too. */
#ifndef TUSK_S3_CREDENTIALS_H
#define TUSK_S3_CREDENTIALS_H

#include "place.h"

#define TUSK_S3_CREDENTIALS_MAX (1u << 20) /* bytes of a file */

struct tusk_s3_identity {
	char key[256], secret[512], token[8192]; /* token: "" unless they are temporary */
	char region[TUSK_S3_REGION_SIZE];        /* "" unless it was said beside the keys */
};
void tusk_s3_identity_wipe(struct tusk_s3_identity *identity);

/* One profile of a file in the form of ~/.aws/credentials. 0, 1 when it has no such profile, -1 (TUSK_E_USAGE). */
int tusk_s3_credentials_parse(const char *text, size_t len, const char *profile, struct tusk_s3_identity *ret_identity,
			      struct tusk_err *err);
/* The file or profile that the place names; else AWS_ACCESS_KEY_ID and its family; else the file TUSK_S3_CREDENTIALS,
 * AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials with the profile AWS_PROFILE or "default". TUSK_E_USAGE. */
int tusk_s3_identity_load(const struct tusk_s3_place *place, struct tusk_s3_identity *ret_identity,
			  struct tusk_err *err);

#endif
