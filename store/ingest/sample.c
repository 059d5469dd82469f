/* Files are dealt into slices by their inode numbers, and one slice is read in each backup. Which one it was stands in
 * the snapshot ("verify-unchanged", "3/100"), so the next one is read next, whoever else writes to the repository. */
#include "sample.h"

#include "paths.h"

#include <inttypes.h>
#include <string.h>

#define KEY "verify-unchanged"
#define ALL 1000000u

void tusk_sample_choose(struct tusk_ingest *ingest, const struct tusk_snapshot *parent)
{
	uint32_t ppm = ingest->options->verify_ppm;
	ingest->slices = ppm ? (ALL + ppm - 1) / ppm : 0;
	ingest->slice = 0;
	if (!ingest->slices)
		return;
	for (size_t i = 0; i + 1 < parent->provenance.count; i += 2) {
		uint32_t slice, slices;
		if (strcmp(parent->provenance.items[i], KEY) == 0 &&
		    /* Nine digits do not overflow. NOLINTNEXTLINE(cert-err34-c) */
		    sscanf(parent->provenance.items[i + 1], "%9" SCNu32 "/%9" SCNu32, &slice, &slices) == 2 &&
		    slices == ingest->slices && slice < slices)
			ingest->slice = (slice + 1) % slices;
	}
}

bool tusk_sample_has(const struct tusk_ingest *ingest, uint64_t inode)
{
	/* Fibonacci hashing: neighbours lie in different slices. */
	return ingest->slices && (inode * UINT64_C(0x9e3779b97f4a7c15) >> 32) % ingest->slices == ingest->slice;
}

int tusk_sample_record(const struct tusk_ingest *ingest, struct tusk_snapshot *snapshot)
{
	char text[32];
	if (!ingest->slices)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu32 "/%" PRIu32, ingest->slice, ingest->slices);
	return tusk_strings_add(&snapshot->provenance, KEY) < 0 || tusk_strings_add(&snapshot->provenance, text) < 0
		   ? -1
		   : 0;
}
