/* The log of a recorded run: records back to back, each a struct log_record and the bytes that it counts. */
#ifndef TUSK_HARNESS_LOG_H
#define TUSK_HARNESS_LOG_H

#include <stdint.h>

#define LOG_MAGIC 0x74754c47u

enum log_op {
	LOG_MKDIR = 1, /* inode, folder, name */
	LOG_CREATE,    /* inode, folder, name */
	LOG_WRITE,     /* inode, offset, data; flag: LOG_DSYNC */
	LOG_TRUNCATE,  /* inode, offset: the new size */
	LOG_SYNC,      /* inode of a file or a folder */
	LOG_RENAME,    /* folder, name, folder2, data: the new name */
	LOG_LINK,      /* inode, folder, name */
	LOG_UNLINK,    /* folder, name (folders too) */
	LOG_MARK       /* data: what the workload has to say */
};

#define LOG_DSYNC 1u

struct log_record {
	uint32_t magic, op, flags, name_len;
	uint64_t inode, folder, folder2, offset, data_len;
};

#endif
