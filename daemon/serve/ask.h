/*
 * ask.h - ask a service without waiting: greeting, request, reply on libevent
 *
 * For roles that must stay responsive (qmgr). One struct ask is one
 * connection to CLASS/NAME:
 *
 *	ask_open ... fn(ASK_GREETED) -> ask_send ... fn(ASK_REPLY)
 *
 * After a reply the same connection takes another ask_send if its service
 * allows. Any trouble is fn(ASK_FAILED), once. The callback may close.
 */
#ifndef DAEMON_SERVE_ASK_H
#define DAEMON_SERVE_ASK_H

#include <stdbool.h>
#include <stddef.h>

struct ask;
struct attrs;
struct err;
struct event_base;

enum ask_event {
	ASK_GREETED,		/* attrs: the greeting; a process serves us */
	ASK_REPLY,		/* attrs: the reply to the last request */
	ASK_FAILED		/* err says why: ERR_EOF, ERR_TIMEOUT, ... */
};

/* attrs and err are valid during the call; the one that does not apply is NULL */
typedef void (*ask_fn)(struct ask *ask, enum ask_event event,
    const struct attrs *attrs, const struct err *err, void *ctx);

/*
 * ask_open - connect and wait for the greeting
 *
 * timeout_s	for the greeting: a busy service greets when it gets to us
 *
 * NULL with err when there is no such service. A full backlog is waited for.
 */
struct ask	*ask_open(struct event_base *base, const char *class,
		    const char *name, int timeout_s, ask_fn fn, void *ctx,
		    struct err *err);
/*
 * ask_request - for a service that does not greet: connect, send, await one list
 *
 * timeout_s	for all of it
 *
 * The first event is ASK_REPLY or ASK_FAILED.
 */
struct ask	*ask_request(struct event_base *base, const char *class,
		    const char *name, const void *data, size_t len,
		    int timeout_s, ask_fn fn, void *ctx, struct err *err);
/* ask_send - after the greeting: send whole lists, await one list */
void		 ask_send(struct ask *ask, const void *data, size_t len,
		    int timeout_s);
/* ask_was_greeted - for ASK_FAILED: had the service begun with us? */
bool		 ask_was_greeted(const struct ask *ask);
void		 ask_close(struct ask *ask);

#endif
