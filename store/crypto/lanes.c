#include "lanes.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

static const uint32_t initial_state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

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
