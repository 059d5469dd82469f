#include "roster.h"

#include "wire.h"

#include <string.h>

#define FOLDER      "nodes/"
#define REQUIRE_MAX TUSK_NODES_MAX
#define NOTES_MAX   64 /* more lists than that at a time are no work of ours */

enum { TAG_COUNTER = 1, TAG_REQUIRE = 2, TAG_NODE = 3 };

static const char *const role_names[TUSK_ROLE_COUNT] = {"local", "remote", "cloud"};

const char *tusk_role_name(enum tusk_role role)
{
	return role_names[role];
}

int tusk_role_parse(const char *text, enum tusk_role *ret_role)
{
	for (unsigned i = 0; i < TUSK_ROLE_COUNT; i++) {
		if (strcmp(text, role_names[i]) == 0) {
			*ret_role = (enum tusk_role)i;
			return 0;
		}
	}
	return -1;
}

enum tusk_role tusk_role_of_url(const char *url)
{
	if (strncmp(url, "ssh://", 6) == 0)
		return TUSK_ROLE_REMOTE;
	if (strncmp(url, "s3://", 5) == 0 || strncmp(url, "s3+", 3) == 0)
		return TUSK_ROLE_CLOUD;
	return TUSK_ROLE_LOCAL;
}

size_t tusk_nodes_find(const struct tusk_nodes *nodes, const char *name)
{
	size_t i = 0;

	while (i < nodes->count && strcmp(nodes->items[i].name, name) != 0)
		i++;
	return i;
}

/* ---- what may be in a list ---- */

static bool is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return name[0] && !strchr("._-", name[0]) && strspn(name, letters) == strlen(name);
}

static bool has_control_bytes(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

/* scheme://user:password@host */
static bool has_password(const char *url)
{
	const char *authority = strstr(url, "://");

	if (!authority)
		return false;
	authority += 3;
	size_t len = strcspn(authority, "/?#");
	const char *at = memchr(authority, '@', len);
	return at && memchr(authority, ':', (size_t)(at - authority));
}

int tusk_member_check(const struct tusk_member *member, struct tusk_err *err)
{
	if (!is_name(member->name))
		return tusk_err_set(err, TUSK_E_USAGE, 0,
				    "\"%s\" is no name for a node: letters, digits, \".\", \"_\" and \"-\", at most %d",
				    member->name, TUSK_MEMBER_NAME_SIZE - 1);
	if (!member->url[0] || has_control_bytes(member->url))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "node %s: its place is empty or has control characters",
				    member->name);
	if (has_password(member->url))
		return tusk_err_set(err, TUSK_E_USAGE, 0,
				    "node %s: a password does not belong into a URL: everybody with the repository's "
				    "key could read it",
				    member->name);
	if ((unsigned)member->role >= TUSK_ROLE_COUNT)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "node %s: unknown role", member->name);
	return 0;
}

static int check_nodes(const struct tusk_nodes *nodes, struct tusk_err *err)
{
	for (size_t i = 0; i < nodes->count; i++) {
		if (tusk_member_check(&nodes->items[i], err) < 0)
			return -1;
		for (size_t k = 0; k < i; k++) {
			if (strcmp(nodes->items[i].name, nodes->items[k].name) == 0)
				return tusk_err_set(err, TUSK_E_USAGE, 0, "there is a node %s already",
						    nodes->items[i].name);
			if (strcmp(nodes->items[i].url, nodes->items[k].url) == 0)
				return tusk_err_set(err, TUSK_E_USAGE, 0, "node %s has the place %s already",
						    nodes->items[k].name, nodes->items[i].url);
		}
	}
	return 0;
}

/* ---- bytes ---- */

static int encode_member(const struct tusk_member *member, struct tusk_buf *out)
{
	struct tusk_buf field TUSK_AUTO_BUF = {0};

	if (tusk_put_bytes(&field, member->name, strlen(member->name)) < 0 ||
	    tusk_put_u8(&field, (uint8_t)member->role) < 0 ||
	    tusk_put_bytes(&field, member->url, strlen(member->url)) < 0 || tusk_put_varint(out, TAG_NODE) < 0)
		return -1;
	return tusk_put_bytes(out, field.data, field.len);
}

static int encode(const struct tusk_nodes *nodes, struct tusk_buf *out)
{
	struct tusk_buf field TUSK_AUTO_BUF = {0};

	if (tusk_put_u64(&field, nodes->counter) < 0 || tusk_put_varint(out, TAG_COUNTER) < 0 ||
	    tusk_put_bytes(out, field.data, field.len) < 0)
		return -1;
	field.len = 0;
	for (unsigned i = 0; i < TUSK_ROLE_COUNT; i++) {
		if (tusk_put_varint(&field, nodes->require[i]) < 0)
			return -1;
	}
	if (tusk_put_varint(out, TAG_REQUIRE) < 0 || tusk_put_bytes(out, field.data, field.len) < 0)
		return -1;
	for (size_t i = 0; i < nodes->count; i++) {
		if (encode_member(&nodes->items[i], out) < 0)
			return -1;
	}
	return 0;
}

