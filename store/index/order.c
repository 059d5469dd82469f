/* How keys are ordered: as LMDB does it, by their bytes. It asks for each step of a search, and a page that claims more
 * keys than fit leads it round and round in memory that can be read. There a key has a size that none of its table has,
 * so that is where the search is left. */
#include "index_env.h"

#include "tusk/id.h"
#include "tusk/sabotage.h"

#include <string.h>

#define NAME_MAX_SIZE 64 /* of a table, of what is kept beside the tables */

static int order(const MDB_val *wanted, const MDB_val *found, bool is_possible)
{
	if (!is_possible && !TUSK_SABOTAGED(index_order))
		tusk_guard_leave();
	size_t shorter = wanted->mv_size < found->mv_size ? wanted->mv_size : found->mv_size;
	int difference = memcmp(wanted->mv_data, found->mv_data, shorter);

	if (difference != 0 || wanted->mv_size == found->mv_size)
		return difference;
	return wanted->mv_size < found->mv_size ? -1 : 1;
}

static int order_ids(const MDB_val *wanted, const MDB_val *found)
{
	return order(wanted, found, found->mv_size == TUSK_ID_SIZE);
}

static int order_numbers(const MDB_val *wanted, const MDB_val *found)
{
	return order(wanted, found, found->mv_size == TUSK_PACK_KEY_SIZE);
}

static int order_names(const MDB_val *wanted, const MDB_val *found)
{
	return order(wanted, found, found->mv_size > 0 && found->mv_size <= NAME_MAX_SIZE);
}

int tusk_db_order(MDB_txn *txn, MDB_dbi table, enum tusk_table which)
{
	static MDB_cmp_func *const orders[TUSK_TABLE_COUNT + 1] = {
	    [TUSK_TABLE_CHUNK] = order_ids,    [TUSK_TABLE_PACK] = order_numbers, [TUSK_TABLE_PACKID] = order_ids,
	    [TUSK_TABLE_SNAPSHOT] = order_ids, [TUSK_TABLE_META] = order_names,   [TUSK_TABLE_COUNT] = order_names,
	};

	return mdb_set_compare(txn, table, orders[which]);
}
