/* libarchive, loaded when an archive is written (tusk/library.h says why). */
#ifndef TUSK_ARCHIVE_FUNCTIONS_H
#define TUSK_ARCHIVE_FUNCTIONS_H

#include "tusk/library.h"

#include <archive.h>
#include <archive_entry.h>

#define TUSK_ARCHIVE_FUNCTIONS(X)                \
	X(archive_entry_copy_gname)              \
	X(archive_entry_copy_hardlink)           \
	X(archive_entry_copy_pathname)           \
	X(archive_entry_copy_symlink)            \
	X(archive_entry_copy_uname)              \
	X(archive_entry_free)                    \
	X(archive_entry_new)                     \
	X(archive_entry_set_gid)                 \
	X(archive_entry_set_mode)                \
	X(archive_entry_set_mtime)               \
	X(archive_entry_set_rdevmajor)           \
	X(archive_entry_set_rdevminor)           \
	X(archive_entry_set_size)                \
	X(archive_entry_set_uid)                 \
	X(archive_entry_sparse_add_entry)        \
	X(archive_entry_xattr_add_entry)         \
	X(archive_errno)                         \
	X(archive_error_string)                  \
	X(archive_write_close)                   \
	X(archive_write_data)                    \
	X(archive_write_free)                    \
	X(archive_write_header)                  \
	X(archive_write_new)                     \
	X(archive_write_open)                    \
	X(archive_write_set_bytes_in_last_block) \
	X(archive_write_set_bytes_per_block)     \
	X(archive_write_set_format_pax)          \
	X(archive_write_set_option)

struct tusk_archive {
	TUSK_ARCHIVE_FUNCTIONS(TUSK_LIBRARY_POINTER)
};

#endif
