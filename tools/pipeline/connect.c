/* What the tables cannot say: names are unique, inputs exist, flows have a beginning and no cycle. */
#include "pipeline/loader.h"

#include <string.h>

static bool legal_name(const char *name)
{
	static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	return strlen(name) <= PIPELINE_NAME_MAX && *name != '-' && *name != '.' && strspn(name, legal) == strlen(name);
}

static int check_name(struct pipeline_loader *loader, struct pipeline_place place, const char *what, const char *name)
{
	if (!name)
		return pipeline_complain(loader, place, "%s has no name", what);
	if (!legal_name(name))
		return pipeline_complain(loader, place,
					 "name \"%s\": only letters, digits, \".\", \"_\" and \"-\", at most %d", name,
					 PIPELINE_NAME_MAX);
	return 0;
}

/* Sources and nodes share one space of names, since an input can be either. */
static int check_unique(struct pipeline_loader *loader)
{
	const struct pipeline *p = loader->pipeline;
	size_t count = p->source_count + p->node_count;
	for (size_t i = 0; i < count; i++) {
		bool source = i < p->source_count;
		const char *name = source ? p->sources[i].name : p->nodes[i - p->source_count].name;
		struct pipeline_place place = source ? p->sources[i].place : p->nodes[i - p->source_count].place;
		if (check_name(loader, place, source ? "a source" : "a node", name) < 0)
			return -1;
		for (size_t j = 0; j < i; j++) {
			bool other = j < p->source_count;
			const char *before = other ? p->sources[j].name : p->nodes[j - p->source_count].name;
			unsigned line = other ? p->sources[j].place.line : p->nodes[j - p->source_count].place.line;
			if (strcmp(name, before) == 0)
				return pipeline_complain(loader, place,
							 "duplicate name \"%s\": the first is in line %u", name, line);
		}
	}
	return 0;
}

static int check_source(struct pipeline_loader *loader, struct pipeline_source *source)
{
	bool paths = source->paths.count > 0, command = source->command.count > 0;
	if (paths == command)
		return pipeline_complain(loader, source->place, "source \"%s\" needs %s", source->name,
					 paths ? "either paths or command, not both" : "paths or command");
	for (size_t i = 0; i < source->paths.count; i++)
		if (source->paths.items[i][0] != '/')
			return pipeline_complain(loader, source->place, "source \"%s\": path \"%s\" must begin with /",
						 source->name, source->paths.items[i]);
	if (source->file && (paths || strchr(source->file, '/')))
		return pipeline_complain(loader, source->place,
					 "source \"%s\": file is the plain name of what command prints", source->name);
	if (command && !source->file)
		source->file = source->name;
	return 0;
}

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int check_url(struct pipeline_loader *loader, struct pipeline_node *node)
{
	enum pipeline_role role = PIPELINE_LOCAL;
	if (!node->url)
		return pipeline_complain(loader, node->place, "node \"%s\" has no url", node->name);
	if (begins(node->url, "ssh://"))
		role = PIPELINE_REMOTE;
	else if (begins(node->url, "s3://") || begins(node->url, "s3+http://") || begins(node->url, "s3+https://"))
		role = PIPELINE_CLOUD;
	else if (node->url[0] != '/' && !begins(node->url, "file:///"))
		return pipeline_complain(loader, node->place,
					 "node \"%s\": url \"%s\" is neither a path from / nor ssh:// nor s3://",
					 node->name, node->url);
	if (!node->has_role)
		node->role = role;
	return 0;
}

/* The repository key is a node of its own, the first, fed by every source. */
static int add_primary(struct pipeline_loader *loader)
{
	struct pipeline *p = loader->pipeline;
	if (!p->nodes)
		p->nodes = calloc(1, sizeof(*p->nodes));
	if (!p->nodes)
		return pipeline_no_memory(loader);
	memmove(&p->nodes[1], &p->nodes[0], p->node_count * sizeof(*p->nodes));
	p->node_count++;
	p->nodes[0] = (struct pipeline_node){
	    .name = "primary", .url = p->repository, .place = p->repository_place, .upstream = PIPELINE_NONE};
	return 0;
}

static size_t find_source(const struct pipeline *p, const char *name)
{
	for (size_t i = 0; i < p->source_count; i++)
		if (strcmp(p->sources[i].name, name) == 0)
			return i;
	return PIPELINE_NONE;
}

const struct pipeline_node *pipeline_find_node(const struct pipeline *p, const char *name)
{
	for (size_t i = 0; i < p->node_count; i++)
		if (strcmp(p->nodes[i].name, name) == 0)
			return &p->nodes[i];
	return NULL;
}

