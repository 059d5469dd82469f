/* insider ROOT KEY CASE: whoever has the key spoils ROOT/repo: objects that are sealed as they should be and say what
 * they should not. Without CASE: the names of the cases. What a stranger can do needs no program: repositories.py. */
#include "condemn.h"
#include "handle.h"
#include "oracle.h"
#include "sealed.h"
#include "toc.h"
#include "wire.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY UINT64_MAX

static struct tusk_repository *repository;

static void need(int status, const struct tusk_err *why)
{
	if (status < 0)
		errx(2, "%s", why ? why->message : "out of memory");
}

/* ---- notes ---- */

static void put_hashed(enum tusk_sealed_kind kind, const char *folder, const struct tusk_buf *body)
{
	struct tusk_err why = {0};
	need(tusk_sealed_put(repository->node, &repository->keys, kind, folder, body->data, body->len, NULL, &why),
	     &why);
}

static void put_named(enum tusk_sealed_kind kind, const char *name, const struct tusk_buf *body)
{
	TUSK_AUTO_BUF struct tusk_buf object = {0};
	struct tusk_err why = {0};

	need(tusk_sealed_make(&repository->keys, kind, name, body->data, body->len, &object, &why), &why);
	need(tusk_node_replace(repository->node, name, object.data, object.len, &why), &why);
}

static void marks(struct tusk_buf *body)
{
	uint8_t fixed[32 + 8 + 8 + 4] = {0};

	need(tusk_put_raw(body, fixed, sizeof(fixed)), NULL);
	need(tusk_put_varint(body, MANY), NULL); /* flags */
	need(tusk_put_varint(body, MANY), NULL); /* tags */
	put_hashed(TUSK_SEALED_MARK, "marks/", body);
}

static void ledger(struct tusk_buf *body)
{
	need(tusk_put_bytes(body, "", 0), NULL);
	need(tusk_put_varint(body, MANY), NULL);
	put_hashed(TUSK_SEALED_LEDGER, "ledger/", body);
}

static void drills(struct tusk_buf *body)
{
	for (unsigned i = 0; i < 12; i++)
		need(tusk_put_varint(body, MANY), NULL);
	put_hashed(TUSK_SEALED_DRILL, "drills/", body);
}

static void lease(struct tusk_buf *body)
{
	uint8_t boot[16] = {1}, seen[24];
	char host[255];

	memset(host, '\033', sizeof(host));
	memset(seen, 0xff, sizeof(seen));
	need(tusk_put_u8(body, TUSK_LEASE_WRITER), NULL);
	need(tusk_put_raw(body, boot, sizeof(boot)), NULL);
	for (unsigned i = 0; i < 3; i++)
		need(tusk_put_u64(body, MANY), NULL); /* namespaces, pid, start */
	need(tusk_put_bytes(body, host, sizeof(host)), NULL);
	need(tusk_put_u64(body, MANY), NULL);
	need(tusk_put_u64(body, (uint64_t)INT64_MAX), NULL);
	need(tusk_put_raw(body, seen, sizeof(seen)), NULL);
	need(tusk_put_varint(body, 0), NULL);
	put_named(TUSK_SEALED_LEASE, "leases/00000000000000000000000000000000000000000000000000000000000000aa", body);
}

static void lease_roots(struct tusk_buf *body)
{
	uint8_t fixed[1 + 16 + 24] = {TUSK_LEASE_WRITER}, rest[8 + 8 + 24] = {0};

	need(tusk_put_raw(body, fixed, sizeof(fixed)), NULL);
	need(tusk_put_bytes(body, "h", 1), NULL);
	need(tusk_put_raw(body, rest, sizeof(rest)), NULL);
	need(tusk_put_varint(body, MANY), NULL);
	put_named(TUSK_SEALED_LEASE, "leases/00000000000000000000000000000000000000000000000000000000000000bb", body);
}

