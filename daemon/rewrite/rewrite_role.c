/*
 * rewrite_role.c - the trivial-rewrite service: the module for other programs
 *
 * Many clients, each asking many questions over one connection; whatever is
 * buffered is answered at once. A malformed request ends that connection and
 * nothing else. Protocol: spec/services.md 3.5.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <utlist.h>

#include "daemon/rewrite/rewrite.h"
#include "daemon/role.h"
#include "daemon/serve/serve.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/table/table.h"

#define PROTOCOL	"trivial_rewrite_protocol"
#define REQUEST_MAX	100000	/* bytes of one request */
#define TABLE_CHECK_S	10

/* The clients, so that they can be sent to a fresh process. */
struct client {
	struct bufferevent *bev;
	struct client	*prev, *next;
};

static struct client *clients;
static struct event *table_timer;

static void
reply_rewrite(const struct attrs *a, enum rewrite_rule rule, struct buf *out)
{
	struct buf address = BUF_INIT;

	rewrite_address(rule, attrs_get(a, "address", 0), &address);
	attr_put_int(out, "flags", 0);
	attr_put_str(out, "address", address.ptr);
	attr_put_end(out);
	buf_done(&address);
}

static void
reply_resolve(const struct attrs *a, bool is_probe, struct buf *out)
{
	struct resolve_reply r;
	const char *sender = attrs_get(a, "sender", 0);

	resolve_reply_init(&r);
	rewrite_resolve(sender != NULL ? sender : "",
	    attrs_get(a, "address", 0), is_probe, &r);
	attr_put_int(out, "flags", 0);
	attr_put_str(out, "transport", r.transport->ptr);
	attr_put_str(out, "nexthop", r.nexthop->ptr);
	attr_put_str(out, "recipient", r.recipient->ptr);
	attr_put_int(out, "flags", (int32_t)r.flags);
	attr_put_end(out);
	resolve_reply_done(&r);
}

/* answer - append the reply to one request; false when it made no sense */
static bool
answer(const struct attrs *a, struct buf *out)
{
	const char *request = attrs_get(a, "request", 0);
	const char *rule = attrs_get(a, "rule", 0);

	if (request == NULL || attrs_get(a, "address", 0) == NULL) {
		log_warning("malformed request: no %s",
		    request == NULL ? "request" : "address");
		return false;
	}
	if (strcmp(request, "resolve") == 0) {
		reply_resolve(a, false, out);
	} else if (strcmp(request, "verify") == 0) {
		reply_resolve(a, true, out);
	} else if (strcmp(request, "rewrite") != 0) {
		log_warning("unrecognized request: \"%s\", ignored", request);
		return false;
	} else if (rule != NULL && strcmp(rule, "local") == 0) {
		reply_rewrite(a, REWRITE_LOCAL, out);
	} else if (rule != NULL && strcmp(rule, "remote") == 0) {
		reply_rewrite(a, REWRITE_REMOTE, out);
	} else {
		log_warning("unknown rewrite rule \"%s\"",
		    rule != NULL ? rule : "");
		return false;
	}
	return true;
}

static void
close_client(struct client *client)
{
	DL_DELETE(clients, client);
	bufferevent_free(client->bev);
	free(client);
	serve_client_closed();
}

/* read_request - answer every whole request that is there */
static void
read_request(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct attrs a;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	size_t used;
	int rc;
	bool is_good = true;

	serve_busy();
	attrs_init(&a);
	while (is_good && evbuffer_get_length(in) > 0) {
		rc = attrs_parse(&a, (char *)evbuffer_pullup(in, -1),
		    evbuffer_get_length(in), REQUEST_MAX, &used, &err);
		if (rc == 0)
			break;
		if (rc == -1)
			log_warning("malformed request: %s", err.text);
		else
			evbuffer_drain(in, used);
		is_good = rc == 1 && answer(&a, &out);
	}
	if (out.len > 0)
		bufferevent_write(bev, out.ptr, out.len);
	attrs_done(&a);
	buf_done(&out);
	if (!is_good)
		close_client(arg);
	serve_free();
}

static void
client_gone(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	close_client(arg);
}

static void
rewrite_accepted(struct event_base *base, int fd, const char *service)
{
	struct bufferevent *bev;
	struct client *client;
	struct timeval limit = { .tv_sec = params.ipc_timeout };
	struct buf greeting = BUF_INIT;

	(void)service;
	bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL) {
		log_warning("cannot serve a client: no memory");
		close(fd);
		serve_client_closed();
		return;
	}
	client = xcalloc(1, sizeof(*client));
	client->bev = bev;
	DL_APPEND(clients, client);
	bufferevent_setcb(bev, read_request, NULL, client_gone, client);
	bufferevent_set_timeouts(bev, &limit, &limit);
	attr_put_greeting(&greeting, PROTOCOL);
	bufferevent_write(bev, greeting.ptr, greeting.len);
	buf_done(&greeting);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

/*
 * check_tables - clients stay for long, so that "between clients" is too late
 *
 * Those that wait for nothing lose their connection: they ask again, and a
 * fresh process answers.
 */
static void
check_tables(evutil_socket_t fd, short what, void *arg)
{
	const char *name = table_any_changed();
	struct buf why = BUF_INIT;
	struct client *client, *next;

	(void)fd;
	(void)what;
	(void)arg;
	if (name == NULL)
		return;
	buf_addf(&why, "table %s has changed -- restarting", name);
	serve_stop(why.ptr);
	buf_done(&why);
	DL_FOREACH_SAFE(clients, client, next)
		if (evbuffer_get_length(
		    bufferevent_get_output(client->bev)) == 0)
			close_client(client);
}

static void
rewrite_pre_jail(const char *service, char **argv)
{
	(void)service;
	(void)argv;
	rewrite_init();
}

static void
rewrite_post_jail(const char *service, char **argv)
{
	struct timeval every = { .tv_sec = TABLE_CHECK_S };

	(void)service;
	(void)argv;
	table_timer = event_new(serve_base(), -1, EV_PERSIST, check_tables,
	    NULL);
	if (table_timer == NULL || event_add(table_timer, &every) == -1)
		log_fatal("cannot create a timer");
}

const struct role trivial_rewrite_role = {
	.name = "trivial-rewrite",
	.summary = "rewrite addresses and find where mail goes",
	.skeleton = ROLE_MULTI,
	.pre_jail = rewrite_pre_jail,
	.post_jail = rewrite_post_jail,
	.accepted = rewrite_accepted,
};
