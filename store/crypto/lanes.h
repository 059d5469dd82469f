/* Internal to store/crypto: SHA-256 (FIPS 180-4) of several messages at once, one message in each lane of a vector
 * register.
 *
 * OpenSSL hashes one message at a time: 0.2 to 0.4 GB/s where the processor has no SHA instructions. Chunks are many
 * and independent, so their words go side by side. Used only where cpuid says that there are no SHA instructions; every
 * result is what OpenSSL gives (tests compare them).
 */
#ifndef TUSK_LANES_H
#define TUSK_LANES_H

#include "crypto.h"

#define TUSK_LANES_MAX 16

/* How many messages this processor hashes at once: 16, 8, or 0 when one at a time is as fast. */
unsigned tusk_lanes_width(void);

/* Hashes all of them, width at a time. width as tusk_lanes_width says, or (for tests) any that the processor can run.
 */
void tusk_lanes_hash(unsigned width, const struct tusk_message *messages, size_t count);

#endif
