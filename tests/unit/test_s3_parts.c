/* What a node in a bucket reads: URLs, credentials, headers, documents; and what it makes of answers. */
#include "answer.h"
#include "credentials.h"
#include "retry.h"
#include "xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- places ---- */

static void a_url_names_host_bucket_prefix_and_options(void **state)
{
	struct tusk_s3_place place;
	struct tusk_err err = {0};

	(void)state;
	assert_int_equal(tusk_s3_place_parse("s3://s3.example.org:9000/my.bucket/a/b/?region=eu-west-3&addressing=path&"
					     "storage-class=GLACIER_IR&profile=work&ca=/etc/ca.pem",
					     &place, &err),
			 0);
	assert_true(place.tls);
	assert_string_equal(place.host, "s3.example.org");
	assert_string_equal(place.port, ":9000");
	assert_string_equal(place.bucket, "my.bucket");
	assert_string_equal(place.prefix, "a/b/");
	assert_string_equal(place.region, "eu-west-3");
	assert_string_equal(place.storage_class, "GLACIER_IR");
	assert_string_equal(place.profile, "work");
	assert_string_equal(place.ca, "/etc/ca.pem");
	assert_int_equal(place.addressing, TUSK_S3_PATH);
	assert_int_equal(tusk_s3_place_parse("s3+http://[::1]:80/bucket", &place, &err), 0);
	assert_false(place.tls);
	assert_string_equal(place.host, "[::1]");
	assert_string_equal(place.prefix, "");
}

