/* Shell patterns over paths. */
#ifndef TUSK_GLOBBING_H
#define TUSK_GLOBBING_H

#include <stdbool.h>
#include <stddef.h>

/* Whether pattern matches all of text. "?", "*" and "[...]" ("[!...]", "[^...]") never match a slash; "**" does, and as
 * a whole component before another one it also stands for no directory at all. A backslash takes the next byte
 * literally; a
 * "[" that is not closed is literal. Takes at most about pattern_len * text_len steps. */
bool tusk_glob_match(const char *pattern, size_t pattern_len, const char *text, size_t text_len);

#endif
