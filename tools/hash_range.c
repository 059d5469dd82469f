#include "hash_range.h"

#include <errno.h>
#include <unistd.h>

int tusk_hash_range(struct tusk_hasher *hasher, int fd, uint64_t offset, uint64_t end, uint8_t *buffer, size_t size)
{
	while (offset < end) {
		size_t len = end - offset < size ? (size_t)(end - offset) : size;
		ssize_t n = pread(fd, buffer, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -1 : 1;
		tusk_hasher_update(hasher, buffer, (size_t)n);
		offset += (uint64_t)n;
	}
	return 0;
}
