/* harness_mark LOG TEXT: the workload says something, in the order of the log. */
#include "log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	if (argc != 3)
		return 2;
	struct log_record record = {.magic = LOG_MAGIC, .op = LOG_MARK, .data_len = strlen(argv[2])};
	struct iovec parts[2] = {{&record, sizeof(record)}, {argv[2], strlen(argv[2])}};
	int fd = open(argv[1], O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) < 0 || writev(fd, parts, 2) != (ssize_t)(sizeof(record) + strlen(argv[2]))) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
