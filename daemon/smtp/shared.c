/*
 * shared.c - sessions that this process leaves to its siblings
 *
 * What a session has learnt travels as one line of text beside its descriptor.
 * A process that could not reach the service, or had to wait for it, does
 * without.
 * Protocol: spec/services.md 3.12.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/shared.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/smtp/conn.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/ipc/pass_fd.h"

#define REPLY_MAX	65536
#define FIELDS		5	/* host, address, port, session of events, numbers */

static const char *service_name;
static struct stream *cache;
static bool is_lost;

void
shared_init(const char *service)
{
	service_name = service;
}

static bool
connected(void)
{
	struct err err = ERR_INIT;

	if (cache != NULL || is_lost || service_name == NULL)
		return cache != NULL;
	cache = endpoint_connect_greeted("private",
	    params.connection_cache_service_name, "connection_cache_protocol",
	    params.connection_cache_protocol_timeout, &err);
	if (cache == NULL) {
		log_debug("%s", err.text);
		is_lost = true;
	}
	return cache != NULL;
}

/* It ended, and another one may be there; or it makes us wait. */
static bool
lose(void)
{
	is_lost = stream_status(cache) == STREAM_TIMEOUT;
	stream_free(cache);
	cache = NULL;
	return false;
}

/* Send one list, read one; false when the service is gone. */
static bool
ask(struct buf *request, struct attrs *reply)
{
	attr_put_end(request);
	if (stream_write(cache, request->ptr, request->len) == 0 &&
	    attrs_read(cache, reply, REPLY_MAX, NULL) == 1)
		return true;
	return lose();
}

static bool
is_ok(const struct attrs *reply)
{
	int32_t status;

	return attrs_int(reply, "status", 0, &status) && status == 0;
}

static void
put_dummy(struct buf *out)
{
	attr_put_str(out, "dummy", "");
}

/* Whose sessions these are: a nexthop means something else elsewhere. */
static void
put_label(struct buf *out, const char *name)
{
	const char *generation = getenv("GENERATION");
	struct buf label = BUF_INIT;

	buf_addf(&label, "%s:%s:%s", service_name,
	    generation != NULL ? generation : "", name);
	attr_put_str(out, "label", label.ptr);
	buf_done(&label);
}

/* ---- a session as text ---- */

/* "25", or "" for a path */
static const char *
port_of(const struct smtp_session *s)
{
	const char *rest = s->relay + strlen(s->host_addr);

	return *rest == ':' ? rest + 1 : rest;
}

static void
put_session(struct buf *out, const struct conn *c)
{
	const struct smtp_session *s = &c->session;

	buf_addf(out, "%s\n%s\n%s\n%s\n%u %u %u %u %ld %d %d %" PRId64, s->host,
	    s->addr, port_of(s), c->log_session, s->features, s->discard, s->xforward, s->pix,
	    s->size_limit, s->detects_loops, c->uses, c->opened_ms);
}

/* A session from the text and its descriptor, which it takes; NULL: that is no such text. */
static struct conn *
get_session(const struct smtp_config *cfg, char *text, int fd)
{
	unsigned features, discard, xforward, pix;
	char *fields[FIELDS], *rest = text;
	int uses, loops, i;
	struct conn *c;
	int64_t opened;
	long size;

	for (i = 0; i < FIELDS; i++)
		if ((fields[i] = strsep(&rest, "\n")) == NULL)
			break;
	if (i < FIELDS || sscanf(fields[4], "%u %u %u %u %ld %d %d %" SCNd64,
	    &features, &discard, &xforward, &pix, &size, &loops, &uses,
	    &opened) != 8) {
		close(fd);
		return NULL;
	}
	c = conn_new(cfg, fd, fields[0], fields[1], fields[2], fields[3]);
	c->session.features = features;
	c->session.discard = discard;
	c->session.xforward = xforward;
	c->session.pix = pix;
	c->session.size_limit = size;
	c->session.detects_loops = loops != 0;
	c->session.has_handshake = true;
	c->session.state = SMTP_READY;
	c->uses = uses;
	c->opened_ms = opened;
	return c;
}

