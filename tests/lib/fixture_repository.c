#include "fixture_repository.h"

#include <stdlib.h>
#include <string.h>

void tusk_test_secret(struct tusk_secret *ret_secret)
{
	uint8_t key[32];

	memset(key, 0x5a, sizeof(key));
	*ret_secret = (struct tusk_secret){.kind = TUSK_SECRET_KEY_FILE, .origin = "the fixture"};
	if (tusk_buf_append(&ret_secret->secret, key, sizeof(key)) < 0)
		abort();
}

static int ask(void *context, struct tusk_secret *ret_secret, struct tusk_err *err)
{
	(void)context;
	(void)err;
	tusk_test_secret(ret_secret);
	return 0;
}

struct tusk_open_options tusk_test_options(const char *path, char ret_state_dir[128])
{
	snprintf(ret_state_dir, 128, "%.100s/state", path);
	return (struct tusk_open_options){.ask = ask, .state_dir = ret_state_dir};
}

static void name_repository(const char *path, char ret_url[128])
{
	snprintf(ret_url, 128, "%.100s/repository", path);
}

void tusk_test_repository(const char *path, enum tusk_suite suite, struct tusk_repository **ret_repository)
{
	struct tusk_secret secret TUSK_AUTO_SECRET = {0};
	struct tusk_init_options options = {.suite = suite, .chunk_average = 16384};
	struct tusk_parameters parameters;
	struct tusk_err err = {0};
	char url[128];

	tusk_test_secret(&secret);
	if (suite != TUSK_SUITE_NONE)
		options.secret = &secret;
	name_repository(path, url);
	tusk_test_ok(tusk_repository_init(url, &options, &parameters, &err), &err);
	tusk_test_repository_open(path, ret_repository);
}

void tusk_test_repository_open(const char *path, struct tusk_repository **ret_repository)
{
	char url[128], state_dir[128];
	struct tusk_open_options options = tusk_test_options(path, state_dir);
	struct tusk_err err = {0};

	name_repository(path, url);
	tusk_test_ok(tusk_repository_open(url, &options, ret_repository, &err), &err);
}
