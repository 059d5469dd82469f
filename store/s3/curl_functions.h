/* libcurl, loaded by the first node that speaks HTTP (tusk/library.h says why). The names below call what was loaded.
 */
#ifndef TUSK_CURL_FUNCTIONS_H
#define TUSK_CURL_FUNCTIONS_H

#include "tusk/library.h"

#include <curl/curl.h>

/* Macros around functions with any number of arguments would hide the functions. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

#define TUSK_CURL_FUNCTIONS(X) \
	X(curl_global_init)    \
	X(curl_easy_init)      \
	X(curl_easy_cleanup)   \
	X(curl_easy_reset)     \
	X(curl_easy_setopt)    \
	X(curl_easy_getinfo)   \
	X(curl_easy_perform)   \
	X(curl_easy_strerror)  \
	X(curl_slist_append)   \
	X(curl_slist_free_all)

struct tusk_curl {
	TUSK_CURL_FUNCTIONS(TUSK_LIBRARY_POINTER)
};

#endif
