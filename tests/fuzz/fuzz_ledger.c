/* Notes of the ledger: the input as the body of one. */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TUSK_AUTO_LEDGER struct tusk_ledger ledger = {0};
	struct tusk_err err = {0};
	const char *member = NULL;
	size_t len = 0;

	if (tusk_ledger_decode(data, size, &member, &len, &ledger, &err) < 0) {
		if (err.code == TUSK_OK || ledger.count > 0)
			abort();
		return 0;
	}
	if (len > TUSK_LEDGER_NAME_MAX || (const uint8_t *)member + len > data + size)
		abort();
	size_t count = ledger.count;
	tusk_ledger_merge(&ledger, NULL, NULL);
	if (ledger.count != count) /* a note's entries are distinct */
		abort();
	for (size_t i = 0; i < count; i++)
		if (tusk_ledger_find(&ledger, &ledger.proofs[i].pack) != &ledger.proofs[i] ||
		    ledger.proofs[i].time_ms < 0)
			abort();
	return 0;
}
