#include "slots.h"

#include "inode.h"

#include "tusk/text.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* Two open-addressing tables over the same slots, at most half full: by slot number, which every request asks for, and
 * by name, to keep names distinct. */
struct tuskfs_slots {
	pthread_rwlock_t lock;
	struct tuskfs_slot **by_slot, **by_name;
	size_t capacity, count; /* capacity is a power of two */
};

#define FIRST_CAPACITY 64

int tuskfs_slots_new(struct tuskfs_slots **ret_slots, struct tusk_err *err)
{
	struct tuskfs_slots *slots = calloc(1, sizeof(*slots));
	if (!slots)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot keep a list of snapshots");
	pthread_rwlock_init(&slots->lock, NULL);
	*ret_slots = slots;
	return 0;
}

void tuskfs_slots_free(struct tuskfs_slots *slots)
{
	if (!slots)
		return;
	for (size_t i = 0; i < slots->capacity; i++) {
		if (!slots->by_slot[i])
			continue;
		if (slots->by_slot[i]->view)
			tusk_view_close(slots->by_slot[i]->view);
		free(slots->by_slot[i]);
	}
	free(slots->by_slot);
	free(slots->by_name);
	pthread_rwlock_destroy(&slots->lock);
	free(slots);
}

static uint64_t hash_name(const char *name)
{
	return tuskfs_inode_virtual(0, name, NULL);
}

static struct tuskfs_slot **place_of_slot(struct tuskfs_slot **table, size_t capacity, uint32_t slot)
{
	size_t at = (slot * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (capacity - 1);
	while (table[at] && table[at]->slot != slot)
		at = (at + 1) & (capacity - 1);
	return &table[at];
}

static struct tuskfs_slot **place_of_name(struct tuskfs_slot **table, size_t capacity, const char *name)
{
	size_t at = hash_name(name) & (capacity - 1);
	while (table[at] && strcmp(table[at]->name, name) != 0)
		at = (at + 1) & (capacity - 1);
	return &table[at];
}

static const struct tuskfs_slot *find_locked(const struct tuskfs_slots *slots, uint32_t slot)
{
	return slots->capacity ? *place_of_slot(slots->by_slot, slots->capacity, slot) : NULL;
}

static const struct tuskfs_slot *find_id_locked(const struct tuskfs_slots *slots, const struct tusk_id *id,
						uint32_t *ret_free)
{
	uint32_t number = tuskfs_inode_first_slot(id);
	const struct tuskfs_slot *slot;
	while ((slot = find_locked(slots, number)) && !tusk_id_equal(&slot->id, id))
		number = tuskfs_inode_next_slot(number);
	*ret_free = number;
	return slot;
}

const struct tuskfs_slot *tuskfs_slots_find(struct tuskfs_slots *slots, uint32_t number)
{
	pthread_rwlock_rdlock(&slots->lock);
	const struct tuskfs_slot *slot = find_locked(slots, number);
	pthread_rwlock_unlock(&slots->lock);
	return slot;
}

const struct tuskfs_slot *tuskfs_slots_find_id(struct tuskfs_slots *slots, const struct tusk_id *id)
{
	uint32_t unused;
	pthread_rwlock_rdlock(&slots->lock);
	const struct tuskfs_slot *slot = find_id_locked(slots, id, &unused);
	pthread_rwlock_unlock(&slots->lock);
	return slot;
}

static int grow(struct tuskfs_slots *slots, size_t extra, struct tusk_err *err)
{
	size_t capacity = slots->capacity ? slots->capacity : FIRST_CAPACITY;
	while (capacity < 2 * (slots->count + extra))
		capacity *= 2;
	if (capacity == slots->capacity)
		return 0;
	TUSK_AUTO_FREE struct tuskfs_slot **by_slot = calloc(capacity, sizeof(struct tuskfs_slot *));
	TUSK_AUTO_FREE struct tuskfs_slot **by_name = calloc(capacity, sizeof(struct tuskfs_slot *));
	if (!by_slot || !by_name)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot list %zu snapshots", slots->count + extra);
	for (size_t i = 0; i < slots->capacity; i++) {
		struct tuskfs_slot *slot = slots->by_slot[i];
		if (!slot)
			continue;
		*place_of_slot(by_slot, capacity, slot->slot) = slot;
		*place_of_name(by_name, capacity, slot->name) = slot;
	}
	free(slots->by_slot);
	free(slots->by_name);
	slots->by_slot = TUSK_STEAL(by_slot);
	slots->by_name = TUSK_STEAL(by_name);
	slots->capacity = capacity;
	return 0;
}

static void choose_name(const struct tuskfs_slots *slots, struct tuskfs_slot *slot)
{
	char base[32];
	tusk_text_time_name(slot->time, base);
	snprintf(slot->name, sizeof(slot->name), "%s", base);
	for (unsigned n = 2; *place_of_name(slots->by_name, slots->capacity, slot->name); n++)
		snprintf(slot->name, sizeof(slot->name), "%s-%u", base, n);
}

/* A snapshot that cannot be read has its place all the same: its errors are its own. */
static void open_view(struct tuskfs_slot *slot, struct tusk_repository *repository,
		      const struct tusk_snapshot *snapshot)
{
	struct tusk_err err = {0};
	if (tusk_view_open(repository, snapshot, &slot->view, &err) < 0) {
		slot->why = err.code;
		return;
	}
	if (tusk_view_entry_count(slot->view) <= TUSKFS_NUMBER_MAX)
		return;
	tusk_view_close(slot->view);
	slot->view = NULL;
	slot->why = TUSK_E_LIMIT;
}

static int add_slot(struct tuskfs_slots *slots, struct tusk_repository *repository,
		    const struct tusk_snapshot *snapshot, struct tusk_err *err)
{
	uint32_t number;
	if (find_id_locked(slots, &snapshot->id, &number))
		return 0;
	if (slots->count >= TUSKFS_SLOT_MAX / 2)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "more than %zu snapshots in one mount", slots->count);
	struct tuskfs_slot *slot = calloc(1, sizeof(*slot));
	if (!slot)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot list the snapshots");
	slot->slot = number;
	slot->id = snapshot->id;
	slot->time = snapshot->time;
	slot->has_xattrs = snapshot->has_xattrs;
	snprintf(slot->source, sizeof(slot->source), "%s", snapshot->source ? snapshot->source : "");
	open_view(slot, repository, snapshot);
	choose_name(slots, slot);
	*place_of_slot(slots->by_slot, slots->capacity, number) = slot;
	*place_of_name(slots->by_name, slots->capacity, slot->name) = slot;
	slots->count++;
	return 0;
}

int tuskfs_slots_assign(struct tuskfs_slots *slots, struct tusk_repository *repository,
			const struct tusk_snapshot_list *list, struct tusk_err *err)
{
	pthread_rwlock_wrlock(&slots->lock);
	int result = grow(slots, list->count, err);
	for (size_t i = 0; i < list->count && result == 0; i++)
		result = add_slot(slots, repository, &list->items[i], err);
	pthread_rwlock_unlock(&slots->lock);
	return result;
}

bool tuskfs_slots_have_xattrs(struct tuskfs_slots *slots)
{
	bool found = false;
	pthread_rwlock_rdlock(&slots->lock);
	for (size_t i = 0; i < slots->capacity && !found; i++)
		found = slots->by_slot[i] && slots->by_slot[i]->has_xattrs;
	pthread_rwlock_unlock(&slots->lock);
	return found;
}
