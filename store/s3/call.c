/* A request until it is answered: what is tried again, how long, and what the end of it means. */
#include "client_private.h"
#include "crypto.h"
#include "retry.h"
#include "tusk/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE_WRITE_S 900 /* restic's; ten tries were too few for it */
#define PATIENCE_READ_S  120
#define PATIENCE_FIRST_S 15 /* a service that has never answered: more likely a wrong name than a bad day */
#define PAUSE_PART_MS    100
#define GARBLED_MAX      3
#define HOPS_MAX         4

struct call {
	struct tusk_s3_client *client;
	const struct tusk_s3_request *request;
	struct tusk_s3_result *result;
	int64_t started_ms;
	unsigned attempts, garbled, hops;
	bool clock_learnt, fresh;
	struct tusk_s3_outcome outcome;
};

static uint64_t patience_ms(const struct call *call)
{
	const struct tusk_s3_client *client = call->client;
	bool has_answered;

	if (client->patience_s)
		return (uint64_t)client->patience_s * 1000;
	pthread_mutex_lock(&call->client->lock);
	has_answered = client->has_answered;
	pthread_mutex_unlock(&call->client->lock);
	if (!has_answered)
		return PATIENCE_FIRST_S * 1000u;
	return (call->request->is_write ? PATIENCE_WRITE_S : PATIENCE_READ_S) * 1000u;
}

/* Waits before another attempt; false when there has been enough of them. */
static bool wait_for_another(struct call *call)
{
	uint32_t random = 0;
	uint64_t pause, elapsed = (uint64_t)(tusk_now_ms() - call->started_ms);
	struct timespec left;

	(void)tusk_random(&random, sizeof(random), NULL);
	pause = tusk_s3_pause_ms(call->attempts++, call->result->answer.retry_after_s, random);
	if (elapsed + pause > patience_ms(call))
		return false;
	while (pause && !tusk_s3_http_is_stopped(call->client->http)) {
		uint64_t part = pause < PAUSE_PART_MS ? pause : PAUSE_PART_MS;

		left = (struct timespec){.tv_nsec = (long)part * 1000000};
		nanosleep(&left, NULL);
		pause -= part;
	}
	return !tusk_s3_http_is_stopped(call->client->http);
}

static const char *object_of(const struct call *call)
{
	return call->request->key ? call->request->key : call->client->place.bucket;
}

static int unreachable(const struct call *call, struct tusk_err *err)
{
	const struct tusk_s3_client *client = call->client;

	return tusk_err_set(err, TUSK_E_NODE, 0, "cannot %s %s: %s%s%s: %s", call->request->method, object_of(call),
			    client->place.host, client->place.port,
			    call->outcome.transport == TUSK_S3_HOPELESS ? "" : " does not answer",
			    call->outcome.message);
}

static bool is_full(const struct tusk_s3_result *result)
{
	return result->answer.status == 507 || strcmp(result->fault.code, "QuotaExceeded") == 0 ||
	       strcmp(result->fault.code, "XMinioStorageFull") == 0;
}

int tusk_s3_unexpected(const struct tusk_s3_client *client, const struct tusk_s3_request *request,
		       const struct tusk_s3_result *result, struct tusk_err *err)
{
	const struct tusk_s3_fault *fault = &result->fault;
	enum tusk_code code = is_full(result) ? TUSK_E_FULL : TUSK_E_NODE;

	if (strcmp(fault->code, "NoSuchBucket") == 0)
		return tusk_err_set(err, TUSK_E_NO_REPOSITORY, 0, "there is no bucket \"%s\"", client->place.bucket);
	return tusk_err_set(err, code, 0, "cannot %s %s: %s%s answers %d%s%s%s%s", request->method,
			    request->key ? request->key : client->place.bucket, client->place.host, client->place.port,
			    result->answer.status, fault->code[0] ? " " : "", fault->code,
			    fault->message[0] ? ": " : "", fault->message);
}

/* 1: try again; 0: it is answered; -1. */
static int after_transport(struct call *call, struct tusk_err *err)
{
	if (call->outcome.transport == TUSK_S3_STALE && !call->fresh) {
		call->fresh = true;
		return 1;
	}
	call->fresh = true;
	if (call->outcome.transport != TUSK_S3_HOPELESS && wait_for_another(call))
		return 1;
	return unreachable(call, err);
}

/* True when the clock can be set by the answer. */
static bool learn_clock(struct call *call)
{
	time_t date = call->result->answer.date;

	if (call->clock_learnt || !date)
		return false;
	call->clock_learnt = true;
	pthread_mutex_lock(&call->client->lock);
	call->client->clock_offset = date - time(NULL);
	pthread_mutex_unlock(&call->client->lock);
	return true;
}

static void note_answer(struct tusk_s3_client *client)
{
	pthread_mutex_lock(&client->lock);
	client->has_answered = true;
	pthread_mutex_unlock(&client->lock);
}

static int after_answer(struct call *call, struct tusk_err *err)
{
	struct tusk_s3_result *result = call->result;
	bool again = false;

	switch (tusk_s3_judge(result->answer.status, result->fault.code)) {
	case TUSK_S3_ANSWERED:
		note_answer(call->client);
		return 0;
	case TUSK_S3_AGAIN:
		note_answer(call->client);
		if (result->answer.status == 503 || result->answer.status == 429)
			tusk_s3_http_slow_down(call->client->http);
		call->fresh = true;
		again = wait_for_another(call);
		break;
	case TUSK_S3_GARBLED:
		again = ++call->garbled < GARBLED_MAX;
		break;
	case TUSK_S3_CLOCK:
		again = learn_clock(call);
		break;
	case TUSK_S3_ELSEWHERE:
		again = ++call->hops <= HOPS_MAX && tusk_s3_follow(call->client, result);
		break;
	case TUSK_S3_REFUSED:
		break;
	}
	return again ? 1 : tusk_s3_unexpected(call->client, call->request, result, err);
}

static int try_once(struct call *call, struct tusk_err *err)
{
	struct tusk_s3_result *result = call->result;
	int next;

	tusk_s3_attempt(call->client, call->request, call->fresh, &result->answer, &call->outcome);
	result->fault = (struct tusk_s3_fault){0};
	if (call->outcome.problem.len)
		(void)tusk_s3_xml_fault(call->outcome.problem.data, call->outcome.problem.len, &result->fault);
	if (call->outcome.transport == TUSK_S3_ARRIVED)
		next = after_answer(call, err);
	else
		next = after_transport(call, err);
	tusk_buf_release(&call->outcome.problem);
	return next;
}

int tusk_s3_call(struct tusk_s3_client *client, const struct tusk_s3_request *request,
		 struct tusk_s3_result *ret_result, struct tusk_err *err)
{
	struct call call = {.client = client, .request = request, .result = ret_result, .started_ms = tusk_now_ms()};
	int next;

	*ret_result = (struct tusk_s3_result){0};
	do
		next = try_once(&call, err);
	while (next > 0);
	return next;
}
