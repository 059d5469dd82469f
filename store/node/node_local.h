/* The inside of a node in a local directory. */
#ifndef TUSK_NODE_LOCAL_H
#define TUSK_NODE_LOCAL_H

#include "node_ops.h"

#include <dirent.h>

#define TUSK_FOLDER_MODE 0700

struct tusk_node_local {
	struct tusk_node base;
	int root_fd;
	bool made_root; /* by create: then uncreate removes it */
};

void tusk_node_local_uncreate(struct tusk_node *node);
void tusk_node_local_sweep(struct tusk_node *node);

static inline void tusk_directory_cleanup(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}
#define TUSK_AUTO_DIRECTORY TUSK_CLEANUP(tusk_directory_cleanup)

#endif
