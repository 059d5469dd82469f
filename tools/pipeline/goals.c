/* Goals against reality. */
#include "pipeline/plan.h"
#include "pipeline/survey.h"
#include "pipeline/words.h"
#include "tusk/text.h"

#include <stdarg.h>
#include <string.h>

void pipeline_goals_release(struct pipeline_goals *goals)
{
	free(goals->items);
	*goals = (struct pipeline_goals){0};
}

/* What a judge works with. */
struct bench {
	const struct pipeline *p;
	const struct pipeline_state *state;
	const struct pipeline_survey *survey;
	struct pipeline_goals *goals;
	bool failed; /* out of memory */
};

__attribute__((format(printf, 4, 5))) static void add(struct bench *bench, const char *what,
						      enum pipeline_health health, const char *format, ...)
{
	struct pipeline_goals *goals = bench->goals;
	struct pipeline_goal *items = reallocarray(goals->items, goals->count + 1, sizeof(*items));
	va_list arguments;
	if (!items) {
		bench->failed = true;
		return;
	}
	goals->items = items;
	struct pipeline_goal *goal = &items[goals->count++];
	goal->health = health;
	snprintf(goal->what, sizeof(goal->what), "%s", what);
	va_start(arguments, format);
	vsnprintf(goal->text, sizeof(goal->text), format, arguments);
	va_end(arguments);
	goals->bad += health == PIPELINE_BAD;
	goals->warnings += health == PIPELINE_WARN;
}

/* Seconds from then to now; 0 when the clock went back. */
static uint64_t since(const struct bench *bench, uint64_t then)
{
	return then < bench->survey->now ? bench->survey->now - then : 0;
}

static void judge_age(struct bench *bench, size_t source)
{
	const struct pipeline_source_facts *facts = &bench->survey->sources[source];
	const char *name = bench->p->sources[source].name;
	uint64_t goal = bench->p->alert.max_age_s;
	char age[32], limit[32], when[32];
	if (!facts->found) {
		add(bench, "newest", PIPELINE_BAD, "%s: there is no snapshot", name);
		return;
	}
	pipeline_words_age(since(bench, (uint64_t)facts->newest.tv_sec), age, sizeof(age));
	tusk_text_time_local(facts->newest, when);
	when[16] = '\0';
	if (!goal) {
		add(bench, "newest", PIPELINE_GOOD, "%s %s (%s ago)", name, when, age);
		return;
	}
	pipeline_words_duration(goal, limit, sizeof(limit));
	bool good = since(bench, (uint64_t)facts->newest.tv_sec) <= goal;
	add(bench, "newest", good ? PIPELINE_GOOD : PIPELINE_BAD, "%s %s (%s ago), goal: within %s", name, when, age,
	    limit);
}

static void judge_copies(struct bench *bench, size_t source)
{
	const struct pipeline_source_facts *facts = &bench->survey->sources[source];
	const struct pipeline *p = bench->p;
	uint64_t goal = p->alert.min_copies;
	char missing[96] = "";
	size_t used = 0;
	if (!facts->found || (!goal && !p->strategy.given))
		return;
	for (int i = 0; i < PIPELINE_ROLES && used < sizeof(missing); i++)
		if (facts->roles[i] < p->strategy.require[i])
			used += (size_t)snprintf(missing + used, sizeof(missing) - used, ", %s %llu of %llu",
						 pipeline_role_names[i], (unsigned long long)facts->roles[i],
						 (unsigned long long)p->strategy.require[i]);
	bool good = facts->copies >= goal && !used;
	add(bench, "copies", good ? PIPELINE_GOOD : PIPELINE_BAD, "%s: %llu of the newest%s%s", p->sources[source].name,
	    (unsigned long long)facts->copies, goal > facts->copies ? ", goal: more" : "", missing);
}

static void judge_node(struct bench *bench, size_t n)
{
	const struct pipeline_node_facts *facts = &bench->survey->nodes[n];
	const struct pipeline_node *node = &bench->p->nodes[n];
	uint64_t last = bench->state->nodes[n].synced;
	char age[32];
	pipeline_words_age(since(bench, last), age, sizeof(age));
	if (facts->away) {
		add(bench, "nodes", PIPELINE_AWAY, "%s: not there%s%s%s", node->name, last ? ", last " : "",
		    last ? age : "", last ? " ago" : "");
		return;
	}
	if (!facts->reached) {
		add(bench, "nodes", PIPELINE_BAD, "%s", facts->why);
		return;
	}
	enum pipeline_health health = facts->list.damaged ? PIPELINE_BAD
				      : facts->behind     ? PIPELINE_WARN
							  : PIPELINE_GOOD;
	char behind[48] = "", damaged[48] = "";
	if (facts->behind)
		snprintf(behind, sizeof(behind), ", %llu behind", (unsigned long long)facts->behind);
	if (facts->list.damaged)
		snprintf(damaged, sizeof(damaged), ", %zu damaged", facts->list.damaged);
	add(bench, "nodes", health, "%s: %zu snapshot%s%s%s", node->name, facts->list.count,
	    facts->list.count == 1 ? "" : "s", behind, damaged);
}

