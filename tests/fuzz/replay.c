/* Runs a fuzz target over stored inputs where there is no fuzzer: every file named, and every file below a folder
 * named. A folder that does not exist is one run on empty input, so that a target without seeds still runs. */
#include <errno.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Only some targets have one. */
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

#define OPEN_FOLDERS 16

static unsigned input_count;

static int run_file(const char *path, const struct stat *status, int type, struct FTW *place)
{
	FILE *file;
	uint8_t *data;
	size_t size = (size_t)status->st_size;

	(void)place;
	if (type == FTW_DNR || type == FTW_NS) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		return -1;
	}
	if (type != FTW_F)
		return 0;
	/* A block of exactly the size, so that a sanitizer sees every byte read beyond. */
	data = malloc(size ? size : 1);
	file = fopen(path, "rb");
	if (!data || !file || fread(data, 1, size, file) != size) {
		perror(path);
		exit(1);
	}
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	input_count++;
	return 0;
}

static void run_nothing(void)
{
	uint8_t *data = malloc(1);

	if (!data)
		exit(1);
	LLVMFuzzerTestOneInput(data, 0);
	free(data);
	input_count++;
}

int main(int argc, char **argv)
{
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		struct stat status;

		if (stat(argv[i], &status) < 0 && errno == ENOENT)
			run_nothing();
		else if (nftw(argv[i], run_file, OPEN_FOLDERS, 0) != 0)
			return 1;
	}
	printf("%u inputs\n", input_count);
	return 0;
}
