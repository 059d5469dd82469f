#include "repair_private.h"

#include "keyslot.h"
#include "ledger.h"
#include "scrub.h"
#include "tombstone.h"
#include "tusk/cleanup.h"

#include <stdlib.h>
#include <string.h>

#define PARAMETERS "tusk.repository"

/* What the scrub found wrong. */
struct finding {
	char name[80];
	enum tusk_scrub_state state;
	enum tusk_code code;
};

struct repair {
	struct tusk_repository *repository;
	const struct tusk_repair_options *options;
	struct tusk_repair_result result;
	struct tusk_buf findings;    /* struct finding each */
	struct tusk_buf tocs, packs; /* ids: of intact tocs, of intact packs */
	struct tusk_ledger ledger;
	struct tusk_lease lease;
	uint64_t seen;
};

bool repair_is_damage(enum tusk_code code)
{
	return code == TUSK_E_CORRUPT || code == TUSK_E_ABSENT || code == TUSK_E_IO || code == TUSK_E_LIMIT;
}

int repair_go_on(const struct tusk_repair_options *options, struct tusk_err *err)
{
	if (options->stop && atomic_load_explicit(options->stop, memory_order_relaxed))
		return tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "interrupted");
	return 0;
}

static void repair_release(struct repair *repair)
{
	tusk_buf_release(&repair->findings);
	tusk_buf_release(&repair->tocs);
	tusk_buf_release(&repair->packs);
	tusk_ledger_release(&repair->ledger);
	tusk_lease_release(&repair->lease);
}

static void tell(const struct repair *repair, const char *object, bool is_loss, const char *what)
{
	struct tusk_repair_action action = {.object = object, .what = what, .is_loss = is_loss};
	if (repair->options->on_action)
		repair->options->on_action(repair->options->context, &action);
}

static int out_of_memory(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
}

/* ---- looking ---- */

static bool id_of(const char *name, struct tusk_id *ret_id)
{
	const char *digits = strrchr(name, '/');
	return digits && tusk_hex_decode(digits + 1, strlen(digits + 1), ret_id->bytes, TUSK_ID_SIZE) == 0;
}

static int note_intact(struct repair *repair, const char *name, struct tusk_err *err)
{
	bool is_pack = strncmp(name, "packs/", 6) == 0;
	struct tusk_id id;

	if ((!is_pack && strncmp(name, "toc/", 4) != 0) || !id_of(name, &id))
		return 0;
	if (tusk_buf_append(is_pack ? &repair->packs : &repair->tocs, &id, sizeof(id)) != 0)
		return out_of_memory(err);
	return is_pack ? tusk_ledger_add(&repair->ledger, &id, false, err) : 0;
}

static int on_object(void *context, const struct tusk_scrub_object *object, struct tusk_err *err)
{
	struct repair *repair = context;
	struct finding finding = {.state = object->state, .code = object->code};

	repair->seen++;
	if (repair->options->on_object)
		repair->options->on_object(repair->options->context, repair->seen);
	if (object->state == TUSK_SCRUB_INTACT)
		return note_intact(repair, object->name, err);
	snprintf(finding.name, sizeof(finding.name), "%s", object->name);
	return tusk_buf_append(&repair->findings, &finding, sizeof(finding)) == 0 ? 0 : out_of_memory(err);
}

/* Damaged tables of contents first, then packs, then the rest; by name. */
static int rank(const char *name)
{
	return strncmp(name, "toc/", 4) == 0 ? 0 : strncmp(name, "packs/", 6) == 0 ? 1 : 2;
}

static int compare_findings(const void *a, const void *b)
{
	const struct finding *left = a, *right = b;
	int order = rank(left->name) - rank(right->name);
	return order ? order : strcmp(left->name, right->name);
}

static int compare_ids(const void *a, const void *b)
{
	return tusk_id_compare(a, b);
}

static void sort_ids(const struct tusk_buf *ids)
{
	if (ids->len)
		qsort(ids->data, ids->len / sizeof(struct tusk_id), sizeof(struct tusk_id), compare_ids);
}

static bool has_id(const struct tusk_buf *ids, const struct tusk_id *id)
{
	return ids->len &&
	       bsearch(id, ids->data, ids->len / sizeof(struct tusk_id), sizeof(struct tusk_id), compare_ids);
}

