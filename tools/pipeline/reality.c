/* Everything there is to know about a pipeline, in one call. */
#include "pipeline/reality.h"

#include <errno.h>
#include <sys/stat.h>

/* As the library has it for repositories: $XDG_STATE_HOME/tusk, else /var/lib/tusk for root, else ~/.local/state/tusk.
 */
int pipeline_state_folder(char *ret_path, size_t size, struct tusk_err *err)
{
	const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME"), *tail = "/tusk";
	if (!base || !*base) {
		base = geteuid() == 0 ? "/var/lib" : home;
		tail = geteuid() == 0 ? "/tusk" : "/.local/state/tusk";
	}
	if (!base || !*base || (size_t)snprintf(ret_path, size, "%s%s", base, tail) >= size)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "neither XDG_STATE_HOME nor HOME names a folder");
	for (char *c = ret_path + 1;; c++) {
		char end = *c;
		if (end != '/' && end != '\0')
			continue;
		*c = '\0';
		if (mkdir(ret_path, 0700) < 0 && errno != EEXIST)
			return tusk_err_set(err, TUSK_E_IO, errno, "cannot make the folder %s", ret_path);
		*c = end;
		if (!end)
			return 0;
	}
}

int pipeline_reality_make(struct tusk_cli *cli, const char *file, struct pipeline_reality *reality,
			  struct tusk_err *err)
{
	char folder[PATH_MAX];
	reality->state.lock_fd = -1;
	if (pipeline_load(file, &reality->pipeline, err) < 0)
		return -1;
	reality->access.pipeline = &reality->pipeline;
	reality->access.cli = cli;
	if (pipeline_state_folder(folder, sizeof(folder), err) < 0 ||
	    pipeline_state_open(&reality->pipeline, folder, false, &reality->state, err) < 0)
		return -1;
	return pipeline_survey_make(&reality->access, &reality->survey, err);
}

void pipeline_reality_release(struct pipeline_reality *reality)
{
	pipeline_survey_release(&reality->survey);
	if (reality->state.nodes)
		pipeline_state_release(&reality->state);
	pipeline_access_release(&reality->access);
	pipeline_release(&reality->pipeline);
}
