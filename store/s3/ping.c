#include "tusk/ping.h"

#include "http.h"
#include "place.h"
#include "tusk/cleanup.h"

#include <string.h>

#define STALL_S 10

static bool take_nothing(void *context, const void *data, size_t len)
{
	(void)context;
	(void)data;
	(void)len;
	return false;
}

static void free_http(struct tusk_s3_http **http)
{
	tusk_s3_http_free(*http);
}

/* A proxy has nothing to do with a monitor on this machine. */
static bool is_local(const char *authority)
{
	char host[TUSK_S3_HOST_SIZE], port[8];

	return tusk_s3_authority_parse(authority, strcspn(authority, "/?#"), host, port) == 0 &&
	       tusk_s3_host_is_local(host);
}

int tusk_ping(const char *url, const char *text, struct tusk_err *err)
{
	static const char type[] = "Content-Type: text/plain; charset=utf-8";
	const char *authority = strncmp(url, "https://", 8) == 0  ? url + 8
				: strncmp(url, "http://", 7) == 0 ? url + 7
								  : NULL;
	struct tusk_s3_http_settings settings = {.stall_s = STALL_S};
	const struct tusk_s3_body body = {.data = text, .len = strlen(text)};
	const struct tusk_s3_sink sink = {.take = take_nothing};
	struct tusk_buf headers TUSK_AUTO_BUF = {0};
	struct tusk_s3_exchange exchange = {
	    .method = "POST", .url = url, .headers = &headers, .body = &body, .sink = &sink};
	struct tusk_s3_answer answer;
	struct tusk_s3_outcome outcome;
	struct tusk_s3_http *http TUSK_CLEANUP(free_http) = NULL;

	if (!authority)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "a ping goes to http:// or https://");
	settings.is_local = is_local(authority);
	if (tusk_s3_http_new(&settings, &http, err) < 0)
		return -1;
	if (tusk_buf_append(&headers, type, sizeof(type)) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	tusk_s3_http_perform(http, &exchange, &answer, &outcome);
	tusk_buf_release(&outcome.problem);
	if (outcome.transport != TUSK_S3_ARRIVED)
		return tusk_err_set(err, TUSK_E_NODE, 0, "%s", outcome.message);
	if (answer.status < 200 || answer.status >= 300)
		return tusk_err_set(err, TUSK_E_NODE, 0, "the answer is HTTP %d", answer.status);
	return 0;
}
