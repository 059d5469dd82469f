#include "options.h"

#include "tusk/cleanup.h"
#include "tusk/text.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <string.h>

#define OPTION_SIZE 4608 /* a name and a path */

enum kind { IGNORED, FLAG, TEXT, NUMBER, OCTAL, SIZE, REFUSED };

struct option_rule {
	const char *name;
	enum kind kind;
	size_t offset;     /* of the value */
	size_t has_offset; /* of its "was given" flag (NUMBER, OCTAL) */
};

#define AT(field) offsetof(struct tuskfs_options, field)

/* dev and suid are not obeyed but not refused either: mount.fuse3 adds them to every call. */
static const struct option_rule rules[] = {
    {"snapshot", TEXT, AT(snapshot), 0},
    {"password-file", TEXT, AT(password_file), 0},
    {"password-command", TEXT, AT(password_command), 0},
    {"key-file", TEXT, AT(key_file), 0},
    {"state-dir", TEXT, AT(state_dir), 0},
    {"node", TEXT, AT(node), 0},
    {"fsname", TEXT, AT(fsname), 0},
    {"uid", NUMBER, AT(uid), AT(has_uid)},
    {"gid", NUMBER, AT(gid), AT(has_gid)},
    {"umask", OCTAL, AT(umask), AT(has_umask)},
    {"cache", SIZE, AT(cache), 0},
    {"allow_other", FLAG, AT(allow_other), 0},
    {"auto_unmount", FLAG, AT(auto_unmount), 0},
    {"noexec", FLAG, AT(noexec), 0},
    {"xattrs", TEXT, AT(xattrs), 0},
    {"noxattr", FLAG, AT(no_xattrs), 0},
    {"noacl", FLAG, AT(no_acls), 0},
    {"rw", FLAG, AT(wants_rw), 0},
    {"remount", REFUSED, 0, 0},
    {"ro", IGNORED, 0, 0},
    {"nosuid", IGNORED, 0, 0},
    {"nodev", IGNORED, 0, 0},
    {"suid", FLAG, AT(from_mount), 0},
    {"dev", FLAG, AT(from_mount), 0},
    {"exec", IGNORED, 0, 0},
    {"default_permissions", IGNORED, 0, 0},
    {"subtype", IGNORED, 0, 0},
    {"_netdev", IGNORED, 0, 0},
    {"nofail", IGNORED, 0, 0},
    {"auto", IGNORED, 0, 0},
    {"noauto", IGNORED, 0, 0},
    {"user", IGNORED, 0, 0},
    {"nouser", IGNORED, 0, 0},
    {"users", IGNORED, 0, 0},
    {"owner", IGNORED, 0, 0},
    {"group", IGNORED, 0, 0},
    {"defaults", IGNORED, 0, 0},
    {"comment", IGNORED, 0, 0},
    {"async", IGNORED, 0, 0},
    {"atime", IGNORED, 0, 0},
    {"noatime", IGNORED, 0, 0},
    {"diratime", IGNORED, 0, 0},
    {"nodiratime", IGNORED, 0, 0},
    {"relatime", IGNORED, 0, 0},
    {"norelatime", IGNORED, 0, 0},
    {"strictatime", IGNORED, 0, 0},
    {"nostrictatime", IGNORED, 0, 0},
    {"lazytime", IGNORED, 0, 0},
    {"nolazytime", IGNORED, 0, 0},
};
#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

void tuskfs_options_release(struct tuskfs_options *options)
{
	free(options->repository);
	free(options->directory);
	free(options->snapshot);
	free(options->password_file);
	free(options->password_command);
	free(options->key_file);
	free(options->state_dir);
	free(options->node);
	free(options->fsname);
	free(options->xattrs);
	*options = (struct tuskfs_options){0};
}

static int set_text(char **field, const char *value, struct tusk_err *err)
{
	char *copy = strdup(value);
	if (!copy)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot read the options");
	free(*field);
	*field = copy;
	return 0;
}

static int set_number(struct tuskfs_options *options, const struct option_rule *rule, const char *value,
		      struct tusk_err *err)
{
	char *end;
	errno = 0;
	unsigned long long number = strtoull(value, &end, rule->kind == OCTAL ? 8 : 10);
	unsigned long long most = rule->kind == OCTAL ? 07777 : UINT32_MAX - 1; /* -1 is "no id" */
	if (!isdigit((unsigned char)*value) || *end || errno || number > most)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "option %s=%s: not %s number", rule->name, value,
				    rule->kind == OCTAL ? "an octal" : "a");
	*(uint32_t *)(void *)((char *)options + rule->offset) = (uint32_t)number;
	*(bool *)((char *)options + rule->has_offset) = true;
	return 0;
}

static int set_xattrs(struct tuskfs_options *options, const char *value, struct tusk_err *err)
{
	if (strcmp(value, "hidden") != 0 && strcmp(value, "list") != 0 && strcmp(value, "none") != 0)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "option xattrs=%s: not one of hidden, list, none", value);
	options->no_xattrs = strcmp(value, "none") == 0;
	return set_text(&options->xattrs, value, err);
}

