#include "lease.h"

#include "sealed.h"
#include "tusk/cleanup.h"

#include <string.h>
#include <time.h>

#define FOLDER "leases/"

static uint64_t boot_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

static int64_t wall_clock(void)
{
	return (int64_t)time(NULL);
}

struct tusk_lease_env tusk_lease_env = {
    .boot = boot_clock, .wall = wall_clock, .self = tusk_owner_self, .life = tusk_owner_life};

static int write_note(struct tusk_lease *lease, struct tusk_lease_note *note, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0}, object = {0};
	/* Before the write: what it may take counts as time without a renewal. */
	uint64_t now = tusk_lease_env.boot();

	note->time = tusk_lease_env.wall();
	if (tusk_lease_encode(note, &body) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_sealed_make(lease->keys, TUSK_SEALED_LEASE, lease->name, body.data, body.len, &object, err) < 0 ||
	    tusk_node_replace(lease->node, lease->name, object.data, object.len, err) < 0)
		return tusk_err_prefix(err, "writing a lease");
	lease->note = *note;
	lease->renewed = now;
	return 0;
}

int tusk_lease_take(struct tusk_lease *lease, struct tusk_node *node, const struct tusk_keys *keys,
		    enum tusk_lease_kind kind, struct tusk_err *err)
{
	struct tusk_lease_note note = {.kind = kind};
	char digits[TUSK_ID_TEXT_SIZE];
	struct tusk_id id;

	if (tusk_random(id.bytes, sizeof(id.bytes), err) < 0)
		return -1;
	tusk_lease_env.self(&note.owner);
	tusk_id_text(&id, digits);
	*lease = (struct tusk_lease){.node = node, .keys = keys};
	snprintf(lease->name, sizeof(lease->name), FOLDER "%s", digits);
	if (write_note(lease, &note, err) == 0)
		return 0;
	tusk_lease_release(lease);
	return -1;
}

int tusk_lease_renew(struct tusk_lease *lease, struct tusk_err *err)
{
	struct tusk_lease_note note = lease->note;
	note.counter++;
	return write_note(lease, &note, err);
}

static int read_note(struct tusk_node *node, const struct tusk_keys *keys, const char *name,
		     struct tusk_lease_note *ret_note, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf object = {0}, body = {0};
	int found = tusk_node_get(node, name, TUSK_SEALED_MAX, &object, err);

	if (found != TUSK_NODE_FOUND)
		return found;
	if (tusk_sealed_open(keys, TUSK_SEALED_LEASE, name, name, object.data, object.len, &body, err) < 0)
		return -1;
	return tusk_lease_decode(body.data, body.len, ret_note, err) < 0 ? tusk_err_prefix(err, "%s", name)
									 : TUSK_NODE_FOUND;
}

int tusk_lease_holds(const struct tusk_lease *lease, struct tusk_err *err)
{
	struct tusk_lease_note note;

	if (tusk_lease_env.boot() - lease->renewed >= TUSK_LEASE_FENCE_S)
		return 0;
	int found = read_note(lease->node, lease->keys, lease->name, &note, err);
	if (found < 0)
		return -1;
	return found == TUSK_NODE_FOUND && note.counter == lease->note.counter;
}

void tusk_lease_release(struct tusk_lease *lease)
{
	if (lease->name[0])
		(void)tusk_node_remove(lease->node, lease->name, NULL);
	lease->name[0] = '\0';
}
