/* A connection's inside, shared by its two halves: ssh_session.c (out, waiting) and ssh_receive.c (in). */
#ifndef TUSK_SSH_SESSION_H
#define TUSK_SSH_SESSION_H

#include "node_ssh.h"

/* A frame that is being sent, on the stack of the thread that waits for it. */
struct tusk_ssh_outgoing {
	struct tusk_ssh_outgoing *next;
	uint8_t head[TUSK_FRAME_HEADER_SIZE + TUSK_REQUEST_SIZE_MAX];
	size_t head_len;
	const uint8_t *data;
	size_t data_len;
	size_t sent;
	bool is_done;
};

#define TUSK_SSH_RECEIVED_SIZE (64u << 10)

/* Invariants: 1. one thread at most is the pump. 2. calls are those that the far side has yet to answer, and those
 * answered whose owner has not looked yet. 3. in_body iff frame is being received and body_left > 0. */
struct tusk_ssh_session {
	const struct tusk_ssh_place *place;
	pthread_mutex_t lock; /* all below; not held in poll() */
	pthread_cond_t changed;
	unsigned users;
	struct tusk_ssh_child child;
	int wake_fd;
	bool is_pumping, is_broken, is_killed, is_full;
	struct tusk_err failure;
	struct tusk_ssh_outgoing *first, *last;
	struct tusk_ssh_call *calls;
	uint32_t last_id;
	/* in */
	bool is_greeted;     /* the magic was seen */
	size_t noise, magic; /* bytes before it; bytes of it seen so far */
	struct tusk_frame frame;
	bool in_body;
	uint32_t body_left;
	struct tusk_ssh_call *target; /* whose answer the body is */
	struct tusk_buf body;         /* of a failure */
	uint8_t header[TUSK_FRAME_HEADER_SIZE];
	size_t header_len;
	uint8_t received[TUSK_SSH_RECEIVED_SIZE];
	char last_line[512]; /* of stderr, without its end */
	bool line_is_over;
};

/* All with the lock held. */
void tusk_ssh_session_break(struct tusk_ssh_session *session, const struct tusk_err *why);
void tusk_ssh_session_ended(struct tusk_ssh_session *session);
void tusk_ssh_session_spoilt(struct tusk_ssh_session *session, const char *what);
/* Reads what is there. */
void tusk_ssh_receive(struct tusk_ssh_session *session);
void tusk_ssh_read_errors(struct tusk_ssh_session *session);

#endif
