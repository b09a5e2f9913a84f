/*
 * session.c - one connection between a client that encrypts and a server that does not
 *
 *	ASKED --request--> SHAKING --handshake--> PUMPING --either side ends--> gone
 *
 * Whatever can be done is done on each event; then the session waits for what
 * stopped it. A client that makes nobody wait has all the time that the server
 * gives it; one that takes no bytes, or does not finish its handshake, has the
 * time that the request named.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/tlsproxy/session.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/serve/serve.h"
#include "daemon/serve/tls_service.h"
#include "daemon/serve/tlsproxy_protocol.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/pass_fd.h"
#include "lib/net/tls_async.h"

#define PIPE_SIZE	8192	/* bytes of a direction */
#define REQUEST_S	10	/* for the request */

enum state { ASKED, SHAKING, PUMPING };

struct pipe {			/* bytes that were read and not yet written */
	char		 data[PIPE_SIZE];
	size_t		 from, to;
	bool		 is_over;	/* no more come */
};

struct session {
	const struct session_terms *terms;
	enum state	 state;
	int		 fd, sock;	/* the client, or -1; the server */
	struct event_base *base;
	struct event	*on_fd, *on_sock, *timer;
	struct tls_async *tls;
	struct buf	 request;
	char		*peer;		/* "[192.0.2.1]:1234" */
	int		 timeout_s;
	struct pipe	 up, down;	/* from the client, to the client */
};

static void
end(struct session *s)
{
	if (s->peer != NULL)
		log_info("DISCONNECT %s", s->peer);
	tls_async_free(s->tls);
	event_free(s->on_sock);
	if (s->on_fd != NULL)
		event_free(s->on_fd);
	event_free(s->timer);
	close(s->sock);
	if (s->fd != -1)
		close(s->fd);
	buf_done(&s->request);
	free(s->peer);
	free(s);
	serve_client_closed();
}

static void
wait_for(struct session *s, struct event **ev, int fd, short what,
    event_callback_fn fn)
{
	if (*ev == NULL)
		*ev = event_new(s->base, fd, what, fn, s);
	else
		event_del(*ev);
	if (*ev == NULL ||
	    event_assign(*ev, s->base, fd, what, fn, s) == -1 ||
	    (what != 0 && event_add(*ev, NULL) == -1))
		log_fatal("out of memory for events");
}

static void
set_limit(struct session *s, int seconds)
{
	struct timeval tv = { .tv_sec = seconds };

	event_del(s->timer);
	if (seconds > 0 && event_add(s->timer, &tv) == -1)
		log_fatal("out of memory for events");
}

/* ---- bytes, both ways ---- */

static bool
is_empty(const struct pipe *p)
{
	return p->from == p->to;
}

/*
 * Each step moves what it can. GO_ON: something moved; STOPPED: it waits, for
 * the events that were added to *what; BROKEN: the session is over.
 */
enum step { GO_ON, STOPPED, BROKEN };

static enum step
tls_step(enum tls_async_result r, short *what)
{
	switch (r) {
	case TLS_ASYNC_DONE:
		return GO_ON;
	case TLS_ASYNC_WANTS_READ:
		*what |= EV_READ;
		return STOPPED;
	case TLS_ASYNC_WANTS_WRITE:
		*what |= EV_WRITE;
		return STOPPED;
	case TLS_ASYNC_FAILED:
		tls_log_problems();
		return BROKEN;
	case TLS_ASYNC_EOF:
		break;
	}
	return BROKEN;
}

static enum step
read_client(struct session *s, short *what)
{
	struct pipe *p = &s->up;
	size_t n = 0;
	enum tls_async_result r;
	enum step step;

	if (p->is_over || !is_empty(p))
		return STOPPED;
	r = tls_async_read(s->tls, p->data, PIPE_SIZE, &n);
	if (r == TLS_ASYNC_EOF) {
		p->is_over = true;
		return GO_ON;
	}
	if ((step = tls_step(r, what)) == GO_ON)
		p->from = 0, p->to = n;
	return step;
}

