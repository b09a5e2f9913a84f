/*
 * scache.c - connections that one SMTP client leaves open for the next
 *
 * Descriptors travel with a turn of their own, so that they never share a
 * read with attributes (spec/services.md 3.12):
 *
 *	save	request --> "go"  --> descriptor --> status
 *	find	request --> found --> "go" --> descriptor --> "got it"
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/role.h"
#include "daemon/scache/store.h"
#include "daemon/serve/serve.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/pass_fd.h"

#define REQUEST_MAX	65536

enum status { STATUS_OK, STATUS_BAD, STATUS_FAILED };

enum turn {			/* what a client is to send */
	TURN_REQUEST,
	TURN_DESCRIPTOR,	/* to be saved */
	TURN_GO,		/* a descriptor waits for it */
	TURN_GOT		/* it has it */
};

struct client {
	int		 fd;
	struct event	*readable;
	enum turn	 turn;
	struct buf	 in;
	int		 passed;	/* the descriptor on its way, -1: none */
	/* The save that waits for its descriptor. */
	int64_t		 ttl_ms;
	char		*label, *property;
};

static struct store *store;
static struct event *expiry, *report_timer;
static time_t started;

/* ---- statistics ---- */

static void
report_lookups(const char *what, int hits, int misses)
{
	if (hits + misses > 0)
		log_info("statistics: %s lookup hits=%d miss=%d success=%d%%",
		    what, hits, misses,
		    (int)(hits * 100LL / ((long long)hits + misses)));
}

static void
report(void)
{
	const struct store_stats *st = store_stats(store);
	char since[32];
	struct tm tm;

	if (st->connections_max + st->dests_max + st->dest_misses +
	    st->endp_misses > 0) {
		strftime(since, sizeof(since), "%b %e %H:%M:%S",
		    localtime_r(&started, &tm));
		log_info("statistics: start interval %s", since);
		report_lookups("domain", st->dest_hits, st->dest_misses);
		report_lookups("address", st->endp_hits, st->endp_misses);
		log_info("statistics: max simultaneous domains=%d "
		    "addresses=%d connection=%d", st->dests_max,
		    st->endps_max, st->connections_max);
	}
	store_stats_reset(store);
	started = clock_now();
}

static void
report_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	report();
}

/* ---- time ---- */

static void
expire(evutil_socket_t fd, short what, void *arg)
{
	int64_t now = clock_mono_ms(), next = store_expire(store, now);
	struct timeval tv;

	(void)fd, (void)what, (void)arg;
	if (next == -1)
		return;
	next -= now;
	tv = (struct timeval){ next / 1000, next % 1000 * 1000 };
	if (event_add(expiry, &tv) == -1)
		log_fatal("cannot set a timer");
}

/* ---- descriptors ---- */

/* As read(2); a descriptor that came along is the client's now. */
static ssize_t
receive(struct client *c, char *data, size_t len)
{
	int fd;
	ssize_t n = pass_fd_receive(c->fd, data, len, MSG_DONTWAIT, &fd);

	if (fd != -1 && c->turn == TURN_DESCRIPTOR && c->passed == -1)
		c->passed = fd;
	else if (fd != -1)
		close(fd);		/* nobody asked for it */
	return n;
}

static bool
pass(struct client *c)
{
	bool ok = pass_fd_send(c->fd, c->passed, MSG_DONTWAIT) == 0;

	close(c->passed);
	c->passed = -1;
	return ok;
}

/* ---- requests ---- */

/* Replies are short: a client whose socket has no room for one does not read. */
static bool
put(struct client *c, struct buf *list)
{
	attr_put_end(list);
	return send(c->fd, list->ptr, list->len, MSG_NOSIGNAL |
	    MSG_DONTWAIT) == (ssize_t)list->len;
}

static bool
put_status(struct client *c, enum status status)
{
	struct buf out = BUF_INIT;
	bool ok;

	attr_put_int(&out, "status", status);
	ok = put(c, &out);
	buf_done(&out);
	return ok;
}

static enum status
bad_request(const char *name)
{
	log_warning("%s: bad or missing request parameter", name);
	return STATUS_BAD;
}

/* Seconds to milliseconds, up to the limit; 0 when there are none. */
static int64_t
get_ttl(const struct attrs *a)
{
	int32_t ttl;

	if (!attrs_int(a, "ttl", 0, &ttl) || ttl <= 0)
		return 0;
	if (ttl > params.connection_cache_ttl_limit)
		ttl = params.connection_cache_ttl_limit;
	return (int64_t)ttl * 1000;
}

static void
forget_save(struct client *c)
{
	free(c->label);
	free(c->property);
	c->label = c->property = NULL;
}

static bool
save_endp(struct client *c, const struct attrs *a)
{
	const char *label = attrs_get(a, "label", 0),
	    *property = attrs_get(a, "property", 0);
	struct buf out = BUF_INIT;
	bool ok;

	c->ttl_ms = get_ttl(a);
	if (label == NULL || property == NULL || c->ttl_ms == 0)
		return put_status(c, bad_request("save_endp"));
	c->label = xstrdup(label);
	c->property = xstrdup(property);
	c->turn = TURN_DESCRIPTOR;
	attr_put_str(&out, "dummy", "");
	ok = put(c, &out);
	buf_done(&out);
	return ok;
}

static bool
save_passed(struct client *c)
{
	enum status status = STATUS_OK;

	if (c->passed == -1) {
		log_warning("save_endp: no descriptor was passed");
		status = STATUS_FAILED;
	} else {
		store_save_endp(store, c->label, c->property, c->passed,
		    clock_mono_ms() + c->ttl_ms);
		c->passed = -1;
		expire(-1, 0, NULL);
	}
	forget_save(c);
	c->turn = TURN_REQUEST;
	return put_status(c, status);
}

