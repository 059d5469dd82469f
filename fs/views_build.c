/* A catalogue from a list of snapshots. */
#include "views_private.h"

#include "inode.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One membership of a snapshot in a host's or tag's folder. */
struct member {
	char group[256];
	size_t index; /* in the list: rises with time */
};

struct builder {
	struct tuskfs_slots *slots;
	const struct tusk_snapshot_list *list;
	const struct tuskfs_slot **slot_of; /* by index in the list: the catalogue's */
	struct tuskfs_catalogue *catalogue; /* nodes has room for every node there can be */
	uint64_t *used;                     /* node ids: an open-addressing set */
	size_t used_capacity;
	struct timespec changed;
	bool failed; /* out of memory */
};

void tuskfs_views_sanitise(const char *text, char ret_name[256])
{
	size_t len = strlen(text);
	if (len > 255)
		len = 255;
	memcpy(ret_name, text, len);
	ret_name[len] = 0;
	bool dots = strcmp(ret_name, ".") == 0 || strcmp(ret_name, "..") == 0;
	for (char *p = ret_name; *p; p++) {
		if (*p == '/' || dots)
			*p = '_';
	}
	if (!*ret_name)
		memcpy(ret_name, "-", 2);
}

static bool claim(struct builder *builder, uint64_t nodeid)
{
	size_t at = nodeid & (builder->used_capacity - 1);
	while (builder->used[at] && builder->used[at] != nodeid)
		at = (at + 1) & (builder->used_capacity - 1);
	bool is_new = !builder->used[at];
	builder->used[at] = nodeid;
	return is_new;
}

/* nodeid 0: derived from place and target. Returns the node id. */
static uint64_t add_node(struct builder *builder, uint64_t nodeid, uint64_t parent, const char *name,
			 enum tuskfs_node_kind kind, const char *text)
{
	if (!nodeid) {
		nodeid = tuskfs_inode_virtual(parent, name, text);
		while (!claim(builder, nodeid))
			nodeid = nodeid + 1 < TUSKFS_COMPUTED_BIT ? nodeid + 1 : tuskfs_inode_virtual(0, "", NULL);
	}
	struct tuskfs_node *node = &builder->catalogue->nodes[builder->catalogue->count++];
	*node = (struct tuskfs_node){
	    .nodeid = nodeid, .parent = parent, .kind = kind, .mtime = builder->changed, .name = strdup(name)};
	node->text = text ? strdup(text) : NULL;
	if (!node->name || (text && !node->text))
		builder->failed = true;
	return nodeid;
}

static uint64_t add_folder(struct builder *builder, uint64_t nodeid, uint64_t parent, const char *name)
{
	return add_node(builder, nodeid, parent, name, TUSKFS_FOLDER, NULL);
}

/* The link has the snapshot's time, so that ls -t sorts it. */
static void add_link(struct builder *builder, uint64_t parent, const char *name, const char *prefix, size_t index)
{
	char target[96];
	snprintf(target, sizeof(target), "%s%s", prefix, builder->slot_of[index]->name);
	add_node(builder, 0, parent, name, TUSKFS_LINK, target);
	builder->catalogue->nodes[builder->catalogue->count - 1].mtime = builder->list->items[index].time;
}

static void add_snapshots(struct builder *builder)
{
	size_t count = builder->list->count;
	for (size_t i = 0; i < count; i++) {
		const struct tuskfs_slot *slot = builder->slot_of[i];
		add_node(builder, tuskfs_inode_pack(slot->slot, 0), TUSKFS_NODE_SNAPSHOTS, slot->name, TUSKFS_SNAPSHOT,
			 NULL);
		builder->catalogue->nodes[builder->catalogue->count - 1].slot = slot;
	}
	if (count)
		add_link(builder, TUSKFS_NODE_SNAPSHOTS, "latest", "", count - 1);
}

static int compare_ids(const void *a, const void *b, void *list)
{
	const struct tusk_snapshot *items = ((const struct tusk_snapshot_list *)list)->items;
	return tusk_id_compare(&items[*(const size_t *)a].id, &items[*(const size_t *)b].id);
}

