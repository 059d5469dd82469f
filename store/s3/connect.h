/* Opening a TCP connection without waiting for a lost packet: the kernel asks again only after a second. */
#ifndef TUSK_S3_CONNECT_H
#define TUSK_S3_CONNECT_H

#include <sys/socket.h>

/* A connected non-blocking stream socket, or -1: refused, or nobody answers within a second. */
int tusk_s3_connect(const struct sockaddr *address, socklen_t len);

#endif