static int apply_rule(struct tuskfs_options *options, const struct option_rule *rule, const char *value,
		      struct tusk_err *err)
{
	void *field = (char *)options + rule->offset;
	if (rule->kind == REFUSED)
		return tusk_err_set(err, TUSK_E_USAGE, 0,
				    "remount is not possible: unmount, then mount with the new options");
	if (rule->kind == IGNORED)
		return 0;
	if (rule->kind == FLAG) {
		if (value)
			return tusk_err_set(err, TUSK_E_USAGE, 0, "option %s takes no value", rule->name);
		*(bool *)field = true;
		return 0;
	}
	if (!value || !*value)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "option %s needs a value: %s=...", rule->name, rule->name);
	if (rule->kind == TEXT)
		return strcmp(rule->name, "xattrs") == 0 ? set_xattrs(options, value, err)
							 : set_text(field, value, err);
	if (rule->kind == SIZE) {
		if (tusk_text_parse_size(value, field) < 0)
			return tusk_err_set(err, TUSK_E_USAGE, 0, "option %s=%s: not a size (such as 64M)", rule->name,
					    value);
		return 0;
	}
	return set_number(options, rule, value, err);
}

static int refuse_unknown(const char *name, struct tusk_err *err)
{
	const char *names[RULE_COUNT + 1];
	for (size_t i = 0; i < RULE_COUNT; i++)
		names[i] = rules[i].name;
	names[RULE_COUNT] = NULL;
	const char *nearest = tusk_text_nearest(name, names);
	if (nearest)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "unknown option \"%s\"; did you mean \"%s\"?", name, nearest);
	return tusk_err_set(err, TUSK_E_USAGE, 0, "unknown option \"%s\"", name);
}

static int apply_option(struct tuskfs_options *options, char *text, struct tusk_err *err)
{
	if (!*text || strncmp(text, "x-", 2) == 0 || strncmp(text, "X-", 2) == 0)
		return 0;
	char *value = strchr(text, '=');
	if (value)
		*value++ = 0;
	for (size_t i = 0; i < RULE_COUNT; i++) {
		if (strcmp(rules[i].name, text) == 0)
			return apply_rule(options, &rules[i], value, err);
	}
	return options->sloppy ? 0 : refuse_unknown(text, err);
}

int tuskfs_options_list(struct tuskfs_options *options, const char *list, struct tusk_err *err)
{
	char text[OPTION_SIZE];
	size_t len = 0;
	for (const char *p = list;; p++) {
		if (*p == ',' || !*p) {
			text[len] = 0;
			len = 0;
			if (apply_option(options, text, err) < 0)
				return -1;
			if (!*p)
				return 0;
			continue;
		}
		if (*p == '\\' && p[1])
			p++;
		if (len + 1 >= sizeof(text))
			return tusk_err_set(err, TUSK_E_USAGE, 0, "an option is longer than %zu bytes",
					    sizeof(text) - 1);
		text[len++] = *p;
	}
}

static int apply_flag(struct tuskfs_options *options, int flag, const char **lists, size_t *list_count)
{
	switch (flag) {
	case 'o':
		lists[(*list_count)++] = optarg;
		return 0;
	case 'f':
		*(options->helper ? &options->fake : &options->foreground) = true;
		return 0;
	case 'd':
		options->debug = options->foreground = true;
		return 0;
	case 's':
		options->sloppy = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case 'h':
		options->show_help = true;
		return 0;
	case 'V':
		options->show_version = true;
		return 0;
	case 'n': /* no mtab: nothing to do; -N, -t: mount(8) says in which namespace, as which type */
	case 'N':
	case 't':
		return 0;
	default:
		return -1;
	}
}

static int take_places(struct tuskfs_options *options, int count, char **places, struct tusk_err *err)
{
	if (count != 2)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%s: a repository and a directory are needed%s",
				    count < 2 ? "too few arguments" : "too many arguments",
				    options->helper ? "" : "; see tuskfs --help");
	if (set_text(&options->repository, places[0], err) < 0)
		return -1;
	return set_text(&options->directory, places[1], err);
}

int tuskfs_options_parse(struct tuskfs_options *options, int argc, char **argv, struct tusk_err *err)
{
	static const struct option long_options[] = {
	    {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *program = argc > 0 ? (slash ? slash + 1 : argv[0]) : "tuskfs";
	options->helper = strncmp(program, "mount.", 6) == 0;
	const char *flags = options->helper ? ":sfnvN:o:t:hV" : ":o:fdhV";
	TUSK_AUTO_FREE const char **lists = calloc((size_t)argc + 1, sizeof(*lists));
	if (!lists)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot read the options");

	size_t list_count = 0;
	optind = 0; /* glibc: start anew, so that a process may parse twice */
	for (int flag; (flag = getopt_long(argc, argv, flags, long_options, NULL)) != -1;) {
		if (apply_flag(options, flag, lists, &list_count) < 0)
			return tusk_err_set(err, TUSK_E_USAGE, 0,
					    flag == ':' ? "%s needs a value" : "unknown argument \"%s\"",
					    argv[optind - 1]);
	}
	/* After the flags: -s (sloppy) may stand behind -o. */
	for (size_t i = 0; i < list_count; i++) {
		if (tuskfs_options_list(options, lists[i], err) < 0)
			return -1;
	}
	if (options->show_help || options->show_version)
		return 0;
	return take_places(options, argc - optind, argv + optind, err);
}
