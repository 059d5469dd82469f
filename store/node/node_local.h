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
int tusk_node_local_replace(struct tusk_node *node, const char *name, const void *data, size_t len,
			    struct tusk_err *err);
int tusk_node_local_lock(struct tusk_node *node, struct tusk_node_lock **ret_lock, struct tusk_err *err);
void tusk_node_local_reserve(struct tusk_node *node, bool keep);
int tusk_node_local_quarantine(struct tusk_node *node, const char *name, struct tusk_err *err);
/* Makes the folders above name if they are missing: other programs that copy a node may leave out empty ones. */
int tusk_node_local_ensure_folder(const struct tusk_node_local *node, const char *name, struct tusk_err *err);

static inline void tusk_directory_cleanup(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}
#define TUSK_AUTO_DIRECTORY TUSK_CLEANUP(tusk_directory_cleanup)

#endif
