/* Free space, for messages. */
#include "space.h"

#include "tusk/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

/* Of the file system that path is on or would be on. */
static int free_bytes(const char *path, uint64_t *ret_bytes)
{
	char place[PATH_MAX];
	struct statvfs disk;

	snprintf(place, sizeof(place), "%s", path);
	while (statvfs(place, &disk) < 0) {
		char *slash = strrchr(place, '/');
		if (errno != ENOENT || !slash || slash == place)
			return -1;
		*slash = 0;
	}
	*ret_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	return 0;
}

void tusk_space_explain(const char *what, const char *place, struct tusk_err *err)
{
	uint64_t bytes;
	char text[16];

	tusk_err_prefix(err, "%s stopped: %s is full", what, place);
	if (free_bytes(place, &bytes) < 0)
		return;
	tusk_text_bytes(bytes, text);
	size_t len = strlen(err->message);
	snprintf(err->message + len, sizeof(err->message) - len, "; %s free", text);
}
