/* Completion scripts for shells, made from the table of commands and options. */
#ifndef TUSK_TOOLS_COMPLETION_H
#define TUSK_TOOLS_COMPLETION_H

#include <stdio.h>

/* shell: "bash", "zsh" or "fish". */
void tusk_completion_print(FILE *out, const char *shell);

#endif
