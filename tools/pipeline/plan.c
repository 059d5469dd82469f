/* From a pipeline to jobs. For each source: its hooks and backups; for each head: forget; for each copy: sync, after
 * its input; for each node: the proofs that are due. Backups to one head go one after the other, so that the second
 * finds what the first has stored. */
#include "pipeline/plan.h"

#include "pipeline/words.h"

#include <string.h>

size_t pipeline_head(const struct pipeline *p, size_t node)
{
	while (p->nodes[node].upstream != PIPELINE_NONE)
		node = p->nodes[node].upstream;
	return node;
}

bool pipeline_is_due(enum pipeline_period period, uint64_t last, uint64_t now)
{
	uint64_t seconds = pipeline_period_seconds(period);
	return seconds && (last > now || now - last >= seconds - seconds / 20);
}

/* Whether the repository of that head has nodes besides it in this pipeline. */
static bool has_copies(const struct pipeline *p, size_t head)
{
	for (size_t n = 0; n < p->node_count; n++)
		if (n != head && pipeline_head(p, n) == head)
			return true;
	return false;
}

static int add_only(struct pipeline_job *job, const struct pipeline_node *node)
{
	return pipeline_job_argue(job, "--only") < 0 || pipeline_job_argue(job, node->name) < 0 ? -1 : 0;
}

static int add_limit(struct pipeline_job *job, const char *option, uint64_t rate)
{
	char word[64];
	snprintf(word, sizeof(word), "--%s=%llu", option, (unsigned long long)rate);
	return rate ? pipeline_job_argue(job, word) : 0;
}

/* For all nodes of a repository at once. */
static const char *any_credentials(const struct pipeline *p, size_t head)
{
	const char *file = p->nodes[head].credentials_file;
	for (size_t n = 0; !file && n < p->node_count; n++)
		file = pipeline_head(p, n) == head ? p->nodes[n].credentials_file : NULL;
	return file;
}

/* Data come from one node and go to one, and no other one is asked: the limits of each hold for its direction. What is
 * forgotten is forgotten everywhere. */
static int add_nodes(const struct pipeline *p, struct pipeline_job *job, const struct pipeline_node *from,
		     const struct pipeline_node *to)
{
	size_t head = pipeline_head(p, (size_t)(to - p->nodes));
	const char *credentials = to->credentials_file ? to->credentials_file : from->credentials_file;
	if (job->kind == PIPELINE_JOB_FORGET)
		credentials = any_credentials(p, head);
	else if (has_copies(p, head) && (add_only(job, from) < 0 || (to != from && add_only(job, to) < 0)))
		return -1;
	if (credentials && pipeline_job_env(job, "AWS_SHARED_CREDENTIALS_FILE", credentials) < 0)
		return -1;
	return add_limit(job, "limit-upload", to->limit_upload) < 0 ||
		       add_limit(job, "limit-download", from->limit_download) < 0
		   ? -1
		   : 0;
}

/* A job that runs one of our own commands with what is on the node from, and changes the node to; NULL when memory is
 * short. */
static struct pipeline_job *add_command(struct pipeline_plan *plan, enum pipeline_job_kind kind, size_t from, size_t to,
					const char *const *words)
{
	const struct pipeline_node *nodes = plan->pipeline->nodes;
	bool writes = kind == PIPELINE_JOB_BACKUP || kind == PIPELINE_JOB_FORGET;
	struct pipeline_job *job =
	    pipeline_jobs_add(plan->jobs, kind, writes ? PIPELINE_AFTER_SUCCESS : PIPELINE_UNLESS_AWAY);
	if (!job || pipeline_job_argue(job, plan->program) < 0 || pipeline_job_argue(job, "--repository") < 0 ||
	    pipeline_job_argue(job, nodes[from].url) < 0 || pipeline_job_argue(job, "--json") < 0)
		return NULL;
	job->node = to;
	if (*plan->secret_option && pipeline_job_argue(job, plan->secret_option) < 0)
		return NULL;
	if (add_nodes(plan->pipeline, job, &nodes[from], &nodes[to]) < 0)
		return NULL;
	for (; *words; words++)
		if (pipeline_job_argue(job, *words) < 0)
			return NULL;
	return job;
}

