/* tusk cat: the content of one file. */
#include "cmd.h"
#include "entry.h"
#include "snaparg.h"
#include "tusk/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)1 << 20)

static int write_all(const uint8_t *data, size_t len, struct tusk_err *err)
{
	while (len) {
		ssize_t done = write(STDOUT_FILENO, data, len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return tusk_err_set(err, TUSK_E_IO, errno, "cannot write to standard output");
		data += done;
		len -= (size_t)done;
	}
	return 0;
}

static int copy(struct tusk_file *file, struct tusk_err *err)
{
	TUSK_AUTO_FREE uint8_t *buffer = malloc(BUFFER_SIZE);
	if (!buffer)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	uint64_t size = tusk_file_size(file);
	for (uint64_t offset = 0; offset < size;) {
		size_t got;
		tusk_file_prefetch(file, offset, 4 * BUFFER_SIZE);
		if (tusk_file_pread(file, buffer, BUFFER_SIZE, offset, &got, err) < 0)
			return -1;
		if (got == 0)
			return tusk_err_set(err, TUSK_E_CORRUPT, 0, "ends at byte %" PRIu64 " of %" PRIu64, offset,
					    size);
		if (write_all(buffer, got, err) < 0)
			return -1;
		offset += got;
	}
	return 0;
}

int cmd_cat(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	TUSK_AUTO_SESSION struct tusk_session session = {0};
	if (tusk_session_open(cli, cli->args->operands.items[0], &session, &err) < 0)
		return tusk_cli_fail(cli, &err);
	struct tusk_place *place = &session.place;
	if (place->entry.type != TUSK_TYPE_FILE)
		return tusk_report_fail(&cli->report, TUSK_E_ABSENT, "cat: %s: is a %s, not a file", place->path,
					tusk_entry_kind(&place->entry));
	TUSK_AUTO_FILE struct tusk_file *file = NULL;
	if (tusk_file_open(place->view, &place->entry, &file, &err) == 0 && copy(file, &err) == 0)
		return TUSK_EXIT_OK;
	if (err.sys_errno == EPIPE)
		return TUSK_EXIT_OK;
	tusk_err_prefix(&err, "cat: %s", place->path);
	return tusk_cli_fail(cli, &err);
}
