/* Finding tuskfs. */
#include "driver.h"

#include "tusk/cleanup.h"

#include <limits.h>
#include <string.h>

static char *usable(const char *folder, int folder_len, const char *rest)
{
	char *path;

	if (asprintf(&path, "%.*s%s", folder_len, folder, rest) < 0)
		return NULL;
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static char *beside_this_program(void)
{
	char own[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);

	if (len <= 0)
		return NULL;
	own[len] = 0;
	char *slash = strrchr(own, '/');
	char *found = usable(own, (int)(slash - own), "/tuskfs");
	return found ? found : usable(own, (int)(slash - own), "/../fs/tuskfs");
}

static char *in_path(void)
{
	const char *path = getenv("PATH");

	for (const char *part = path ? path : "/usr/bin:/bin"; part;) {
		size_t len = strcspn(part, ":");
		char *found = len ? usable(part, (int)len, "/tuskfs") : NULL;
		if (found)
			return found;
		part = part[len] ? part + len + 1 : NULL;
	}
	return NULL;
}

int tusk_driver_path(char **ret_path, struct tusk_err *err)
{
	char *path = beside_this_program();

	if (!path)
		path = in_path();
	if (!path)
		return tusk_err_set(err, TUSK_E_MOUNT, 0, "tuskfs is not installed (neither beside tusk nor in PATH)");
	*ret_path = path;
	return 0;
}