static void what_cannot_be_a_place_is_refused_with_a_reason(void **state)
{
	static const char *const cases[][2] = {
	    {"https://host/bucket", "not an s3://"},
	    {"s3://host", "bucket is missing"},
	    {"s3://host?region=x", "bucket is missing"},
	    {"s3:///bucket", "not a host"},
	    {"s3://-oProxyCommand/bucket", "not a host"},
	    {"s3://host:0/bucket", "not a host"},
	    {"s3://host:65536/bucket", "not a host"},
	    {"s3://host:80x/bucket", "not a host"},
	    {"s3://[::1/bucket", "not a host"},
	    {"s3://key:secret@host/bucket", "do not belong in a URL"},
	    {"s3://host/ab", "name of a bucket"},
	    {"s3://host/a_/../b", "name of a bucket"},
	    {"s3://host/bucket/a//b", "empty parts"},
	    {"s3://host/bucket/../b", "\"..\""},
	    {"s3://host/bucket/.", "\".\""},
	    {"s3://host/bucket/a b", "no spaces"},
	    {"s3://host/bucket/a%20b", "no spaces"},
	    {"s3://host/bucket?colour=red", "not an option"},
	    {"s3://host/bucket?region", "no usable value"},
	    {"s3://host/bucket?region=", "no usable value"},
	    {"s3://host/bucket?storage-class=A\nB", "no usable value"},
	    {"s3://host/bucket?addressing=both", "auto, path or dns"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tusk_s3_place place;
		struct tusk_err err = {0};

		assert_int_equal(tusk_s3_place_parse(cases[i][0], &place, &err), -1);
		assert_int_equal(err.code, TUSK_E_USAGE);
		if (!strstr(err.message, cases[i][1]))
			fail_msg("%s: %s", cases[i][0], err.message);
	}
}

static void only_this_machine_is_local(void **state)
{
	static const char *const local[] = {"localhost", "127.0.0.1", "127.8.8.8", "[::1]", "bucket.localhost"};
	static const char *const remote[] = {"127.0.0.1.example.org", "128.0.0.1", "localhost.example.org",
					     "127.0.0.256",           "[::2]",     ".localhost"};

	(void)state;
	for (size_t i = 0; i < COUNT(local); i++)
		assert_true(tusk_s3_host_is_local(local[i]));
	for (size_t i = 0; i < COUNT(remote); i++)
		assert_false(tusk_s3_host_is_local(remote[i]));
}

static void a_bucket_is_part_of_the_host_where_the_service_wants_it(void **state)
{
	static const struct {
		const char *url;
		bool dns;
	} cases[] = {
	    {"s3://s3.eu-west-3.amazonaws.com/bucket", true},
	    {"s3://s3.eu-west-3.amazonaws.com/my.bucket", false}, /* no certificate has two levels */
	    {"s3://s3.amazonaws.com.example.org/bucket", false},
	    {"s3://oss-eu-central-1.aliyuncs.com/bucket", true},
	    {"s3://minio.example.org/bucket", false},
	    {"s3://minio.example.org/bucket?addressing=dns", true},
	    {"s3://s3.eu-west-3.amazonaws.com/bucket?addressing=path", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tusk_s3_place place;

		assert_int_equal(tusk_s3_place_parse(cases[i].url, &place, NULL), 0);
		assert_int_equal(tusk_s3_place_is_dns(&place), cases[i].dns);
	}
}

/* ---- credentials ---- */

static const char file[] = "# mine\n"
			   "aws_access_key_id = nobody\n"
			   "[default]\r\n"
			   "aws_access_key_id=AKIDEFAULT\r\n"
			   "  aws_secret_access_key = a/b+c= \r\n"
			   "\n"
			   "[profile work]\n"
			   "; another\n"
			   "region = eu-west-3\n"
			   "unknown = thing\n"
			   "aws_access_key_id = AKIWORK\n"
			   "aws_secret_access_key = secret\n"
			   "aws_session_token = token\n"
			   "[half]\n"
			   "aws_access_key_id = AKIHALF\n"
			   "[bad]\n"
			   "aws_access_key_id = AKI BAD";

static void a_profile_is_found_in_a_file(void **state)
{
	struct tusk_s3_identity identity = {0};
	struct tusk_err err = {0};

	(void)state;
	assert_int_equal(tusk_s3_credentials_parse(file, strlen(file), "default", &identity, &err), 0);
	assert_string_equal(identity.key, "AKIDEFAULT");
	assert_string_equal(identity.secret, "a/b+c=");
	assert_string_equal(identity.token, "");
	assert_int_equal(tusk_s3_credentials_parse(file, strlen(file), "work", &identity, &err), 0);
	assert_string_equal(identity.key, "AKIWORK");
	assert_string_equal(identity.token, "token");
	assert_string_equal(identity.region, "eu-west-3");
	assert_int_equal(tusk_s3_credentials_parse(file, strlen(file), "other", &identity, &err), 1);
	assert_int_equal(err.code, TUSK_OK);
}

static void half_a_profile_is_an_error(void **state)
{
	struct tusk_s3_identity identity = {0};
	struct tusk_err err = {0};

	(void)state;
	assert_int_equal(tusk_s3_credentials_parse(file, strlen(file), "half", &identity, &err), -1);
	assert_non_null(strstr(err.message, "aws_secret_access_key"));
	tusk_err_clear(&err);
	assert_int_equal(tusk_s3_credentials_parse(file, strlen(file), "bad", &identity, &err), -1);
	assert_non_null(strstr(err.message, "cannot be in it"));
	assert_string_equal(identity.key, "");
}

/* ---- headers ---- */

static void take(struct tusk_s3_answer *answer, const char *line)
{
	tusk_s3_answer_line(answer, line, strlen(line));
}

static void headers_are_read(void **state)
{
	struct tusk_s3_answer answer = {0};

	(void)state;
	take(&answer, "HTTP/1.1 100 Continue");
	take(&answer, "ETag: \"old\"");
	take(&answer, "HTTP/1.1 206 Partial Content");
	assert_string_equal(answer.etag, "");
	take(&answer, "Date: Sun, 06 Nov 1994 08:49:37 GMT");
	take(&answer, "content-LENGTH:  10 ");
	take(&answer, "Content-Range: bytes 5-14/100");
	take(&answer, "ETag: \"d41d8cd98f00b204e9800998ecf8427e\"");
	take(&answer, "x-amz-bucket-region: eu-west-3");
	take(&answer, "Location: https://bucket.s3.eu-west-3.amazonaws.com/key");
	take(&answer, "Retry-After: Sun, 06 Nov 1994 08:49:40 GMT");
	assert_int_equal(answer.status, 206);
	assert_int_equal(answer.date, 784111777);
	assert_true(answer.has_length && answer.length == 10);
	assert_true(answer.has_range && answer.range_first == 5 && answer.range_last == 14 && answer.range_all == 100);
	assert_string_equal(answer.etag, "d41d8cd98f00b204e9800998ecf8427e");
	assert_string_equal(answer.region, "eu-west-3");
	assert_string_equal(answer.location_host, "bucket.s3.eu-west-3.amazonaws.com");
	assert_true(answer.location_tls);
	assert_int_equal(answer.retry_after_s, 3);
	take(&answer, "Retry-After: 99999999999");
	assert_int_equal(answer.retry_after_s, TUSK_S3_RETRY_AFTER_MAX);
}

static void headers_that_make_no_sense_count_as_absent(void **state)
{
	static const char *const ranges[] = {"bytes 5-4/100",
					     "bytes 0-99/99",
					     "bytes */100",
					     "bytes 0-1/*",
					     "bytes -1-2/3",
					     "bytes 0/1-2",
					     "items 0-1/2",
					     "bytes ",
					     "bytes 0-1",
					     "bytes 0-1/2 3",
					     "bytes 99999999999999999999-2/3"};
	static const char *const dates[] = {"Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Xov 1994 08:49:37 GMT",
					    "Sun, 32 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
					    "Sun, 06 ovD 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT"};
	struct tusk_s3_answer answer = {0};
	char line[128];

	(void)state;
	for (size_t i = 0; i < COUNT(ranges); i++) {
		snprintf(line, sizeof(line), "Content-Range: %s", ranges[i]);
		take(&answer, line);
		if (answer.has_range)
			fail_msg("%s", line);
	}
	for (size_t i = 0; i < COUNT(dates); i++) {
		snprintf(line, sizeof(line), "Date: %s", dates[i]);
		take(&answer, line);
		if (answer.date)
			fail_msg("%s", line);
	}
	take(&answer, "Content-Length: -1");
	take(&answer, "Retry-After: soon");
	take(&answer, "x-amz-bucket-region: a/b");
	take(&answer, "Location: ftp://host/");
	take(&answer, "Location: https://user@host/");
	take(&answer, "no colon");
	assert_false(answer.has_length);
	assert_int_equal(answer.retry_after_s, 0);
	assert_string_equal(answer.region, "");
	assert_string_equal(answer.location_host, "");
}

/* ---- documents ---- */

static void an_error_document_is_read(void **state)
{
	static const char text[] = "<?xml version=\"1.0\"?>\n<Error><Code>PermanentRedirect</Code><Message>use\tthe "
				   "&lt;other&gt;</Message><Endpoint>bucket.s3.eu-west-3.amazonaws.com</Endpoint>"
				   "<Region>eu-west-3</Region><Other><Code>not this</Code></Other></Error>";
	struct tusk_s3_fault fault;

	(void)state;
	assert_int_equal(tusk_s3_xml_fault(text, strlen(text), &fault), 0);
	assert_string_equal(fault.root, "Error");
	assert_string_equal(fault.code, "PermanentRedirect");
	assert_string_equal(fault.message, "use the <other>");
	assert_string_equal(fault.endpoint, "bucket.s3.eu-west-3.amazonaws.com");
	assert_string_equal(fault.region, "eu-west-3");
}

static void documents_that_are_none_are_refused(void **state)
{
	static const char *const texts[] = {
	    "", "<html>", "<Error><Code>x</Error>", "<a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a>",
	    "<!DOCTYPE Error [<!ENTITY a \"aaaaaaaaaa\">]><Error><Code>&a;</Code></Error>"};
	struct tusk_s3_fault fault;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_int_equal(tusk_s3_xml_fault(texts[i], strlen(texts[i]), &fault), -1);
}

struct seen {
	unsigned count;
	uint64_t sizes;
	char last[64];
	unsigned stop_at;
};

static int see(void *context, const char *key, uint64_t size, struct tusk_err *err)
{
	struct seen *seen = context;

	(void)err;
	seen->sizes += size;
	snprintf(seen->last, sizeof(seen->last), "%s", key);
	return ++seen->count == seen->stop_at ? 7 : 0;
}

#define LIST(inside)   "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" inside "</ListBucketResult>"
#define KEY(key, size) "<Contents><Key>" key "</Key><Size>" size "</Size><ETag>&quot;x&quot;</ETag></Contents>"

static int page(const char *text, struct seen *seen, struct tusk_s3_page *ret_page)
{
	struct tusk_err err = {0};
	int result = tusk_s3_xml_page(text, strlen(text), see, seen, ret_page, &err);

	assert_int_equal(result < 0, err.code != TUSK_OK);
	return result;
}

static void a_page_of_a_listing_is_read(void **state)
{
	static const char text[] = LIST(
	    "<IsTruncated>true</IsTruncated><NextContinuationToken>a/b+c= &amp;</NextContinuationToken>" KEY("p/a", "5")
		KEY("p/it%27s&#37;2F", "18446744073709551"));
	struct seen seen = {0};
	struct tusk_s3_page result = {0};

	(void)state;
	assert_int_equal(page(text, &seen, &result), 0);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.last, "p/it's/");
	assert_true(result.truncated);
	assert_string_equal(result.token, "a/b+c= &");
	assert_string_equal(result.last_key, "p/it's/");
	assert_true(result.count == 2);
	seen = (struct seen){.stop_at = 1};
	assert_int_equal(page(text, &seen, &result), 7);
	assert_int_equal(seen.count, 1);
	assert_int_equal(page(LIST(""), &seen, &result), 0);
	assert_false(result.truncated);
}

static void a_listing_that_cannot_be_trusted_is_refused(void **state)
{
	static const char *const texts[] = {
	    "<Error><Code>SlowDown</Code></Error>",
	    LIST(KEY("a", "-1")),
	    LIST(KEY("a", "")),
	    LIST(KEY("a%", "1")),
	    LIST(KEY("a%00b", "1")),
	    LIST("<Contents><Key>a</Key></Contents>"),
	    LIST("<Contents><Size>1</Size></Contents>"),
	    "<ListBucketResult>" KEY("a", "1"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct seen seen = {0};
		struct tusk_s3_page result;

		if (page(texts[i], &seen, &result) != -1)
			fail_msg("%s", texts[i]);
	}
}

/* ---- verdicts ---- */

static void answers_are_judged(void **state)
{
	static const struct {
		int status;
		const char *code;
		enum tusk_s3_verdict verdict;
	} cases[] = {
	    {200, "", TUSK_S3_ANSWERED},
	    {204, "", TUSK_S3_ANSWERED},
	    {404, "NoSuchKey", TUSK_S3_ANSWERED},
	    {412, "PreconditionFailed", TUSK_S3_ANSWERED},
	    {416, "InvalidRange", TUSK_S3_ANSWERED},
	    {501, "NotImplemented", TUSK_S3_ANSWERED},
	    {409, "ConditionalRequestConflict", TUSK_S3_AGAIN},
	    {409, "BucketAlreadyExists", TUSK_S3_ANSWERED},
	    {503, "SlowDown", TUSK_S3_AGAIN},
	    {503, "", TUSK_S3_AGAIN},
	    {500, "InternalError", TUSK_S3_AGAIN},
	    {504, "", TUSK_S3_AGAIN},
	    {429, "TooManyRequests", TUSK_S3_AGAIN},
	    {400, "RequestTimeout", TUSK_S3_AGAIN},
	    {400, "XAmzContentSHA256Mismatch", TUSK_S3_GARBLED},
	    {400, "InvalidArgument", TUSK_S3_REFUSED},
	    {403, "RequestTimeTooSkewed", TUSK_S3_CLOCK},
	    {403, "AccessDenied", TUSK_S3_REFUSED},
	    {403, "QuotaExceeded", TUSK_S3_REFUSED},
	    {403, "UserSuspended", TUSK_S3_REFUSED},
	    {403, "InvalidAccessKeyId", TUSK_S3_REFUSED},
	    {507, "", TUSK_S3_REFUSED},
	    {301, "PermanentRedirect", TUSK_S3_ELSEWHERE},
	    {307, "TemporaryRedirect", TUSK_S3_ELSEWHERE},
	    {400, "AuthorizationHeaderMalformed", TUSK_S3_ELSEWHERE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (tusk_s3_judge(cases[i].status, cases[i].code) != cases[i].verdict)
			fail_msg("%d %s", cases[i].status, cases[i].code);
	}
}

static void pauses_grow_at_random_and_respect_the_service(void **state)
{
	(void)state;
	assert_true(tusk_s3_pause_ms(0, 0, 0) == 0);
	assert_true(tusk_s3_pause_ms(0, 0, UINT32_MAX) == 99);
	assert_true(tusk_s3_pause_ms(3, 0, UINT32_MAX) == 799);
	assert_true(tusk_s3_pause_ms(3, 0, 1u << 31) == 400);
	assert_true(tusk_s3_pause_ms(1000, 0, UINT32_MAX) == 31999);
	assert_true(tusk_s3_pause_ms(0, 7, 0) == 7000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_url_names_host_bucket_prefix_and_options),
	    cmocka_unit_test(what_cannot_be_a_place_is_refused_with_a_reason),
	    cmocka_unit_test(only_this_machine_is_local),
	    cmocka_unit_test(a_bucket_is_part_of_the_host_where_the_service_wants_it),
	    cmocka_unit_test(a_profile_is_found_in_a_file),
	    cmocka_unit_test(half_a_profile_is_an_error),
	    cmocka_unit_test(headers_are_read),
	    cmocka_unit_test(headers_that_make_no_sense_count_as_absent),
	    cmocka_unit_test(an_error_document_is_read),
	    cmocka_unit_test(documents_that_are_none_are_refused),
	    cmocka_unit_test(a_page_of_a_listing_is_read),
	    cmocka_unit_test(a_listing_that_cannot_be_trusted_is_refused),
	    cmocka_unit_test(answers_are_judged),
	    cmocka_unit_test(pauses_grow_at_random_and_respect_the_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
