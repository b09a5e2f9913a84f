/*
 * starttls.c - tlsproxy takes the socket, and we talk to it instead
 *
 *	connect --> greeting --> descriptor, request --> status --> "220", go on
 *
 * Whatever goes wrong before the 220 is told to the client, which may go on
 * in the clear. What the client sent behind its STARTTLS was not encrypted
 * and is forgotten (RFC 3207 4.2).
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/client.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/postscreen/engine.h"
#include "daemon/serve/tlsproxy_protocol.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/pass_fd.h"

#define PATIENCE_S	5	/* for tlsproxy to say that it is ready */
#define READY		"220 2.0.0 Ready to start TLS\r\n"

struct handover {
	struct client	*client;
	int		 sock;
	bool		 was_greeted;
	struct buf	 in;
	struct event	*io, *timer;
};

static void
handover_free(struct handover *h)
{
	if (h->io != NULL)
		event_free(h->io);
	if (h->timer != NULL)
		event_free(h->timer);
	if (h->sock != -1)
		close(h->sock);
	buf_done(&h->in);
	free(h);
}

static void
give_up(struct handover *h, const char *why)
{
	struct client *c = h->client;

	log_warning("private/%s: %s", params.tlsproxy_service_name, why);
	handover_free(h);
	engine_tls_failed(c->engine);
	client_talk_on(c);
}

static int
send_request(struct handover *h)
{
	struct client *c = h->client;
	struct buf out = BUF_INIT;
	int rc;

	attr_put_str(&out, "peer", c->name);
	attr_put_int(&out, "timeout", params.postscreen_starttls_timeout);
	attr_put_end(&out);
	rc = pass_fd_send(h->sock, c->fd, MSG_DONTWAIT);
	if (rc == 0 && send(h->sock, out.ptr, out.len, MSG_DONTWAIT |
	    MSG_NOSIGNAL) != (ssize_t)out.len)
		rc = -1;
	buf_done(&out);
	return rc;
}

/* tlsproxy waits for the client's first bytes: let it begin. */
static void
switch_over(struct handover *h)
{
	struct client *c = h->client;

	if (send(c->fd, READY, strlen(READY), MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)strlen(READY)) {
		client_log_hangup(c, "after");
		handover_free(h);
		client_conclude(c);
		client_disconnect(c);
		return;
	}
	close(c->fd);
	c->fd = h->sock;
	h->sock = -1;
	handover_free(h);
	buf_reset(&c->in);
	engine_tls_started(c->engine);
	client_talk_on(c);
}

static void
take_list(struct handover *h, const struct attrs *a)
{
	const char *protocol = attrs_get(a, "protocol", 0);
	int32_t status;

	if (!h->was_greeted) {
		h->was_greeted = true;
		if (protocol == NULL ||
		    strcmp(protocol, TLSPROXY_PROTOCOL) != 0)
			give_up(h, "unexpected greeting");
		else if (send_request(h) == -1)
			give_up(h, strerror(errno));
	} else if (!attrs_int(a, "status", 0, &status) ||
	    status != TLSPROXY_OK) {
		give_up(h, "problem receiving status");
	} else {
		switch_over(h);
	}
}

static void
on_event(int fd, short what, void *arg)
{
	struct handover *h = arg;
	struct err err = ERR_INIT;
	struct attrs attrs;
	char data[256];
	size_t used;
	ssize_t n;
	int rc;

	if ((what & EV_READ) == 0) {
		give_up(h, "timeout");
		return;
	}
	n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		give_up(h, n == 0 ? "premature end-of-input" :
		    strerror(errno));
		return;
	}
	buf_add(&h->in, data, (size_t)n);
	attrs_init(&attrs);
	rc = attrs_parse(&attrs, h->in.ptr, h->in.len, TLSPROXY_LIST_MAX,
	    &used, &err);
	if (rc == 1) {
		buf_delete(&h->in, 0, used);
		take_list(h, &attrs);
	} else if (rc == -1) {
		give_up(h, err.text);
	}
	attrs_done(&attrs);
}

static int
connect_to(const char *service)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (snprintf(sun.sun_path, sizeof(sun.sun_path), "private/%s",
	    service) >= (int)sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* A full backlog is as good as no service: the client can do without. */
	if (fd != -1 && connect(fd, (struct sockaddr *)&sun,
	    sizeof(sun)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

void
client_starttls(struct client *c)
{
	struct timeval tv = { .tv_sec = PATIENCE_S };
	struct handover *h = xcalloc(1, sizeof(*h));

	client_stop_waiting(c);
	h->client = c;
	buf_init(&h->in);
	if ((h->sock = connect_to(params.tlsproxy_service_name)) == -1) {
		give_up(h, strerror(errno));
		return;
	}
	h->io = event_new(c->base, h->sock, EV_READ | EV_PERSIST, on_event, h);
	h->timer = event_new(c->base, -1, 0, on_event, h);
	if (h->io == NULL || h->timer == NULL ||
	    event_add(h->io, NULL) == -1 || event_add(h->timer, &tv) == -1)
		log_fatal("out of memory for events");
}
