/* Opening the nodes of a pipeline. */
#ifndef TUSK_PIPELINE_ACCESS_H
#define TUSK_PIPELINE_ACCESS_H

#include "globals.h"
#include "pipeline/pipeline.h"

/* A command line as if the user had named this node; the secret is asked for once and then reused. */
struct pipeline_access {
	const struct pipeline *pipeline;
	struct tusk_cli *cli;
	struct tusk_secret secret; /* what opened the first node that needed one */
	bool has_secret;
	char
	    *credentials; /* AWS_SHARED_CREDENTIALS_FILE as we were given it, once known_credentials is true; or NULL */
	bool known_credentials;
};
void pipeline_access_release(struct pipeline_access *access);
#define PIPELINE_AUTO_ACCESS TUSK_CLEANUP(pipeline_access_release)

/* What opens that node in this process from now on: its credentials-file, or else what the environment said. */
int pipeline_use_credentials(struct pipeline_access *access, size_t node, struct tusk_err *err);
/* Opens the repository at that node. alone: that node and no other one. */
int pipeline_open(struct pipeline_access *access, size_t node, bool alone, struct tusk_repository **ret_repository,
		  struct tusk_err *err);
/* Whether a node that comes and goes is there: the folder, for a local one. */
bool pipeline_is_present(const struct pipeline_node *node);
/* The path of a local node; NULL for others. */
const char *pipeline_local_path(const struct pipeline_node *node);
/* The secret as a file for child processes: a descriptor and the option that reads it. -1 in ret_fd: none is needed. */
int pipeline_secret_file(const struct pipeline_access *access, int *ret_fd, char *ret_option, size_t size,
			 struct tusk_err *err);

#endif
