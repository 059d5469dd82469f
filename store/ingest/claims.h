/* The ids that this backup is storing and the index does not know yet. */
#ifndef TUSK_CLAIMS_H
#define TUSK_CLAIMS_H

#include "tusk/id.h"

struct tusk_claims; /* thread-safe */
struct tusk_claims *tusk_claims_new(void);
void tusk_claims_free(struct tusk_claims *claims);
/* 1: id is now the caller's to store; 0: somebody else stores it; -1: out of memory. */
int tusk_claims_take(struct tusk_claims *claims, const struct tusk_id *id);
/* The index knows it now. */
void tusk_claims_drop(struct tusk_claims *claims, const struct tusk_id *id);

#endif
