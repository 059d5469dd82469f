#include "sign.h"

#include "crypto.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define KEY_SIZE  (4 + sizeof(((struct tusk_s3_identity *)0)->secret))

const char tusk_s3_empty_hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

void tusk_s3_stamp(time_t time, char ret_stamp[TUSK_S3_STAMP_SIZE])
{
	struct tm parts;

	/* Years of more than four digits do not happen to clocks that a service accepts. */
	if (!gmtime_r(&time, &parts) || strftime(ret_stamp, TUSK_S3_STAMP_SIZE, "%Y%m%dT%H%M%SZ", &parts) == 0)
		memcpy(ret_stamp, "19700101T000000Z", TUSK_S3_STAMP_SIZE);
}

/* Strings of the form "name" SEPARATOR "value", both encoded: SEPARATOR sorts before all that can be in them. */
#define SEPARATOR "\001"

static int compare_text(const void *a, const void *b)
{
	return strcmp((const char *)((const struct tusk_buf *)a)->data,
		      (const char *)((const struct tusk_buf *)b)->data);
}

static int print_sorted(struct tusk_buf *out, struct tusk_buf *texts, size_t count)
{
	qsort(texts, count, sizeof(texts[0]), compare_text);
	for (size_t i = 0; i < count; i++) {
		*strchr((char *)texts[i].data, SEPARATOR[0]) = '=';
		if (tusk_s3_print(out, "%s%s", i ? "&" : "", (const char *)texts[i].data) < 0)
			return -1;
	}
	return 0;
}

int tusk_s3_query(struct tusk_buf *out, const struct tusk_s3_pair *pairs, size_t count)
{
	struct tusk_buf texts[TUSK_S3_QUERY_MAX] = {{0}};
	int result = count <= TUSK_S3_QUERY_MAX ? 0 : -1;

	for (size_t i = 0; i < count && result == 0; i++) {
		if (tusk_s3_encode(&texts[i], pairs[i].name, false) < 0 || tusk_s3_print(&texts[i], SEPARATOR) < 0 ||
		    tusk_s3_encode(&texts[i], pairs[i].value, false) < 0)
			result = -1;
	}
	if (result == 0)
		result = print_sorted(out, texts, count);
	for (size_t i = 0; i < TUSK_S3_QUERY_MAX; i++)
		tusk_buf_release(&texts[i]);
	return result;
}

static int compare_name(const void *a, const void *b)
{
	return strcmp(((const struct tusk_s3_pair *)a)->name, ((const struct tusk_s3_pair *)b)->name);
}

/* Appends the canonical request's hash as text; ret_names receives the names of the signed headers. */
static int hash_request(const struct tusk_s3_signing *signing, struct tusk_buf *ret_names, char ret_hash[65])
{
	struct tusk_s3_pair headers[TUSK_S3_HEADERS_MAX];
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	uint8_t hash[32];

	if (signing->header_count > TUSK_S3_HEADERS_MAX)
		return -1;
	memcpy(headers, signing->headers, signing->header_count * sizeof(headers[0]));
	qsort(headers, signing->header_count, sizeof(headers[0]), compare_name);
	if (tusk_s3_print(&text, "%s\n%s\n%s\n", signing->method, signing->path, signing->query) < 0)
		return -1;
	for (size_t i = 0; i < signing->header_count; i++) {
		if (tusk_s3_print(&text, "%s:%s\n", headers[i].name, headers[i].value) < 0 ||
		    tusk_s3_print(ret_names, "%s%s", i ? ";" : "", headers[i].name) < 0)
			return -1;
	}
	if (tusk_s3_print(&text, "\n%s\n%s", tusk_s3_text(ret_names), signing->payload_hash) < 0)
		return -1;
	tusk_sha256(text.data, text.len, hash);
	tusk_hex_encode(hash, sizeof(hash), ret_hash);
	return 0;
}

/* The key of one day, region and service. */
static void derive_key(const char *secret, const char *day, const struct tusk_s3_signing *signing, uint8_t ret_key[32])
{
	const char *const steps[] = {day, signing->region, signing->service, "aws4_request"};
	char first[KEY_SIZE];
	int len = snprintf(first, sizeof(first), "AWS4%s", secret);

	tusk_hmac_sha256(first, (size_t)len, steps[0], strlen(steps[0]), ret_key);
	for (size_t i = 1; i < sizeof(steps) / sizeof(steps[0]); i++)
		tusk_hmac_sha256(ret_key, 32, steps[i], strlen(steps[i]), ret_key);
	tusk_wipe(first, sizeof(first));
}

int tusk_s3_sign(const struct tusk_s3_identity *identity, const struct tusk_s3_signing *signing,
		 struct tusk_buf *ret_authorization)
{
	struct tusk_buf names TUSK_AUTO_BUF = {0};
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	char stamp[TUSK_S3_STAMP_SIZE], day[9], request_hash[65], signature[65];
	uint8_t key[32], mac[32];

	tusk_s3_stamp(signing->time, stamp);
	memcpy(day, stamp, 8);
	day[8] = '\0';
	if (hash_request(signing, &names, request_hash) < 0 ||
	    tusk_s3_print(&text, ALGORITHM "\n%s\n%s/%s/%s/aws4_request\n%s", stamp, day, signing->region,
			  signing->service, request_hash) < 0)
		return -1;
	derive_key(identity->secret, day, signing, key);
	tusk_hmac_sha256(key, sizeof(key), text.data, text.len, mac);
	tusk_wipe(key, sizeof(key));
	tusk_hex_encode(mac, sizeof(mac), signature);
	return tusk_s3_print(ret_authorization,
			     ALGORITHM " Credential=%s/%s/%s/%s/aws4_request,SignedHeaders=%s,Signature=%s",
			     identity->key, day, signing->region, signing->service, tusk_s3_text(&names), signature);
}
