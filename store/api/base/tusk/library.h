/* Shared libraries that few commands need, loaded when one does. libcurl and libarchive bring forty more with them:
 * linked as usual they cost every start of a program 10 of its 14 ms (perf stat, 2-core virtual machine). A header
 * lists the functions once, as macros: NAMES(X) with X(name) for each; a struct of pointers to them is filled by
 * tusk_library_load, so that calls stay checked by the library's own prototypes. */
#ifndef TUSK_LIBRARY_H
#define TUSK_LIBRARY_H

#include "tusk/err.h"

#include <stddef.h>

#define TUSK_LIBRARY_POINTER(name) __typeof__(&(name)) name;
#define TUSK_LIBRARY_NAME(name)    #name,

/* Loads soname for the life of the process, and the functions called names into the pointers at functions, which has
 * count of them in the same order. Errors: TUSK_E_INTERNAL, and functions is not to be used. Thread-safe for different
 * functions. */
int tusk_library_load(const char *soname, const char *const *names, size_t count, void *functions,
		      struct tusk_err *err);

#endif
