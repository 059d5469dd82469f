#include "check_private.h"

#include "tusk/text.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX 1000u

bool check_is_damage(enum tusk_code code)
{
	return code == TUSK_E_CORRUPT || code == TUSK_E_ABSENT || code == TUSK_E_IO || code == TUSK_E_LIMIT ||
	       code == TUSK_E_VERSION;
}

int check_go_on(const struct tusk_check *check, struct tusk_err *err)
{
	const atomic_bool *stop = check->options->stop;
	if (stop && atomic_load_explicit(stop, memory_order_relaxed))
		return tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "interrupted");
	return 0;
}

void check_stage(struct tusk_check *check, const char *stage, uint64_t done, uint64_t total)
{
	struct timespec now;
	if (!check->options->on_stage)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&check->lock);
	int64_t passed_ms = (int64_t)(now.tv_sec - check->last_stage.tv_sec) * 1000 +
			    (now.tv_nsec - check->last_stage.tv_nsec) / 1000000;
	if (done == 0 || done == total || passed_ms >= 100) {
		check->last_stage = now;
		check->options->on_stage(check->options->context, stage, done, total);
	}
	pthread_mutex_unlock(&check->lock);
}

static void emit_locked(struct tusk_check *check, struct tusk_damage *damage)
{
	damage->node = tusk_node_url(check->repository->node);
	if (check->options->on_damage)
		check->options->on_damage(check->options->context, damage);
}

void check_warn(struct tusk_check *check, const struct tusk_err *why)
{
	pthread_mutex_lock(&check->lock);
	if (check->options->on_warning)
		check->options->on_warning(check->options->context, why);
	pthread_mutex_unlock(&check->lock);
}

void check_object_damaged(struct tusk_check *check, const char *object, const char *what)
{
	struct tusk_damage damage = {.object = object, .what = what};
	pthread_mutex_lock(&check->lock);
	check->result.damaged_objects++;
	emit_locked(check, &damage);
	pthread_mutex_unlock(&check->lock);
}

void check_pack_damaged(struct tusk_check *check, uint32_t pack, const struct tusk_id *chunk, const char *what)
{
	struct check_pack *damaged = &check->packs[pack];
	char name[80], text[TUSK_ID_TEXT_SIZE];
	tusk_pack_name(&damaged->id, name);
	if (chunk)
		tusk_id_text(chunk, text);
	struct tusk_damage damage = {.object = name, .chunk = chunk ? text : NULL, .what = what};

	pthread_mutex_lock(&check->lock);
	check->result.damaged_objects += !damaged->is_damaged;
	damaged->is_damaged = true;
	emit_locked(check, &damage);
	pthread_mutex_unlock(&check->lock);
}

static int add_locked(struct tusk_check *check, const struct tusk_id *key, uint32_t pack, const char *what,
		      struct tusk_err *err)
{
	if (tusk_keyset_get(&check->damaged, key, NULL))
		return 0;
	if (check->damage_count == check->damage_capacity) {
		size_t wanted = check->damage_capacity ? 2 * check->damage_capacity : 64;
		struct check_damage *grown = reallocarray(check->damages, wanted, sizeof(*grown));
		if (!grown)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		check->damages = grown;
		check->damage_capacity = wanted;
	}
	char *copy = strdup(what);
	if (!copy)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_keyset_add(&check->damaged, key, (uint32_t)check->damage_count, err) < 0) {
		free(copy);
		return -1;
	}
	check->damages[check->damage_count++] = (struct check_damage){.pack = pack, .what = copy};
	if (pack == CHECK_NO_PACK)
		check->result.damaged_objects++;
	return 0;
}

int check_add_damage(struct tusk_check *check, const struct tusk_id *key, uint32_t pack, const char *what,
		     struct tusk_err *err)
{
	pthread_mutex_lock(&check->lock);
	int status = add_locked(check, key, pack, what, err);
	pthread_mutex_unlock(&check->lock);
	return status;
}

int check_add_object(struct tusk_check *check, const struct tusk_id *id, const char *what, struct tusk_err *err)
{
	uint32_t pack = check_find(check, id);
	pthread_mutex_lock(&check->lock);
	bool is_news = pack != CHECK_NO_PACK && !check->packs[pack].is_damaged;
	pthread_mutex_unlock(&check->lock);
	if (is_news)
		check_pack_damaged(check, pack, id, what);
	return check_add_damage(check, id, pack, what, err);
}

bool check_knows_damage(struct tusk_check *check, const struct tusk_id *key)
{
	pthread_mutex_lock(&check->lock);
	bool known = tusk_keyset_get(&check->damaged, key, NULL);
	pthread_mutex_unlock(&check->lock);
	return known;
}

static struct check_pack *lines_of(struct tusk_check *check, uint32_t pack)
{
	return pack == CHECK_NO_PACK ? &check->nowhere : &check->packs[pack];
}

int check_affected(struct tusk_check *check, const struct check_damage *damage, const struct tusk_snapshot *snapshot,
		   const struct tusk_buf *path, const struct check_place *place, struct tusk_err *err)
{
	struct check_pack *pack = lines_of(check, damage->pack);
	TUSK_AUTO_BUF struct tusk_buf text = {0};
	char name[80], id[TUSK_ID_TEXT_SIZE], chunk[TUSK_ID_TEXT_SIZE];

	if (pack->lines == LINES_MAX) {
		pack->more++;
		return 0;
	}
	pack->lines++;
	if (tusk_text_escape(&text, path->data, path->len) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	tusk_pack_name(&pack->id, name);
	tusk_id_text(&snapshot->id, id);
	tusk_id_text(&place->chunk, chunk);
	struct tusk_damage line = {.object = damage->pack == CHECK_NO_PACK ? NULL : name,
				   .chunk = tusk_id_is_zero(&place->chunk) ? NULL : chunk,
				   .what = damage->what,
				   .snapshot = id,
				   .path = (const char *)text.data,
				   .offset = place->range.offset,
				   .len = place->range.len};
	pthread_mutex_lock(&check->lock);
	emit_locked(check, &line);
	pthread_mutex_unlock(&check->lock);
	return 0;
}

static void report_more(struct tusk_check *check, const struct check_pack *pack, const char *object)
{
	char count[32], what[80];
	if (pack->more == 0)
		return;
	tusk_text_count(pack->more, count);
	snprintf(what, sizeof(what), "and %s more places in files", count);
	struct tusk_damage damage = {.object = object, .what = what};
	pthread_mutex_lock(&check->lock);
	emit_locked(check, &damage);
	pthread_mutex_unlock(&check->lock);
}

void check_report_rest(struct tusk_check *check)
{
	char name[80];
	report_more(check, &check->nowhere, NULL);
	for (size_t i = 0; i < check->pack_count; i++) {
		tusk_pack_name(&check->packs[i].id, name);
		report_more(check, &check->packs[i], name);
	}
}
