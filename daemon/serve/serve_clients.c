/*
 * serve_clients.c - the clients of a ROLE_MULTI role that asks and answers in
 * attribute lists
 *
 * The process is busy, in the eyes of master, while it answers, and not while
 * clients are silent.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/serve_clients.h"

#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <utlist.h>

#include "daemon/role.h"
#include "daemon/serve/serve.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/ipc/attr.h"

struct client {
	const struct serve_protocol *protocol;
	struct bufferevent *bev;
	void		*state;
	struct client	*prev, *next;
};

static struct client *clients;

static void
close_client(struct client *c)
{
	if (c->protocol->gone != NULL)
		c->protocol->gone(c->state);
	DL_DELETE(clients, c);
	bufferevent_free(c->bev);
	free(c);
	serve_client_closed();
}

static void
readable(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;
	const struct serve_protocol *p = c->protocol;
	struct evbuffer *in = bufferevent_get_input(bev);
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct attrs a;
	size_t used;
	int rc;
	bool is_good = true;

	serve_busy();
	attrs_init(&a);
	while (is_good && evbuffer_get_length(in) > 0) {
		rc = p->parse(&a, (char *)evbuffer_pullup(in, -1),
		    evbuffer_get_length(in), p->request_max, &used, &err);
		if (rc == 0)
			break;
		if (rc == -1)
			log_warning("malformed request: %s", err.text);
		else
			evbuffer_drain(in, used);
		is_good = rc == 1 && p->answer(&a, &c->state, &out);
	}
	if (out.len > 0)
		bufferevent_write(bev, out.ptr, out.len);
	attrs_done(&a);
	buf_done(&out);
	if (!is_good)
		close_client(c);
	serve_free();
}

static void
client_gone(struct bufferevent *bev, short what, void *arg)
{
	(void)bev, (void)what;
	close_client(arg);
}

void
serve_clients_accept(int fd, const struct role *role)
{
	const struct serve_protocol *protocol = role->protocol;
	struct timeval limit = { .tv_sec = protocol->timeout_s };
	struct buf greeting = BUF_INIT;
	struct bufferevent *bev;
	struct client *c;

	bev = bufferevent_socket_new(serve_base(), fd, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL) {
		log_warning("cannot serve a client: no memory");
		close(fd);
		serve_client_closed();
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->protocol = protocol;
	c->bev = bev;
	DL_APPEND(clients, c);
	bufferevent_setcb(bev, readable, NULL, client_gone, c);
	if (protocol->timeout_s > 0)
		bufferevent_set_timeouts(bev, &limit, &limit);
	if (protocol->is_plain)
		buf_addf(&greeting, "protocol=%s\n\n", role->greeting);
	else
		attr_put_greeting(&greeting, role->greeting);
	bufferevent_write(bev, greeting.ptr, greeting.len);
	buf_done(&greeting);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

void
serve_clients_let_go(void)
{
	struct client *c, *next;

	DL_FOREACH_SAFE(clients, c, next)
		if (evbuffer_get_length(bufferevent_get_output(c->bev)) == 0)
			close_client(c);
}
