/* Listing, page by page. */
#include "node_s3.h"

#include "tusk/clock.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_KEYS "1000" /* more no service gives */
/* A listing is not read more often than this; where nothing has changed for long, a tenth of that time: requests cost
 * money, and a mount asks all day. */
#define GENERATION_MS     1000
#define GENERATION_MAX_MS 30000

struct lister {
	const struct tusk_node_s3 *node;
	int (*visit)(void *context, const char *name, uint64_t size, struct tusk_err *err);
	void *context;
};

struct page_data {
	struct tusk_buf data;
	bool failed;
};

static bool take_page(void *context, const void *data, size_t len)
{
	struct page_data *page = context;

	page->failed = page->data.len + len > TUSK_S3_PAGE_MAX || tusk_buf_append(&page->data, data, len) < 0;
	return !page->failed;
}

static void restart_page(void *context)
{
	((struct page_data *)context)->data.len = 0;
	((struct page_data *)context)->failed = false;
}

static void page_data_release(struct page_data *page)
{
	tusk_buf_release(&page->data);
}

/* Keys of others, and those that the service should not have sent, are passed over. */
static int visit_key(void *context, const char *key, uint64_t size, struct tusk_err *err)
{
	const struct lister *lister = context;
	size_t len = strlen(lister->node->client.place.prefix);

	if (strncmp(key, lister->node->client.place.prefix, len) != 0)
		return 0;
	return lister->visit(lister->context, key + len, size, err);
}

/* The query for the page behind *page. A service that gives no token is asked in the old way (ListObjects V1). */
static size_t make_query(const char *prefix, const struct tusk_s3_page *page, struct tusk_s3_pair query[6])
{
	size_t count = 0;

	query[count++] = (struct tusk_s3_pair){"encoding-type", "url"};
	query[count++] = (struct tusk_s3_pair){"max-keys", PAGE_KEYS};
	query[count++] = (struct tusk_s3_pair){"prefix", prefix};
	if (page->truncated && !page->token[0]) {
		query[count++] = (struct tusk_s3_pair){"marker", page->last_key};
		return count;
	}
	query[count++] = (struct tusk_s3_pair){"list-type", "2"};
	if (page->truncated)
		query[count++] = (struct tusk_s3_pair){"continuation-token", page->token};
	return count;
}

/* Reads the page behind *page into data. */
static int get_page(struct tusk_node_s3 *node, const char *prefix, const struct tusk_s3_page *page,
		    struct page_data *data, struct tusk_err *err)
{
	const struct tusk_s3_sink sink = {take_page, data};
	struct tusk_s3_pair query[6];
	struct tusk_s3_request request = {.method = "GET",
					  .query = query,
					  .query_count = make_query(prefix, page, query),
					  .sink = &sink,
					  .restart = restart_page};
	struct tusk_s3_result result;

	if (tusk_s3_call(&node->client, &request, &result, err) < 0)
		return -1;
	if (result.answer.status != 200)
		return tusk_s3_unexpected(&node->client, &request, &result, err);
	if (data->failed)
		return tusk_err_set(err, TUSK_E_NODE, 0, "the service sends a page of %zu bytes and more",
				    data->data.len);
	return 0;
}

/* Pages may be short or empty while there are more. The same place twice would be a listing without end. */
static bool is_stuck(const struct tusk_s3_page *before, const struct tusk_s3_page *page)
{
	if (!page->truncated)
		return false;
	if (page->token[0])
		return strcmp(before->token, page->token) == 0;
	return page->count == 0 || strcmp(before->last_key, page->last_key) >= 0;
}

int tusk_s3_list_keys(struct tusk_node_s3 *node, const char *prefix,
		      int (*visit)(void *context, const char *key, uint64_t size, struct tusk_err *err), void *context,
		      struct tusk_err *err)
{
	struct tusk_s3_page *pages TUSK_AUTO_FREE = calloc(2, sizeof(*pages));
	struct page_data data TUSK_CLEANUP(page_data_release) = {0};
	struct lister lister = {node, visit, context};
	char key[TUSK_S3_NAME_SIZE];

	if (!pages)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot list %s: out of memory", prefix);
	tusk_s3_key(node, prefix, key);
	do {
		int result = get_page(node, key, &pages[0], &data, err);

		if (result == 0)
			result = tusk_s3_xml_page(data.data.data, data.data.len, visit_key, &lister, &pages[1], err);
		if (result != 0)
			return result;
		if (is_stuck(&pages[0], &pages[1]))
			return tusk_err_set(err, TUSK_E_NODE, 0, "the service's listing of %s does not end", key);
		pages[0] = pages[1];
	} while (pages[0].truncated);
	return 0;
}

