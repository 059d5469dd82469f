/* Which of the unchanged files are read all the same. */
#ifndef TUSK_INGEST_SAMPLE_H
#define TUSK_INGEST_SAMPLE_H

#include "ingest.h"

/* Chooses the slice of this backup: the one behind that of the parent, which its provenance names. */
void tusk_sample_choose(struct tusk_ingest *ingest, const struct tusk_snapshot *parent);
/* Whether a file with that inode number is in it. */
bool tusk_sample_has(const struct tusk_ingest *ingest, uint64_t inode);
/* Writes the slice into the new snapshot's provenance. 0 or -1 (memory). */
int tusk_sample_record(const struct tusk_ingest *ingest, struct tusk_snapshot *snapshot);

#endif