/* One proof of one node: overdue after twice its period. */
static void judge_proof(struct bench *bench, size_t n, const char *what, enum pipeline_period period, uint64_t last)
{
	uint64_t seconds = pipeline_period_seconds(period);
	char age[32];
	if (!seconds || bench->survey->nodes[n].away)
		return;
	pipeline_words_age(since(bench, last), age, sizeof(age));
	if (last && since(bench, last) <= 2 * seconds)
		add(bench, "proofs", PIPELINE_GOOD, "%s: %s %s ago", bench->p->nodes[n].name, what, age);
	else
		add(bench, "proofs", PIPELINE_BAD, "%s: %s %s%s, goal: %s", bench->p->nodes[n].name, what,
		    last ? age : "never", last ? " ago" : "", pipeline_period_name(period));
}

static void judge_space(struct bench *bench, size_t n)
{
	const struct pipeline_node_facts *facts = &bench->survey->nodes[n];
	char space[16], reserve[16];
	if (!bench->p->reserve || !facts->total_bytes)
		return;
	tusk_text_bytes(facts->free_bytes, space);
	tusk_text_bytes(bench->p->reserve, reserve);
	add(bench, "space", facts->free_bytes >= bench->p->reserve ? PIPELINE_GOOD : PIPELINE_WARN,
	    "%s: %s free, goal: %s", bench->p->nodes[n].name, space, reserve);
}

static void judge_run(struct bench *bench)
{
	const struct pipeline_state *state = bench->state;
	char age[32];
	if (!state->run_ended)
		return;
	pipeline_words_age(since(bench, state->run_ended), age, sizeof(age));
	add(bench, "last run", state->run_exit == 0 ? PIPELINE_GOOD : PIPELINE_WARN, "%s ago, exit %llu", age,
	    (unsigned long long)state->run_exit);
}

int pipeline_goals_judge(const struct pipeline *p, const struct pipeline_state *state,
			 const struct pipeline_survey *survey, struct pipeline_goals *ret_goals, struct tusk_err *err)
{
	PIPELINE_AUTO_GOALS struct pipeline_goals goals = {0};
	struct bench bench = {.p = p, .state = state, .survey = survey, .goals = &goals};
	for (size_t i = 0; i < p->source_count; i++)
		judge_age(&bench, i);
	for (size_t i = 0; i < p->source_count; i++)
		judge_copies(&bench, i);
	for (size_t i = 0; i < p->node_count; i++)
		judge_node(&bench, i);
	for (size_t i = 0; i < p->node_count; i++) {
		judge_proof(&bench, i, "structure", p->verify.structure, state->nodes[i].structure);
		judge_proof(&bench, i, "data", p->verify.data, state->nodes[i].data);
		judge_proof(&bench, i, "drill", p->verify.drill, state->nodes[i].drill);
	}
	for (size_t i = 0; i < p->node_count; i++)
		judge_space(&bench, i);
	judge_run(&bench);
	if (bench.failed)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	*ret_goals = goals;
	goals = (struct pipeline_goals){0};
	return 0;
}

static void source_badge(const struct pipeline *p, const struct pipeline_survey *survey, size_t source,
			 struct pipeline_badge *badge)
{
	const struct pipeline_source_facts *facts = &survey->sources[source];
	char age[32];
	if (!facts->found) {
		*badge = (struct pipeline_badge){PIPELINE_BAD, "no snapshot"};
		return;
	}
	uint64_t then = (uint64_t)facts->newest.tv_sec, seconds = survey->now > then ? survey->now - then : 0;
	pipeline_words_age(seconds, age, sizeof(age));
	badge->health = p->alert.max_age_s && seconds > p->alert.max_age_s ? PIPELINE_BAD : PIPELINE_GOOD;
	snprintf(badge->text, sizeof(badge->text), "%s ago, %llu cop%s", age, (unsigned long long)facts->copies,
		 facts->copies == 1 ? "y" : "ies");
}

void pipeline_badges(const struct pipeline *p, const struct pipeline_state *state, const struct pipeline_survey *survey,
		     struct pipeline_badge *ret_badges)
{
	for (size_t i = 0; i < p->source_count; i++)
		source_badge(p, survey, i, &ret_badges[i]);
	for (size_t i = 0; i < p->node_count; i++) {
		const struct pipeline_node_facts *facts = &survey->nodes[i];
		struct pipeline_badge *badge = &ret_badges[p->source_count + i];
		uint64_t drill = state->nodes[i].drill;
		char age[32] = "";
		if (drill && drill < survey->now)
			pipeline_words_age(survey->now - drill, age, sizeof(age));
		badge->health = facts->away       ? PIPELINE_AWAY
				: !facts->reached ? PIPELINE_BAD
				: facts->behind   ? PIPELINE_WARN
						  : PIPELINE_GOOD;
		if (facts->away || !facts->reached)
			snprintf(badge->text, sizeof(badge->text), "%s", facts->away ? "not there" : "not reachable");
		else if (facts->behind)
			snprintf(badge->text, sizeof(badge->text), "%llu behind", (unsigned long long)facts->behind);
		else
			snprintf(badge->text, sizeof(badge->text), "%zu snapshot%s%s%s%s", facts->list.count,
				 facts->list.count == 1 ? "" : "s", *age ? ", drill " : "", age, *age ? " ago" : "");
	}
}