static size_t common_digits(const char *a, const char *b)
{
	size_t n = 0;
	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

static void add_sums(struct builder *builder, const char *id, size_t index)
{
	const struct tuskfs_slot *slot = builder->slot_of[index];
	char name[TUSK_ID_TEXT_SIZE + 8];
	snprintf(name, sizeof(name), "%s.sha256", id);
	add_node(builder, tuskfs_inode_computed(TUSKFS_COMPUTED_SUMS, slot->slot), TUSKFS_NODE_SUMS, name, TUSKFS_SUMS,
		 NULL);
	builder->catalogue->nodes[builder->catalogue->count - 1].slot = slot;
	builder->catalogue->nodes[builder->catalogue->count - 1].mtime = builder->list->items[index].time;
}

static void add_ids(struct builder *builder)
{
	size_t count = builder->list->count;
	TUSK_AUTO_FREE size_t *order = calloc(count + 1, sizeof(*order));
	if (!order) {
		builder->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), compare_ids, (void *)(uintptr_t)builder->list);
	char previous[TUSK_ID_TEXT_SIZE] = "", text[TUSK_ID_TEXT_SIZE], next[TUSK_ID_TEXT_SIZE];
	for (size_t i = 0; i < count; i++) {
		tusk_id_text(&builder->list->items[order[i]].id, text);
		*next = 0;
		if (i + 1 < count)
			tusk_id_text(&builder->list->items[order[i + 1]].id, next);
		size_t left = common_digits(previous, text), right = common_digits(text, next);
		size_t digits = 1 + (left > right ? left : right);
		memcpy(previous, text, sizeof(text));
		text[digits > TUSK_SHORT_ID_LENGTH ? digits : TUSK_SHORT_ID_LENGTH] = 0;
		add_link(builder, TUSKFS_NODE_IDS, text, "../snapshots/", order[i]);
		add_sums(builder, text, order[i]);
	}
}

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = strcmp(x->group, y->group);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* members is sorted here. A snapshot that is twice in a group (two tags that look the same as file names) is shown
 * once. */
static void add_groups(struct builder *builder, uint64_t parent, struct member *members, size_t count)
{
	if (count)
		qsort(members, count, sizeof(*members), compare_members);
	for (size_t i = 0, end; i < count; i = end) {
		uint64_t folder = add_folder(builder, 0, parent, members[i].group);
		for (end = i; end < count && strcmp(members[end].group, members[i].group) == 0; end++) {
			if (end > i && members[end].index == members[end - 1].index)
				continue;
			add_link(builder, folder, builder->slot_of[members[end].index]->name, "../../snapshots/",
				 members[end].index);
		}
		add_link(builder, folder, "latest", "", members[end - 1].index);
	}
}

/* What all paths of a snapshot have in common, as "/a/b"; "" for the root. A stream has no paths. */
static void common_folder(const struct tusk_snapshot *snapshot, char ret_path[4096])
{
	size_t len = 0;
	ret_path[0] = 0;
	if (snapshot->paths.count)
		len = (size_t)snprintf(ret_path, 4096, "%s", snapshot->paths.items[0]);
	for (size_t i = 1; i < snapshot->paths.count; i++) {
		const char *path = snapshot->paths.items[i];
		size_t same = 0, cut = 0;
		while (same < len && ret_path[same] == path[same])
			same++;
		for (size_t at = 1; at <= same; at++) {
			bool ends = (at == len || ret_path[at] == '/') && (!path[at] || path[at] == '/');
			cut = ends ? at : cut;
		}
		len = cut;
	}
	while (len && ret_path[len - 1] == '/')
		len--;
	ret_path[len < 4096 ? len : 0] = 0;
}

/* As Samba's module shadow_copy2 wants it: rooted at the source's own path. It knows whole seconds only, so of two
 * snapshots of one second the later is shown. */