static int look(struct repair *repair, struct tusk_err *err)
{
	struct tusk_repository *repository = repair->repository;
	struct tusk_scrub_options options = {.on_object = on_object,
					     .context = repair,
					     .threads = repair->options->threads,
					     .stop = repair->options->stop};
	struct tusk_scrub_result result;

	if (tusk_ledger_load(repository->node, &repository->keys, "", &repair->ledger, err) != 0 ||
	    tusk_scrub_run(repository->node, &options, &result, err) != 0)
		return -1;
	repair->result.objects = result.objects;
	repair->result.bytes_read = result.bytes;
	repair->result.damaged = result.damaged + result.missing;
	sort_ids(&repair->tocs);
	sort_ids(&repair->packs);
	if (repair->findings.len)
		qsort(repair->findings.data, repair->findings.len / sizeof(struct finding), sizeof(struct finding),
		      compare_findings);
	return 0;
}

/* The proofs are kept whatever becomes of the rest. */
static void remember(struct repair *repair)
{
	struct tusk_repository *repository = repair->repository;
	struct tusk_err why = {0};

	if (repair->options->dry_run || repair->packs.len == 0)
		return;
	tusk_ledger_merge(&repair->ledger, NULL, NULL);
	if (tusk_ledger_save(repository->node, &repository->keys, "", &repair->ledger, &why) != 0 &&
	    repair->options->on_warning)
		repair->options->on_warning(repair->options->context, &why);
}

/* ---- mending ---- */

static int quarantine(struct repair *repair, const char *name, struct tusk_err *err)
{
	repair->result.quarantined++;
	return repair->options->dry_run ? 0 : tusk_node_quarantine(repair->repository->node, name, err);
}

/* A pack and its table of contents, under the node's lock: a writer that is about to commit looks for its packs under
 * the same. The table first: without it nobody relies on the pack. */
static int quarantine_pack(struct repair *repair, const struct tusk_id *id, struct tusk_err *err)
{
	TUSK_AUTO_NODE_LOCK struct tusk_node_lock *lock = NULL;
	struct tusk_node *node = repair->repository->node;
	char pack[80], toc[80];

	tusk_pack_name(id, pack);
	tusk_toc_name(id, toc);
	repair->result.quarantined++;
	if (repair->options->dry_run)
		return 0;
	if (tusk_node_lock(node, &lock, err) < 0 || tusk_node_quarantine(node, toc, err) != 0)
		return -1;
	return tusk_node_quarantine(node, pack, err);
}

/* A table of contents whose pack is intact is written anew; with a pack that is not, it goes where that goes. */
static int mend_toc(struct repair *repair, const char *name, const struct tusk_id *id, struct tusk_err *err)
{
	struct repair_toc toc AUTO_REPAIR_TOC = {0};
	struct tusk_node *node = repair->repository->node;

	if (!has_id(&repair->packs, id))
		return 0;
	int found = repair_find_toc(repair->repository, id, &toc, err);
	if (found < 0)
		return -1;
	if (found != 0) { /* an intact pack of another key, or of a newer tusk */
		tell(repair, name, true, "is damaged, and its pack does not say what it holds");
		return 0;
	}
	if (quarantine(repair, name, err) != 0)
		return -1;
	if (!repair->options->dry_run && tusk_node_put(node, name, toc.object.data, toc.object.len, err) != 0)
		return -1;
	repair->result.tocs_written++;
	tell(repair, name, false, "was damaged; written anew from its pack, the damaged one moved to quarantine");
	return 0;
}

static int mend_pack(struct repair *repair, const char *name, const struct tusk_id *id, struct tusk_err *err)
{
	struct repair_toc toc AUTO_REPAIR_TOC = {0};
	struct repair_salvage salvage = {0};
	char what[400];

	int found = repair_find_toc(repair->repository, id, &toc, err);
	if (found < 0)
		return -1;
	if (found == 0 && repair_salvage(repair->repository, &toc, repair->options, &salvage, err) != 0)
		return -1;
	repair->result.records_saved += salvage.saved;
	repair->result.records_lost += salvage.lost;
	if (quarantine_pack(repair, id, err) != 0)
		return -1;
	if (found != 0)
		snprintf(what, sizeof(what), "was damaged, and what it held is not known; moved to quarantine");
	else if (salvage.lost == 0)
		snprintf(what, sizeof(what), "was damaged; all %llu records are saved in %s; moved to quarantine",
			 (unsigned long long)salvage.saved, salvage.packs[0] ? salvage.packs : "a new pack");
	else
		snprintf(what, sizeof(what), "was damaged; %llu of %llu records are lost%s%s; moved to quarantine",
			 (unsigned long long)salvage.lost, (unsigned long long)salvage.lost + salvage.saved,
			 salvage.packs[0] ? ", the others saved in " : "", salvage.packs);
	tell(repair, name, found != 0 || salvage.lost > 0, what);
	return 0;
}

