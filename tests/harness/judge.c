/* harness_judge digests ROOT [KEY]: prints what the snapshots contain.
 * harness_judge repository ROOT TABLE [--key FILE] [--light] [--backup] [ID...]: the snapshots named are there, all
 * that is visible is whole and as in TABLE ("-": none). Exit 0: so it is; 1: it is not, stderr says why. */
#include "oracle.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char *argv[])
{
	struct oracle_table table = {0};
	struct oracle_want want = {.key = "key", .check_data = true};

	if (argc >= 3 && strcmp(argv[1], "digests") == 0)
		return oracle_print(argv[2], argc > 3 ? argv[3] : "key");
	if (argc < 4 || strcmp(argv[1], "repository") != 0)
		errx(2, "usage: harness_judge digests ROOT [KEY] | repository ROOT TABLE [OPTION...] [ID...]");
	struct tusk_id *ids = calloc((size_t)argc, sizeof(*ids));
	if (!ids)
		err(2, "out of memory");
	for (int i = 4; i < argc; i++) {
		if (strcmp(argv[i], "--light") == 0)
			want.check_data = false;
		else if (strcmp(argv[i], "--key") == 0 && argv[i + 1])
			want.key = argv[++i];
		else if (strcmp(argv[i], "--backup") == 0)
			want.new_backup = true;
		else if (tusk_hex_decode(argv[i], strlen(argv[i]), ids[want.snapshot_count++].bytes, 32) < 0)
			errx(2, "%s is no snapshot", argv[i]);
	}
	if (strcmp(argv[3], "-") != 0) {
		oracle_table_load(&table, argv[3]);
		want.table = &table;
	}
	want.snapshots = ids;
	bool holds = oracle_judge(argv[2], &want, argv[2]);
	free(ids);
	free(table.items);
	return holds ? 0 : 1;
}
