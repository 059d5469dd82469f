/* What the files of repair/ share. */
#ifndef TUSK_REPAIR_PRIVATE_H
#define TUSK_REPAIR_PRIVATE_H

#include "handle.h"
#include "lease.h"
#include "tusk/repair.h"

/* ---- tocs.c: a pack's table of contents from whatever is left of its two copies ---- */

struct repair_toc {
	struct tusk_toc toc;
	struct tusk_buf object; /* the bytes of toc/<pack>; begins with the pack's header */
};
void repair_toc_release(struct repair_toc *toc);
#define AUTO_REPAIR_TOC TUSK_CLEANUP(repair_toc_release)

/* 0; 1: neither copy, nor what is good of both together, makes one; -1. */
int repair_find_toc(struct tusk_repository *repository, const struct tusk_id *pack, struct repair_toc *ret_toc,
		    struct tusk_err *err);

/* ---- salvage.c: the good records of a damaged pack ---- */

struct repair_salvage {
	uint64_t saved, lost; /* records */
	char packs[200];      /* the names of the new packs, shortened when there are many; empty: none */
};
/* Copies every record that verifies to new packs (dry_run: only counts), durably. */
int repair_salvage(struct tusk_repository *repository, const struct repair_toc *toc,
		   const struct tusk_repair_options *options, struct repair_salvage *ret_salvage, struct tusk_err *err);

/* ---- alone.c: no prune meanwhile ---- */

/* Takes the lease of a prune; TUSK_E_LOCKED while another one lives. The caller releases it in every case. */
int repair_begin_alone(struct tusk_repository *repository, struct tusk_lease *lease, struct tusk_err *err);
/* Before each step. TUSK_E_LOCKED when the lease was lost. */
int repair_stay_alone(struct tusk_lease *lease, struct tusk_err *err);

/* ---- state.c: epoch and condemned packs ---- */

/* Whether one of them is there and cannot be read: 1, 0, -1. */
int repair_state_is_damaged(struct tusk_repository *repository, bool *ret_epoch, bool *ret_condemned,
			    struct tusk_err *err);
/* Begins a new epoch, if need be with an empty list: writers then look again at all that they refer to. For who is
 * alone. */
int repair_state(struct tusk_repository *repository, struct tusk_err *err);

/* ---- leases.c ---- */

/* The names of leases that do not open, each ended by a NUL. Nobody can hold one: its owner looks for it before it
 * relies on it, and begins anew. ret_names is empty. */
int repair_leases_find(struct tusk_repository *repository, struct tusk_buf *ret_names, struct tusk_err *err);

/* Whether an error means damage to what was read; else repair cannot go on. */
bool repair_is_damage(enum tusk_code code);
int repair_go_on(const struct tusk_repair_options *options, struct tusk_err *err);

#endif
