#include "answer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct value {
	const char *text;
	size_t len;
};

/* Digits only; -1 when there are none, other characters follow, or it is too large. */
static int number(struct value value, uint64_t *ret_number)
{
	uint64_t result = 0;

	if (!value.len || value.len > 19)
		return -1;
	for (size_t i = 0; i < value.len; i++) {
		if (!isdigit((unsigned char)value.text[i]))
			return -1;
		result = 10 * result + (uint64_t)(value.text[i] - '0');
	}
	*ret_number = result;
	return 0;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7: the only form that may be sent), or 0. */
static time_t date(struct value value)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm parts = {0};
	char text[32], month[4];
	const char *found;
	int used = 0;

	if (value.len != 29)
		return 0;
	memcpy(text, value.text, value.len);
	text[value.len] = '\0';
	/* Their widths bound the numbers. NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &parts.tm_mday, month, &parts.tm_year,
		   &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &used) != 6 ||
	    used != 29)
		return 0;
	found = strlen(month) == 3 ? strstr(months, month) : NULL;
	if (!found || (found - months) % 3 || parts.tm_mday < 1 || parts.tm_mday > 31 || parts.tm_year < 1970 ||
	    parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 60 || parts.tm_hour < 0 || parts.tm_min < 0 ||
	    parts.tm_sec < 0)
		return 0;
	parts.tm_mon = (int)(found - months) / 3;
	parts.tm_year -= 1900;
	return timegm(&parts);
}

static void take_date(struct tusk_s3_answer *answer, struct value value)
{
	answer->date = date(value);
}

static void take_length(struct tusk_s3_answer *answer, struct value value)
{
	answer->has_length = number(value, &answer->length) == 0;
}

/* "bytes 0-1/2" */
static void take_range(struct tusk_s3_answer *answer, struct value value)
{
	const char *dash, *slash;
	struct value first, last, all;

	answer->has_range = false;
	if (value.len < 6 || strncasecmp(value.text, "bytes ", 6) != 0)
		return;
	value.text += 6;
	value.len -= 6;
	dash = memchr(value.text, '-', value.len);
	slash = memchr(value.text, '/', value.len);
	if (!dash || !slash || slash < dash)
		return;
	first = (struct value){value.text, (size_t)(dash - value.text)};
	last = (struct value){dash + 1, (size_t)(slash - dash) - 1};
	all = (struct value){slash + 1, value.len - (size_t)(slash - value.text) - 1};
	answer->has_range = number(first, &answer->range_first) == 0 && number(last, &answer->range_last) == 0 &&
			    number(all, &answer->range_all) == 0 && answer->range_first <= answer->range_last &&
			    answer->range_last < answer->range_all;
}

/* Seconds, or a date: that counts from the answer's own, which comes before it or not at all. */
static void take_retry_after(struct tusk_s3_answer *answer, struct value value)
{
	uint64_t seconds = 0;
	time_t until = date(value);

	if (until && answer->date && until > answer->date)
		seconds = (uint64_t)(until - answer->date);
	else if (!until && number(value, &seconds) < 0)
		seconds = 0;
	answer->retry_after_s = seconds < TUSK_S3_RETRY_AFTER_MAX ? (unsigned)seconds : TUSK_S3_RETRY_AFTER_MAX;
}

static void take_etag(struct tusk_s3_answer *answer, struct value value)
{
	if (value.len > 1 && value.text[0] == '"' && value.text[value.len - 1] == '"') {
		value.text++;
		value.len -= 2;
	}
	answer->etag[0] = '\0';
	if (value.len < sizeof(answer->etag) && !memchr(value.text, '\0', value.len)) {
		memcpy(answer->etag, value.text, value.len);
		answer->etag[value.len] = '\0';
	}
}

bool tusk_s3_region_valid(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
			return false;
	}
	return len > 0 && len < TUSK_S3_REGION_SIZE;
}

static void take_region(struct tusk_s3_answer *answer, struct value value)
{
	if (!tusk_s3_region_valid(value.text, value.len))
		return;
	memcpy(answer->region, value.text, value.len);
	answer->region[value.len] = '\0';
}

static void take_location(struct tusk_s3_answer *answer, struct value value)
{
	bool tls = value.len > 8 && strncasecmp(value.text, "https://", 8) == 0;
	size_t scheme = tls ? 8 : 7, len;
	const char *slash;

	if (!tls && (value.len < 8 || strncasecmp(value.text, "http://", 7) != 0))
		return;
	slash = memchr(value.text + scheme, '/', value.len - scheme);
	len = slash ? (size_t)(slash - value.text) - scheme : value.len - scheme;
	if (tusk_s3_authority_parse(value.text + scheme, len, answer->location_host, answer->location_port) == 0)
		answer->location_tls = tls;
	else
		answer->location_host[0] = '\0';
}

static void take_status(struct tusk_s3_answer *answer, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);
	uint64_t status = 0;

	memset(answer, 0, sizeof(*answer));
	if (space && len - (size_t)(space - line) >= 4 && number((struct value){space + 1, 3}, &status) == 0)
		answer->status = (int)status;
}

void tusk_s3_answer_line(struct tusk_s3_answer *answer, const char *line, size_t len)
{
	static const struct {
		const char *name;
		void (*take)(struct tusk_s3_answer *answer, struct value value);
	} headers[] = {
	    {"date", take_date},         {"content-length", take_length},   {"content-range", take_range},
	    {"etag", take_etag},         {"retry-after", take_retry_after}, {"x-amz-bucket-region", take_region},
	    {"location", take_location},
	};
	const char *colon = memchr(line, ':', len);
	struct value value;

	if (len > 5 && strncasecmp(line, "HTTP/", 5) == 0) {
		take_status(answer, line, len);
		return;
	}
	if (!colon)
		return;
	value = (struct value){colon + 1, len - (size_t)(colon - line) - 1};
	while (value.len && isspace((unsigned char)value.text[0])) {
		value.text++;
		value.len--;
	}
	while (value.len && isspace((unsigned char)value.text[value.len - 1]))
		value.len--;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (strlen(headers[i].name) == (size_t)(colon - line) &&
		    strncasecmp(line, headers[i].name, (size_t)(colon - line)) == 0)
			headers[i].take(answer, value);
	}
}
