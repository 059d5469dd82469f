/* As text: "<uuid, 32 digits> <counter> <id of the last snapshot>". */
#include "writer.h"

#include "fileio.h"
#include "tusk/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 160

static bool parse(const struct tusk_buf *data, struct tusk_writer *ret_writer)
{
	char text[TEXT_SIZE] = {0}, uuid[33], digits[21], id[65];
	struct tusk_writer writer;

	if (data->len >= sizeof(text))
		return false;
	memcpy(text, data->data, data->len);
	if (sscanf(text, "%32s %20[0-9] %64s", uuid, digits, id) != 3 || strlen(uuid) != 32 || strlen(id) != 64)
		return false;
	errno = 0;
	writer.counter = strtoull(digits, NULL, 10);
	if (errno != 0 || tusk_hex_decode(uuid, 32, writer.uuid, sizeof(writer.uuid)) < 0 ||
	    tusk_hex_decode(id, 64, writer.previous.bytes, TUSK_ID_SIZE) < 0)
		return false;
	*ret_writer = writer;
	return true;
}

bool tusk_writer_load(int dir_fd, struct tusk_writer *ret_writer)
{
	TUSK_AUTO_BUF struct tusk_buf data = {0};
	struct tusk_err ignored = {0};

	return tusk_read_file(dir_fd, TUSK_WRITER_FILE, TEXT_SIZE, &data, &ignored) == 0 && parse(&data, ret_writer);
}

int tusk_writer_save(int dir_fd, const struct tusk_writer *writer, struct tusk_err *err)
{
	struct tusk_pending pending TUSK_AUTO_PENDING = {.fd = -1};
	char text[TEXT_SIZE], uuid[33], id[TUSK_ID_TEXT_SIZE];

	tusk_hex_encode(writer->uuid, sizeof(writer->uuid), uuid);
	tusk_id_text(&writer->previous, id);
	int len = snprintf(text, sizeof(text), "%s %llu %s\n", uuid, (unsigned long long)writer->counter, id);
	if (tusk_durable_mkdir(dir_fd, "tmp", 0700, err) < 0 || tusk_pending_open(&pending, dir_fd, err) < 0 ||
	    tusk_write_full(pending.fd, text, (size_t)len, TUSK_WRITER_FILE, err) < 0)
		return -1;
	return tusk_pending_replace(&pending, TUSK_WRITER_FILE, err);
}
