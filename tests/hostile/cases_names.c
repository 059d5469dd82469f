/* Names, links, and what is special. */
#include "hostile.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- names ---- */

struct name_case {
	const char *what, *name;
	size_t len; /* 0: that of name */
	enum hostile_fate fate;
};

static const struct name_case names[] = {
    {"dot", ".", 0, HOSTILE_REFUSED},
    {"dot dot", "..", 0, HOSTILE_REFUSED},
    {"slash", "/", 0, HOSTILE_REFUSED},
    {"path", "a/b", 0, HOSTILE_REFUSED},
    {"absolute", "/etc/tusk-escaped", 0, HOSTILE_REFUSED},
    {"upwards", "../escaped", 0, HOSTILE_REFUSED},
    {"far upwards", "../../../../../../../tmp/tusk-escaped", 0, HOSTILE_REFUSED},
    {"slash at the end", "a/", 0, HOSTILE_REFUSED},
    {"NUL inside", "a\0b", 3, HOSTILE_REFUSED},
    {"NUL at the end", "a\0", 2, HOSTILE_REFUSED},
    {"only NUL", "\0", 1, HOSTILE_REFUSED},
    {"three dots", "...", 0, HOSTILE_HARMLESS},
    {"not UTF-8", "\377\376\xc0\xaf", 0, HOSTILE_HARMLESS},
    {"newline", "a\nb", 0, HOSTILE_HARMLESS},
    {"escape sequence", "\033]0;owned\007\033[2J", 0, HOSTILE_HARMLESS},
    {"option", "--delete", 0, HOSTILE_HARMLESS},
    {"dash", "-", 0, HOSTILE_HARMLESS},
    {"format", "%s%n%s%n", 0, HOSTILE_HARMLESS},
    {"backslash", "a\\..\\b", 0, HOSTILE_HARMLESS},
    {"carriage return", "good\rbad", 0, HOSTILE_HARMLESS},
    {"bidirectional",
     "gpj.\xe2\x80\xae"
     "exe",
     0, HOSTILE_HARMLESS},
    {"space", " ", 0, HOSTILE_HARMLESS},
    {"temporary", ".tusk-restore", 0, HOSTILE_HARMLESS},
};

static struct tusk_entry of_type(struct hostile *hostile, const struct name_case *it, enum tusk_type type)
{
	static const struct tusk_subtree empty;
	size_t len = it->len ? it->len : strlen(it->name);
	struct tusk_entry entry = hostile_named(hostile, it->name, len, type);

	if (type == TUSK_TYPE_DIRECTORY) {
		entry.subtree = empty;
		entry.mode |= 0111;
	}
	return entry;
}

static void long_name(struct hostile *hostile, size_t len, enum hostile_fate fate)
{
	char what[64], *name = handmade_take(&hostile->made, len + 1);

	memset(name, 'n', len);
	snprintf(what, sizeof(what), "name of %zu bytes", len);
	struct tusk_entry entry = hostile_named(hostile, name, len, TUSK_TYPE_FILE);
	hostile_entry(hostile, what, fate, &entry);
}

static void pair(struct hostile *hostile, const char *what, enum hostile_fate fate, const char *first,
		 const char *second, enum tusk_type type)
{
	struct tusk_entry entries[] = {hostile_named(hostile, first, strlen(first), type),
				       hostile_named(hostile, second, strlen(second), TUSK_TYPE_FILE)};
	hostile_entries(hostile, what, fate, entries, 2);
}

