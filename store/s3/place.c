#include "place.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char tls_scheme[] = "s3://", plain_scheme[] = "s3+http://";

struct option {
	const char *name;
	char *value;
	size_t size;
};

static int copy(char *to, size_t size, const char *from, size_t len)
{
	if (len >= size)
		return -1;
	memcpy(to, from, len);
	to[len] = '\0';
	return 0;
}

static bool only(const char *text, size_t len, const char *extra)
{
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && !(text[i] && strchr(extra, text[i])))
			return false;
	}
	return true;
}

/* The length of the host at the beginning of text, or 0. */
static size_t host_length(const char *text, size_t len)
{
	const char *end;

	if (len && text[0] == '[') {
		end = memchr(text, ']', len);
		return end && end - text > 2 && only(text + 1, (size_t)(end - text) - 1, ":.")
			   ? (size_t)(end - text) + 1
			   : 0;
	}
	end = memchr(text, ':', len);
	if (end)
		len = (size_t)(end - text);
	return only(text, len, ".-_") && len && text[0] != '-' && text[0] != '.' ? len : 0;
}

int tusk_s3_authority_parse(const char *text, size_t len, char ret_host[TUSK_S3_HOST_SIZE], char ret_port[8])
{
	size_t host = host_length(text, len);
	const char *port = text + host;
	size_t left = len - host;
	long number = 0;

	if (!host || copy(ret_host, TUSK_S3_HOST_SIZE, text, host) < 0)
		return -1;
	ret_port[0] = '\0';
	if (!left)
		return 0;
	if (left < 2 || left > 6 || port[0] != ':')
		return -1;
	for (size_t i = 1; i < left; i++) {
		if (!isdigit((unsigned char)port[i]))
			return -1;
		number = 10 * number + (port[i] - '0');
	}
	if (number < 1 || number > UINT16_MAX)
		return -1;
	return copy(ret_port, 8, port, left);
}

/* Rules of S3 as far as they keep a bucket's name safe in a URL and in a host's name. */
static int take_bucket(const char *text, size_t len, struct tusk_s3_place *place, struct tusk_err *err)
{
	if (len < 3 || len >= sizeof(place->bucket) || !only(text, len, ".-_") || !isalnum((unsigned char)text[0]))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "\"%.*s\" is not the name of a bucket",
				    (int)(len < 80 ? len : 80), text);
	return copy(place->bucket, sizeof(place->bucket), text, len);
}

static bool is_dot_segment(const char *text, size_t len)
{
	return len == 0 || (len == 1 && text[0] == '.') || (len == 2 && text[0] == '.' && text[1] == '.');
}

/* text: what follows the bucket's slash. */
static int take_prefix(const char *text, size_t len, struct tusk_s3_place *place, struct tusk_err *err)
{
	while (len && text[len - 1] == '/')
		len--;
	if (!len)
		return 0;
	if (len + 2 > sizeof(place->prefix))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "the prefix is too long: %zu bytes, at most %zu", len,
				    sizeof(place->prefix) - 2);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] <= ' ' || text[i] == 127 || strchr("%#\\", text[i]))
			return tusk_err_set(err, TUSK_E_USAGE, 0,
					    "a prefix has no spaces, control characters, \\, %% or #");
	}
	for (size_t start = 0; start <= len;) {
		const char *slash = memchr(text + start, '/', len - start);
		size_t end = slash ? (size_t)(slash - text) : len;

		if (is_dot_segment(text + start, end - start))
			return tusk_err_set(err, TUSK_E_USAGE, 0,
					    "a prefix has no empty parts, no \".\" and no \"..\"");
		start = end + 1;
	}
	memcpy(place->prefix, text, len);
	memcpy(place->prefix + len, "/", 2);
	return 0;
}

static int take_addressing(const char *value, struct tusk_s3_place *place, struct tusk_err *err)
{
	static const char *const words[] = {[TUSK_S3_AUTO] = "auto", [TUSK_S3_PATH] = "path", [TUSK_S3_DNS] = "dns"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i]) == 0) {
			place->addressing = (enum tusk_s3_addressing)i;
			return 0;
		}
	}
	return tusk_err_set(err, TUSK_E_USAGE, 0, "addressing is auto, path or dns, not \"%.40s\"", value);
}

