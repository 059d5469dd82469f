/* Damage as text. */
#ifndef TUSK_TOOLS_CHECK_TEXT_H
#define TUSK_TOOLS_CHECK_TEXT_H

#include "json.h"
#include "tusk/check.h"

/* "damaged: packs/ab/..: is missing" or "damaged: snapshot 7f3a91c2: /a/b bytes 0-9: WHAT". */
void tusk_damage_print(FILE *out, const struct tusk_damage *damage);
struct tusk_json *tusk_damage_json(const struct tusk_damage *damage);

#endif