static enum step
write_client(struct session *s, short *what)
{
	struct pipe *p = &s->down;
	size_t n = 0;
	enum step step;

	if (is_empty(p))
		return STOPPED;
	step = tls_step(tls_async_write(s->tls, p->data + p->from,
	    p->to - p->from, &n), what);
	if (step == GO_ON)
		p->from += n;
	return step;
}

static enum step
read_server(struct session *s, short *what)
{
	struct pipe *p = &s->down;
	ssize_t n;

	if (p->is_over || !is_empty(p))
		return STOPPED;
	n = recv(s->sock, p->data, PIPE_SIZE, MSG_DONTWAIT);
	if (n > 0) {
		p->from = 0, p->to = (size_t)n;
	} else if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		*what |= EV_READ;
		return STOPPED;
	} else {
		p->is_over = true;
	}
	return GO_ON;
}

static enum step
write_server(struct session *s, short *what)
{
	struct pipe *p = &s->up;
	ssize_t n;

	if (is_empty(p))
		return STOPPED;
	n = send(s->sock, p->data + p->from, p->to - p->from, MSG_DONTWAIT |
	    MSG_NOSIGNAL);
	if (n >= 0) {
		p->from += (size_t)n;
		return GO_ON;
	}
	if (errno != EAGAIN && errno != EINTR)
		return BROKEN;
	*what |= EV_WRITE;
	return STOPPED;
}

static void	on_event(int fd, short what, void *arg);

static void
pump(struct session *s)
{
	enum step (*const steps[])(struct session *, short *) = {
		read_client, write_server, read_server, write_client };
	short client, server;
	bool moved;
	size_t i;

	do {
		client = server = 0;
		for (moved = false, i = 0; i < 4; i++)
			switch (steps[i](s, i == 0 || i == 3 ? &client :
			    &server)) {
			case GO_ON:
				moved = true;
				break;
			case BROKEN:
				end(s);
				return;
			case STOPPED:
				break;
			}
		/* The server has closed, and the client has all of it; or the other way round. */
		if ((s->down.is_over && is_empty(&s->down)) ||
		    (s->up.is_over && is_empty(&s->up))) {
			end(s);
			return;
		}
	} while (moved);
	wait_for(s, &s->on_fd, s->fd, client, on_event);
	wait_for(s, &s->on_sock, s->sock, server, on_event);
	set_limit(s, (client & EV_WRITE) != 0 ? s->timeout_s : 0);
}

static void
handshake_failed(struct session *s)
{
	log_info("TLS handshake failed for service=smtpd peer=%s", s->peer);
	end(s);
}

static void
shake_hands(struct session *s)
{
	short what = 0;

	switch (tls_step(tls_async_handshake(s->tls), &what)) {
	case GO_ON:
		s->state = PUMPING;
		set_limit(s, 0);
		pump(s);
		break;
	case STOPPED:
		wait_for(s, &s->on_fd, s->fd, what, on_event);
		break;
	case BROKEN:
		handshake_failed(s);
	}
}

/* ---- the request ---- */

static bool
begin(struct session *s)
{
	const struct tls_service *service = s->terms->service;
	struct tls_options o = { .peer = s->peer,
	    .protocols = service->protocols, .ciphers = service->ciphers.ptr,
	    .asks_cert = s->terms->asks_cert,
	    .explains = s->terms->explains };
	struct err err = ERR_INIT;

	if (service->ctx == NULL || service->ciphers.len == 0) {
		log_warning("%s: no TLS, because of a local problem: see "
		    "earlier warnings", s->peer);
		return false;
	}
	if ((s->tls = tls_async_new(service->ctx, &o, s->fd, &err)) != NULL)
		return true;
	log_warning("%s", err.text);
	tls_log_problems();
	return false;
}

