#include "verify_internal.h"

#include "tusk/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	case S_IFCHR:
		return "character device";
	case S_IFBLK:
		return "block device";
	case S_IFIFO:
		return "FIFO";
	default:
		return "socket";
	}
}

static void compare_numbers(struct verify *verify, uint64_t number, const char *what, const char *format, uint64_t a,
			    uint64_t b)
{
	char snapshot[32], copy[32];

	if (a == b)
		return;
	snprintf(snapshot, sizeof snapshot, format[1] == 'o' ? "%04llo" : "%llu", (unsigned long long)a);
	snprintf(copy, sizeof copy, format[1] == 'o' ? "%04llo" : "%llu", (unsigned long long)b);
	verify_differ(verify, number, what, snapshot, copy);
}

static void compare_times(struct verify *verify, const struct tusk_entry *entry, const struct stat *st)
{
	char snapshot[40], copy[40];

	if (entry->mtime.tv_sec == st->st_mtim.tv_sec && entry->mtime.tv_nsec == st->st_mtim.tv_nsec)
		return;
	tusk_text_time_rfc3339(entry->mtime, snapshot);
	tusk_text_time_rfc3339(st->st_mtim, copy);
	verify_differ(verify, entry->number, "mtime", snapshot, copy);
}

static void compare_target(struct verify *verify, const struct tusk_entry *entry, const struct verify_subject *subject)
{
	TUSK_AUTO_BUF struct tusk_buf snapshot = {0}, copy = {0};
	char target[4096];
	ssize_t len = readlinkat(subject->dirfd, subject->name, target, sizeof target);

	if (len >= 0 && (size_t)len == entry->target.len && memcmp(target, entry->target.data, (size_t)len) == 0)
		return;
	if (tusk_text_escape(&snapshot, entry->target.data, entry->target.len) ||
	    tusk_text_escape(&copy, target, len < 0 ? 0 : (size_t)len))
		return;
	verify_differ(verify, entry->number, "target", (const char *)snapshot.data, (const char *)copy.data);
}

static int compare_links(struct verify *verify, const struct tusk_entry *entry, const struct stat *st,
			 struct tusk_err *err)
{
	uint64_t snapshot, copy;

	if (!entry->link_id && st->st_nlink == 1)
		return 0;
	if (verify_links_see(verify->links, entry->link_id, st, entry->number, &snapshot, &copy))
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "verify");
	if (snapshot != copy)
		verify_differ(verify, entry->number, "hard links",
			      snapshot == entry->number ? "not linked to an earlier name" : "linked to an earlier name",
			      copy == entry->number ? "not linked to it" : "linked to another");
	return 0;
}

int verify_entry(struct verify *verify, const struct tusk_entry *entry, const struct verify_subject *subject,
		 struct tusk_err *err)
{
	const struct stat *st = &subject->st;

	if ((st->st_mode & S_IFMT) != (entry->mode & S_IFMT)) {
		verify_differ(verify, entry->number, "type", type_name(entry->mode), type_name(st->st_mode));
		return 0;
	}
	if (entry->type != TUSK_TYPE_SYMLINK)
		compare_numbers(verify, entry->number, "mode", "%o", entry->mode & 07777, st->st_mode & 07777);
	compare_numbers(verify, entry->number, "owner", "%u", entry->uid, st->st_uid);
	compare_numbers(verify, entry->number, "group", "%u", entry->gid, st->st_gid);
	compare_times(verify, entry, st);
	if (entry->type == TUSK_TYPE_SYMLINK)
		compare_target(verify, entry, subject);
	if (entry->type == TUSK_TYPE_CHARACTER_DEVICE || entry->type == TUSK_TYPE_BLOCK_DEVICE)
		compare_numbers(verify, entry->number, "device", "%u",
				makedev(entry->device_major, entry->device_minor), st->st_rdev);
	if (entry->type != TUSK_TYPE_DIRECTORY && compare_links(verify, entry, st, err))
		return -1;
	if (verify_xattrs(verify, entry, subject, err))
		return -1;
	return entry->type == TUSK_TYPE_FILE ? verify_content(verify, entry, subject, err) : 0;
}
