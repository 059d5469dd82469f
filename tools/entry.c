/* Entries as text and as JSON. */
#include "entry.h"

#include "tusk/cleanup.h"
#include "tusk/text.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

const char *tusk_entry_kind(const struct tusk_entry *entry)
{
	static const char *const kinds[] = {
	    [TUSK_TYPE_FILE] = "file",
	    [TUSK_TYPE_DIRECTORY] = "directory",
	    [TUSK_TYPE_SYMLINK] = "symlink",
	    [TUSK_TYPE_CHARACTER_DEVICE] = "character-device",
	    [TUSK_TYPE_BLOCK_DEVICE] = "block-device",
	    [TUSK_TYPE_FIFO] = "fifo",
	    [TUSK_TYPE_SOCKET] = "socket",
	};
	return kinds[entry->type];
}

static void mode_text(const struct tusk_entry *entry, char text[11])
{
	static const char types[] = "?-dlcbps";
	memcpy(text, "?rwxrwxrwx", 11);
	text[0] = types[entry->type];
	for (int i = 0; i < 9; i++)
		if (!(entry->mode >> (8 - i) & 1))
			text[1 + i] = '-';
	if (entry->mode & S_ISUID)
		text[3] = text[3] == 'x' ? 's' : 'S';
	if (entry->mode & S_ISGID)
		text[6] = text[6] == 'x' ? 's' : 'S';
	if (entry->mode & S_ISVTX)
		text[9] = text[9] == 'x' ? 't' : 'T';
}

void tusk_print_escaped(FILE *out, const void *bytes, size_t len)
{
	TUSK_AUTO_BUF struct tusk_buf text = {0};
	if (tusk_text_escape(&text, bytes, len) == 0)
		fwrite(text.data, 1, text.len, out);
	else
		fputs("(out of memory)", out);
}

static void owner_text(const struct tusk_bytes *name, uint32_t id, char *text, size_t size)
{
	TUSK_AUTO_BUF struct tusk_buf escaped = {0};
	if (name->len && tusk_text_escape(&escaped, name->data, name->len) == 0)
		snprintf(text, size, "%s", (const char *)escaped.data);
	else
		snprintf(text, size, "%" PRIu32, id);
}

void tusk_entry_print_long(FILE *out, const struct tusk_entry *entry)
{
	char mode[11], user[64], group[64], time[32], size[32];
	mode_text(entry, mode);
	owner_text(&entry->user, entry->uid, user, sizeof(user));
	owner_text(&entry->group, entry->gid, group, sizeof(group));
	tusk_text_time_local(entry->mtime, time);
	if (entry->type == TUSK_TYPE_CHARACTER_DEVICE || entry->type == TUSK_TYPE_BLOCK_DEVICE)
		snprintf(size, sizeof(size), "%" PRIu32 ", %" PRIu32, entry->device_major, entry->device_minor);
	else
		snprintf(size, sizeof(size), "%" PRIu64, entry->size);
	fprintf(out, "%s%c %3" PRIu64 " %-8s %-8s %12s %s ", mode, entry->has_xattrs ? '+' : ' ', entry->nlink, user,
		group, size, time);
}

void tusk_json_entry(struct tusk_json *json, const struct tusk_entry *entry)
{
	char mode[11];
	mode_text(entry, mode);
	tusk_json_text(json, "kind", tusk_entry_kind(entry));
	tusk_json_text(json, "permissions", mode);
	tusk_json_count(json, "mode", entry->mode & 07777);
	tusk_json_count(json, "uid", entry->uid);
	tusk_json_count(json, "gid", entry->gid);
	if (entry->user.len)
		tusk_json_bytes(json, "user", entry->user.data, entry->user.len);
	if (entry->group.len)
		tusk_json_bytes(json, "group", entry->group.data, entry->group.len);
	tusk_json_count(json, "size", entry->size);
	tusk_json_time(json, "mtime", entry->mtime);
	tusk_json_time(json, "ctime", entry->ctime);
	tusk_json_count(json, "nlink", entry->nlink);
	if (entry->link_id)
		tusk_json_count(json, "link_id", entry->link_id);
	if (entry->type == TUSK_TYPE_SYMLINK)
		tusk_json_bytes(json, "target", entry->target.data, entry->target.len);
	if (entry->type == TUSK_TYPE_CHARACTER_DEVICE || entry->type == TUSK_TYPE_BLOCK_DEVICE) {
		tusk_json_count(json, "device_major", entry->device_major);
		tusk_json_count(json, "device_minor", entry->device_minor);
	}
	if (entry->type == TUSK_TYPE_DIRECTORY) {
		tusk_json_count(json, "entries", entry->subtree.entries);
		tusk_json_count(json, "descendants", entry->subtree.descendants);
		tusk_json_count(json, "bytes", entry->subtree.bytes);
	}
	if (entry->type == TUSK_TYPE_FILE) {
		uint8_t sha256[32];
		tusk_json_count(json, "data_bytes", entry->data_bytes);
		if (tusk_entry_sha256(entry, sha256, NULL) == 0)
			tusk_json_hex(json, "sha256", sha256, sizeof(sha256));
	}
	tusk_json_flag(json, "has_xattrs", entry->has_xattrs);
}

void tusk_entry_print(struct tusk_cli *cli, const struct tusk_entry_style *style, const char *path,
		      const struct tusk_entry *entry)
{
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("entry");
		if (style->snapshot)
			tusk_json_id(json, "snapshot", style->snapshot);
		tusk_json_text(json, "path", path);
		tusk_json_entry(json, entry);
		tusk_cli_print(cli, json);
		return;
	}
	if (style->is_long)
		tusk_entry_print_long(stdout, entry);
	fputs(style->prefix, stdout);
	tusk_print_escaped(stdout, path, strlen(path));
	if (style->is_long && entry->type == TUSK_TYPE_SYMLINK) {
		fputs(" -> ", stdout);
		tusk_print_escaped(stdout, entry->target.data, entry->target.len);
	}
	putchar('\n');
}
