/* Naming a snapshot, with the clock given. */
#ifndef TUSK_SNAPFIND_H
#define TUSK_SNAPFIND_H

#include "tusk/snapshot.h"

/* tusk_snapshot_find as of now (seconds since the epoch); days are those of the local time zone. */
int tusk_snapshot_find_at(const struct tusk_snapshot_list *list, const char *name, time_t now,
			  const struct tusk_snapshot **ret_snapshot, struct tusk_err *err);

#endif
