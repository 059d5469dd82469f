/* What an entry records besides its content. */
#ifndef TUSK_METADATA_H
#define TUSK_METADATA_H

#include "dirjob.h"

/* Sets type, mode, owner, times, inode, links and device numbers of entry. */
void tusk_describe(struct tusk_lane *lane, const struct stat *stat, struct tusk_entry *entry);
/* Whether the parent snapshot's entry is of the same, unchanged inode. */
bool tusk_is_unchanged(const struct tusk_entry *old, const struct stat *stat);
/* Whether nothing was written to a file between two looks at it. */
bool tusk_same_file_state(const struct stat *a, const struct stat *b);
/* A value that differs when the content of two files does: the SHA-256, or zeros for a file without data. */
void tusk_content_sha256(const struct tusk_entry *entry, uint8_t ret_sha256[32]);
/* Reads the extended attributes of item through fd (is_path: an O_PATH descriptor) into item->entry. What cannot be
 * read is a problem of the source. -1: the repository failed. */
int tusk_store_xattrs(struct tusk_lane *lane, int fd, bool is_path, struct tusk_item *item, struct tusk_err *err);

/* Names of users and groups, looked up once each; thread-safe. */
struct tusk_accounts;
struct tusk_accounts *tusk_accounts_new(void);
void tusk_accounts_free(struct tusk_accounts *accounts);
/* Empty when there is none. Lives as long as accounts. */
struct tusk_bytes tusk_accounts_user(struct tusk_accounts *accounts, uint32_t uid);
struct tusk_bytes tusk_accounts_group(struct tusk_accounts *accounts, uint32_t gid);

#endif
