#include "lanes.h"

#include "sha256_plain.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* A message on its way: first its whole blocks, then its tail: the rest, 0x80, zeros, the length in bits.
 * Invariant: blocks > 0 while message is set and something is left of the present segment at next. */
struct lane {
	const struct tusk_message *message; /* NULL: idle */
	const uint8_t *next;
	size_t blocks;
	bool in_tail;
	uint8_t tail[128];
};

/* Goes on to the tail. False when the lane was in it already: the message is done. */
static bool lane_tail(struct lane *lane)
{
	size_t rest = lane->message->len % 64;
	uint64_t bits = __builtin_bswap64((uint64_t)lane->message->len * 8);

	if (lane->in_tail)
		return false;
	lane->in_tail = true;
	lane->blocks = rest < 56 ? 1 : 2;
	memset(lane->tail, 0, sizeof lane->tail);
	if (rest)
		memcpy(lane->tail, lane->message->data + (lane->message->len - rest), rest);
	lane->tail[rest] = 0x80;
	memcpy(lane->tail + 64 * lane->blocks - 8, &bits, 8);
	lane->next = lane->tail;
	return true;
}

static void lane_start(struct lane *lane, const struct tusk_message *message)
{
	lane->message = message;
	lane->next = message->data;
	lane->blocks = message->len / 64;
	lane->in_tail = false;
	if (lane->blocks == 0)
		lane_tail(lane);
}

#define LANES   8
#define TARGET  __attribute__((target("avx2")))
#define NAME(x) x##_8
#include "lanes_compress.h"
#undef LANES
#undef TARGET
#undef NAME

#define LANES   16
#define TARGET  __attribute__((target("avx512f,avx512bw")))
#define NAME(x) x##_16
#include "lanes_compress.h"

unsigned tusk_lanes_width(void)
{
	unsigned a, b = 0, c, d;

	/* Leaf 7, EBX bit 29: SHA extensions, with which one message at a time runs at 1.9 GB/s. */
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1))
		return 0;
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
		return 16;
	return __builtin_cpu_supports("avx2") ? 8 : 0;
}

void tusk_lanes_hash(unsigned width, const struct tusk_message *messages, size_t count)
{
	if (width == 16)
		hash_16(messages, count);
	else
		hash_8(messages, count);
}

#else

unsigned tusk_lanes_width(void)
{
	return 0;
}

void tusk_lanes_hash(unsigned width, const struct tusk_message *messages, size_t count)
{
	(void)width;
	(void)messages;
	(void)count;
}

#endif