static bool
reply(struct session *s, int32_t status)
{
	struct buf out = BUF_INIT;
	bool ok;

	attr_put_int(&out, "status", status);
	attr_put_end(&out);
	ok = send(s->sock, out.ptr, out.len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    (ssize_t)out.len;
	buf_done(&out);
	return ok;
}

/* The whole request is there. */
static void
take_request(struct session *s, const struct attrs *a)
{
	const char *peer = attrs_get(a, "peer", 0);
	int32_t timeout_s;

	if (peer == NULL || !attrs_int(a, "timeout", 0, &timeout_s) ||
	    timeout_s < 1) {
		log_warning("malformed request");
		end(s);
		return;
	}
	s->peer = xstrdup(peer);
	s->timeout_s = timeout_s;
	log_info("CONNECT from %s", s->peer);
	if (!begin(s)) {
		reply(s, TLSPROXY_FAILED);
		handshake_failed(s);
	} else if (!reply(s, TLSPROXY_OK)) {
		end(s);
	} else {
		s->state = SHAKING;
		set_limit(s, timeout_s);
		wait_for(s, &s->on_sock, s->sock, EV_CLOSED, on_event);
		shake_hands(s);
	}
}

static void
read_request(struct session *s)
{
	struct attrs attrs;
	struct err err = ERR_INIT;
	char data[1024];
	size_t used;
	ssize_t n;
	int rc;

	if (s->fd == -1)
		n = pass_fd_receive(s->sock, data, 1, MSG_DONTWAIT, &s->fd);
	else
		n = recv(s->sock, data, sizeof(data), MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || s->fd == -1) {
		end(s);
		return;
	}
	if (s->on_fd == NULL) {		/* the byte that came with the descriptor */
		evutil_make_socket_nonblocking(s->fd);
		wait_for(s, &s->on_fd, s->fd, 0, on_event);
		return;
	}
	buf_add(&s->request, data, (size_t)n);
	attrs_init(&attrs);
	rc = attrs_parse(&attrs, s->request.ptr, s->request.len,
	    TLSPROXY_LIST_MAX, &used, &err);
	if (rc == 1) {
		take_request(s, &attrs);
	} else if (rc == -1) {
		log_warning("request: %s", err.text);
		end(s);
	}
	attrs_done(&attrs);
}

static void
on_event(int fd, short what, void *arg)
{
	struct session *s = arg;

	(void)fd;
	if ((what & EV_TIMEOUT) != 0) {
		if (s->peer != NULL)
			log_warning("ciphertext read/write timeout for %s",
			    s->peer);
		if (s->state == SHAKING)
			handshake_failed(s);
		else
			end(s);
		return;
	}
	switch (s->state) {
	case ASKED:
		read_request(s);
		break;
	case SHAKING:
		/* A server that has no more time for this client has closed. */
		if ((what & EV_CLOSED) != 0)
			handshake_failed(s);
		else
			shake_hands(s);
		break;
	case PUMPING:
		pump(s);
	}
}

void
session_accept(struct event_base *base, const struct session_terms *terms,
    int sock)
{
	struct session *s = xcalloc(1, sizeof(*s));
	struct buf out = BUF_INIT;

	s->terms = terms;
	s->base = base;
	s->fd = -1;
	s->sock = sock;
	buf_init(&s->request);
	s->timer = event_new(base, -1, 0, on_event, s);
	if (s->timer == NULL)
		log_fatal("out of memory for events");
	wait_for(s, &s->on_sock, sock, EV_READ | EV_PERSIST, on_event);
	set_limit(s, REQUEST_S);
	attr_put_greeting(&out, TLSPROXY_PROTOCOL);
	/* A fresh socket has room for it; who is gone shows when we read. */
	if (send(sock, out.ptr, out.len, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		log_debug("greeting not sent");
	buf_done(&out);
}
