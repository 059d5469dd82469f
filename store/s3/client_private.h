/* Shared by the parts of the client. */
#ifndef TUSK_S3_CLIENT_PRIVATE_H
#define TUSK_S3_CLIENT_PRIVATE_H

#include "client.h"

/* Signs by the clock of this moment, sends, receives. fresh: on a new connection. */
void tusk_s3_attempt(struct tusk_s3_client *client, const struct tusk_s3_request *request, bool fresh,
		     struct tusk_s3_answer *ret_answer, struct tusk_s3_outcome *ret_outcome);
/* Whether requests may go there: TLS, or this machine, or the user says so. */
bool tusk_s3_may_go_to(const char *host, bool tls);
/* Follows what an answer says of the bucket's region or host. False when it says nothing new. */
bool tusk_s3_follow(struct tusk_s3_client *client, const struct tusk_s3_result *result);

#endif
