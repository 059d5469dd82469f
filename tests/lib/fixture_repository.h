/* A small repository in a scratch folder: PATH/repository, with its client state in PATH/state. */
#ifndef TUSK_TEST_FIXTURE_REPOSITORY_H
#define TUSK_TEST_FIXTURE_REPOSITORY_H

#include "fixture.h"
#include "tusk/init.h"
#include "tusk/repository.h"

/* The secret of every test repository: a key file's 32 bytes, so that no time goes into scrypt. */
void tusk_test_secret(struct tusk_secret *ret_secret);
/* Options whose ask gives that secret; they point into path and ret_state_dir. */
struct tusk_open_options tusk_test_options(const char *path, char ret_state_dir[128]);

/* Creates the repository (chunks of 16 KiB on average) and opens it; closed by the caller. */
void tusk_test_repository(const char *path, enum tusk_suite suite, struct tusk_repository **ret_repository);
/* Opens it again. */
void tusk_test_repository_open(const char *path, struct tusk_repository **ret_repository);

#endif