static size_t number_of(const struct pipeline_plan *plan, const struct pipeline_job *job)
{
	return (size_t)(job - plan->jobs->items);
}

/* ---- sources ---- */

/* Hooks of one kind, one after the other; the first comes after *previous, if that is a job, and *previous becomes the
 * last. */
static int add_hooks(struct pipeline_plan *plan, size_t source, const struct tusk_words *hooks, const char *what,
		     enum pipeline_when when, size_t *previous)
{
	const struct pipeline_source *s = &plan->pipeline->sources[source];
	for (size_t i = 0; i < hooks->count; i++) {
		struct pipeline_job *job = pipeline_jobs_add(plan->jobs, PIPELINE_JOB_HOOK, when);
		if (!job || pipeline_job_argue(job, "/bin/sh") < 0 || pipeline_job_argue(job, "-c") < 0 ||
		    pipeline_job_argue(job, hooks->items[i]) < 0 ||
		    pipeline_job_env(job, "TUSK_PIPELINE", plan->pipeline->name) < 0 ||
		    pipeline_job_env(job, "TUSK_SOURCE", s->name) < 0)
			return -1;
		if (*previous != PIPELINE_NONE && pipeline_job_need(job, *previous, false) < 0)
			return -1;
		job->source = source;
		snprintf(job->title, sizeof(job->title), "%s %s", what, s->name);
		*previous = number_of(plan, job);
		/* Further hooks of a failure follow the first, whatever became of that. */
		when = when == PIPELINE_AFTER_FAILURE ? PIPELINE_AFTER_SUCCESS : when;
	}
	return 0;
}

static int add_list(struct pipeline_job *job, const char *option, const struct tusk_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		if (pipeline_job_argue(job, option) < 0 || pipeline_job_argue(job, words->items[i]) < 0)
			return -1;
	return 0;
}

static int add_filter(struct pipeline_job *job, const struct pipeline_source *s)
{
	char size[48];
	snprintf(size, sizeof(size), "--exclude-larger-than=%llu", (unsigned long long)s->exclude_larger_than);
	const struct {
		bool given;
		const char *word;
	} flags[] = {{s->exclude_caches, "--exclude-caches"},
		     {s->exclude_nodump, "--exclude-nodump"},
		     {s->one_file_system, "--one-file-system"},
		     {s->exclude_larger_than > 0, size}};
	if (add_list(job, "--tag", &s->tags) < 0 || add_list(job, "--exclude", &s->exclude) < 0 ||
	    add_list(job, "--exclude-file", &s->exclude_file) < 0 ||
	    add_list(job, "--exclude-if-present", &s->exclude_if_present) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].given && pipeline_job_argue(job, flags[i].word) < 0)
			return -1;
	return 0;
}

static int add_record(struct pipeline_plan *plan, struct pipeline_job *job, size_t source, size_t node)
{
	char pipeline[96], first[96];
	snprintf(pipeline, sizeof(pipeline), "pipeline=%s", plan->pipeline->name);
	snprintf(first, sizeof(first), "node=%s", plan->pipeline->nodes[node].name);
	const char *const words[] = {
	    "--source", plan->pipeline->sources[source].name, "--provenance", pipeline, "--provenance", first, NULL};
	for (size_t i = 0; words[i]; i++)
		if (pipeline_job_argue(job, words[i]) < 0)
			return -1;
	return 0;
}

static int add_what(struct pipeline_job *job, const struct pipeline_source *s)
{
	if (s->command.count && (pipeline_job_argue(job, "--command") < 0 || pipeline_job_argue(job, s->file) < 0))
		return -1;
	const struct tusk_words *words = s->command.count ? &s->command : &s->paths;
	if (pipeline_job_argue(job, "--") < 0)
		return -1;
	for (size_t i = 0; i < words->count; i++)
		if (pipeline_job_argue(job, words->items[i]) < 0)
			return -1;
	return 0;
}

