/* A list of mount options, as it may come from fstab. */
#include "options.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tuskfs_options options = {.sloppy = size > 0 && data[0] % 2};
	struct tusk_err err = {0};
	char *list = malloc(size + 1);
	if (!list)
		return 0;
	if (size)
		memcpy(list, data, size);
	list[size] = 0;
	int result = tuskfs_options_list(&options, list, &err);
	if ((result < 0) != (err.code != TUSK_OK) || (result < 0 && !*err.message))
		abort();
	tuskfs_options_release(&options);
	free(list);
	return 0;
}
