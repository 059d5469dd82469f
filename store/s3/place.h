/* Where a repository is: the URL of a node on S3. */
#ifndef TUSK_S3_PLACE_H
#define TUSK_S3_PLACE_H

#include "tusk/err.h"

#include <limits.h>
#include <stdbool.h>

#define TUSK_S3_HOST_SIZE   256
#define TUSK_S3_REGION_SIZE 64
#define TUSK_S3_PREFIX_SIZE 512

enum tusk_s3_addressing { TUSK_S3_AUTO, TUSK_S3_PATH, TUSK_S3_DNS };

/* s3://host[:port]/bucket[/prefix][?option=value[&...]]; s3+http:// without TLS. Options: region, addressing (auto,
 * path, dns), storage-class (of packs), profile, credentials (a file), ca (a file). What is not given is empty. */
struct tusk_s3_place {
	bool tls;
	char host[TUSK_S3_HOST_SIZE]; /* "[::1]" for an address of IPv6; without port */
	char port[8];                 /* "" or ":7480" */
	char bucket[64];
	char prefix[TUSK_S3_PREFIX_SIZE]; /* "" or "a/b/" */
	char region[TUSK_S3_REGION_SIZE];
	char storage_class[64];
	char profile[128];
	char credentials[PATH_MAX], ca[PATH_MAX];
	enum tusk_s3_addressing addressing;
};

/* TUSK_E_USAGE. Whether TLS can be left out is not decided here. */
int tusk_s3_place_parse(const char *url, struct tusk_s3_place *ret_place, struct tusk_err *err);
/* "host[:port]" as in a URL or in the answer of a service; 0 or -1. ret_port as in struct tusk_s3_place. */
int tusk_s3_authority_parse(const char *text, size_t len, char ret_host[TUSK_S3_HOST_SIZE], char ret_port[8]);
/* Whether the host can only be this machine. */
bool tusk_s3_host_is_local(const char *host);
/* Whether the bucket becomes part of the host's name. */
bool tusk_s3_place_is_dns(const struct tusk_s3_place *place);

#endif
