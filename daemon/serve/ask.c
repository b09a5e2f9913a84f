/*
 * ask.c - ask a service without waiting: greeting, request, reply on libevent
 *
 *	CONNECTING --> GREETING --> IDLE --ask_send--> REPLY --> IDLE
 *	  |  (backlog full: again in a moment)           ^
 *	  +--ask_request---------------------------------+
 *
 * The socket is read in IDLE too, so that a service that goes away is noticed.
 * The callback may close the ask: nothing is touched after it returns.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/ask.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/ipc/attr.h"

#define ASK_LIST_MAX	(1024 * 1024)
#define ASK_RETRY_MS	20		/* backlog full: EAGAIN has no event */

enum ask_state { ASK_CONNECTING, ASK_GREETING, ASK_IDLE, ASK_AWAITING };

struct ask {
	struct event_base *base;
	struct event	 reading, writing, retry;
	struct sockaddr_un addr;
	int		 fd;
	enum ask_state	 state;
	bool		 was_greeted;
	bool		 is_quiet;	/* the service does not greet: out goes first */
	int		 timeout_s;
	int64_t		 deadline_ms;	/* while connecting */
	struct buf	 in, out;
	ask_fn		 fn;
	void		*ctx;
};

static void
fail(struct ask *ask, enum err_kind kind, const char *text)
{
	struct err err = ERR_INIT;

	event_del(&ask->reading);
	event_del(&ask->writing);
	event_del(&ask->retry);
	err_set(&err, kind, "%s", text);
	ask->fn(ask, ASK_FAILED, NULL, &err, ask->ctx);
}

static void
await(struct ask *ask)
{
	struct timeval tv = { ask->timeout_s, 0 };

	/* Adding again replaces the time limit. */
	event_add(&ask->reading, ask->timeout_s > 0 ? &tv : NULL);
}

/* A whole list may be there: give it to the owner. */
static void
take_list(struct ask *ask)
{
	struct err err = ERR_INIT;
	struct attrs attrs;
	enum ask_event event;
	size_t used;
	int rc;

	attrs_init(&attrs);
	rc = attrs_parse(&attrs, ask->in.ptr, ask->in.len, ASK_LIST_MAX,
	    &used, &err);
	if (rc != 1)
		attrs_done(&attrs);
	if (rc == 0)
		return;
	if (rc == -1) {
		fail(ask, err.kind, err.text);
		return;
	}
	if (ask->state != ASK_GREETING && ask->state != ASK_AWAITING) {
		attrs_done(&attrs);
		fail(ask, ERR_SYNTAX, "unexpected data");
		return;
	}
	buf_delete(&ask->in, 0, used);
	event = ask->state == ASK_GREETING ? ASK_GREETED : ASK_REPLY;
	ask->state = ASK_IDLE;
	ask->was_greeted = true;
	event_remove_timer(&ask->reading);
	ask->fn(ask, event, &attrs, NULL, ask->ctx);
	attrs_done(&attrs);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct ask *ask = arg;
	ssize_t n;

	if ((what & EV_TIMEOUT) != 0) {
		fail(ask, ERR_TIMEOUT, "timeout");
		return;
	}
	buf_reserve(&ask->in, 4096);
	n = read(fd, ask->in.ptr + ask->in.len, 4096);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fail(ask, n == 0 || errno == ECONNRESET ? ERR_EOF : ERR_SYSTEM,
		    n == 0 ? "premature end-of-input" : strerror(errno));
		return;
	}
	ask->in.len += (size_t)n;
	ask->in.ptr[ask->in.len] = '\0';
	take_list(ask);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct ask *ask = arg;
	ssize_t n;

	(void)what;
	while (ask->out.len > 0) {
		n = send(fd, ask->out.ptr, ask->out.len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN) {
			event_add(&ask->writing, NULL);
			return;
		}
		if (n == -1) {
			fail(ask, errno == EPIPE || errno == ECONNRESET ?
			    ERR_EOF : ERR_SYSTEM, strerror(errno));
			return;
		}
		buf_delete(&ask->out, 0, (size_t)n);
	}
}

/* 0, 1 when the backlog is full, -1 with errno. */
static int
try_connect(struct ask *ask)
{
	if (connect(ask->fd, (struct sockaddr *)&ask->addr,
	    sizeof(ask->addr)) == 0)
		return 0;
	return errno == EAGAIN || errno == EINTR ? 1 : -1;
}