static int unknown(struct pipeline_loader *loader, const struct pipeline_ref *ref, const char *what, bool sources,
		   bool nodes)
{
	const struct pipeline *p = loader->pipeline;
	const char *names[2 * PIPELINE_ITEMS_MAX + 2];
	size_t count = 0;
	for (size_t i = 0; sources && i < p->source_count; i++)
		names[count++] = p->sources[i].name;
	for (size_t i = 0; nodes && i < p->node_count; i++)
		names[count++] = p->nodes[i].name;
	names[count] = NULL;
	char hint[PIPELINE_NAME_MAX + 32];
	pipeline_suggest(ref->name, names, hint, sizeof(hint));
	return pipeline_complain(loader, ref->place, "unknown %s \"%s\"%s", what, ref->name, hint);
}

static int resolve_sources(struct pipeline_loader *loader, struct pipeline_refs *refs)
{
	for (size_t i = 0; i < refs->count; i++) {
		refs->items[i].index = find_source(loader->pipeline, refs->items[i].name);
		if (refs->items[i].index == PIPELINE_NONE)
			return unknown(loader, &refs->items[i], "source", true, false);
	}
	return 0;
}

/* Direct sources, named by "input" or "sources" or, without either, all of them. */
static int feed_from_sources(struct pipeline_loader *loader, struct pipeline_node *node)
{
	const struct pipeline *p = loader->pipeline;
	struct pipeline_refs *to = &node->sources;
	const struct pipeline_refs *from = &node->input;
	if (to->count && from->count)
		return pipeline_complain(loader, to->items[0].place, "node \"%s\": its input names the sources already",
					 node->name);
	if (to->count)
		return 0;
	size_t count = from->count ? from->count : p->source_count;
	to->items = calloc(count, sizeof(*to->items));
	if (!to->items)
		return pipeline_no_memory(loader);
	for (size_t i = 0; i < count; i++)
		to->items[to->count++] =
		    from->count ? from->items[i] : (struct pipeline_ref){p->sources[i].name, node->place, i};
	return 0;
}

static int connect_node(struct pipeline_loader *loader, struct pipeline_node *node)
{
	struct pipeline *p = loader->pipeline;
	for (size_t i = 0; i < node->input.count; i++) {
		struct pipeline_ref *ref = &node->input.items[i];
		const struct pipeline_node *other = pipeline_find_node(p, ref->name);
		ref->index = other ? (size_t)(other - p->nodes) : find_source(p, ref->name);
		if (ref->index == PIPELINE_NONE)
			return unknown(loader, ref, "input", true, true);
		if (other && node->input.count > 1)
			return pipeline_complain(loader, ref->place,
						 "node \"%s\": the input is one other node, or sources", node->name);
		if (other)
			node->upstream = ref->index;
	}
	if (node->input.count == 0 && p->repository && node != p->nodes)
		node->upstream = 0;
	if (resolve_sources(loader, &node->sources) < 0)
		return -1;
	if (node->upstream != PIPELINE_NONE && (node->keep.given || node->sources.count))
		return pipeline_complain(
		    loader, node->place,
		    "node \"%s\" is a copy of \"%s\", with all of it; for %s of its own, its input "
		    "must be sources",
		    node->name, p->nodes[node->upstream].name, node->keep.given ? "a keep" : "a choice");
	return node->upstream == PIPELINE_NONE ? feed_from_sources(loader, node) : 0;
}

/* "a -> b -> a", in the direction of the flow, for a node that is its own upstream. */
static int tell_cycle(struct pipeline_loader *loader, size_t start)
{
	const struct pipeline *p = loader->pipeline;
	char text[512];
	snprintf(text, sizeof(text), "%s", p->nodes[start].name);
	size_t at = start;
	do {
		char longer[sizeof(text)];
		at = p->nodes[at].upstream;
		if (snprintf(longer, sizeof(longer), "%s -> %s", p->nodes[at].name, text) >= (int)sizeof(longer))
			break;
		memcpy(text, longer, sizeof(text));
	} while (at != start);
	return pipeline_complain(loader, p->nodes[start].input.items[0].place, "cycle: %s", text);
}

