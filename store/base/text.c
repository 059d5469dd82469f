#include "tusk/text.h"

#include <stdio.h>
#include <string.h>

#define NANOSECONDS_PER_SECOND 1000000000L

/* The length of the valid UTF-8 sequence at text (RFC 3629: no overlong form, no surrogate, up to U+10FFFF), or 0. */
static size_t utf8_sequence(const uint8_t *text, size_t left)
{
	uint8_t first = text[0];
	uint8_t low = 0x80, high = 0xbf; /* bounds of the second byte */
	size_t len = 2;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	if (first >= 0xf0)
		len = 4;
	else if (first >= 0xe0)
		len = 3;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (left < len || text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* C0 controls, DEL, and C1 controls, which some terminals obey even in UTF-8. */
static bool is_control(const uint8_t *text, size_t len)
{
	if (len == 1)
		return text[0] < 0x20 || text[0] == 0x7f;
	return len == 2 && text[0] == 0xc2 && text[1] < 0xa0;
}

static size_t put_octal(uint8_t *out, uint8_t byte)
{
	out[0] = '\\';
	out[1] = (uint8_t)('0' + (byte >> 6));
	out[2] = (uint8_t)('0' + (byte >> 3 & 7));
	out[3] = (uint8_t)('0' + (byte & 7));
	return 4;
}

int tusk_text_escape(struct tusk_buf *out, const void *name, size_t len)
{
	const uint8_t *bytes = name;
	size_t room, used;

	if (__builtin_mul_overflow(len, (size_t)4, &room) || room == SIZE_MAX || tusk_buf_reserve(out, room + 1) < 0)
		return -1;
	used = out->len;
	for (size_t i = 0; i < len;) {
		size_t sequence = utf8_sequence(bytes + i, len - i);
		size_t taken = sequence ? sequence : 1;

		if (bytes[i] == '\\') {
			out->data[used++] = '\\';
			out->data[used++] = '\\';
		} else if (!sequence || is_control(bytes + i, sequence)) {
			for (size_t k = 0; k < taken; k++)
				used += put_octal(out->data + used, bytes[i + k]);
		} else {
			memcpy(out->data + used, bytes + i, sequence);
			used += sequence;
		}
		i += taken;
	}
	out->data[used] = '\0';
	out->len = used;
	return 0;
}

bool tusk_text_is_utf8(const void *text, size_t len)
{
	const uint8_t *bytes = text;

	for (size_t i = 0; i < len;) {
		size_t sequence = utf8_sequence(bytes + i, len - i);

		if (!sequence)
			return false;
		i += sequence;
	}
	return true;
}

void tusk_text_bytes(uint64_t bytes, char ret_text[16])
{
	static const char units[] = "KMGTPE";
	unsigned unit = 0;
	unsigned whole, fraction, tenths;

	if (bytes < 1024) {
		snprintf(ret_text, 16, "%u B", (unsigned)bytes);
		return;
	}
	while (unit < 5 && bytes >> (10 * unit + 20))
		unit++;
	whole = (unsigned)(bytes >> (10 * unit + 10));
	fraction = (unsigned)(bytes >> (10 * unit)) & 1023;
	tenths = whole * 10 + (fraction * 10 + 512) / 1024;
	if (tenths < 1000) {
		snprintf(ret_text, 16, "%u.%u %ciB", tenths / 10, tenths % 10, units[unit]);
		return;
	}
	whole += fraction >= 512;
	if (whole == 1024) /* rounded up into the next unit; EiB ends at 16 */
		snprintf(ret_text, 16, "1.0 %ciB", units[unit + 1]);
	else
		snprintf(ret_text, 16, "%u %ciB", whole, units[unit]);
}

void tusk_text_count(uint64_t count, char ret_text[32])
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
	size_t used = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			ret_text[used++] = ',';
		ret_text[used++] = digits[i];
	}
	ret_text[used] = '\0';
}

void tusk_text_duration(uint64_t seconds, char ret_text[16])
{
	uint64_t hours = seconds / 3600;
	unsigned minute = (unsigned)(seconds / 60 % 60), second = (unsigned)(seconds % 60);

	if (hours > 999999999) /* what fits */
		hours = 999999999;
	if (hours)
		snprintf(ret_text, 16, "%u:%02u:%02u", (unsigned)hours % 1000000000, minute % 60, second % 60);
	else
		snprintf(ret_text, 16, "%u:%02u", minute % 60, second % 60);
}

/* How the parts of a time are joined. */
struct time_style {
	char day_from_hour, between_hours;
	const char *end;
};