void hostile_names(struct hostile *hostile)
{
	static const enum tusk_type types[] = {TUSK_TYPE_FILE, TUSK_TYPE_DIRECTORY, TUSK_TYPE_SYMLINK};
	static const char *const words[] = {"file", "folder", "link"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		/* What leads out of the folder, as every type; the rest as a file. */
		size_t kinds = names[i].fate == HOSTILE_REFUSED ? 3 : 1;
		for (size_t kind = 0; kind < kinds; kind++) {
			char what[64];
			struct tusk_entry entry = of_type(hostile, &names[i], types[kind]);
			snprintf(what, sizeof(what), "name: %s (%s)", names[i].what, words[kind]);
			hostile_entry(hostile, what, names[i].fate, &entry);
		}
	}
	struct tusk_entry nameless = hostile_named(hostile, "", 0, TUSK_TYPE_FILE);
	hostile_entry(hostile, "name: empty", HOSTILE_REFUSED, &nameless);
	long_name(hostile, 255, HOSTILE_HARMLESS);
	long_name(hostile, 256, HOSTILE_REFUSED);
	long_name(hostile, 4096, HOSTILE_REFUSED);
	pair(hostile, "names: twice", HOSTILE_REFUSED, "a", "a", TUSK_TYPE_FILE);
	pair(hostile, "names: a link and a file of one name", HOSTILE_REFUSED, "a", "a", TUSK_TYPE_SYMLINK);
	pair(hostile, "names: out of order", HOSTILE_REFUSED, "b", "a", TUSK_TYPE_FILE);
	pair(hostile, "names: differ in case", HOSTILE_HARMLESS, "A", "a", TUSK_TYPE_FILE);
}

/* ---- links ---- */

static void symlink_to(struct hostile *hostile, const char *what, enum hostile_fate fate, const void *target,
		       size_t len)
{
	uint8_t *copy = handmade_take(&hostile->made, len);
	struct tusk_entry entry = hostile_named(hostile, "link", 4, TUSK_TYPE_SYMLINK);

	memcpy(copy, target, len);
	entry.target = (struct tusk_bytes){copy, len};
	hostile_entry(hostile, what, fate, &entry);
}

static void symlinks(struct hostile *hostile)
{
	char *filler = handmade_take(&hostile->made, 5000);
	const char *outside = hostile->outside;

	memset(filler, 't', 5000);
	symlink_to(hostile, "link: absolute", HOSTILE_HARMLESS, outside, strlen(outside));
	symlink_to(hostile, "link: upwards", HOSTILE_HARMLESS, "../../../../../../etc/passwd", 28);
	symlink_to(hostile, "link: to itself", HOSTILE_HARMLESS, "link", 4);
	symlink_to(hostile, "link: of 4,095 bytes", HOSTILE_HARMLESS, filler, 4095);
	symlink_to(hostile, "link: of 4,096 bytes", HOSTILE_REFUSED, filler, 4096);
	symlink_to(hostile, "link: empty", HOSTILE_REFUSED, "", 0);
	symlink_to(hostile, "link: NUL inside", HOSTILE_REFUSED, "a\0b", 3);
	/* A folder that links out, with a file "below" it: as two entries of one name, and as a name with a slash. */
	struct tusk_subtree below = hostile_leaf(hostile, &hostile->chunk, 1);
	struct tusk_entry both[] = {hostile_named(hostile, "d", 1, TUSK_TYPE_SYMLINK),
				    hostile_directory(hostile, "d", &below)};
	both[0].target = (struct tusk_bytes){(const uint8_t *)outside, strlen(outside)};
	hostile_entries(hostile, "link: a folder of the same name", HOSTILE_REFUSED, both, 2);
	struct tusk_entry through[] = {both[0], hostile_named(hostile, "d/file", 6, TUSK_TYPE_FILE)};
	hostile_entries(hostile, "link: a file below it", HOSTILE_REFUSED, through, 2);
}

static struct tusk_entry linked(struct hostile *hostile, const char *name, enum tusk_type type, uint64_t id,
				uint64_t nlink)
{
	struct tusk_entry entry = hostile_named(hostile, name, strlen(name), type);
	entry.link_id = id;
	entry.nlink = nlink;
	return entry;
}