/* Its table of contents must go too, or everybody goes on relying on the pack. */
static int mend_missing(struct repair *repair, const char *name, const struct tusk_id *id, struct tusk_err *err)
{
	struct repair_toc toc AUTO_REPAIR_TOC = {0};
	uint64_t size;

	int found = tusk_node_stat(repair->repository->node, name, &size, err);
	if (found != TUSK_NODE_ABSENT)
		return found < 0 ? -1 : 0; /* it is back */
	found = repair_find_toc(repair->repository, id, &toc, err);
	if (found < 0 || quarantine_pack(repair, id, err) != 0)
		return -1;
	repair->result.records_lost += toc.toc.count;
	tell(repair, name, true, "is missing; its table of contents moved to quarantine");
	return 0;
}

/* The parameters are known as long as the repository is open. */
static int mend_parameters(struct repair *repair, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf text = {0};
	struct tusk_repository *repository = repair->repository;
	uint8_t hash[32];

	if (tusk_parameters_encode(&repository->parameters, &text, err) != 0)
		return -1;
	tusk_sha256(text.data, text.len, hash);
	if (memcmp(hash, repository->parameters_hash, sizeof(hash)) != 0) {
		tell(repair, PARAMETERS, true, "is damaged, and was written by another version of tusk");
		return 0;
	}
	if (quarantine(repair, PARAMETERS, err) != 0)
		return -1;
	if (!repair->options->dry_run && tusk_node_put(repository->node, PARAMETERS, text.data, text.len, err) != 0)
		return -1;
	tell(repair, PARAMETERS, false, "was damaged; written anew");
	return 0;
}

/* What was forgotten stays so; only the way back is lost. */
static int mend_forgotten(struct repair *repair, const char *name, struct tusk_err *err)
{
	const struct tusk_buf nothing = {0};
	struct tusk_id id;

	if (!id_of(name, &id))
		return 0;
	if (!repair->options->dry_run && tusk_tombstone_put(repair->repository, &id, &nothing, err) != 0)
		return -1;
	tell(repair, name, false, "was damaged; written anew, the damaged one moved to quarantine");
	return 0;
}

/* Manifests, key slots, notes: nothing can be made of their bytes. */
static int mend_other(struct repair *repair, const struct finding *finding, struct tusk_err *err)
{
	bool is_snapshot = strncmp(finding->name, "snapshots/", 10) == 0;
	char what[100];

	repair->result.snapshots_lost += is_snapshot;
	if (finding->code != TUSK_E_CORRUPT && finding->code != TUSK_E_LIMIT) {
		tell(repair, finding->name, true, "cannot be read; left where it is");
		return 0;
	}
	if (quarantine(repair, finding->name, err) != 0)
		return -1;
	if (strncmp(finding->name, "forgotten/", 10) == 0)
		return mend_forgotten(repair, finding->name, err);
	snprintf(what, sizeof(what), "was damaged%s; moved to quarantine", is_snapshot ? "; the snapshot is lost" : "");
	tell(repair, finding->name, true, what);
	return 0;
}

static int mend(struct repair *repair, const struct finding *finding, struct tusk_err *err)
{
	struct tusk_id id;

	if (strcmp(finding->name, PARAMETERS) == 0)
		return mend_parameters(repair, err);
	if (!id_of(finding->name, &id))
		return 0;
	if (finding->state == TUSK_SCRUB_MISSING)
		return mend_missing(repair, finding->name, &id, err);
	if (rank(finding->name) == 0)
		return mend_toc(repair, finding->name, &id, err);
	if (rank(finding->name) == 1)
		return mend_pack(repair, finding->name, &id, err);
	return mend_other(repair, finding, err);
}

