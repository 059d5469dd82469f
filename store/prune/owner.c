/* Who we are, and whether somebody else on this machine lives. */
#include "lease.h"

#include "fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#define BOOT_ID    "/proc/sys/kernel/random/boot_id"
#define STAT_MAX   4096
#define START_TIME 20 /* fields after the command's name, proc(5) */

static void read_boot(uint8_t ret_boot[16])
{
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	char digits[32];
	size_t count = 0;

	memset(ret_boot, 0, 16);
	if (tusk_read_file(AT_FDCWD, BOOT_ID, 64, &text, NULL) < 0)
		return;
	for (size_t i = 0; i < text.len && count < sizeof(digits); i++)
		if (text.data[i] != '-' && text.data[i] != '\n')
			digits[count++] = (char)text.data[i];
	if (count < sizeof(digits) || tusk_hex_decode(digits, count, ret_boot, 16) < 0)
		memset(ret_boot, 0, 16);
}

static uint64_t inode_of(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 ? (uint64_t)status.st_ino : 0;
}

/* When a process began, 0 when it cannot be known. ret_ended: it is only there to be waited for. */
static uint64_t start_of(uint64_t pid, bool *ret_ended)
{
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	char path[64];

	*ret_ended = false;
	snprintf(path, sizeof(path), "/proc/%llu/stat", (unsigned long long)pid);
	if (tusk_read_file(AT_FDCWD, path, STAT_MAX, &text, NULL) < 0 || tusk_buf_append(&text, "", 1) < 0)
		return 0;
	/* "pid (name) state ...": the name may hold anything. */
	char *field = strrchr((char *)text.data, ')');
	if (!field || strlen(field) < 3)
		return 0;
	*ret_ended = field[2] == 'Z' || field[2] == 'X';
	for (unsigned i = 0; field && i < START_TIME; i++)
		field = strchr(field + 1, ' ');
	return field ? strtoull(field + 1, NULL, 10) : 0;
}

void tusk_owner_self(struct tusk_owner *ret_owner)
{
	struct tusk_owner owner = {.pid = (uint64_t)getpid()};
	bool ended;

	read_boot(owner.boot);
	owner.namespaces = inode_of("/proc/self/ns/pid") * 0x9e3779b97f4a7c15u + inode_of("/proc/self/ns/time");
	owner.start = start_of(owner.pid, &ended);
	if (gethostname(owner.host, sizeof(owner.host) - 1) < 0)
		owner.host[0] = '\0';
	*ret_owner = owner;
}

enum tusk_life tusk_owner_life(const struct tusk_owner *owner)
{
	static const uint8_t unknown[16];
	struct tusk_owner self;

	tusk_owner_self(&self);
	if (memcmp(self.boot, unknown, sizeof(unknown)) == 0 ||
	    memcmp(self.boot, owner->boot, sizeof(self.boot)) != 0 || self.namespaces != owner->namespaces ||
	    owner->pid == 0 || owner->pid > INT32_MAX)
		return TUSK_LIFE_UNKNOWN;
	if (kill((pid_t)owner->pid, 0) < 0 && errno == ESRCH)
		return TUSK_LIFE_DEAD;
	bool ended;
	uint64_t start = start_of(owner->pid, &ended);
	return ended || (start && owner->start && start != owner->start) ? TUSK_LIFE_DEAD : TUSK_LIFE_ALIVE;
}
