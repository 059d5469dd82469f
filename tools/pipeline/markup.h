/* Writing XML, so SVG and HTML. A stream that cannot be written to is seen by ferror at the end. */
#ifndef TUSK_PIPELINE_MARKUP_H
#define TUSK_PIPELINE_MARKUP_H

#include <stddef.h>
#include <stdio.h>

/* Writes text so that no character of it is markup; what XML does not allow becomes U+FFFD. */
void pipeline_markup_text(FILE *out, const char *text);
/* Copies text, which is UTF-8, cut to that many characters with an ellipsis at the end, or in the middle for paths. */
void pipeline_markup_cut(const char *text, size_t characters, char *ret_text, size_t size);
void pipeline_markup_cut_middle(const char *text, size_t characters, char *ret_text, size_t size);

#endif
