/* Asking the nodes what they hold. */
#include "pipeline/survey.h"

#include "pipeline/plan.h"

#include <limits.h>
#include <string.h>
#include <sys/statvfs.h>

void pipeline_survey_release(struct pipeline_survey *survey)
{
	for (size_t i = 0; i < survey->node_count; i++)
		tusk_snapshot_list_release(&survey->nodes[i].list);
	free(survey->nodes);
	free(survey->sources);
	*survey = (struct pipeline_survey){0};
}

static bool has_provenance(const struct tusk_snapshot *snapshot, const char *key, const char *value)
{
	for (size_t i = 0; i + 1 < snapshot->provenance.count; i += 2)
		if (strcmp(snapshot->provenance.items[i], key) == 0)
			return strcmp(snapshot->provenance.items[i + 1], value) == 0;
	return false;
}

bool pipeline_is_of(const struct pipeline *p, size_t source, const struct tusk_snapshot *snapshot)
{
	return strcmp(snapshot->source, p->sources[source].name) == 0 && has_provenance(snapshot, "pipeline", p->name);
}

static void ask_space(const struct pipeline_node *node, struct pipeline_node_facts *facts)
{
	struct statvfs space;
	const char *path = pipeline_local_path(node);
	if (!path || statvfs(path, &space) < 0)
		return;
	facts->free_bytes = (uint64_t)space.f_bavail * space.f_frsize;
	facts->total_bytes = (uint64_t)space.f_blocks * space.f_frsize;
}

static int ask_node(struct pipeline_access *access, size_t at, struct pipeline_node_facts *facts, struct tusk_err *err)
{
	const struct pipeline_node *node = &access->pipeline->nodes[at];
	struct tusk_err why = {0};
	struct tusk_repository_stats stats;
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	if (node->when_present && !pipeline_is_present(node)) {
		facts->away = true;
		return 0;
	}
	if (pipeline_open(access, at, true, &repository, &why) < 0 ||
	    tusk_snapshot_list_load(repository, NULL, NULL, &facts->list, &why) < 0) {
		/* Without the password nothing can be said about any node. */
		if (why.code == TUSK_E_PASSWORD || why.code == TUSK_E_NOMEM) {
			*err = why;
			return -1;
		}
		snprintf(facts->why, sizeof(facts->why), "%.255s", why.message);
		return 0;
	}
	facts->reached = true;
	ask_space(node, facts);
	if (node->upstream == PIPELINE_NONE && tusk_repository_weigh(repository, &stats, &why) == 0)
		facts->physical_bytes = stats.physical_bytes;
	return 0;
}

static bool holds(const struct tusk_snapshot_list *list, const struct tusk_id *id)
{
	for (size_t i = 0; i < list->count; i++)
		if (tusk_id_equal(&list->items[i].id, id))
			return true;
	return false;
}

static void count_behind(const struct pipeline *p, struct pipeline_survey *survey)
{
	for (size_t n = 0; n < p->node_count; n++) {
		const struct tusk_snapshot_list *head = &survey->nodes[pipeline_head(p, n)].list;
		for (size_t i = 0; i < head->count; i++)
			survey->nodes[n].behind += !holds(&survey->nodes[n].list, &head->items[i].id);
	}
}

static bool is_newer(const struct tusk_snapshot *snapshot, const struct pipeline_source_facts *facts)
{
	return !facts->found || snapshot->time.tv_sec > facts->newest.tv_sec ||
	       (snapshot->time.tv_sec == facts->newest.tv_sec && snapshot->time.tv_nsec > facts->newest.tv_nsec);
}

static void judge_source(const struct pipeline *p, size_t source, struct pipeline_survey *survey)
{
	struct pipeline_source_facts *facts = &survey->sources[source];
	for (size_t n = 0; n < p->node_count; n++) {
		const struct tusk_snapshot_list *list = &survey->nodes[n].list;
		for (size_t i = 0; i < list->count; i++) {
			if (!pipeline_is_of(p, source, &list->items[i]) || !is_newer(&list->items[i], facts))
				continue;
			facts->found = true;
			facts->newest = list->items[i].time;
			facts->id = list->items[i].id;
		}
	}
	/* Nodes that are fed by sources of their own have snapshots of their own: of about the same moment. */
	for (size_t n = 0; facts->found && n < p->node_count; n++) {
		const struct tusk_snapshot_list *list = &survey->nodes[n].list;
		bool has = false;
		for (size_t i = 0; i < list->count && !has; i++)
			has = tusk_id_equal(&list->items[i].id, &facts->id) ||
			      (p->nodes[n].upstream == PIPELINE_NONE && pipeline_is_of(p, source, &list->items[i]) &&
			       list->items[i].time.tv_sec + 3600 >= facts->newest.tv_sec);
		facts->copies += has;
		facts->roles[p->nodes[n].role] += has;
	}
}

int pipeline_survey_make(struct pipeline_access *access, struct pipeline_survey *ret_survey, struct tusk_err *err)
{
	const struct pipeline *p = access->pipeline;
	PIPELINE_AUTO_SURVEY struct pipeline_survey survey = {.now = (uint64_t)time(NULL)};
	survey.nodes = calloc(p->node_count, sizeof(*survey.nodes));
	survey.sources = calloc(p->source_count, sizeof(*survey.sources));
	if (!survey.nodes || !survey.sources)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	survey.node_count = p->node_count;
	for (size_t n = 0; n < p->node_count; n++)
		if (ask_node(access, n, &survey.nodes[n], err) < 0)
			return -1;
	count_behind(p, &survey);
	for (size_t s = 0; s < p->source_count; s++)
		judge_source(p, s, &survey);
	*ret_survey = survey;
	survey = (struct pipeline_survey){0};
	return 0;
}
