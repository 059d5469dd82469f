/* Telling a monitor, such as healthchecks.io or one of one's own, how something went. */
#ifndef TUSK_PING_H
#define TUSK_PING_H

#include "tusk/err.h"

/* Posts text to url (http:// or https://) and waits for the answer, whose body goes nowhere: a connection that does not
 * come within 10 seconds is given up, as is one that stands still for as long. Redirects are not followed. TUSK_E_USAGE
 * for another kind of URL; TUSK_E_NODE when there is no answer, or one that is not 2xx. The URL is in no message: it is
 * often all the secret there is. */
int tusk_ping(const char *url, const char *text, struct tusk_err *err);

#endif