static int take_option(const char *text, size_t len, struct tusk_s3_place *place, struct tusk_err *err)
{
	char addressing[8] = "";
	const struct option options[] = {
	    {"region", place->region, sizeof(place->region)},
	    {"storage-class", place->storage_class, sizeof(place->storage_class)},
	    {"profile", place->profile, sizeof(place->profile)},
	    {"credentials", place->credentials, sizeof(place->credentials)},
	    {"ca", place->ca, sizeof(place->ca)},
	    {"addressing", addressing, sizeof(addressing)},
	};
	const char *equals = memchr(text, '=', len);
	size_t name = equals ? (size_t)(equals - text) : len;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strlen(options[i].name) != name || memcmp(options[i].name, text, name) != 0)
			continue;
		if (!equals || len == name + 1 || !only(equals + 1, len - name - 1, "-_./+=@~") ||
		    copy(options[i].value, options[i].size, equals + 1, len - name - 1) < 0)
			return tusk_err_set(err, TUSK_E_USAGE, 0, "the option \"%s\" has no usable value",
					    options[i].name);
		return addressing[0] ? take_addressing(addressing, place, err) : 0;
	}
	return tusk_err_set(err, TUSK_E_USAGE, 0,
			    "\"%.*s\" is not an option (region, addressing, storage-class, profile, credentials, ca)",
			    (int)(name < 40 ? name : 40), text);
}

static int take_options(const char *text, struct tusk_s3_place *place, struct tusk_err *err)
{
	while (*text) {
		size_t len = strcspn(text, "&");

		if (take_option(text, len, place, err) < 0)
			return -1;
		text += len + (text[len] == '&');
	}
	return 0;
}

/* rest: behind "scheme://". */
static int parse(const char *rest, struct tusk_s3_place *place, struct tusk_err *err)
{
	size_t authority = strcspn(rest, "/?"), bucket, len;

	if (memchr(rest, '@', authority))
		return tusk_err_set(err, TUSK_E_USAGE, 0,
				    "keys do not belong in a URL: set AWS_ACCESS_KEY_ID or "
				    "use a credentials file");
	if (tusk_s3_authority_parse(rest, authority, place->host, place->port) < 0)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "\"%.*s\" is not a host, or a host and a port",
				    (int)(authority < 80 ? authority : 80), rest);
	rest += authority;
	if (rest[0] != '/')
		return tusk_err_set(err, TUSK_E_USAGE, 0, "the bucket is missing; write s3://host/bucket/prefix");
	rest++;
	bucket = strcspn(rest, "/?");
	if (take_bucket(rest, bucket, place, err) < 0)
		return -1;
	rest += bucket + (rest[bucket] == '/');
	len = strcspn(rest, "?");
	if (take_prefix(rest, len, place, err) < 0)
		return -1;
	return rest[len] == '?' ? take_options(rest + len + 1, place, err) : 0;
}

int tusk_s3_place_parse(const char *url, struct tusk_s3_place *ret_place, struct tusk_err *err)
{
	struct tusk_s3_place place = {.tls = strncmp(url, tls_scheme, strlen(tls_scheme)) == 0};

	if (!place.tls && strncmp(url, plain_scheme, strlen(plain_scheme)) != 0)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "this is not an s3:// URL");
	if (parse(url + strlen(place.tls ? tls_scheme : plain_scheme), &place, err) < 0)
		return -1;
	*ret_place = place;
	return 0;
}

bool tusk_s3_host_is_local(const char *host)
{
	static const char suffix[] = ".localhost";
	size_t len = strlen(host);
	unsigned a, b, c, d;
	int used = 0;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	if (len > strlen(suffix) && strcmp(host + len - strlen(suffix), suffix) == 0)
		return true;
	/* Three digits do not overflow. NOLINTNEXTLINE(cert-err34-c) */
	return sscanf(host, "%3u.%3u.%3u.%3u%n", &a, &b, &c, &d, &used) == 4 && !host[used] && a == 127 && b < 256 &&
	       c < 256 && d < 256;
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Path style is what every service but these still takes. A bucket with a dot fits no certificate. */
bool tusk_s3_place_is_dns(const struct tusk_s3_place *place)
{
	if (place->addressing != TUSK_S3_AUTO)
		return place->addressing == TUSK_S3_DNS;
	if (strchr(place->bucket, '.'))
		return false;
	return ends_in(place->host, ".amazonaws.com") || ends_in(place->host, ".amazonaws.com.cn") ||
	       ends_in(place->host, ".aliyuncs.com");
}
