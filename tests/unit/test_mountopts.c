#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define ARGUMENTS_MAX 12

/* Parses a NULL-terminated line; the caller releases options. */
static int parse(struct tuskfs_options *options, const char *const *line, struct tusk_err *err)
{
	char *argv[ARGUMENTS_MAX] = {NULL};
	int argc = 0;
	for (; line[argc]; argc++)
		argv[argc] = (char *)(uintptr_t)line[argc];
	*options = (struct tuskfs_options){0};
	*err = (struct tusk_err){0};
	return tuskfs_options_parse(options, argc, argv, err);
}

#define LINE(...) ((const char *const[]){__VA_ARGS__, NULL})

static void the_plain_call_is_understood(void **state)
{
	(void)state;
	struct tuskfs_options options;
	struct tusk_err err;
	assert_int_equal(parse(&options, LINE("/usr/bin/tuskfs", "repo", "dir", "-f"), &err), 0);
	assert_string_equal(options.repository, "repo");
	assert_string_equal(options.directory, "dir");
	assert_true(options.foreground);
	assert_false(options.helper);
	tuskfs_options_release(&options);
}

static void options_may_stand_anywhere_and_are_all_read(void **state)
{
	(void)state;
	struct tuskfs_options options;
	struct tusk_err err;
	assert_int_equal(parse(&options,
			       LINE("tuskfs", "-o", "snapshot=7f3a,uid=7", "repo", "dir", "-o",
				    "gid=8,umask=027,cache=64M,key-file=/k,allow_other"),
			       &err),
			 0);
	assert_string_equal(options.snapshot, "7f3a");
	assert_string_equal(options.key_file, "/k");
	assert_true(options.has_uid && options.has_gid && options.has_umask && options.allow_other);
	assert_int_equal(options.uid, 7);
	assert_int_equal(options.gid, 8);
	assert_int_equal(options.umask, 027);
	assert_int_equal(options.cache, 64 << 20);
	tuskfs_options_release(&options);
}

static void mount_calls_its_helper_with_flags_of_its_own(void **state)
{
	(void)state;
	struct tuskfs_options options;
	struct tusk_err err;
	assert_int_equal(
	    parse(&options, LINE("/sbin/mount.tusk", "repo", "dir", "-sfnv", "-o", "rw,what=ever", "-t", "tusk"), &err),
	    0);
	assert_true(options.helper && options.fake && options.sloppy && options.verbose);
	assert_false(options.foreground);
	tuskfs_options_release(&options);
}

static void what_fstab_and_mount_add_is_ignored(void **state)
{
	(void)state;
	struct tuskfs_options options;
	struct tusk_err err;
	const char *list =
	    "_netdev,nofail,auto,noauto,user,users,owner,group,defaults,comment=hello,x-systemd.automount,"
	    "x-gvfs-show,X-mount.mkdir=0755,exec,atime,noatime,relatime,async,ro,nosuid,nodev,suid,dev,,";
	assert_int_equal(parse(&options, LINE("tuskfs", "repo", "dir", "-o", list), &err), 0);
	tuskfs_options_release(&options);
}

static void an_unknown_option_is_refused_with_the_nearest_known_one(void **state)
{
	(void)state;
	struct tuskfs_options options;
	struct tusk_err err;
	assert_int_equal(parse(&options, LINE("tuskfs", "repo", "dir", "-o", "pasword-file=/x"), &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	assert_string_equal(err.message, "unknown option \"pasword-file\"; did you mean \"password-file\"?");
	tuskfs_options_release(&options);
}

static void remounting_is_refused(void **state)
{
	(void)state;
	struct tuskfs_options options;
	struct tusk_err err;
	assert_int_equal(parse(&options, LINE("mount.tusk", "repo", "dir", "-o", "remount,ro"), &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	assert_non_null(strstr(err.message, "remount"));
	tuskfs_options_release(&options);
}

static void a_backslash_keeps_a_comma_in_a_value(void **state)
{
	(void)state;
	struct tuskfs_options options = {0};
	struct tusk_err err = {0};
	assert_int_equal(tuskfs_options_list(&options, "password-command=pass a\\,b\\\\c,uid=1", &err), 0);
	assert_string_equal(options.password_command, "pass a,b\\c");
	assert_int_equal(options.uid, 1);
	tuskfs_options_release(&options);
}

static void a_later_option_replaces_an_earlier_one(void **state)
{
	(void)state;
	struct tuskfs_options options = {0};
	struct tusk_err err = {0};
	assert_int_equal(tuskfs_options_list(&options, "snapshot=a,snapshot=b", &err), 0);
	assert_string_equal(options.snapshot, "b");
	tuskfs_options_release(&options);
}

static void bad_values_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"uid=",          "uid=x",    "uid=-1",      "uid=4294967295",
					  "uid=5x",        "umask=8",  "umask=10000", "cache=1x",
					  "allow_other=1", "snapshot", "uid"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tuskfs_options options = {0};
		struct tusk_err err = {0};
		assert_int_equal(tuskfs_options_list(&options, bad[i], &err), -1);
		assert_int_equal(err.code, TUSK_E_USAGE);
		tuskfs_options_release(&options);
	}
}

static void a_missing_or_surplus_argument_is_refused(void **state)
{
	(void)state;
	const char *const *const lines[] = {LINE("tuskfs"), LINE("tuskfs", "repo"), LINE("tuskfs", "a", "b", "c"),
					    LINE("tuskfs", "a", "b", "-o"), LINE("tuskfs", "a", "b", "-x")};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct tuskfs_options options;
		struct tusk_err err;
		assert_int_equal(parse(&options, lines[i], &err), -1);
		assert_int_equal(err.code, TUSK_E_USAGE);
		tuskfs_options_release(&options);
	}
}

static void an_endless_option_is_refused(void **state)
{
	(void)state;
	struct tuskfs_options options = {0};
	struct tusk_err err = {0};
	char list[8192];
	memset(list, 'a', sizeof(list));
	list[sizeof(list) - 1] = 0;
	assert_int_equal(tuskfs_options_list(&options, list, &err), -1);
	tuskfs_options_release(&options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_plain_call_is_understood),
	    cmocka_unit_test(options_may_stand_anywhere_and_are_all_read),
	    cmocka_unit_test(mount_calls_its_helper_with_flags_of_its_own),
	    cmocka_unit_test(what_fstab_and_mount_add_is_ignored),
	    cmocka_unit_test(an_unknown_option_is_refused_with_the_nearest_known_one),
	    cmocka_unit_test(remounting_is_refused),
	    cmocka_unit_test(a_backslash_keeps_a_comma_in_a_value),
	    cmocka_unit_test(a_later_option_replaces_an_earlier_one),
	    cmocka_unit_test(bad_values_are_refused),
	    cmocka_unit_test(a_missing_or_surplus_argument_is_refused),
	    cmocka_unit_test(an_endless_option_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
