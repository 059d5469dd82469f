/* Reading /proc/self/mountinfo (proc(5)). */
#include "mounts.h"

#include "tusk/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

void tusk_mounts_unescape(char *text)
{
	char *out = text;
	for (const char *in = text; *in;) {
		if (in[0] == '\\' && strspn(in + 1, "01234567") >= 3) {
			*out++ = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	*out = '\0';
}

/* 36 35 98:0 ROOT MOUNTPOINT options [optional...] - TYPE source options */
static bool parse_line(char *line, char **ret_point, char **ret_type)
{
	char *rest = line, *point = NULL;
	for (int i = 0; i < 5; i++)
		point = strsep(&rest, " ");
	char *dash = rest ? strstr(rest, " - ") : NULL;
	if (!point || !dash)
		return false;
	rest = dash + 3;
	*ret_type = strsep(&rest, " ");
	*ret_point = point;
	tusk_mounts_unescape(point);
	return true;
}

int tusk_mounts_look(const char *path, enum tusk_mounted *ret_mounted, struct tusk_err *err)
{
	TUSK_AUTO_STREAM FILE *table = fopen("/proc/self/mountinfo", "re");
	if (!table)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot read the mount table /proc/self/mountinfo");
	TUSK_AUTO_FREE char *line = NULL;
	size_t capacity = 0;
	enum tusk_mounted found = TUSK_MOUNTED_NOT;
	while (getline(&line, &capacity, table) > 0) {
		char *point, *type;
		if (parse_line(line, &point, &type) && strcmp(point, path) == 0)
			found = strcmp(type, "fuse.tusk") == 0 ? TUSK_MOUNTED_TUSK : TUSK_MOUNTED_OTHER;
	}
	*ret_mounted = found;
	return 0;
}

int tusk_mounts_resolve(const char *path, char *ret_path, size_t size, struct tusk_err *err)
{
	TUSK_AUTO_FREE char *whole = realpath(path, NULL);
	if (whole) {
		snprintf(ret_path, size, "%s", whole);
		return 0;
	}
	if (errno != ENOTCONN && errno != EACCES && errno != EIO)
		return tusk_err_set(err, TUSK_E_ABSENT, errno, "%s", path);
	char parent[PATH_MAX];
	snprintf(parent, sizeof(parent), "%s", path);
	size_t len = strlen(parent);
	while (len > 1 && parent[len - 1] == '/')
		parent[--len] = '\0';
	char *slash = strrchr(parent, '/');
	const char *name = slash ? slash + 1 : parent;
	if (slash)
		*slash = '\0';
	TUSK_AUTO_FREE char *above = realpath(!slash ? "." : slash == parent ? "/" : parent, NULL);
	if (!above)
		return tusk_err_set(err, TUSK_E_ABSENT, errno, "%s", path);
	snprintf(ret_path, size, "%s/%s", strcmp(above, "/") == 0 ? "" : above, name);
	return 0;
}
