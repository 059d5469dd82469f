/* The inside of a node behind ssh: the running ssh (session), and the node over it.
 *
 * There is no thread of our own: whoever waits for an answer does the reading and writing for all (the pump), and hands
 * that on when it has what it wanted. So a process may fork while no request is in flight, and the child goes on with
 * the connection: that is how tuskfs goes into the background after ssh has asked for a passphrase. */
#ifndef TUSK_NODE_SSH_H
#define TUSK_NODE_SSH_H

#include "limit.h"
#include "protocol.h"

#include <pthread.h>
#include <sys/types.h>

/* Where to: parsed from the URL. */
struct tusk_ssh_place {
	char user[64]; /* empty: ssh decides */
	char host[256];
	char port[8]; /* empty: ssh decides */
	char *path;   /* of the far side; ours */
};
/* "ssh://[user@]host[:port]/path"; the path may hold %XX, and "/~/x" is x in the home folder. TUSK_E_USAGE. */
int tusk_ssh_place_parse(const char *url, struct tusk_ssh_place *ret_place, struct tusk_err *err);

/* A request in flight. Its answer's bytes go to into (exactly room of them) or, if that is NULL, to answer (at most
 * room). */
struct tusk_ssh_call {
	struct tusk_ssh_call *next;
	uint32_t id;
	uint8_t *into;
	struct tusk_buf answer;
	size_t room, got;
	bool is_orphan; /* on the heap, and nobody waits: the pump frees it */
	bool is_done;
	int outcome; /* once done: TUSK_NODE_FOUND, TUSK_NODE_ABSENT, -1 and failure */
	struct tusk_err failure;
};

struct tusk_ssh_session; /* thread-safe; counted references */

/* The program that was started. */
struct tusk_ssh_child {
	pid_t pid;    /* 0: none */
	int fd;       /* a socket: its stdin and stdout; non-blocking */
	int error_fd; /* its stderr; non-blocking */
};
/* Starts ssh (or TUSK_SSH_COMMAND) so that it runs tusk serve on the far side. */
int tusk_ssh_child_start(const struct tusk_ssh_place *place, struct tusk_ssh_child *ret_child, struct tusk_err *err);
/* Closes the descriptors; the program is reaped when it ends. kill_it: it hangs. */
void tusk_ssh_child_end(struct tusk_ssh_child *child, bool kill_it);
/* Why the program ended, from its exit status and the last line it wrote to stderr. Always -1. */
int tusk_ssh_child_explain(struct tusk_ssh_child *child, const struct tusk_ssh_place *place, const char *last_line,
			   struct tusk_err *err);

/* Takes child in every case; place is borrowed. */
int tusk_ssh_session_new(const struct tusk_ssh_child *child, const struct tusk_ssh_place *place,
			 struct tusk_ssh_session **ret_session, struct tusk_err *err);
struct tusk_ssh_session *tusk_ssh_session_ref(struct tusk_ssh_session *session);
void tusk_ssh_session_unref(struct tusk_ssh_session *session);
TUSK_DEFINE_CLEANUP(struct tusk_ssh_session, tusk_ssh_session, tusk_ssh_session_unref)
#define TUSK_AUTO_SSH_SESSION TUSK_CLEANUP(tusk_ssh_session_cleanup)
bool tusk_ssh_session_is_broken(struct tusk_ssh_session *session);
/* Whether ssh did not take the last request at once. */
bool tusk_ssh_session_is_full(struct tusk_ssh_session *session);

/* Sends a request; returns when ssh has it. call: gets an id, is then waited for; NULL when there is no answer, and id
 * says whose request this belongs to. -1: the session is broken (TUSK_E_NODE). */
int tusk_ssh_send(struct tusk_ssh_session *session, uint32_t id, const struct tusk_request *request,
		  struct tusk_ssh_call *call, struct tusk_err *err);
/* Waits for the answer: call->outcome, with err set when that is -1. The call is over then. *ret_broken: the session
 * broke before. */
int tusk_ssh_wait(struct tusk_ssh_session *session, struct tusk_ssh_call *call, bool *ret_broken, struct tusk_err *err);
/* Whether the answer is there already. */
bool tusk_ssh_call_is_done(struct tusk_ssh_session *session, const struct tusk_ssh_call *call);
/* Nobody will wait for this call (from malloc), which now belongs to the session. */
void tusk_ssh_orphan(struct tusk_ssh_session *session, struct tusk_ssh_call *call);
void tusk_ssh_call_release(struct tusk_ssh_call *call);

struct tusk_node_ssh {
	struct tusk_node base;
	struct tusk_ssh_place place;
	struct tusk_limits limits;
	struct tusk_err state;            /* whether there is a node */
	pthread_mutex_t lock;             /* all below */
	struct tusk_ssh_session *session; /* NULL: none yet */
	struct tusk_ssh_early *early;     /* asked before anybody wanted it */
	unsigned early_rounds, early_awaited;
	unsigned lock_count;  /* held: then a broken session is not replaced */
	int64_t failed_at_ms; /* when it could not be reached, and why */
	struct tusk_err failure;
};

/* A reference to a session that works, opened again if need be. */
int tusk_node_ssh_session(struct tusk_node_ssh *node, struct tusk_ssh_session **ret_session, struct tusk_err *err);
/* ssh_early.c; foresee and foreseen_drop as in node.h. ask, drop_locked: with the node's lock. ask: what every opening
 * asks for, with the greeting. */
void tusk_ssh_early_ask(struct tusk_node_ssh *node, struct tusk_ssh_session *session);
void tusk_node_ssh_foresee(struct tusk_node *node, const char *const *names, size_t count);
void tusk_node_ssh_foreseen_drop(struct tusk_node *node);
/* If this was asked early and not taken yet: its answer as that of call (true), which then is as after
 * tusk_node_ssh_call, and *ret_outcome. */
bool tusk_ssh_early_take(struct tusk_node_ssh *node, const struct tusk_request *request, struct tusk_ssh_call *call,
			 int *ret_outcome);
/* Asks for the next wave if it is time. */
void tusk_ssh_early_advance(struct tusk_node_ssh *node);
/* We changed that object ourselves. */
void tusk_ssh_early_changed(struct tusk_node_ssh *node, const char *name);
void tusk_ssh_early_drop_locked(struct tusk_node_ssh *node);
int tusk_node_ssh_upload_begin(struct tusk_node *node, struct tusk_upload **ret_upload, struct tusk_err *err);
void tusk_ssh_request_name(struct tusk_request *request, const char *name);
int tusk_node_ssh_put(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err);
int tusk_node_ssh_replace(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err);
int tusk_node_ssh_object_open(struct tusk_node *node, const char *name, struct tusk_object **ret_object,
			      struct tusk_err *err);
int tusk_node_ssh_lock(struct tusk_node *node, struct tusk_node_lock **ret_lock, struct tusk_err *err);
/* One request and its answer; once more over a new session if the first breaks. TUSK_NODE_FOUND, _ABSENT, -1. */
int tusk_node_ssh_call(struct tusk_node_ssh *node, const struct tusk_request *request, struct tusk_ssh_call *call,
		       struct tusk_err *err);

#endif