static void hardlinks(struct hostile *hostile)
{
	struct tusk_entry entries[] = {linked(hostile, "a", TUSK_TYPE_SYMLINK, 7, 2),
				       linked(hostile, "b", TUSK_TYPE_FILE, 7, 2)};
	entries[0].target = (struct tusk_bytes){(const uint8_t *)hostile->outside, strlen(hostile->outside)};
	hostile_entries(hostile, "hard link: a file to a link that leads out", HOSTILE_HARMLESS, entries, 2);
	struct tusk_entry other = hostile->chunk;
	other.name = entries[1].name;
	other.link_id = 8;
	other.nlink = 2;
	struct tusk_entry unlike[] = {linked(hostile, "a", TUSK_TYPE_FILE, 8, 2), other};
	hostile_entries(hostile, "hard link: two contents", HOSTILE_HARMLESS, unlike, 2);
	struct tusk_entry devices[] = {linked(hostile, "a", TUSK_TYPE_CHARACTER_DEVICE, 9, 2),
				       linked(hostile, "b", TUSK_TYPE_FIFO, 9, 2)};
	hostile_entries(hostile, "hard link: a device to a FIFO", HOSTILE_HARMLESS, devices, 2);
	struct tusk_entry many = linked(hostile, "a", TUSK_TYPE_FILE, 10, UINT32_MAX);
	hostile_entry(hostile, "hard link: 4,294,967,295 names", HOSTILE_HARMLESS, &many);
	many = linked(hostile, "a", TUSK_TYPE_FILE, 10, (uint64_t)UINT32_MAX + 1);
	hostile_entry(hostile, "hard link: 4,294,967,296 names", HOSTILE_REFUSED, &many);
	many = linked(hostile, "a", TUSK_TYPE_FILE, (uint64_t)1 << 62, 2);
	hostile_entry(hostile, "hard link: id too large", HOSTILE_REFUSED, &many);
	many = linked(hostile, "a", TUSK_TYPE_DIRECTORY, 11, 2);
	hostile_entry(hostile, "hard link: a folder", HOSTILE_REFUSED, &many);
}

/* ---- special files ---- */

static void special(struct hostile *hostile, const char *what, enum hostile_fate fate, enum tusk_type type,
		    uint32_t mode, uint32_t device_major, uint32_t device_minor)
{
	struct tusk_entry entry = hostile_named(hostile, "special", 7, type);
	entry.mode = mode;
	entry.uid = entry.gid = 0;
	entry.device_major = device_major;
	entry.device_minor = device_minor;
	hostile_entry(hostile, what, fate, &entry);
}

void hostile_links(struct hostile *hostile)
{
	symlinks(hostile);
	hardlinks(hostile);
	special(hostile, "special: setuid root", HOSTILE_HARMLESS, TUSK_TYPE_FILE, S_IFREG | 04755, 0, 0);
	special(hostile, "special: setgid root", HOSTILE_HARMLESS, TUSK_TYPE_FILE, S_IFREG | 02755, 0, 0);
	special(hostile, "special: sticky setgid folder", HOSTILE_HARMLESS, TUSK_TYPE_DIRECTORY, S_IFDIR | 03777, 0, 0);
	special(hostile, "special: memory", HOSTILE_HARMLESS, TUSK_TYPE_CHARACTER_DEVICE, S_IFCHR | 0666, 1, 1);
	special(hostile, "special: zeros", HOSTILE_HARMLESS, TUSK_TYPE_CHARACTER_DEVICE, S_IFCHR | 0666, 1, 5);
	special(hostile, "special: disk", HOSTILE_HARMLESS, TUSK_TYPE_BLOCK_DEVICE, S_IFBLK | 0666, 8, 0);
	special(hostile, "special: FIFO", HOSTILE_HARMLESS, TUSK_TYPE_FIFO, S_IFIFO | 0666, 0, 0);
	special(hostile, "special: socket", HOSTILE_HARMLESS, TUSK_TYPE_SOCKET, S_IFSOCK | 0666, 0, 0);
	special(hostile, "special: whiteout", HOSTILE_HARMLESS, TUSK_TYPE_CHARACTER_DEVICE, S_IFCHR, 0, 0);
	special(hostile, "special: the largest device", HOSTILE_HARMLESS, TUSK_TYPE_BLOCK_DEVICE, S_IFBLK, UINT32_MAX,
		UINT32_MAX);
	special(hostile, "special: type 0", HOSTILE_REFUSED, (enum tusk_type)0, S_IFREG | 0644, 0, 0);
	special(hostile, "special: type 9", HOSTILE_REFUSED, (enum tusk_type)9, S_IFREG | 0644, 0, 0);
	special(hostile, "special: no permissions", HOSTILE_HARMLESS, TUSK_TYPE_FILE, S_IFREG, 0, 0);
}
