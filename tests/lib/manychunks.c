/* manychunks REPOSITORY COUNT: adds COUNT chunks of eight bytes each to a repository without encryption, in packs of a
 * hundred thousand, with all that belongs to them. For scripts/growth: what a large repository costs. */
#include "handle.h"
#include "tusk/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACK_RECORDS 100000u

static int write_pack(struct tusk_repository *repository, uint64_t first, uint64_t count, struct tusk_err *err)
{
	struct tusk_ider *ider TUSK_AUTO_IDER = tusk_ider_new(&repository->keys);
	struct tusk_toc toc TUSK_AUTO_TOC = {0};
	struct tusk_pack_writer *writer;
	uint64_t size;

	if (!ider)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_pack_writer_open(repository->node, &repository->keys, TUSK_PACK_CHUNKS, &writer, err) < 0)
		return -1;
	for (uint64_t i = first; i < first + count; i++) {
		struct tusk_id id;

		tusk_ider_from_data(ider, TUSK_OBJECT_CHUNK, &i, sizeof(i), &id);
		if (tusk_pack_writer_add(writer, TUSK_OBJECT_CHUNK, 0, &id, &i, sizeof(i), sizeof(i), NULL, err) < 0) {
			tusk_pack_writer_abort(writer);
			return -1;
		}
	}
	return tusk_pack_writer_finish(writer, &toc, &size, err);
}

int main(int argc, char **argv)
{
	struct tusk_repository *repository TUSK_AUTO_REPOSITORY = NULL;
	struct tusk_open_options options = {0};
	struct tusk_err err = {0};
	char *end = NULL;
	uint64_t count = argc == 3 ? strtoull(argv[2], &end, 10) : 0;

	if (!end || *end || count == 0) {
		fprintf(stderr, "usage: manychunks REPOSITORY COUNT\n");
		return 2;
	}
	int result = tusk_repository_open(argv[1], &options, &repository, &err);
	for (uint64_t first = 0; result == 0 && first < count; first += PACK_RECORDS)
		result =
		    write_pack(repository, first, count - first < PACK_RECORDS ? count - first : PACK_RECORDS, &err);
	if (result < 0)
		fprintf(stderr, "manychunks: %s\n", err.message);
	return result < 0;
}
