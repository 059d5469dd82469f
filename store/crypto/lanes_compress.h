/* SHA-256 over LANES messages at a time, for one width and instruction set; included by lanes.c once for each. Expects
 * LANES, TARGET and NAME(x). No include guard on purpose. */

typedef uint32_t NAME(vector) __attribute__((vector_size(4 * LANES)));

#define ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))

/* Word t of each lane's block, big-endian in memory, gathered by loads of one word: the compiler has no better portable
 * way, and the 64 rounds hide it. */
TARGET static inline NAME(vector) NAME(gather)(const uint8_t *const blocks[LANES], unsigned word)
{
	NAME(vector) out;
	for (unsigned lane = 0; lane < LANES; lane++) {
		uint32_t value;
		memcpy(&value, blocks[lane] + 4 * word, 4);
		out[lane] = __builtin_bswap32(value);
	}
	return out;
}

/* count blocks of every lane. state: eight words, each a vector. */
TARGET static void NAME(compress)(NAME(vector) state[8], const uint8_t *blocks[LANES], size_t count)
{
	for (; count > 0; count--) {
		NAME(vector) w[16];
		NAME(vector) a = state[0], b = state[1], c = state[2], d = state[3];
		NAME(vector) e = state[4], f = state[5], g = state[6], h = state[7];
		for (unsigned t = 0; t < 16; t++)
			w[t] = NAME(gather)(blocks, t);
#pragma GCC unroll 16
		for (unsigned t = 0; t < 64; t++) {
			if (t >= 16) {
				NAME(vector) w15 = w[(t + 1) & 15], w2 = w[(t + 14) & 15];
				w[t & 15] += (ROTATE(w15, 7) ^ ROTATE(w15, 18) ^ w15 >> 3) + w[(t + 9) & 15] +
					     (ROTATE(w2, 17) ^ ROTATE(w2, 19) ^ w2 >> 10);
			}
			NAME(vector)
			t1 = h + (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25)) + (g ^ (e & (f ^ g))) +
			     tusk_sha256_rounds[t] + w[t & 15];
			NAME(vector) t2 = (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22)) + ((a & b) | (c & (a | b)));
			h = g;
			g = f;
			f = e;
			e = d + t1;
			d = c;
			c = b;
			b = a;
			a = t1 + t2;
		}
		state[0] += a;
		state[1] += b;
		state[2] += c;
		state[3] += d;
		state[4] += e;
		state[5] += f;
		state[6] += g;
		state[7] += h;
		for (unsigned lane = 0; lane < LANES; lane++)
			blocks[lane] += 64;
	}
}

/* Starts message in that lane. */
TARGET static void NAME(enter)(NAME(vector) state[8], unsigned lane, struct lane *slot,
			       const struct tusk_message *message)
{
	for (unsigned i = 0; i < 8; i++)
		state[i][lane] = tusk_sha256_initial[i];
	lane_start(slot, message);
}

TARGET static void NAME(leave)(const NAME(vector) state[8], unsigned lane, const struct lane *slot)
{
	for (unsigned i = 0; i < 8; i++) {
		uint32_t word = __builtin_bswap32(state[i][lane]);
		memcpy(slot->message->hash + 4 * i, &word, 4);
	}
}

/* Runs all lanes as far as the shortest segment among them goes. Idle lanes follow a busy one; what they compute is
 * dropped. */
TARGET static void NAME(advance)(NAME(vector) state[8], struct lane lanes[LANES])
{
	const uint8_t *blocks[LANES];
	const uint8_t *any = NULL;
	size_t count = SIZE_MAX;

	for (unsigned i = 0; i < LANES; i++) {
		if (lanes[i].blocks == 0)
			continue;
		any = lanes[i].next;
		if (lanes[i].blocks < count)
			count = lanes[i].blocks;
	}
	for (unsigned i = 0; i < LANES; i++)
		blocks[i] = lanes[i].blocks ? lanes[i].next : any;
	NAME(compress)(state, blocks, count);
	for (unsigned i = 0; i < LANES; i++) {
		if (lanes[i].blocks == 0)
			continue;
		lanes[i].next += 64 * count;
		lanes[i].blocks -= count;
	}
}

TARGET static void NAME(hash)(const struct tusk_message *messages, size_t count)
{
	NAME(vector) state[8] = {0};
	struct lane lanes[LANES] = {0};
	size_t taken = 0, left = count;

	for (unsigned i = 0; i < LANES && taken < count; i++)
		NAME(enter)(state, i, &lanes[i], &messages[taken++]);
	while (left > 0) {
		NAME(advance)(state, lanes);
		for (unsigned i = 0; i < LANES; i++) {
			if (!lanes[i].message || lanes[i].blocks > 0 || lane_tail(&lanes[i]))
				continue;
			NAME(leave)(state, i, &lanes[i]);
			lanes[i].message = NULL;
			left--;
			if (taken < count)
				NAME(enter)(state, i, &lanes[i], &messages[taken++]);
		}
	}
}

#undef ROTATE
