/* Where secrets come from, recovery codes, the table of links. */
#include "linkmap.h"
#include "secret.h"
#include "tusk/recovery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/tusk-secret-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	(void)state;
	static const char *const names[] = {"TUSK_PASSWORD_FILE", "TUSK_PASSWORD_COMMAND", "TUSK_KEY_FILE",
					    "TUSK_PASSWORD", "CREDENTIALS_DIRECTORY"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	int fd = open("/dev/null", O_RDONLY);
	return fd < 0 || dup2(fd, STDIN_FILENO) < 0 || close(fd) < 0;
}

/* The secret that request finds, as text. */
static void check_found(const struct tusk_secret_request *request, enum tusk_secret_kind kind, const char *text)
{
	struct tusk_err err = {0};
	struct tusk_secret_origin origin;
	TUSK_AUTO_SECRET struct tusk_secret secret = {0};
	if (tusk_secret_get(request, &secret, &origin, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(secret.kind, kind);
	if (text) {
		assert_int_equal(secret.secret.len, strlen(text));
		assert_memory_equal(secret.secret.data, text, strlen(text));
	}
}

static void sources_are_tried_in_their_order(void **state)
{
	(void)state;
	struct tusk_secret_request request = {.environment = true, .prompt = "x"};
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	write_file("tusk.password", "from the credential\n");
	check_found(&request, TUSK_SECRET_PASSPHRASE, "from the credential");
	setenv("TUSK_PASSWORD", "from the variable", 1);
	check_found(&request, TUSK_SECRET_PASSPHRASE, "from the variable");
	setenv("TUSK_PASSWORD_COMMAND", "echo from the command", 1);
	check_found(&request, TUSK_SECRET_PASSPHRASE, "from the command");
	write_file("file", "from the file");
	setenv("TUSK_PASSWORD_FILE", path_of("file"), 1);
	check_found(&request, TUSK_SECRET_PASSPHRASE, "from the file");
	request.password_command = "printf option";
	check_found(&request, TUSK_SECRET_PASSPHRASE, "option");
}

static void a_password_loses_one_newline_only(void **state)
{
	(void)state;
	write_file("odd", " two\nlines \n\n");
	struct tusk_secret_request request = {.password_file = path_of("odd")};
	check_found(&request, TUSK_SECRET_PASSPHRASE, " two\nlines \n");
}

static void check_refused(const struct tusk_secret_request *request, enum tusk_code code, const char *part)
{
	struct tusk_err err = {0};
	struct tusk_secret_origin origin;
	struct tusk_secret secret = {0};
	assert_int_equal(tusk_secret_get(request, &secret, &origin, &err), -1);
	assert_int_equal(err.code, code);
	if (!strstr(err.message, part))
		fail_msg("%s", err.message);
	assert_null(secret.secret.data);
}

static void bad_sources_are_refused_by_name(void **state)
{
	(void)state;
	struct tusk_secret_request request = {.environment = true};
	check_refused(&request, TUSK_E_PASSWORD, "there is no terminal");
	request.password_command = "exit 3";
	check_refused(&request, TUSK_E_PASSWORD, "exit status 3");
	request.password_command = "true";
	check_refused(&request, TUSK_E_PASSWORD, "is empty");
	request.key_file = "/nonexistent/key";
	check_refused(&request, TUSK_E_USAGE, "one of");
	request.password_command = NULL;
	check_refused(&request, TUSK_E_PASSWORD, "/nonexistent/key: No such file or directory");
	write_file("short", "0123abcd\n");
	request.key_file = path_of("short");
	check_refused(&request, TUSK_E_PASSWORD, "64 hexadecimal digits");
}

static void a_missing_key_file_is_made_and_read_again(void **state)
{
	(void)state;
	struct tusk_err err = {0};
	struct tusk_secret_origin origin;
	TUSK_AUTO_SECRET struct tusk_secret first = {0}, again = {0};
	struct tusk_secret_request request = {.key_file = path_of("key"), .create = true};
	assert_int_equal(tusk_secret_get(&request, &first, &origin, &err), 0);
	assert_string_equal(origin.made_key_file, path_of("key"));
	struct stat st;
	assert_int_equal(stat(path_of("key"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 65);
	assert_int_equal(tusk_secret_get(&request, &again, &origin, &err), 0);
	assert_null(origin.made_key_file);
	assert_int_equal(again.kind, TUSK_SECRET_KEY_FILE);
	assert_int_equal(again.secret.len, 32);
	assert_memory_equal(first.secret.data, again.secret.data, 32);
	assert_int_equal(tusk_key_file_write(path_of("key"), first.secret.data, &err), -1);
	assert_int_equal(err.code, TUSK_E_EXISTS);
}

static void a_recovery_code_is_read_as_it_was_shown(void **state)
{
	(void)state;
	uint8_t key[32], back[32];
	char text[TUSK_RECOVERY_TEXT_SIZE];
	for (int i = 0; i < 32; i++)
		key[i] = (uint8_t)(i * 37 + 11);
	tusk_recovery_encode(key, text);
	assert_int_equal(strlen(text), TUSK_RECOVERY_TEXT_SIZE - 1);
	assert_int_equal(tusk_recovery_decode(text, strlen(text), back), 0);
	assert_memory_equal(key, back, 32);
	write_file("code", text);
	struct tusk_secret_request request = {.password_file = path_of("code")};
	check_found(&request, TUSK_SECRET_RECOVERY, NULL);
	for (char *c = text; *c; c++)
		*c = *c == '-' ? ' ' : (char)tolower((unsigned char)*c);
	memset(back, 0, sizeof(back));
	assert_int_equal(tusk_recovery_decode(text, strlen(text), back), 0);
	assert_memory_equal(key, back, 32);
	assert_int_equal(tusk_recovery_decode(text, strlen(text) - 1, back), -1);
	text[3] = '1';
	assert_int_equal(tusk_recovery_decode(text, strlen(text), back), -1);
	assert_int_equal(tusk_recovery_decode("A nice pass phrase", 18, back), -1);
}

static void the_first_name_of_a_linked_file_is_remembered(void **state)
{
	(void)state;
	struct tusk_linkmap map = {0};
	uint64_t first;
	for (uint64_t i = 1; i <= 5000; i++) {
		assert_int_equal(tusk_linkmap_first(&map, i * 256, i, &first), 0);
		assert_int_equal(first, i);
	}
	for (uint64_t i = 1; i <= 5000; i++) {
		assert_int_equal(tusk_linkmap_first(&map, i * 256, i + 7, &first), 0);
		assert_int_equal(first, i);
	}
	assert_int_equal(map.count, 5000);
	tusk_linkmap_release(&map);
}

int main(void)
{
	if (!mkdtemp(folder))
		return 1;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(sources_are_tried_in_their_order, set_up),
	    cmocka_unit_test_setup(a_password_loses_one_newline_only, set_up),
	    cmocka_unit_test_setup(bad_sources_are_refused_by_name, set_up),
	    cmocka_unit_test_setup(a_missing_key_file_is_made_and_read_again, set_up),
	    cmocka_unit_test_setup(a_recovery_code_is_read_as_it_was_shown, set_up),
	    cmocka_unit_test(the_first_name_of_a_linked_file_is_remembered),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	static const char *const names[] = {"tusk.password", "file", "odd", "short", "key", "code"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(path_of(names[i]));
	rmdir(folder);
	return rc;
}