static void add_shadows(struct builder *builder, uint64_t folder, const struct member *members, size_t count)
{
	const struct tusk_snapshot *items = builder->list->items;
	for (size_t i = 0; i < count; i++) {
		const struct tusk_snapshot *snapshot = &items[members[i].index];
		if (i + 1 < count && items[members[i + 1].index].time.tv_sec == snapshot->time.tv_sec)
			continue;
		char path[4096], target[4096 + 96], name[64];
		struct tm tm;
		common_folder(snapshot, path);
		snprintf(target, sizeof(target), "../../snapshots/%s%s", builder->slot_of[members[i].index]->name,
			 path);
		gmtime_r(&snapshot->time.tv_sec, &tm);
		strftime(name, sizeof(name), "@GMT-%Y.%m.%d-%H.%M.%S", &tm);
		if (strlen(target) >= 4096)
			continue;
		add_node(builder, 0, folder, name, TUSKFS_LINK, target);
		builder->catalogue->nodes[builder->catalogue->count - 1].mtime = snapshot->time;
	}
}

static void add_shadow_folders(struct builder *builder, const struct member *members, size_t count)
{
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i; end < count && strcmp(members[end].group, members[i].group) == 0;)
			end++;
		uint64_t folder = add_folder(builder, 0, TUSKFS_NODE_SHADOW, members[i].group);
		add_shadows(builder, folder, members + i, end - i);
	}
}

/* A snapshot without the name of a source is in neither view. */
static void add_sources(struct builder *builder)
{
	const struct tusk_snapshot_list *list = builder->list;
	TUSK_AUTO_FREE struct member *members = calloc(list->count + 1, sizeof(*members));
	if (!members) {
		builder->failed = true;
		return;
	}
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (!list->items[i].source || !*list->items[i].source)
			continue;
		tuskfs_views_sanitise(list->items[i].source, members[count].group);
		members[count++].index = i;
	}
	add_groups(builder, TUSKFS_NODE_SOURCES, members, count);
	add_shadow_folders(builder, members, count);
}

static void add_hosts_and_tags(struct builder *builder, size_t tag_count)
{
	const struct tusk_snapshot_list *list = builder->list;
	TUSK_AUTO_FREE struct member *hosts = calloc(list->count + 1, sizeof(*hosts));
	TUSK_AUTO_FREE struct member *tags = calloc(tag_count + 1, sizeof(*tags));
	if (!hosts || !tags) {
		builder->failed = true;
		return;
	}
	size_t tagged = 0;
	for (size_t i = 0; i < list->count; i++) {
		tuskfs_views_sanitise(list->items[i].host, hosts[i].group);
		hosts[i].index = i;
		for (size_t j = 0; j < list->items[i].tags.count; j++, tagged++) {
			tuskfs_views_sanitise(list->items[i].tags.items[j], tags[tagged].group);
			tags[tagged].index = i;
		}
	}
	add_groups(builder, TUSKFS_NODE_HOSTS, hosts, list->count);
	add_groups(builder, TUSKFS_NODE_TAGS, tags, tagged);
}

/* Their text follows from the list of snapshots, and is made when somebody asks. */
static void add_reports(struct builder *builder)
{
	const struct tusk_snapshot_list *list = builder->list;
	char text[TUSK_ID_TEXT_SIZE];
	uint64_t fingerprint = list->damaged;
	for (size_t i = 0; i < list->count; i++) {
		tusk_id_text(&list->items[i].id, text);
		fingerprint = tuskfs_inode_virtual(fingerprint, text, NULL);
	}
	snprintf(text, sizeof(text), "%llx", (unsigned long long)fingerprint);
	for (int i = 0; i < TUSKFS_REPORT_COUNT; i++) {
		add_node(builder, 0, TUSKFS_NODE_REPORTS, tuskfs_report_name(i), TUSKFS_REPORT, text);
		builder->catalogue->nodes[builder->catalogue->count - 1].report = i;
		builder->catalogue->nodes[builder->catalogue->count - 1].owner = builder->catalogue;
	}
}