/* A pack that is intact and has no table of contents: a crash leaves it so, or the table was lost. */
static int mend_lost_toc(struct repair *repair, const struct tusk_id *pack, struct tusk_err *err)
{
	struct repair_toc toc AUTO_REPAIR_TOC = {0};
	struct tusk_node *node = repair->repository->node;
	char name[80];
	uint64_t size;

	tusk_toc_name(pack, name);
	int found = tusk_node_stat(node, name, &size, err);
	if (found != TUSK_NODE_ABSENT) /* there by now: the backup that writes the pack has put it */
		return found == TUSK_NODE_FOUND ? 0 : -1;
	found = repair_find_toc(repair->repository, pack, &toc, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	if (!repair->options->dry_run && tusk_node_put(node, name, toc.object.data, toc.object.len, err) != 0)
		return -1;
	repair->result.tocs_written++;
	tell(repair, name, false, "was missing; written anew from its pack");
	return 0;
}

/* Those of damaged tables were written before. */
static int mend_lost_tocs(struct repair *repair, struct tusk_err *err)
{
	const struct tusk_id *packs = (const struct tusk_id *)(const void *)repair->packs.data;

	for (size_t i = 0; i < repair->packs.len / sizeof(*packs); i++)
		if (!has_id(&repair->tocs, &packs[i]) && mend_lost_toc(repair, &packs[i], err) != 0)
			return -1;
	return 0;
}

static int mend_state(struct repair *repair, bool epoch, bool condemned, struct tusk_err *err)
{
	repair->result.damaged += (uint64_t)epoch + condemned;
	if (!repair->options->dry_run && repair_state(repair->repository, err) != 0)
		return -1;
	if (epoch)
		tell(repair, "epoch", false, "was damaged; a new one begins");
	if (condemned)
		tell(repair, "condemned", false, "was damaged; no pack is condemned until the next prune");
	return 0;
}

/* Until somebody has watched one for half an hour it keeps prune from what it might protect. */
static int mend_leases(struct repair *repair, const struct tusk_buf *names, struct tusk_err *err)
{
	for (size_t at = 0; at < names->len; at += strlen((const char *)names->data + at) + 1) {
		const char *name = (const char *)names->data + at;

		if (quarantine(repair, name, err) != 0)
			return -1;
		repair->result.damaged++;
		tell(repair, name, false, "was damaged, so nobody can hold it; moved to quarantine");
	}
	return 0;
}

static int mend_all(struct repair *repair, struct tusk_err *err)
{
	const struct finding *findings = (const struct finding *)(const void *)repair->findings.data;
	TUSK_AUTO_BUF struct tusk_buf leases = {0};
	bool epoch, condemned;
	int state = repair_state_is_damaged(repair->repository, &epoch, &condemned, err);

	if (state < 0 || repair_leases_find(repair->repository, &leases, err) != 0 ||
	    mend_leases(repair, &leases, err) != 0 ||
	    (!repair->options->dry_run && (state || repair->findings.len > 0) &&
	     repair_begin_alone(repair->repository, &repair->lease, err) != 0))
		return -1;
	if (state && mend_state(repair, epoch, condemned, err) != 0)
		return -1;
	for (size_t i = 0; i < repair->findings.len / sizeof(*findings); i++)
		if (repair_go_on(repair->options, err) != 0 || repair_stay_alone(&repair->lease, err) != 0 ||
		    mend(repair, &findings[i], err) != 0)
			return -1;
	return mend_lost_tocs(repair, err);
}

/* The index forgets what is gone, so that the next backup stores it again. */
static int sync_index(struct repair *repair, struct tusk_err *err)
{
	struct tusk_index_sync_result synced;
	if (repair->options->dry_run)
		return 0;
	return tusk_index_sync(repair->repository->index, repair->repository->node, &synced, err);
}

int tusk_repair_run(struct tusk_repository *repository, const struct tusk_repair_options *options,
		    struct tusk_repair_result *ret_result, struct tusk_err *err)
{
	struct repair repair TUSK_CLEANUP(repair_release) = {.repository = repository, .options = options};

	if (look(&repair, err) != 0)
		return -1;
	remember(&repair);
	if (mend_all(&repair, err) != 0 || sync_index(&repair, err) != 0)
		return -1;
	*ret_result = repair.result;
	return 0;
}
