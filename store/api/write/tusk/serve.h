/* The far side of an ssh node: PROTOCOL.md over two descriptors. */
#ifndef TUSK_SERVE_H
#define TUSK_SERVE_H

#include "tusk/err.h"

struct tusk_serve_options {
	const char *path; /* a local node; it need not exist for the role "full" */
	const char *role; /* "full", "append-only" or "read-only" */
	int in, out;      /* blocking; borrowed */
};
/* Serves until the end of in, until out is broken, or until the other side breaks the protocol; the first two are
 * success. The caller ignores SIGPIPE. TUSK_E_USAGE: an unknown role, or a path that is a URL. */
int tusk_serve_run(const struct tusk_serve_options *options, struct tusk_err *err);

#endif