static struct pipeline_job *add_backup(struct pipeline_plan *plan, size_t source, size_t node)
{
	static const char *const verb[] = {"backup", NULL};
	const struct pipeline_source *s = &plan->pipeline->sources[source];
	struct pipeline_job *job = add_command(plan, PIPELINE_JOB_BACKUP, node, node, verb);
	if (!job || add_record(plan, job, source, node) < 0 || add_filter(job, s) < 0 || add_what(job, s) < 0)
		return NULL;
	job->source = source;
	snprintf(job->title, sizeof(job->title), "back up %s", s->name);
	return job;
}

/* The last backup that was planned for each head: *last. */
static int plan_source(struct pipeline_plan *plan, size_t source, size_t *last)
{
	const struct pipeline *p = plan->pipeline;
	const struct pipeline_source *s = &p->sources[source];
	size_t before = PIPELINE_NONE, first = plan->jobs->count;
	if (add_hooks(plan, source, &s->before, "before", PIPELINE_AFTER_SUCCESS, &before) < 0)
		return -1;
	for (size_t n = 0; n < p->node_count; n++) {
		if (p->nodes[n].upstream != PIPELINE_NONE || !plan->usable[n] || !pipeline_reaches(p, source, n))
			continue;
		struct pipeline_job *job = add_backup(plan, source, n);
		if (!job || (before != PIPELINE_NONE && pipeline_job_need(job, before, false) < 0) ||
		    (last[n] != PIPELINE_NONE && pipeline_job_need(job, last[n], true) < 0))
			return -1;
		last[n] = number_of(plan, job);
	}
	size_t end = plan->jobs->count;
	for (int failing = 0; failing < 2; failing++) {
		size_t previous = PIPELINE_NONE, at = plan->jobs->count;
		enum pipeline_when when = failing ? PIPELINE_AFTER_FAILURE : PIPELINE_AFTER_SUCCESS;
		if (add_hooks(plan, source, failing ? &s->on_failure : &s->after, failing ? "failure of" : "after",
			      when, &previous) < 0)
			return -1;
		for (size_t i = first; at < plan->jobs->count && i < end; i++)
			if (pipeline_job_need(&plan->jobs->items[at], i, false) < 0)
				return -1;
	}
	return 0;
}

/* ---- nodes ---- */

static int add_keep(struct pipeline_job *job, const struct pipeline_keep *keep)
{
	const struct {
		const char *name;
		uint64_t count;
		const char *unit;
	} parts[] = {{"last", keep->last, ""},
		     {"hourly", keep->hourly, ""},
		     {"daily", keep->daily, ""},
		     {"weekly", keep->weekly, ""},
		     {"monthly", keep->monthly, ""},
		     {"yearly", keep->yearly, ""},
		     {"within", (keep->within_s + 3599) / 3600, "h"}};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char word[64];
		snprintf(word, sizeof(word), "--keep-%s=%llu%s", parts[i].name, (unsigned long long)parts[i].count,
			 parts[i].unit);
		if (parts[i].count && pipeline_job_argue(job, word) < 0)
			return -1;
	}
	return 0;
}

static bool removes(const struct pipeline_keep *keep)
{
	return keep->last + keep->hourly + keep->daily + keep->weekly + keep->monthly + keep->yearly + keep->within_s >
	       0;
}

/* Only after backups that are all believed; of every head. */
static int plan_forget(struct pipeline_plan *plan, size_t node, size_t *ret_number)
{
	static const char *const verb[] = {"forget", "--prune", NULL};
	const struct pipeline_keep *keep = pipeline_keep_of(plan->pipeline, &plan->pipeline->nodes[node]);
	if (!removes(keep))
		return 0;
	struct pipeline_job *job = add_command(plan, PIPELINE_JOB_FORGET, node, node, verb);
	if (!job || add_keep(job, keep) < 0)
		return -1;
	snprintf(job->title, sizeof(job->title), "forget on %s", plan->pipeline->nodes[node].name);
	for (size_t i = 0; i < number_of(plan, job); i++)
		if (plan->jobs->items[i].kind == PIPELINE_JOB_BACKUP && plan->jobs->items[i].node == node &&
		    pipeline_job_need(job, i, false) < 0)
			return -1;
	*ret_number = number_of(plan, job);
	return 0;
}

