/* The state file: text, one fact a line; a line that is not understood is passed over. */
#include "pipeline/state.h"

#include "pipeline/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>

void pipeline_state_release(struct pipeline_state *state)
{
	free(state->nodes);
	tusk_fd_cleanup(&state->lock_fd);
}

/* "KEY=NUMBER" of a node. */
static uint64_t *member(struct pipeline_node_state *node, const char *key)
{
	const struct {
		const char *key;
		uint64_t *value;
	} members[] = {{"synced", &node->synced},
		       {"structure", &node->structure},
		       {"data", &node->data},
		       {"drill", &node->drill},
		       {"drill_files", &node->drill_files},
		       {"drill_ms", &node->drill_ms},
		       {"drill_bytes", &node->drill_bytes}};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(members[i].key, key) == 0)
			return members[i].value;
	return NULL;
}

static void read_line(const struct pipeline *p, struct pipeline_state *state, const char *line)
{
	char name[PIPELINE_NAME_MAX + 1], key[32];
	uint64_t number;
	/* Nineteen digits do not overflow. NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(line, "run %19" SCNu64 " %19" SCNu64 " %19" SCNu64 " %19" SCNu64, &state->run_began,
		   &state->run_ended, &state->run_exit, &state->failures) == 4)
		return;
	/* Nineteen digits do not overflow. NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(line, "node %64s %31[a-z_] %19" SCNu64, name, key, &number) != 3)
		return;
	const struct pipeline_node *node = pipeline_find_node(p, name);
	uint64_t *value = node ? member(&state->nodes[node - p->nodes], key) : NULL;
	if (value)
		*value = number;
}

static int take_lock(const struct pipeline *p, struct pipeline_state *state, struct tusk_err *err)
{
	char path[PATH_MAX + 8];
	snprintf(path, sizeof(path), "%s.lock", state->path);
	state->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (state->lock_fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot open %s", path);
	if (flock(state->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return tusk_err_set(err, TUSK_E_LOCKED, 0, "another run of pipeline %s is at work", p->name);
}

int pipeline_state_open(const struct pipeline *p, const char *folder, bool lock, struct pipeline_state *ret_state,
			struct tusk_err *err)
{
	PIPELINE_AUTO_STATE struct pipeline_state state = {.lock_fd = -1};
	state.nodes = calloc(p->node_count, sizeof(*state.nodes));
	if (!state.nodes)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	snprintf(state.path, sizeof(state.path), "%s/pipeline-%s", folder, p->name);
	if (lock && take_lock(p, &state, err) < 0)
		return -1;
	TUSK_AUTO_STREAM FILE *file = fopen(state.path, "re");
	char line[256];
	while (file && fgets(line, sizeof(line), file))
		read_line(p, &state, line);
	*ret_state = state;
	state = (struct pipeline_state){.lock_fd = -1};
	return 0;
}

int pipeline_state_save(const struct pipeline *p, const struct pipeline_state *state, struct tusk_err *err)
{
	static const char *const keys[] = {"synced",      "structure", "data",       "drill",
					   "drill_files", "drill_ms",  "drill_bytes"};
	PIPELINE_AUTO_OUTPUT struct pipeline_output output = {0};
	if (pipeline_output_open(state->path, &output, err) < 0)
		return -1;
	fprintf(output.stream, "run %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", state->run_began,
		state->run_ended, state->run_exit, state->failures);
	for (size_t i = 0; i < p->node_count; i++)
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			if (*member(&state->nodes[i], keys[k]))
				fprintf(output.stream, "node %s %s %" PRIu64 "\n", p->nodes[i].name, keys[k],
					*member(&state->nodes[i], keys[k]));
	return pipeline_output_close(&output, err);
}