static void epoch(struct tusk_buf *body)
{
	uint8_t tag[16] = {1};

	need(tusk_put_u64(body, MANY), NULL);
	need(tusk_put_raw(body, tag, sizeof(tag)), NULL);
	put_named(TUSK_SEALED_EPOCH, "epoch", body);
}

static void condemned_count(struct tusk_buf *body)
{
	need(tusk_put_u32(body, UINT32_MAX), NULL);
	put_named(TUSK_SEALED_CONDEMNED, "condemned", body);
}

static int add_pack(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct tusk_pack_ids *ids = context;
	struct tusk_id id;

	(void)size;
	if (tusk_hex_decode(name + strlen(name) - 64, 64, id.bytes, TUSK_ID_SIZE) < 0)
		return 0;
	return tusk_pack_ids_add(ids, &id, err);
}

/* All packs of the repository, live ones as well, long ago, with the last epoch of all. */
static void condemned_live(struct tusk_buf *body)
{
	struct tusk_pack_ids ids = {0};
	struct tusk_err why = {0};

	need(tusk_node_list(repository->node, "packs/", add_pack, &ids, &why), &why);
	tusk_pack_ids_sort(&ids);
	need(tusk_put_u32(body, (uint32_t)ids.count), NULL);
	for (size_t i = 0; i < ids.count; i++) {
		need(tusk_put_raw(body, ids.items[i].bytes, TUSK_ID_SIZE), NULL);
		need(tusk_put_u64(body, MANY), NULL);
		need(tusk_put_u64(body, 0), NULL);
	}
	tusk_pack_ids_release(&ids);
	put_named(TUSK_SEALED_CONDEMNED, "condemned", body);
}

static void nodes(struct tusk_buf *body)
{
	static const char url[] = "ssh://-oProxyCommand=touch%20escaped/x";
	TUSK_AUTO_BUF struct tusk_buf field = {0};

	need(tusk_put_varint(body, 1), NULL);
	need(tusk_put_varint(body, 8), NULL);
	need(tusk_put_u64(body, MANY), NULL);
	need(tusk_put_bytes(&field, "other", 5), NULL);
	need(tusk_put_u8(&field, 1), NULL);
	need(tusk_put_bytes(&field, url, sizeof(url) - 1), NULL);
	need(tusk_put_varint(body, 3), NULL);
	need(tusk_put_bytes(body, field.data, field.len), NULL);
	put_hashed(TUSK_SEALED_NODES, "nodes/", body);
}

/* ---- manifests ---- */

static void put_manifest(const struct tusk_buf *body)
{
	const struct tusk_keys *keys = &repository->keys;
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	TUSK_AUTO_BUF struct tusk_buf object = {0};
	size_t len = TUSK_OBJECT_HEADER_SIZE + body->len + TUSK_TAG_SIZE;
	char name[80] = "snapshots/";
	struct tusk_object_key key;
	struct tusk_err why = {0};
	struct tusk_id id;

	need(tusk_buf_reserve(&object, len), NULL);
	need(tusk_object_header_make(keys, keys->meta, "tuskSNAP", 3, object.data, &key, &why), &why);
	need(tusk_aead_seal(aead, &key, 0, "snapshot", 8, body->data, body->len, object.data + TUSK_OBJECT_HEADER_SIZE,
			    &why),
	     &why);
	tusk_sha256(object.data, len, id.bytes);
	tusk_id_text(&id, name + strlen(name));
	need(tusk_node_put(repository->node, name, object.data, len, &why), &why);
}

static void manifest_field(struct tusk_buf *body)
{
	need(tusk_put_varint(body, 1), NULL);
	need(tusk_put_varint(body, MANY), NULL); /* the length of what follows */
	put_manifest(body);
}

static void manifest_paths(struct tusk_buf *body)
{
	for (unsigned i = 0; i < 5000000; i++) {
		need(tusk_put_varint(body, 7), NULL);
		need(tusk_put_bytes(body, "", 0), NULL);
	}
	put_manifest(body);
}