static void
connected(struct ask *ask)
{
	ask->state = ask->is_quiet ? ASK_AWAITING : ASK_GREETING;
	await(ask);
	if (ask->is_quiet)
		event_active(&ask->writing, EV_WRITE, 0);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct timeval tv = { 0, ASK_RETRY_MS * 1000 };
	struct ask *ask = arg;

	(void)fd;
	(void)what;
	switch (try_connect(ask)) {
	case 0:
		connected(ask);
		break;
	case 1:
		if (ask->timeout_s > 0 && clock_mono_ms() > ask->deadline_ms)
			fail(ask, ERR_TIMEOUT, "timeout");
		else
			event_add(&ask->retry, &tv);
		break;
	default:
		fail(ask, ERR_SYSTEM, strerror(errno));
	}
}

static struct ask *
open_ask(struct event_base *base, const char *class, const char *name,
    const struct span *request, int timeout_s, ask_fn fn, void *ctx,
    struct err *err)
{
	struct timeval tv = { 0, ASK_RETRY_MS * 1000 };
	struct ask *ask = xcalloc(1, sizeof(*ask));
	int n, rc;

	ask->is_quiet = request != NULL;
	ask->base = base;
	ask->timeout_s = timeout_s;
	ask->deadline_ms = clock_mono_ms() + (int64_t)timeout_s * 1000;
	ask->fn = fn;
	ask->ctx = ctx;
	buf_init(&ask->in);
	buf_init(&ask->out);
	ask->addr.sun_family = AF_UNIX;
	n = snprintf(ask->addr.sun_path, sizeof(ask->addr.sun_path), "%s/%s",
	    class, name);
	if (n < 0 || (size_t)n >= sizeof(ask->addr.sun_path)) {
		err_set(err, ERR_SYNTAX, "%s/%s: name too long", class, name);
		free(ask);
		return NULL;
	}
	ask->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (ask->fd == -1 || (rc = try_connect(ask)) == -1) {
		err_sys(err, "connect to %s/%s", class, name);
		if (ask->fd != -1)
			close(ask->fd);
		free(ask);
		return NULL;
	}
	if (request != NULL)
		buf_set(&ask->out, request->ptr, request->len);
	event_assign(&ask->reading, base, ask->fd, EV_READ | EV_PERSIST,
	    on_readable, ask);
	event_assign(&ask->writing, base, ask->fd, EV_WRITE, on_writable, ask);
	event_assign(&ask->retry, base, -1, 0, on_retry, ask);
	if (rc == 0) {
		connected(ask);
	} else {
		ask->state = ASK_CONNECTING;
		event_add(&ask->retry, &tv);
	}
	return ask;
}

struct ask *
ask_open(struct event_base *base, const char *class, const char *name,
    int timeout_s, ask_fn fn, void *ctx, struct err *err)
{
	return open_ask(base, class, name, NULL, timeout_s, fn, ctx, err);
}

struct ask *
ask_request(struct event_base *base, const char *class, const char *name,
    const void *data, size_t len, int timeout_s, ask_fn fn, void *ctx,
    struct err *err)
{
	const struct span request = { data, len };

	return open_ask(base, class, name, &request, timeout_s, fn, ctx, err);
}

void
ask_send(struct ask *ask, const void *data, size_t len, int timeout_s)
{
	ssize_t n;

	ask->timeout_s = timeout_s;
	ask->state = ASK_AWAITING;
	await(ask);
	n = send(ask->fd, data, len, MSG_NOSIGNAL);
	if (n == (ssize_t)len)
		return;
	/* The rest, or the error again, comes from the loop: not inside this call. */
	if (n < 0)
		n = 0;
	buf_set(&ask->out, (const char *)data + n, len - (size_t)n);
	event_active(&ask->writing, EV_WRITE, 0);
}

bool
ask_was_greeted(const struct ask *ask)
{
	return ask->was_greeted;
}

void
ask_close(struct ask *ask)
{
	if (ask == NULL)
		return;
	event_del(&ask->reading);
	event_del(&ask->writing);
	event_del(&ask->retry);
	close(ask->fd);
	buf_done(&ask->in);
	buf_done(&ask->out);
	free(ask);
}