/* Fills order; a round that places nothing has only cycles left. */
static int sort(struct pipeline_loader *loader)
{
	struct pipeline *p = loader->pipeline;
	size_t placed = 0, before;
	TUSK_AUTO_FREE bool *done = calloc(p->node_count, sizeof(*done));
	p->order = calloc(p->node_count, sizeof(*p->order));
	if (!done || !p->order)
		return pipeline_no_memory(loader);
	do {
		before = placed;
		for (size_t i = 0; i < p->node_count; i++) {
			size_t up = p->nodes[i].upstream;
			if (done[i] || (up != PIPELINE_NONE && !done[up]))
				continue;
			done[i] = true;
			p->order[placed++] = i;
		}
	} while (placed > before);
	for (size_t start = 0; start < p->node_count; start++) {
		size_t at = start, steps = 0;
		while (!done[start] && steps++ < p->node_count && (at = p->nodes[at].upstream) != start)
			;
		if (!done[start] && at == start)
			return tell_cycle(loader, start);
	}
	return 0;
}

bool pipeline_reaches(const struct pipeline *p, size_t source, size_t at)
{
	const struct pipeline_node *node = &p->nodes[at];
	bool named = node->sources.count == 0;
	for (size_t i = 0; i < node->sources.count; i++)
		named = named || node->sources.items[i].index == source;
	if (!named)
		return false;
	return node->upstream == PIPELINE_NONE || pipeline_reaches(p, source, node->upstream);
}

size_t pipeline_first_node(const struct pipeline *p, size_t source)
{
	for (size_t i = 0; i < p->node_count; i++)
		if (p->nodes[i].upstream == PIPELINE_NONE && pipeline_reaches(p, source, i))
			return i;
	return PIPELINE_NONE;
}

/* A goal that the nodes can never meet is a mistake. */
static int check_goals(struct pipeline_loader *loader)
{
	const struct pipeline *p = loader->pipeline;
	uint64_t roles[PIPELINE_ROLES] = {0};
	for (size_t i = 0; i < p->node_count; i++)
		roles[p->nodes[i].role]++;
	for (int i = 0; i < PIPELINE_ROLES; i++)
		if (p->strategy.require[i] > roles[i])
			return pipeline_complain(
			    loader, p->document->place,
			    "strategy: %s copies are required %llu times, but there %s %llu such node%s",
			    pipeline_role_names[i], (unsigned long long)p->strategy.require[i],
			    roles[i] == 1 ? "is" : "are", (unsigned long long)roles[i], roles[i] == 1 ? "" : "s");
	if (p->alert.min_copies > p->node_count)
		return pipeline_complain(loader, p->document->place,
					 "alert: min-copies is %llu, but there are %zu nodes",
					 (unsigned long long)p->alert.min_copies, p->node_count);
	return 0;
}

static int check_flow(struct pipeline_loader *loader)
{
	const struct pipeline *p = loader->pipeline;
	for (size_t i = 0; i < p->source_count; i++)
		if (pipeline_first_node(p, i) == PIPELINE_NONE)
			return pipeline_complain(loader, p->sources[i].place, "source \"%s\" goes to no node",
						 p->sources[i].name);
	return 0;
}

static int resolve_recovery(struct pipeline_loader *loader)
{
	struct pipeline *p = loader->pipeline;
	for (size_t i = 0; i < p->strategy.recover.count; i++) {
		struct pipeline_ref *ref = &p->strategy.recover.items[i];
		const struct pipeline_node *node = pipeline_find_node(p, ref->name);
		if (!node)
			return unknown(loader, ref, "node", false, true);
		ref->index = (size_t)(node - p->nodes);
	}
	return 0;
}

int pipeline_connect(struct pipeline_loader *loader)
{
	struct pipeline *p = loader->pipeline;
	if (p->version != 1)
		return pipeline_complain(loader, p->document->place,
					 p->version ? "version %llu is not known; this is 1"
						    : "there is no version: write version: 1",
					 (unsigned long long)p->version);
	if (p->repository && add_primary(loader) < 0)
		return -1;
	if (!p->source_count || !p->node_count)
		return pipeline_complain(loader, p->document->place, "there are no %s",
					 p->source_count ? "nodes, and no repository" : "sources");
	if (check_unique(loader) < 0)
		return -1;
	for (size_t i = 0; i < p->source_count; i++)
		if (check_source(loader, &p->sources[i]) < 0)
			return -1;
	for (size_t i = 0; i < p->node_count; i++)
		if (check_url(loader, &p->nodes[i]) < 0 || connect_node(loader, &p->nodes[i]) < 0)
			return -1;
	if (sort(loader) < 0 || check_flow(loader) < 0 || resolve_recovery(loader) < 0)
		return -1;
	return check_goals(loader);
}
