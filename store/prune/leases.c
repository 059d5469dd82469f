/* The leases of others: which of them are dead. */
#include "lease.h"

#include "fileio.h"
#include "sealed.h"
#include "tusk/cleanup.h"

#include <fcntl.h>
#include <string.h>

#define MEMORY_FILE "leases"
#define MEMORY_MAX  (1u << 20)

void tusk_leases_release(struct tusk_leases *leases)
{
	free(leases->items);
	*leases = (struct tusk_leases){0};
}

static int collect(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct tusk_buf *buf = context;
	struct tusk_seen_lease seen = {0};

	(void)size;
	snprintf(seen.name, sizeof(seen.name), "%s", name);
	return tusk_buf_append(buf, &seen, sizeof(seen)) < 0 ? tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory") : 0;
}

/* 1: it vanished meanwhile. */
static int load_one(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_seen_lease *seen,
		    struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf object = {0}, body = {0};
	struct tusk_err why = {0};
	int found = tusk_node_get(node, seen->name, TUSK_SEALED_MAX, &object, err);

	if (found != TUSK_NODE_FOUND)
		return found < 0 ? -1 : 1;
	/* One that says nothing: nobody can prove that it holds it. */
	if (tusk_sealed_open(keys, TUSK_SEALED_LEASE, seen->name, seen->name, object.data, object.len, &body, &why) <
		0 ||
	    tusk_lease_decode(body.data, body.len, &seen->note, &why) < 0) {
		seen->note = (struct tusk_lease_note){0};
		if (why.code == TUSK_E_NOMEM) {
			*err = why;
			return -1;
		}
		seen->life = TUSK_LIFE_UNKNOWN;
		return 0;
	}
	seen->life = tusk_lease_env.life(&seen->note.owner);
	return 0;
}

/* What was seen before, as lines "name counter when boot". */
struct memory {
	struct tusk_buf before, after;
	char boot[33];
};

static void memory_release(struct memory *memory)
{
	tusk_buf_release(&memory->before);
	tusk_buf_release(&memory->after);
}

static void memory_open(struct memory *memory, int folder_fd)
{
	struct tusk_owner self;

	tusk_owner_self(&self);
	tusk_hex_encode(self.boot, sizeof(self.boot), memory->boot);
	if (folder_fd < 0 || tusk_read_file(folder_fd, MEMORY_FILE, MEMORY_MAX, &memory->before, NULL) < 0 ||
	    tusk_buf_append(&memory->before, "", 1) < 0)
		tusk_buf_release(&memory->before);
}

/* Since when this counter has been seen, by our clock. */
static uint64_t memory_since(const struct memory *memory, const struct tusk_seen_lease *seen, uint64_t now)
{
	char wanted[160];
	unsigned long long since;
	char boot[33];
	const char *line = NULL;

	snprintf(wanted, sizeof(wanted), "%s %llu ", seen->name, (unsigned long long)seen->note.counter);
	if (memory->before.len)
		line = strstr((const char *)memory->before.data, wanted);
	/* What we wrote ourselves; wrong at worst, then young. NOLINTNEXTLINE(cert-err34-c) */
	if (!line || sscanf(line + strlen(wanted), "%20llu %32s", &since, boot) != 2 ||
	    strcmp(boot, memory->boot) != 0 || since > now)
		return now;
	return since;
}

static void judge(struct memory *memory, struct tusk_seen_lease *seen, uint64_t now)
{
	char line[240];

	if (seen->life != TUSK_LIFE_UNKNOWN)
		return;
	uint64_t since = memory_since(memory, seen, now);
	if (now - since >= TUSK_LEASE_DEAD_S)
		seen->life = TUSK_LIFE_DEAD;
	int len = snprintf(line, sizeof(line), "%s %llu %llu %s\n", seen->name, (unsigned long long)seen->note.counter,
			   (unsigned long long)since, memory->boot);
	(void)tusk_buf_append(&memory->after, line, (size_t)len);
}

/* What cannot be remembered only means that a dead lease lives longer. */
static void memory_save(const struct memory *memory, int folder_fd)
{
	struct tusk_pending pending TUSK_AUTO_PENDING = {.fd = -1};

	if (folder_fd < 0 || (memory->after.len == 0 && memory->before.len <= 1) ||
	    tusk_durable_mkdir(folder_fd, "tmp", 0700, NULL) < 0 || tusk_pending_open(&pending, folder_fd, NULL) < 0 ||
	    (memory->after.len &&
	     tusk_write_full(pending.fd, memory->after.data, memory->after.len, MEMORY_FILE, NULL) < 0))
		return;
	(void)tusk_pending_replace(&pending, MEMORY_FILE, NULL);
}

static void judge_all(struct tusk_leases *leases, const char *folder)
{
	int fd TUSK_AUTO_FD = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct memory memory TUSK_CLEANUP(memory_release) = {0};
	uint64_t now = tusk_lease_env.boot();

	memory_open(&memory, fd);
	for (size_t i = 0; i < leases->count; i++)
		judge(&memory, &leases->items[i], now);
	memory_save(&memory, fd);
}

int tusk_leases_load(struct tusk_node *node, const struct tusk_keys *keys, const char *memory,
		     struct tusk_leases *ret_leases, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf names = {0};
	struct tusk_leases leases TUSK_AUTO_LEASES = {0};

	if (tusk_node_list(node, "leases/", collect, &names, err) != 0)
		return -1;
	leases.items = calloc(names.len / sizeof(*leases.items) + 1, sizeof(*leases.items));
	if (!leases.items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t at = 0; at < names.len; at += sizeof(*leases.items)) {
		struct tusk_seen_lease *seen = &leases.items[leases.count];
		memcpy(seen, names.data + at, sizeof(*seen));
		int status = load_one(node, keys, seen, err);
		if (status < 0)
			return -1;
		leases.count += status == 0;
	}
	judge_all(&leases, memory);
	*ret_leases = leases;
	leases = (struct tusk_leases){0};
	return 0;
}
