/* Preloaded: a disk that lies. TUSK_FLIP=OFFSET: the byte that is written at this offset of any file is another one.
 * TUSK_GROW=OFFSET: what is written up to this offset has a byte more. */
#undef _FILE_OFFSET_BITS /* pwrite and pwrite64 are two names here */
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static off64_t place_of(const char *variable)
{
	const char *text = getenv(variable);

	return text ? strtoll(text, NULL, 10) : -1;
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off64_t) = (__typeof__(real))dlsym(RTLD_NEXT, "pwrite64");
	off64_t at = place_of("TUSK_FLIP");

	if (!real)
		abort();
	if (offset + (off64_t)len == place_of("TUSK_GROW"))
		(void)!real(fd, "+", 1, offset + (off64_t)len);
	if (at < offset || at >= offset + (off64_t)len)
		return real(fd, data, len, offset);
	uint8_t *changed = malloc(len);
	if (!changed)
		abort();
	memcpy(changed, data, len);
	changed[at - offset] ^= 1;
	ssize_t n = real(fd, changed, len, offset);
	free(changed);
	return n;
}