static bool
save_dest(struct client *c, const struct attrs *a)
{
	const char *label = attrs_get(a, "label", 0),
	    *property = attrs_get(a, "property", 0),
	    *endp = attrs_get(a, "label", 1);
	int64_t ttl_ms = get_ttl(a);

	if (label == NULL || property == NULL || endp == NULL || ttl_ms == 0)
		return put_status(c, bad_request("save_dest"));
	store_save_dest(store, label, property, endp,
	    clock_mono_ms() + ttl_ms);
	expire(-1, 0, NULL);
	return put_status(c, STATUS_OK);
}

static bool
find(struct client *c, const struct attrs *a, bool is_dest)
{
	const char *label = attrs_get(a, "label", 0);
	struct store_found found = { -1, NULL, NULL };
	enum status status = STATUS_OK;
	struct buf out = BUF_INIT;
	bool ok;

	if (label == NULL)
		status = bad_request(is_dest ? "find_dest" : "find_endp");
	else if ((is_dest ? store_find_dest : store_find_endp)(store, label,
	    clock_mono_ms(), &found) == -1)
		status = STATUS_FAILED;
	attr_put_int(&out, "status", status);
	if (is_dest)
		attr_put_str(&out, "property", found.dest_property != NULL ?
		    found.dest_property : "");
	attr_put_str(&out, "property", found.endp_property != NULL ?
	    found.endp_property : "");
	ok = put(c, &out);
	if (status == STATUS_OK) {
		c->passed = found.fd;
		c->turn = TURN_GO;
	}
	buf_done(&out);
	free(found.endp_property);
	free(found.dest_property);
	return ok;
}

static bool
answer(struct client *c, const struct attrs *a)
{
	const char *request = attrs_get(a, "request", 0);

	switch (c->turn) {
	case TURN_GO:
		c->turn = TURN_GOT;
		return pass(c);
	case TURN_GOT:
		c->turn = TURN_REQUEST;
		return true;
	default:
		break;
	}
	if (request == NULL)
		return false;
	if (strcmp(request, "save_endp") == 0)
		return save_endp(c, a);
	if (strcmp(request, "save_dest") == 0)
		return save_dest(c, a);
	if (strcmp(request, "find_endp") == 0)
		return find(c, a, false);
	if (strcmp(request, "find_dest") == 0)
		return find(c, a, true);
	log_warning("unrecognized request: \"%.100s\", ignored", request);
	return put_status(c, STATUS_BAD);
}

/* ---- clients ---- */

static void
close_client(struct client *c)
{
	event_free(c->readable);
	close(c->fd);
	if (c->passed != -1)
		close(c->passed);
	forget_save(c);
	buf_done(&c->in);
	free(c);
	serve_client_closed();
}

/* False when the client is to go. */
static bool
take_bytes(struct client *c)
{
	struct err err = ERR_INIT;
	struct attrs a;
	size_t used;
	bool ok = true;
	int rc;

	if (c->turn == TURN_DESCRIPTOR && c->in.len > 0) {
		buf_delete(&c->in, 0, 1);	/* the byte that carried it */
		if (!save_passed(c))
			return false;
	}
	attrs_init(&a);
	while (ok && c->in.len > 0 && c->turn != TURN_DESCRIPTOR) {
		rc = attrs_parse(&a, c->in.ptr, c->in.len, REQUEST_MAX, &used,
		    &err);
		if (rc == 0)
			break;
		if (rc == -1)
			log_warning("malformed request: %s", err.text);
		else
			buf_delete(&c->in, 0, used);
		ok = rc == 1 && answer(c, &a);
	}
	attrs_done(&a);
	return ok;
}

static void
readable(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	char data[4096];
	ssize_t n = receive(c, data, sizeof(data));

	(void)fd, (void)what;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	serve_busy();
	if (n > 0)
		buf_add(&c->in, data, (size_t)n);
	if (n <= 0 || !take_bytes(c))
		close_client(c);
	serve_free();
}

static void
accepted(struct event_base *base, int fd, const char *service)
{
	struct client *c = xcalloc(1, sizeof(*c));
	struct buf greeting = BUF_INIT;

	(void)service;
	c->fd = fd;
	c->passed = -1;
	buf_init(&c->in);
	c->readable = event_new(base, fd, EV_READ | EV_PERSIST, readable, c);
	if (c->readable == NULL || event_add(c->readable, NULL) == -1)
		log_fatal("out of memory for events");
	attr_put_greeting(&greeting, "connection_cache_protocol");
	if (send(fd, greeting.ptr, greeting.len, MSG_NOSIGNAL) == -1)
		log_debug("a client did not wait for the greeting");
	buf_done(&greeting);
}

static void
stop(void)
{
	report();
	store_free(store);
}

static void
post_jail(const char *service, char **argv)
{
	struct timeval every = {
	    .tv_sec = params.connection_cache_status_update_time };

	(void)service, (void)argv;
	store = store_new();
	started = clock_now();
	expiry = event_new(serve_base(), -1, 0, expire, NULL);
	report_timer = event_new(serve_base(), -1, EV_PERSIST, report_due,
	    NULL);
	if (expiry == NULL || report_timer == NULL ||
	    event_add(report_timer, &every) == -1)
		log_fatal("cannot set a timer");
	serve_on_stop(stop);
}

const struct role scache_role = {
	.name = "scache",
	.summary = "keep connections that one SMTP client leaves to the next",
	.skeleton = ROLE_MULTI,
	.needs = ROLE_MAXPROC_1 | ROLE_NO_USE_LIMIT | ROLE_CHANGES_NOTHING,
	.post_jail = post_jail,
	.accepted = accepted
};
