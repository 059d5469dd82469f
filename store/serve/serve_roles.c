/* What each role may do: the table of PROTOCOL.md. */
#include "serve_private.h"

#include <string.h>

int tusk_serve_access_from_name(const char *name, enum tusk_access *ret_role)
{
	for (enum tusk_access role = TUSK_ACCESS_READ_ONLY; role <= TUSK_ACCESS_FULL; role++) {
		if (strcmp(name, tusk_access_name(role)) != 0)
			continue;
		*ret_role = role;
		return 0;
	}
	return -1;
}

static bool begins_with(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* What a client that may only append may publish: nothing that hides or ends what is there. */
static bool may_append(const char *name)
{
	static const char *const prefixes[] = {"packs/", "toc/",    "snapshots/", "nodes/",
					       "marks/", "ledger/", "drills/",    "leases/"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (begins_with(name, prefixes[i]))
			return true;
	}
	return false;
}

static bool is_reading(enum tusk_frame_kind kind)
{
	switch (kind) {
	case TUSK_REQUEST_GET:
	case TUSK_REQUEST_READ:
	case TUSK_REQUEST_STAT:
	case TUSK_REQUEST_LIST:
	case TUSK_REQUEST_DIGEST:
	case TUSK_REQUEST_GENERATION:
	case TUSK_REQUEST_SPACE:
		return true;
	default:
		return false;
	}
}

static bool may_as_appender(const struct tusk_request *request)
{
	switch (request->kind) {
	case TUSK_REQUEST_UPLOAD:
	case TUSK_REQUEST_WRITE:
	case TUSK_REQUEST_ABORT:
	case TUSK_REQUEST_LOCK:
	case TUSK_REQUEST_UNLOCK:
	case TUSK_REQUEST_SWEEP:
		return true;
	case TUSK_REQUEST_COMMIT:
		return request->replace ? begins_with(request->name, "leases/") : may_append(request->name);
	case TUSK_REQUEST_REMOVE:
		return begins_with(request->name, "leases/");
	default:
		return false;
	}
}

int tusk_serve_may(enum tusk_access role, const struct tusk_request *request, struct tusk_err *err)
{
	if (role == TUSK_ACCESS_FULL || is_reading(request->kind) ||
	    (role == TUSK_ACCESS_APPEND_ONLY && may_as_appender(request)))
		return 0;
	return tusk_err_set(err, TUSK_E_IO, 0, "refused: this node is served %s%s%s", tusk_access_name(role),
			    request->name[0] ? ": " : "", request->name);
}