static void manifest_large(struct tusk_buf *body)
{
	need(tusk_buf_reserve(body, 15u << 20), NULL);
	memset(body->data, 0, 15u << 20);
	body->len = 15u << 20;
	put_manifest(body);
}

/* ---- tables of contents ---- */

/* In the place of one that is there: count records, each as large as it may be, or larger. */
static void put_toc(uint32_t count, uint32_t stored, uint32_t raw, bool same)
{
	struct tusk_record *records = calloc(count ? count : 1, sizeof(*records));
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	TUSK_AUTO_BUF struct tusk_buf old = {0}, object = {0};
	struct tusk_pack_ids ids = {0};
	struct tusk_object_key key;
	enum tusk_pack_kind kind;
	struct tusk_err why = {0};
	uint8_t hash[32];
	char name[80];

	need(records ? 0 : -1, NULL);
	need(tusk_node_list(repository->node, "toc/", add_pack, &ids, &why), &why);
	tusk_toc_name(&ids.items[0], name);
	need(tusk_node_get(repository->node, name, TUSK_TOC_MAX_SIZE, &old, &why), &why);
	need(tusk_pack_header_open(&repository->keys, old.data, name, &kind, &key, &why), &why);
	for (uint32_t i = 0; i < count; i++) {
		records[i] = (struct tusk_record){.stored = stored, .raw = raw, .type = TUSK_OBJECT_CHUNK};
		tusk_store_u32(records[i].id.bytes, same ? 0 : i);
	}
	need(tusk_put_raw(&object, old.data, TUSK_OBJECT_HEADER_SIZE), NULL);
	need(tusk_toc_seal(aead, &key, records, count, &object, &why), &why);
	tusk_sha256(object.data, object.len, hash);
	need(tusk_put_raw(&object, hash, sizeof(hash)), NULL);
	need(tusk_node_remove(repository->node, name, &why), &why);
	need(tusk_node_put(repository->node, name, object.data, object.len, &why), &why);
	tusk_pack_ids_release(&ids);
	free(records);
}

static void toc_full(struct tusk_buf *body)
{
	(void)body;
	put_toc(TUSK_PACK_MAX_RECORDS, 640, 624, false);
}

static void toc_same(struct tusk_buf *body)
{
	(void)body;
	put_toc(TUSK_PACK_MAX_RECORDS, 640, 624, true);
}

static void toc_too_many(struct tusk_buf *body)
{
	(void)body;
	put_toc(TUSK_PACK_MAX_RECORDS + 1, 17, 1, false);
}

static void toc_lengths(struct tusk_buf *body)
{
	(void)body;
	put_toc(100, UINT32_MAX, UINT32_MAX, false);
}

static void toc_none(struct tusk_buf *body)
{
	(void)body;
	put_toc(0, 0, 0, false);
}

static const struct {
	const char *name;
	void (*make)(struct tusk_buf *body);
} cases[] = {{"marks", marks},
	     {"ledger", ledger},
	     {"drills", drills},
	     {"lease", lease},
	     {"lease-roots", lease_roots},
	     {"epoch", epoch},
	     {"condemned-count", condemned_count},
	     {"condemned-live", condemned_live},
	     {"nodes", nodes},
	     {"manifest-field", manifest_field},
	     {"manifest-paths", manifest_paths},
	     {"manifest-large", manifest_large},
	     {"toc-full", toc_full},
	     {"toc-same", toc_same},
	     {"toc-too-many", toc_too_many},
	     {"toc-lengths", toc_lengths},
	     {"toc-none", toc_none}};

int main(int argc, char *argv[])
{
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	struct tusk_err why = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (argc == 1)
			puts(cases[i].name);
		if (argc != 4 || strcmp(argv[3], cases[i].name) != 0)
			continue;
		need(oracle_open(argv[1], argv[2], &repository, &why), &why);
		cases[i].make(&body);
		tusk_repository_close(repository);
		return 0;
	}
	return argc == 1 ? 0 : 2;
}
