/* The command line of tuskfs and of mount.tusk. */
#ifndef TUSKFS_OPTIONS_H
#define TUSKFS_OPTIONS_H

#include "tusk/err.h"

#include <stdint.h>
#include <sys/types.h>

/* Texts are owned; NULL: not given. */
struct tuskfs_options {
	char *repository, *directory; /* as the user wrote them */
	char *snapshot;               /* mount the root of this snapshot instead of the views */
	char *password_file, *password_command, *key_file, *state_dir;
	char *node;     /* use this node of the repository alone */
	char *fsname;   /* instead of the repository in the mount table */
	uint64_t cache; /* bytes of decoded chunks; 0: the library's default */
	bool has_uid, has_gid, has_umask;
	uint32_t uid, gid, umask;
	bool allow_other, auto_unmount, noexec;
	char *xattrs;    /* "hidden", "list" or "none"; NULL: hidden, and none at all where a snapshot has none */
	bool no_xattrs;  /* answer "not supported" to every request for extended attributes */
	bool no_acls;    /* judge permissions by the mode alone */
	bool wants_rw;   /* rw was asked for: worth a note, unless mount(8) added it: then ... */
	bool from_mount; /* ... there are dev and suid too */
	bool foreground, debug;
	bool helper;                /* called as mount.tusk: its flags and exit codes */
	bool fake, sloppy, verbose; /* mount(8) -f, -s, -v */
	bool show_help, show_version;
};

void tuskfs_options_release(struct tuskfs_options *options);

/* Reads a command line. argv[0] decides whether this is mount.tusk. TUSK_E_USAGE with a text for people. options must
 * be zero; it is to be released even on failure. */
int tuskfs_options_parse(struct tuskfs_options *options, int argc, char **argv, struct tusk_err *err);
/* Reads one -o list ("a,b=c"; a backslash takes the next character as it is). */
int tuskfs_options_list(struct tuskfs_options *options, const char *list, struct tusk_err *err);

#endif