/* ---- giving ---- */

static bool
save_endpoint(const struct conn *c, struct attrs *reply)
{
	struct buf request = BUF_INIT, property = BUF_INIT;
	bool ok;

	put_session(&property, c);
	attr_put_str(&request, "request", "save_endp");
	attr_put_int(&request, "ttl", c->session.cfg->cache_time_s);
	put_label(&request, c->session.relay);
	attr_put_str(&request, "property", property.ptr);
	/* First it says that it is ready for the descriptor. */
	ok = ask(&request, reply) && attrs_get(reply, "dummy", 0) != NULL;
	if (ok && (pass_fd_send(stream_fd(cache), stream_fd(c->stream), 0) ==
	    -1 || attrs_read(cache, reply, REPLY_MAX, NULL) != 1))
		ok = lose();
	buf_done(&request);
	buf_done(&property);
	return ok && is_ok(reply);
}

static bool
save_destination(const struct conn *c, struct attrs *reply)
{
	struct buf request = BUF_INIT;
	bool ok;

	attr_put_str(&request, "request", "save_dest");
	attr_put_int(&request, "ttl", c->session.cfg->cache_time_s);
	put_label(&request, c->nexthop);
	attr_put_str(&request, "property", "");
	put_label(&request, c->session.relay);
	ok = ask(&request, reply);
	buf_done(&request);
	return ok;
}

bool
shared_give(const struct conn *c)
{
	const struct smtp_session *s = &c->session;
	struct attrs reply;
	bool ok;

	/* Who takes it does not know who is logged in, if it matters. */
	if (s->is_logged_in || (s->cfg->auth.by_sender &&
	    (s->features & SMTP_HAS_AUTH) != 0))
		return false;
	if (s->state != SMTP_READY || s->is_encrypted ||
	    !conn_may_go_on(c) || !connected())
		return false;
	attrs_init(&reply);
	ok = save_endpoint(c, &reply);
	/* Without that it is not found, and closed when its time is over. */
	if (ok)
		save_destination(c, &reply);
	attrs_done(&reply);
	return ok;
}

/* ---- taking ---- */

/* The descriptor follows when we say so, and we say that we have it. */
static int
fetch(void)
{
	struct buf go = BUF_INIT;
	struct timeval limit = {
	    .tv_sec = params.connection_cache_protocol_timeout };
	char byte;
	int fd = -1;

	put_dummy(&go);
	attr_put_end(&go);
	setsockopt(stream_fd(cache), SOL_SOCKET, SO_RCVTIMEO, &limit,
	    sizeof(limit));
	if (stream_write(cache, go.ptr, go.len) == -1 ||
	    stream_flush(cache) == -1 ||
	    pass_fd_receive(stream_fd(cache), &byte, 1, 0, &fd) != 1 ||
	    stream_write(cache, go.ptr, go.len) == -1 ||
	    stream_flush(cache) == -1)
		lose();
	buf_done(&go);
	return fd;
}

struct conn *
shared_take(const struct smtp_config *cfg, const char *nexthop)
{
	struct buf request = BUF_INIT, text = BUF_INIT;
	struct conn *c = NULL;
	struct attrs reply;
	int fd;

	if (!connected())
		return NULL;
	attrs_init(&reply);
	attr_put_str(&request, "request", "find_dest");
	put_label(&request, nexthop);
	if (ask(&request, &reply) && is_ok(&reply)) {
		if (attrs_get(&reply, "property", 1) != NULL)
			buf_sets(&text, attrs_get(&reply, "property", 1));
		if ((fd = fetch()) != -1)
			c = get_session(cfg, text.ptr, fd);
	}
	if (c != NULL && !conn_may_go_on(c)) {
		conn_close(c);
		c = NULL;
	}
	attrs_done(&reply);
	buf_done(&request);
	buf_done(&text);
	return c;
}
