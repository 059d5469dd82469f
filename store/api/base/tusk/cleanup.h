/* Automatic release: the abort path of every function (STYLE: Cleanup). */
#ifndef TUSK_CLEANUP_H
#define TUSK_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TUSK_CLEANUP(function) __attribute__((cleanup(function)))

/* Declares "name_cleanup", which calls release(*pointer) when the pointer is not NULL. */
#define TUSK_DEFINE_CLEANUP(type, name, release)          \
	static inline void name##_cleanup(type **pointer) \
	{                                                 \
		if (*pointer)                             \
			release(*pointer);                \
	}

static inline void tusk_free_cleanup(void *pointer)
{
	free(*(void **)pointer);
}

static inline void tusk_fd_cleanup(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void tusk_stream_cleanup(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

#define TUSK_AUTO_FREE   TUSK_CLEANUP(tusk_free_cleanup)
#define TUSK_AUTO_FD     TUSK_CLEANUP(tusk_fd_cleanup)
#define TUSK_AUTO_STREAM TUSK_CLEANUP(tusk_stream_cleanup)

/* Takes a value out of a variable with automatic release. */
#define TUSK_STEAL(pointer)                      \
	__extension__({                          \
		__auto_type stolen_ = (pointer); \
		(pointer) = NULL;                \
		stolen_;                         \
	})

static inline int tusk_steal_fd(int *fd)
{
	int stolen = *fd;
	*fd = -1;
	return stolen;
}

#endif
