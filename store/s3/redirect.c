/* A bucket that is somewhere else. Nothing is followed blindly: the request is signed anew for the other place. */
#include "client_private.h"

#include <string.h>

/* An AWS host without a region in it, or with another one. */
static bool is_aws(const char *host)
{
	static const char end[] = ".amazonaws.com";
	size_t len = strlen(host);

	return strncmp(host, "s3", 2) == 0 && len > strlen(end) && strcmp(host + len - strlen(end), end) == 0;
}

static bool change_region(struct tusk_s3_client *client, const char *region)
{
	if (!region[0] || strcmp(client->region, region) == 0)
		return false;
	snprintf(client->region, sizeof(client->region), "%s", region);
	if (is_aws(client->host))
		snprintf(client->host, sizeof(client->host), "s3.%s.amazonaws.com", region);
	return true;
}

/* host may begin with the bucket. */
static bool change_host(struct tusk_s3_client *client, const char *host, const char *port, bool tls)
{
	size_t bucket = strlen(client->place.bucket);

	if (strncmp(host, client->place.bucket, bucket) == 0 && host[bucket] == '.')
		host += bucket + 1;
	if (!host[0] || tls != client->place.tls || !tusk_s3_may_go_to(host, tls) ||
	    (strcmp(client->host, host) == 0 && strcmp(client->port, port) == 0))
		return false;
	snprintf(client->host, sizeof(client->host), "%s", host);
	snprintf(client->port, sizeof(client->port), "%s", port);
	return true;
}

static bool follow_endpoint(struct tusk_s3_client *client, const char *endpoint)
{
	char host[TUSK_S3_HOST_SIZE], port[8];

	return tusk_s3_authority_parse(endpoint, strlen(endpoint), host, port) == 0 &&
	       change_host(client, host, port, client->place.tls);
}

bool tusk_s3_follow(struct tusk_s3_client *client, const struct tusk_s3_result *result)
{
	const struct tusk_s3_answer *answer = &result->answer;
	bool changed;

	pthread_mutex_lock(&client->lock);
	changed = change_region(client, answer->region[0] ? answer->region : result->fault.region);
	if (answer->location_host[0])
		changed |= change_host(client, answer->location_host, answer->location_port, answer->location_tls);
	else if (result->fault.endpoint[0])
		changed |= follow_endpoint(client, result->fault.endpoint);
	pthread_mutex_unlock(&client->lock);
	return changed;
}
