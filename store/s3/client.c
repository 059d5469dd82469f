#include "client.h"

#include "client_private.h"
#include "crypto.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define STALL_S        60
#define SETTING_MAX    86400
#define HEADERS_MAX    8 /* those of a request besides the four of the signature */
#define DEFAULT_REGION "us-east-1"

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

/* A number of seconds in the environment. */
static int seconds(const char *name, unsigned otherwise, unsigned *ret_seconds, struct tusk_err *err)
{
	const char *value = variable(name);
	char *end;
	unsigned long number;

	*ret_seconds = otherwise;
	if (!value)
		return 0;
	number = strtoul(value, &end, 10);
	if (*end || value[0] == '-' || number < 1 || number > SETTING_MAX)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%s is a number of seconds from 1 to %d, not \"%.20s\"", name,
				    SETTING_MAX, value);
	*ret_seconds = (unsigned)number;
	return 0;
}

bool tusk_s3_may_go_to(const char *host, bool tls)
{
	const char *allowed = variable("TUSK_S3_ALLOW_HTTP");

	return tls || tusk_s3_host_is_local(host) || (allowed && strcmp(allowed, "1") == 0);
}

/* "s3.REGION.amazonaws.com" */
static bool region_of_host(const char *host, char ret_region[TUSK_S3_REGION_SIZE])
{
	static const char begin[] = "s3.", end[] = ".amazonaws.com";
	size_t len = strlen(host);

	if (len <= strlen(begin) + strlen(end) || strncmp(host, begin, strlen(begin)) != 0 ||
	    strcmp(host + len - strlen(end), end) != 0)
		return false;
	len -= strlen(begin) + strlen(end);
	if (!tusk_s3_region_valid(host + strlen(begin), len))
		return false;
	memcpy(ret_region, host + strlen(begin), len);
	ret_region[len] = '\0';
	return true;
}

static int find_region(struct tusk_s3_client *client, struct tusk_err *err)
{
	const char *region = client->place.region[0] ? client->place.region : NULL;

	if (!region && region_of_host(client->place.host, client->region))
		return 0;
	if (!region)
		region = variable("AWS_REGION");
	if (!region)
		region = variable("AWS_DEFAULT_REGION");
	if (!region)
		region = client->identity.region[0] ? client->identity.region : DEFAULT_REGION;
	if (!tusk_s3_region_valid(region, strlen(region)))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "\"%.80s\" is not a region", region);
	snprintf(client->region, sizeof(client->region), "%s", region);
	return 0;
}

int tusk_s3_client_init(struct tusk_s3_client *client, const struct tusk_s3_place *place, struct tusk_err *err)
{
	struct tusk_s3_http_settings settings = {.is_local = tusk_s3_host_is_local(place->host),
						 .limits = &client->limits};

	*client = (struct tusk_s3_client){.place = *place};
	if (!tusk_s3_may_go_to(place->host, place->tls))
		return tusk_err_set(
		    err, TUSK_E_USAGE, 0,
		    "s3+http:// is for this machine only, since anybody on the way could read along; use "
		    "s3://, or set TUSK_S3_ALLOW_HTTP=1");
	settings.ca_file = place->ca[0] ? place->ca : variable("TUSK_S3_CA_FILE");
	if (!settings.ca_file)
		settings.ca_file = variable("AWS_CA_BUNDLE");
	if (tusk_limits_init(&client->limits, err) < 0)
		return -1;
	if (seconds("TUSK_S3_TIMEOUT", STALL_S, &settings.stall_s, err) < 0 ||
	    seconds("TUSK_S3_PATIENCE", 0, &client->patience_s, err) < 0 ||
	    tusk_s3_identity_load(place, &client->identity, err) < 0 || find_region(client, err) < 0 ||
	    tusk_s3_http_new(&settings, &client->http, err) < 0) {
		tusk_s3_identity_wipe(&client->identity);
		tusk_limits_release(&client->limits);
		return -1;
	}
	snprintf(client->host, sizeof(client->host), "%s", place->host);
	snprintf(client->port, sizeof(client->port), "%s", place->port);
	pthread_mutex_init(&client->lock, NULL);
	return 0;
}

void tusk_s3_client_stop(struct tusk_s3_client *client)
{
	tusk_s3_http_stop(client->http);
}

void tusk_s3_client_release(struct tusk_s3_client *client)
{
	tusk_s3_http_free(client->http);
	tusk_limits_release(&client->limits);
	tusk_s3_identity_wipe(&client->identity);
	pthread_mutex_destroy(&client->lock);
}

/* ---- one attempt ---- */