/* After the input has what it gets; fed[]: the last job that changes each node. */
static int plan_sync(struct pipeline_plan *plan, size_t node, size_t *fed)
{
	const struct pipeline *p = plan->pipeline;
	const char *const verb[] = {"sync", p->nodes[node].name, NULL};
	size_t upstream = p->nodes[node].upstream;
	struct pipeline_job *job = add_command(plan, PIPELINE_JOB_SYNC, upstream, node, verb);
	if (!job)
		return -1;
	snprintf(job->title, sizeof(job->title), "copy %s to %s", p->nodes[upstream].name, p->nodes[node].name);
	/* What could not be done to the input is no reason to keep what it has from its copies, if it can be reached.
	 */
	if (fed[upstream] != PIPELINE_NONE && pipeline_job_need(job, fed[upstream], false) < 0)
		return -1;
	fed[node] = number_of(plan, job);
	return 0;
}

/* What a node holds is proven also when nothing new could come to it. */
static int plan_proof(struct pipeline_plan *plan, size_t node, enum pipeline_job_kind kind, const char *const *verb,
		      size_t *fed)
{
	struct pipeline_job *job = add_command(plan, kind, node, node, verb);
	if (!job)
		return -1;
	snprintf(job->title, sizeof(job->title), "%s %s", kind == PIPELINE_JOB_DRILL ? "drill" : "check",
		 plan->pipeline->nodes[node].name);
	if (fed[node] != PIPELINE_NONE && pipeline_job_need(job, fed[node], false) < 0)
		return -1;
	fed[node] = number_of(plan, job);
	return 0;
}

static int plan_proofs(struct pipeline_plan *plan, size_t node, size_t *fed)
{
	const struct pipeline_verify *verify = &plan->pipeline->verify;
	const struct pipeline_node_state *state = &plan->state->nodes[node];
	char share[32], files[32];
	bool data = pipeline_is_due(verify->data, state->data, plan->now);
	snprintf(share, sizeof(share), verify->data_percent < 100 ? "--data=%llu%%" : "--data",
		 (unsigned long long)verify->data_percent);
	snprintf(files, sizeof(files), "--sample=%llu", (unsigned long long)verify->drill_files);
	const char *const check[] = {"check", data ? share : NULL, NULL};
	const char *const drill[] = {"drill", files, NULL};
	if ((data || pipeline_is_due(verify->structure, state->structure, plan->now)) &&
	    plan_proof(plan, node, PIPELINE_JOB_CHECK, check, fed) < 0)
		return -1;
	if (pipeline_is_due(verify->drill, state->drill, plan->now) &&
	    plan_proof(plan, node, PIPELINE_JOB_DRILL, drill, fed) < 0)
		return -1;
	return 0;
}

static int plan_all(struct pipeline_plan *plan, size_t *last)
{
	const struct pipeline *p = plan->pipeline;
	for (size_t i = 0; i < p->source_count; i++)
		if (plan_source(plan, i, last) < 0)
			return -1;
	for (size_t i = 0; i < p->node_count; i++) {
		size_t node = p->order[i];
		bool head = p->nodes[node].upstream == PIPELINE_NONE;
		if (!plan->usable[node] || !plan->usable[pipeline_head(p, node)])
			continue;
		if ((head ? plan_forget(plan, node, &last[node]) : plan_sync(plan, node, last)) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->node_count; i++)
		if (plan->usable[p->order[i]] && plan_proofs(plan, p->order[i], last) < 0)
			return -1;
	return 0;
}

int pipeline_plan_make(struct pipeline_plan *plan, struct tusk_err *err)
{
	TUSK_AUTO_FREE size_t *last = calloc(plan->pipeline->node_count, sizeof(*last));
	for (size_t i = 0; last && i < plan->pipeline->node_count; i++)
		last[i] = PIPELINE_NONE;
	if (!last || plan_all(plan, last) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}