static int visit_name(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	const struct lister *lister = context;

	return tusk_node_name_valid(name) ? lister->visit(lister->context, name, size, err) : 0;
}

/* As tusk_s3_foreseen_take has them. */
static int visit_entries(const struct tusk_buf *entries, const struct lister *lister, struct tusk_err *err)
{
	for (size_t at = 0; at < entries->len;) {
		const uint8_t *entry = entries->data + at;
		const char *name = (const char *)entry + 8;
		int result = lister->visit(lister->context, name, tusk_load_u64(entry), err);

		if (result != 0)
			return result;
		at += 8 + strlen(name) + 1;
	}
	return 0;
}

int tusk_s3_list(struct tusk_node *node, const char *prefix,
		 int (*visit)(void *context, const char *name, uint64_t size, struct tusk_err *err), void *context,
		 struct tusk_err *err)
{
	struct lister lister = {(struct tusk_node_s3 *)node, visit, context};
	struct tusk_buf entries TUSK_AUTO_BUF = {0};
	int found;

	if (tusk_s3_foreseen_take((struct tusk_node_s3 *)node, prefix, &found, &entries))
		return visit_entries(&entries, &lister, err);
	return tusk_s3_list_keys((struct tusk_node_s3 *)node, prefix, visit_name, &lister, err);
}

/* ---- generations ---- */

static int64_t now_ms(void)
{
	return tusk_now_ms() + 1; /* 0 means never */
}

/* FNV-1a (isthe.com/chongo/tech/comp/fnv); the sum of names' hashes does not depend on their order. */
static int add_name(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	uint64_t hash = 0xcbf29ce484222325u, *sum = context;

	(void)size;
	(void)err;
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
	*sum += hash;
	return 0;
}

/* The place of a prefix, or NULL when all are taken by others. */
static struct tusk_s3_generation *slot_of(struct tusk_node_s3 *node, const char *prefix)
{
	for (size_t i = 0; i < sizeof(node->generations) / sizeof(node->generations[0]); i++) {
		if (!node->generations[i].prefix[0])
			snprintf(node->generations[i].prefix, sizeof(node->generations[i].prefix), "%s", prefix);
		if (strcmp(node->generations[i].prefix, prefix) == 0)
			return &node->generations[i];
	}
	return NULL;
}

void tusk_s3_changed(struct tusk_node_s3 *node, const char *name)
{
	pthread_mutex_lock(&node->lock);
	node->changes++;
	tusk_s3_foreseen_changed(node, name);
	for (size_t i = 0; i < sizeof(node->generations) / sizeof(node->generations[0]); i++) {
		struct tusk_s3_generation *generation = &node->generations[i];

		if (generation->prefix[0] && strncmp(name, generation->prefix, strlen(generation->prefix)) == 0)
			generation->read_ms = 0;
	}
	pthread_mutex_unlock(&node->lock);
}

static int64_t keep_ms(const struct tusk_s3_generation *generation, int64_t now)
{
	int64_t keep = (now - generation->changed_ms) / 10;

	if (keep < GENERATION_MS)
		return GENERATION_MS;
	return keep < GENERATION_MAX_MS ? keep : GENERATION_MAX_MS;
}

int tusk_s3_generation(struct tusk_node *node, const char *prefix, uint64_t *ret_generation, struct tusk_err *err)
{
	struct tusk_node_s3 *s3 = (struct tusk_node_s3 *)node;
	int64_t begun = now_ms();
	struct tusk_s3_generation *slot;
	uint64_t sum = 0, changes;
	bool known;

	pthread_mutex_lock(&s3->lock);
	slot = slot_of(s3, prefix);
	known = slot && slot->read_ms && begun - slot->read_ms < keep_ms(slot, begun);
	changes = s3->changes;
	if (known)
		*ret_generation = slot->value;
	pthread_mutex_unlock(&s3->lock);
	if (known)
		return 0;
	if (tusk_s3_list(node, prefix, add_name, &sum, err) != 0)
		return -1;
	pthread_mutex_lock(&s3->lock);
	if (slot && s3->changes == changes) {
		if (slot->value != sum || !slot->changed_ms)
			slot->changed_ms = begun;
		slot->value = sum;
		slot->read_ms = now_ms();
	}
	pthread_mutex_unlock(&s3->lock);
	*ret_generation = sum;
	return 0;
}