static void add_all(struct builder *builder, const char *readme, size_t tag_count)
{
	add_folder(builder, TUSKFS_NODE_ROOT, 0, "");
	add_node(builder, 0, TUSKFS_NODE_ROOT, "README.txt", TUSKFS_TEXT, readme);
	if (builder->list->count)
		add_node(builder, 0, TUSKFS_NODE_ROOT, "latest", TUSKFS_LINK, "snapshots/latest");
	add_folder(builder, TUSKFS_NODE_SNAPSHOTS, TUSKFS_NODE_ROOT, "snapshots");
	add_folder(builder, TUSKFS_NODE_IDS, TUSKFS_NODE_ROOT, "ids");
	add_folder(builder, TUSKFS_NODE_HOSTS, TUSKFS_NODE_ROOT, "hosts");
	add_folder(builder, TUSKFS_NODE_TAGS, TUSKFS_NODE_ROOT, "tags");
	add_folder(builder, TUSKFS_NODE_SOURCES, TUSKFS_NODE_ROOT, "sources");
	add_folder(builder, TUSKFS_NODE_AT, TUSKFS_NODE_ROOT, "at");
	add_folder(builder, TUSKFS_NODE_SHADOW, TUSKFS_NODE_ROOT, "shadow");
	add_folder(builder, TUSKFS_NODE_SUMS, TUSKFS_NODE_ROOT, "sums");
	add_folder(builder, TUSKFS_NODE_VERSIONS, TUSKFS_NODE_ROOT, "versions");
	add_folder(builder, TUSKFS_NODE_REPORTS, TUSKFS_NODE_ROOT, ".tusk");
	add_reports(builder);
	add_snapshots(builder);
	add_ids(builder);
	add_hosts_and_tags(builder, tag_count);
	add_sources(builder);
}

/* Room for every node that this list can make: fixed ones; per snapshot itself, its id, sums and shadow with its
 * folder, and folder, link and latest of its host and its source; the same per tag. */
static int reserve(struct builder *builder, size_t tag_count, struct tusk_err *err)
{
	size_t most = 32 + 11 * builder->list->count + 3 * tag_count;
	for (builder->used_capacity = 64; builder->used_capacity < 2 * most;)
		builder->used_capacity *= 2;
	struct tuskfs_catalogue *catalogue = builder->catalogue;
	catalogue->nodes = calloc(most, sizeof(*catalogue->nodes));
	catalogue->by_nodeid = calloc(most, sizeof(*catalogue->by_nodeid));
	catalogue->by_sequence = calloc(most, sizeof(*catalogue->by_sequence));
	builder->used = calloc(builder->used_capacity, sizeof(*builder->used));
	builder->slot_of = catalogue->snapshots = calloc(builder->list->count + 1, sizeof(*builder->slot_of));
	catalogue->snapshot_count = builder->list->count;
	if (!catalogue->nodes || !catalogue->by_nodeid || !catalogue->by_sequence || !builder->used ||
	    !builder->slot_of)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot list %zu snapshots", builder->list->count);
	for (size_t i = 0; i < builder->list->count; i++) {
		builder->slot_of[i] = tuskfs_slots_find_id(builder->slots, &builder->list->items[i].id);
		assert(builder->slot_of[i]);
	}
	return 0;
}

int tuskfs_catalogue_new(struct tuskfs_slots *slots, const struct tusk_snapshot_list *list, const char *readme,
			 const struct tuskfs_catalogue *previous, struct tuskfs_catalogue **ret_catalogue,
			 struct tusk_err *err)
{
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *catalogue = calloc(1, sizeof(*catalogue));
	if (!catalogue)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot list the snapshots");
	atomic_init(&catalogue->references, 1);
	struct builder builder = {.slots = slots, .list = list, .catalogue = catalogue};
	/* A change must show in the folders' mtime, or the kernel would go on using a listing it has cached. */
	if (previous || !list->count)
		clock_gettime(CLOCK_REALTIME, &builder.changed);
	else
		builder.changed = list->items[list->count - 1].time;
	size_t tag_count = 0;
	for (size_t i = 0; i < list->count; i++)
		tag_count += list->items[i].tags.count;

	int result = reserve(&builder, tag_count, err);
	if (result == 0) {
		add_all(&builder, readme, tag_count);
		if (builder.failed)
			result = tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot list %zu snapshots", list->count);
	}
	free(builder.used);
	if (result < 0)
		return -1;
	tuskfs_catalogue_finish(catalogue, previous);
	*ret_catalogue = TUSK_STEAL(catalogue);
	return 0;
}
