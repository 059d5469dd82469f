/* What check found, as text and as JSON lines. */
#ifndef TUSK_TOOLS_CHECK_TEXT_H
#define TUSK_TOOLS_CHECK_TEXT_H

#include "json.h"
#include "opt.h"
#include "tusk/check.h"

/* "damaged: packs/ab/..: is missing" or "damaged: packs/ab/..: chunk 83e0aa41: snapshot 7f3a91c2: /a/b bytes 0-9:
 * WHAT". */
void tusk_damage_print(FILE *out, const struct tusk_damage *damage);
struct tusk_json *tusk_damage_json(const struct tusk_damage *damage);

/* What was looked at, and how old the proofs are. args say which kind of check it was. */
void tusk_check_print(FILE *out, const struct tusk_args *args, const struct tusk_check_result *result);
struct tusk_json *tusk_check_json(const struct tusk_args *args, const struct tusk_check_result *result);

#endif
