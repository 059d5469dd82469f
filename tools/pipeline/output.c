/* Files that appear complete or not at all. */
#include "pipeline/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int pipeline_output_open(const char *path, struct pipeline_output *output, struct tusk_err *err)
{
	*output = (struct pipeline_output){0};
	if (!path || strcmp(path, "-") == 0) {
		output->stream = stdout;
		return 0;
	}
	int len = snprintf(output->path, sizeof(output->path), "%s", path);
	int more = snprintf(output->temporary, sizeof(output->temporary), "%s.XXXXXX", path);
	if (len < 0 || more < 0 || (size_t)more >= sizeof(output->temporary))
		return tusk_err_set(err, TUSK_E_USAGE, ENAMETOOLONG, "cannot write %.200s", path);
	int fd = mkostemp(output->temporary, O_CLOEXEC);
	if (fd < 0) {
		output->temporary[0] = '\0';
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot write %s", path);
	}
	mode_t mask = umask(0);
	umask(mask);
	fchmod(fd, 0666 & ~mask);
	output->stream = fdopen(fd, "w");
	if (output->stream)
		return 0;
	close(fd);
	return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
}

int pipeline_output_close(struct pipeline_output *output, struct tusk_err *err)
{
	FILE *stream = TUSK_STEAL(output->stream);
	if (stream == stdout)
		return 0; /* tusk_cli_finish looks at it */
	bool bad = ferror(stream) != 0 || fflush(stream) != 0 || fsync(fileno(stream)) != 0;
	int cause = errno;
	if (fclose(stream) != 0 && !bad) {
		bad = true;
		cause = errno;
	}
	if (!bad && rename(output->temporary, output->path) != 0) {
		bad = true;
		cause = errno;
	}
	if (bad)
		return tusk_err_set(err, TUSK_E_IO, cause, "cannot write %s", output->path);
	output->temporary[0] = '\0';
	return 0;
}

void pipeline_output_drop(struct pipeline_output *output)
{
	if (output->stream && output->stream != stdout)
		fclose(output->stream);
	if (output->temporary[0])
		unlink(output->temporary);
}

/* "NAME:12:5: " */
static bool has_place(const char *message)
{
	for (const char *colon = strchr(message, ':'); colon; colon = strchr(colon + 1, ':')) {
		size_t line = strspn(colon + 1, "0123456789");
		if (!line || colon[1 + line] != ':')
			continue;
		size_t column = strspn(colon + 2 + line, "0123456789");
		if (column && strncmp(colon + 2 + line + column, ": ", 2) == 0)
			return true;
	}
	return false;
}

int pipeline_fail(struct tusk_cli *cli, const struct tusk_err *err)
{
	if (cli->report.json || !has_place(err->message))
		return tusk_report_error(&cli->report, err, NULL);
	tusk_report_print_safe(cli->report.log, err->message);
	fputc('\n', cli->report.log);
	return tusk_exit_status(err->code);
}