int tusk_roster_encode(const struct tusk_nodes *nodes, struct tusk_buf *ret_body, struct tusk_err *err)
{
	if (check_nodes(nodes, err) < 0)
		return -1;
	if (encode(nodes, ret_body) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot write the list of nodes: out of memory");
	return 0;
}

/* A text without NUL, shorter than size. */
static void get_text(struct tusk_cursor *cursor, size_t size, char *ret_text)
{
	size_t len = 0;
	const uint8_t *bytes = tusk_get_bytes(cursor, size - 1, &len);

	if (!bytes || memchr(bytes, 0, len)) {
		cursor->failed = true;
		return;
	}
	memcpy(ret_text, bytes, len);
	ret_text[len] = '\0';
}

static bool decode_member(struct tusk_cursor *field, struct tusk_nodes *nodes)
{
	struct tusk_member *member = &nodes->items[nodes->count];
	uint8_t role;

	if (nodes->count == TUSK_NODES_MAX)
		return false;
	get_text(field, sizeof(member->name), member->name);
	role = tusk_get_u8(field);
	get_text(field, sizeof(member->url), member->url);
	if (!tusk_cursor_done(field) || role >= TUSK_ROLE_COUNT)
		return false;
	member->role = (enum tusk_role)role;
	nodes->count++;
	return true;
}

static bool decode_require(struct tusk_cursor *field, struct tusk_nodes *nodes)
{
	for (unsigned i = 0; i < TUSK_ROLE_COUNT; i++) {
		uint64_t value = tusk_get_varint(field);

		if (value > REQUIRE_MAX)
			return false;
		nodes->require[i] = (unsigned)value;
	}
	return tusk_cursor_done(field);
}

static bool decode_field(uint64_t tag, struct tusk_cursor *field, struct tusk_nodes *nodes)
{
	switch (tag) {
	case TAG_COUNTER:
		nodes->counter = tusk_get_u64(field);
		return tusk_cursor_done(field) && nodes->counter > 0;
	case TAG_REQUIRE:
		return decode_require(field, nodes);
	case TAG_NODE:
		return decode_member(field, nodes);
	default:
		return tag > TAG_NODE; /* of a later tusk */
	}
}

int tusk_roster_decode(const void *data, size_t len, struct tusk_nodes *ret_nodes, struct tusk_err *err)
{
	struct tusk_nodes nodes = {0};
	struct tusk_cursor cursor;
	uint64_t last = 0;

	tusk_cursor_init(&cursor, data, len);
	while (!cursor.failed && tusk_cursor_left(&cursor) > 0) {
		uint64_t tag = tusk_get_varint(&cursor);
		size_t field_len = 0;
		const uint8_t *bytes = tusk_get_bytes(&cursor, len, &field_len);
		struct tusk_cursor field;

		if (!bytes || tag < last || (tag == last && tag < TAG_NODE))
			return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the list of nodes is malformed");
		tusk_cursor_init(&field, bytes, field_len);
		if (!decode_field(tag, &field, &nodes))
			return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the list of nodes is malformed");
		last = tag;
	}
	if (cursor.failed || nodes.counter == 0 || nodes.count == 0 || check_nodes(&nodes, err) < 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the list of nodes is malformed");
	*ret_nodes = nodes;
	return 0;
}

/* ---- on the node ---- */

struct notes {
	size_t count;
	char names[NOTES_MAX][80];
};

static int collect(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct notes *notes = context;

	(void)size;
	if (notes->count == NOTES_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "there are more than %d lists of nodes", NOTES_MAX);
	snprintf(notes->names[notes->count++], sizeof(notes->names[0]), "%s", name);
	return 0;
}

static int load_note(struct tusk_node *node, const struct tusk_keys *keys, const char *name,
		     struct tusk_nodes *ret_nodes, struct tusk_err *err)
{
	struct tusk_buf body TUSK_AUTO_BUF = {0};
	int found = tusk_sealed_get(node, keys, TUSK_SEALED_NODES, FOLDER, name, &body, err);

	if (found == TUSK_NODE_ABSENT)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "%s is gone", name);
	if (found < 0)
		return -1;
	if (tusk_roster_decode(body.data, body.len, ret_nodes, err) < 0)
		return tusk_err_prefix(err, "%s", name);
	return 0;
}

int tusk_roster_load(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_nodes *ret_nodes,
		     struct tusk_err *err)
{
	struct tusk_nodes newest = {0}, nodes;
	const char *newest_name = "";
	struct tusk_err why = {0};
	struct notes notes = {0};

	if (tusk_node_list(node, FOLDER, collect, &notes, err) != 0)
		return -1;
	for (size_t i = 0; i < notes.count; i++) {
		if (load_note(node, keys, notes.names[i], &nodes, &why) < 0 || nodes.counter < newest.counter)
			continue;
		/* Two that were written at the same time: every reader takes the same one. */
		if (nodes.counter == newest.counter && strcmp(notes.names[i], newest_name) < 0)
			continue;
		newest = nodes;
		newest_name = notes.names[i];
	}
	if (newest.counter == 0 && why.code != TUSK_OK) {
		if (err)
			*err = why;
		return -1;
	}
	*ret_nodes = newest;
	return 0;
}

int tusk_roster_save(struct tusk_node *node, const struct tusk_keys *keys, const struct tusk_nodes *nodes,
		     struct tusk_err *err)
{
	struct tusk_buf body TUSK_AUTO_BUF = {0};
	struct tusk_nodes old;
	struct notes notes = {0};

	if (tusk_roster_encode(nodes, &body, err) < 0)
		return -1;
	(void)tusk_node_list(node, FOLDER, collect, &notes, NULL);
	if (tusk_sealed_put(node, keys, TUSK_SEALED_NODES, FOLDER, body.data, body.len, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < notes.count; i++) {
		if (load_note(node, keys, notes.names[i], &old, NULL) == 0 && old.counter < nodes->counter)
			(void)tusk_node_remove(node, notes.names[i], NULL);
	}
	return 0;
}
