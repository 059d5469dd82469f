/* What users call a snapshot: the input as such a name, looked for among snapshots of every age. */
#include "snapfind.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOTS 40u
#define NOW       1795000000 /* 2026 */
#define NAME_SIZE 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tusk_snapshot items[SNAPSHOTS];
static char none[] = "", home[] = "home";

static void prepare(void)
{
	if (items[0].time.tv_sec)
		return;
	setenv("TZ", "UTC", 1);
	for (unsigned i = 0; i < SNAPSHOTS; i++) {
		items[i].time.tv_sec = NOW - (time_t)(SNAPSHOTS - i) * 40000;
		memset(items[i].id.bytes, (int)(i * 0x11), 2); /* some ids begin alike */
		items[i].id.bytes[5] = (uint8_t)i;
		items[i].source = i % 3 ? none : home; /* a decoded manifest has every text */
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tusk_snapshot_list list = {.items = items, .count = SNAPSHOTS};
	const struct tusk_snapshot *found = NULL;
	struct tusk_err err = {0};
	char name[NAME_SIZE];

	if (size == 0 || size >= sizeof(name))
		return 0;
	prepare();
	memcpy(name, data + 1, size - 1);
	name[size - 1] = '\0';
	list.count = data[0] % (SNAPSHOTS + 1);
	if (tusk_snapshot_find_at(&list, name, NOW, &found, &err) == 0) {
		if (found < items || found >= items + list.count)
			abort();
	} else if (found || (err.code != TUSK_E_ABSENT && err.code != TUSK_E_USAGE)) {
		abort();
	}
	return 0;
}