/* The texts of one attempt. */
struct texts {
	struct tusk_buf host, path, query, url, authorization, headers;
	char stamp[TUSK_S3_STAMP_SIZE];
	char region[TUSK_S3_REGION_SIZE];
	time_t time;
};

static void texts_release(struct texts *texts)
{
	tusk_buf_release(&texts->host);
	tusk_buf_release(&texts->path);
	tusk_buf_release(&texts->query);
	tusk_buf_release(&texts->url);
	tusk_buf_release(&texts->authorization);
	tusk_buf_release(&texts->headers);
}

/* Where to, as whom, at what time: as it is known now. */
static int address(struct tusk_s3_client *client, struct texts *texts)
{
	bool dns = tusk_s3_place_is_dns(&client->place);
	int result;

	pthread_mutex_lock(&client->lock);
	memcpy(texts->region, client->region, sizeof(texts->region));
	texts->time = time(NULL) + client->clock_offset;
	result = tusk_s3_print(&texts->host, "%s%s%s%s", dns ? client->place.bucket : "", dns ? "." : "", client->host,
			       client->port);
	pthread_mutex_unlock(&client->lock);
	tusk_s3_stamp(texts->time, texts->stamp);
	return result;
}

static int locate(const struct tusk_s3_client *client, const struct tusk_s3_request *request, struct texts *texts)
{
	bool dns = tusk_s3_place_is_dns(&client->place);

	if (tusk_s3_print(&texts->path, "/%s%s", dns ? "" : client->place.bucket, !dns && request->key ? "/" : "") <
		0 ||
	    (request->key && tusk_s3_encode(&texts->path, request->key, true) < 0) ||
	    tusk_s3_query(&texts->query, request->query, request->query_count) < 0)
		return -1;
	return tusk_s3_print(&texts->url, "%s://%s%s%s%s", client->place.tls ? "https" : "http",
			     tusk_s3_text(&texts->host), tusk_s3_text(&texts->path), texts->query.len ? "?" : "",
			     tusk_s3_text(&texts->query));
}

static int add_header(struct tusk_buf *lines, const char *name, const char *value)
{
	if (tusk_s3_print(lines, "%s: %s", name, value) < 0)
		return -1;
	return tusk_buf_append(lines, "", 1);
}

/* Signs all headers that are sent, so that none can be added to or left out. */
static int sign(const struct tusk_s3_client *client, const struct tusk_s3_request *request, struct texts *texts)
{
	const char *hash = request->body_hash ? request->body_hash : tusk_s3_empty_hash;
	struct tusk_s3_pair headers[TUSK_S3_HEADERS_MAX] = {
	    {"host", tusk_s3_text(&texts->host)}, {"x-amz-content-sha256", hash}, {"x-amz-date", texts->stamp}};
	struct tusk_s3_signing signing = {.method = request->method,
					  .path = tusk_s3_text(&texts->path),
					  .query = tusk_s3_text(&texts->query),
					  .headers = headers,
					  .header_count = 3,
					  .payload_hash = hash,
					  .region = texts->region,
					  .service = "s3",
					  .time = texts->time};

	if (client->identity.token[0])
		headers[signing.header_count++] = (struct tusk_s3_pair){"x-amz-security-token", client->identity.token};
	if (request->header_count > HEADERS_MAX)
		return -1;
	for (size_t i = 0; i < request->header_count; i++)
		headers[signing.header_count++] = request->headers[i];
	for (size_t i = 0; i < signing.header_count; i++) {
		if (add_header(&texts->headers, headers[i].name, headers[i].value) < 0)
			return -1;
	}
	if (tusk_s3_sign(&client->identity, &signing, &texts->authorization) < 0)
		return -1;
	return add_header(&texts->headers, "authorization", tusk_s3_text(&texts->authorization));
}

void tusk_s3_attempt(struct tusk_s3_client *client, const struct tusk_s3_request *request, bool fresh,
		     struct tusk_s3_answer *ret_answer, struct tusk_s3_outcome *ret_outcome)
{
	struct texts texts TUSK_CLEANUP(texts_release) = {0};
	struct tusk_s3_exchange exchange = {
	    .method = request->method, .body = request->body, .sink = request->sink, .fresh = fresh};

	*ret_answer = (struct tusk_s3_answer){0};
	*ret_outcome = (struct tusk_s3_outcome){.transport = TUSK_S3_HOPELESS, .message = "out of memory"};
	if (address(client, &texts) < 0 || locate(client, request, &texts) < 0 || sign(client, request, &texts) < 0)
		return;
	exchange.url = tusk_s3_text(&texts.url);
	exchange.headers = &texts.headers;
	if (request->restart)
		request->restart(request->sink->context);
	tusk_s3_http_perform(client->http, &exchange, ret_answer, ret_outcome);
}