static unsigned two_digits(int value)
{
	return (unsigned)value % 100;
}

/* A time as style wants it, year with four digits or more; "@seconds" for times no calendar has (tm is NULL). */
static void format_time(const struct tm *tm, time_t seconds, struct time_style style, char ret_text[32])
{
	int used;

	if (!tm) {
		snprintf(ret_text, 32, "@%lld", (long long)seconds);
		return;
	}
	used = snprintf(ret_text, 32, "%04lld-%02u-%02u", (long long)tm->tm_year + 1900, two_digits(tm->tm_mon + 1),
			two_digits(tm->tm_mday));
	snprintf(ret_text + used, 32 - (size_t)used, "%c%02u%c%02u%c%02u%s", style.day_from_hour,
		 two_digits(tm->tm_hour), style.between_hours, two_digits(tm->tm_min), style.between_hours,
		 two_digits(tm->tm_sec), style.end);
}

void tusk_text_time_rfc3339(struct timespec time, char ret_text[40])
{
	struct tm tm;
	char seconds[32];
	long ns = time.tv_nsec;

	format_time(gmtime_r(&time.tv_sec, &tm), time.tv_sec, (struct time_style){'T', ':', ""}, seconds);
	if (ns < 0 || ns >= NANOSECONDS_PER_SECOND)
		ns = 0;
	snprintf(ret_text, 40, "%.28s.%09uZ", seconds, (unsigned)ns % (unsigned)NANOSECONDS_PER_SECOND);
}

void tusk_text_time_name(struct timespec time, char ret_text[32])
{
	struct tm tm;

	format_time(gmtime_r(&time.tv_sec, &tm), time.tv_sec, (struct time_style){'T', '-', "Z"}, ret_text);
}

void tusk_text_time_local(struct timespec time, char ret_text[32])
{
	struct tm tm;

	format_time(localtime_r(&time.tv_sec, &tm), time.tv_sec, (struct time_style){' ', ':', ""}, ret_text);
}

static int unit_shift(char unit)
{
	switch (unit) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	case 't':
	case 'T':
		return 40;
	default:
		return -1;
	}
}

int tusk_text_parse_size(const char *text, uint64_t *ret_bytes)
{
	uint64_t bytes = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(bytes, (uint64_t)10, &bytes) ||
		    __builtin_add_overflow(bytes, (uint64_t)(*p - '0'), &bytes))
			return -1;
	if (p == text)
		return -1;
	if (*p) {
		int shift = unit_shift(*p);

		if (shift < 0 || p[1] || bytes > UINT64_MAX >> shift)
			return -1;
		bytes <<= shift;
	}
	*ret_bytes = bytes;
	return 0;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* One row of the table: distances of the first i + 1 characters of a to every beginning of b. rows[0] is the row being
 * made, rows[1] and rows[2] the two before it. */
static void distance_row(const char *a, size_t i, const char *b, size_t b_len, unsigned *const rows[3])
{
	rows[0][0] = (unsigned)i + 1;
	for (size_t k = 0; k < b_len; k++) {
		unsigned best = rows[1][k] + (a[i] != b[k]);

		best = least(best, least(rows[1][k + 1], rows[0][k]) + 1);
		if (i && k && a[i] == b[k - 1] && a[i - 1] == b[k])
			best = least(best, rows[2][k - 1] + 1);
		rows[0][k + 1] = best;
	}
}

unsigned tusk_text_distance(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	unsigned *table TUSK_AUTO_FREE = calloc(3 * (b_len + 1), sizeof(*table));
	unsigned *rows[3];

	if (!table) /* without memory for the table: as if they had nothing in common */
		return (unsigned)(a_len > b_len ? a_len : b_len);
	for (size_t r = 0; r < 3; r++)
		rows[r] = table + r * (b_len + 1);
	for (size_t k = 0; k <= b_len; k++)
		rows[1][k] = (unsigned)k;
	for (size_t i = 0; i < a_len; i++) {
		unsigned *oldest = rows[2];

		distance_row(a, i, b, b_len, rows);
		rows[2] = rows[1];
		rows[1] = rows[0];
		rows[0] = oldest;
	}
	return rows[1][b_len];
}

const char *tusk_text_nearest(const char *word, const char *const *candidates)
{
	size_t third = strlen(word) / 3;
	unsigned limit = third > 1 ? (unsigned)third : 1;
	const char *nearest = NULL;

	for (; *candidates; candidates++) {
		unsigned distance = tusk_text_distance(word, *candidates);

		if (distance > limit || (nearest && distance == limit))
			continue;
		limit = distance;
		nearest = *candidates;
	}
	return nearest;
}
