/*
 * table_proxy.c - proxy: tables that the proxymap service opens for us
 *
 * The service has rights and connections that we lack; it serves the tables
 * that its configuration lists. Where no such service exists (its endpoint is
 * missing: the instance is not set up to have one) the table is opened here,
 * with the rights of this process. Protocol: spec/services.md 3.7.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/net/stream.h"
#include "lib/table/table_type.h"

#define REPLY_MAX	(1 << 20)

/* Flag bits on the wire (spec/tables.md 3.10). */
#define WIRE_PATTERN	(1 << 5)

enum proxy_status { PROXY_OK, PROXY_NO_KEY, PROXY_RETRY, PROXY_BAD,
	PROXY_DENIED, PROXY_CONFIG };

struct service {
	const char	*name;
	struct stream	*stream;
	long long	 born_ms, used_ms;
};

struct proxy_state {
	struct table	*direct;	/* opened here; the rest is unused then */
	struct service	*service;
	char		*inner;		/* name without "proxy:" */
	int		 flags;
	struct buf	 request;
};

static struct service services[2];	/* read, write */

static int
wire_flags(unsigned flags)
{
	static const struct {
		unsigned	ours;
		int		bit;
	} bits[] = {
		{ TABLE_DUP_WARN, 0 }, { TABLE_DUP_IGNORE, 1 },
		{ TABLE_TRY0NULL, 2 }, { TABLE_TRY1NULL, 3 },
		{ ~0u, 6 }, { TABLE_DUP_REPLACE, 7 },
		{ TABLE_NO_REGSUB, 11 }, { TABLE_NO_PROXY, 12 },
		{ TABLE_NO_UNAUTH, 13 }, { TABLE_FOLD, 14 },
		{ TABLE_UTF8, 19 }, { TABLE_VALUE_IS_FILE, 21 },
	};
	size_t i;
	int wire = 0;

	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if ((flags & bits[i].ours) != 0)
			wire |= 1 << bits[i].bit;
	return wire;
}

static void
hang_up(struct service *sv)
{
	stream_free(sv->stream);
	sv->stream = NULL;
}

/* Daemons stand in the queue directory (or are chrooted to it), commands do not. */
static int
call(struct service *sv, struct err *err)
{
	long long now = clock_mono_ms();
	struct buf dir = BUF_INIT;

	if (sv->stream != NULL && (now - sv->used_ms >= params.ipc_idle *
	    1000LL || now - sv->born_ms >= params.ipc_ttl * 1000LL))
		hang_up(sv);
	sv->used_ms = now;
	if (sv->stream != NULL)
		return 0;
	sv->stream = endpoint_connect_greeted("private", sv->name,
	    "proxymap_protocol", params.ipc_timeout, err);
	if (sv->stream == NULL && err->kind == ERR_SYSTEM &&
	    err->errnum == ENOENT) {
		buf_setf(&dir, "%s/private", params.queue_directory);
		sv->stream = endpoint_connect_greeted(dir.ptr, sv->name,
		    "proxymap_protocol", params.ipc_timeout, err);
		buf_done(&dir);
	}
	sv->born_ms = now;
	return sv->stream != NULL ? 0 : -1;
}

/* Send s->request and read its reply; once more on a connection gone stale. */
static int
try_exchange(struct proxy_state *s, struct attrs *reply, struct err *err)
{
	struct service *sv = s->service;

	if (call(sv, err) == -1)
		return -1;
	if (stream_write(sv->stream, s->request.ptr, s->request.len) == 0 &&
	    stream_flush(sv->stream) == 0) {
		switch (attrs_read(sv->stream, reply, REPLY_MAX, err)) {
		case 1:
			return 0;
		case 0:
			err_set(err, ERR_EOF, "premature end-of-input");
			break;
		}
	} else {
		err_set(err, ERR_EOF, "lost connection");
	}
	hang_up(sv);
	return -1;
}

/*
 * The service is ours: when it restarts we wait for it. The status of its
 * answer, with reply to be done with by the caller.
 */
static int
exchange(struct table *t, struct attrs *reply)
{
	struct proxy_state *s = t->state;
	struct err err = ERR_INIT;
	int32_t status;
	bool was_connected;

	attrs_init(reply);
	for (;;) {
		was_connected = s->service->stream != NULL;
		if (try_exchange(s, reply, &err) == 0) {
			if (attrs_int(reply, "status", 0, &status))
				return status;
			err_set(&err, ERR_SYNTAX, "reply without status");
			hang_up(s->service);
		}
		if (was_connected)
			continue;
		log_warning("%s service: %s", s->service->name, err.text);
		sleep(1);
	}
}

static void
begin_request(struct proxy_state *s, const char *what)
{
	buf_reset(&s->request);
	attr_put_str(&s->request, "request", what);
	attr_put_str(&s->request, "table", s->inner);
	attr_put_int(&s->request, "flags", s->flags);
}

/* What a status other than "ok" and "no such key" means. */
static enum table_result
failure(struct table *t, int status, const char *request, struct err *err)
{
	struct proxy_state *s = t->state;

	switch (status) {
	case PROXY_NO_KEY:
		return TABLE_NOT_FOUND;
	case PROXY_RETRY:
		err_set(err, ERR_RETRY, "%s", "");
		return TABLE_RETRY;
	case PROXY_DENIED:
		err_set(err, ERR_CONFIG, "%s service is not configured for "
		    "table \"%s\"", s->service->name, s->inner);
		return TABLE_BROKEN;
	case PROXY_BAD:
		err_set(err, ERR_CONFIG, "%s service: bad request: %s",
		    s->service->name, request);
		return TABLE_BROKEN;
	default:
		err_set(err, ERR_RETRY, "%s", "");
		return TABLE_BROKEN;
	}
}

static void
proxy_close(struct table *t)
{
	struct proxy_state *s = t->state;

	table_close(s->direct);
	buf_done(&s->request);
	free(s->inner);
	free(s);
}

static int
open_direct(struct table *t, struct err *err)
{
	struct proxy_state *s = t->state;

	s->direct = table_open(s->inner, t->mode,
	    t->flags & ~(unsigned)TABLE_SURROGATE, err);
	if (s->direct == NULL)
		return -1;
	t->is_pattern = s->direct->is_pattern;
	t->trust = s->direct->trust;
	t->owner = s->direct->owner;
	return 0;
}

static int
open_by_service(struct table *t, struct err *err)
{
	struct proxy_state *s = t->state;
	struct err why = ERR_INIT;
	struct attrs reply;
	int32_t flags = 0;
	int status;

	if (call(s->service, &why) == -1 && why.kind == ERR_SYSTEM &&
	    why.errnum == ENOENT)
		return open_direct(t, err);
	begin_request(s, "open");
	attr_put_end(&s->request);
	status = exchange(t, &reply);
	attrs_int(&reply, "flags", 0, &flags);
	attrs_done(&reply);
	if (status != PROXY_OK) {
		if (failure(t, status, "open", err) == TABLE_RETRY ||
		    status == PROXY_CONFIG)
			err_set(err, ERR_RETRY, "%s service cannot open table "
			    "\"%s\"", s->service->name, s->inner);
		return -1;
	}
	t->is_pattern = (flags & WIRE_PATTERN) != 0;
	return 0;
}

static int
proxy_open(struct table *t, struct err *err)
{
	struct proxy_state *s = xcalloc(1, sizeof(*s));
	bool writes = t->mode != TABLE_READ;
	const char *inner = t->name;
	int rc;

	while (strncmp(inner, "proxy:", 6) == 0)
		inner += 6;
	t->state = s;
	buf_init(&s->request);
	s->inner = xstrdup(inner);
	s->flags = wire_flags(t->flags);
	s->service = &services[writes];
	s->service->name = writes ? params.proxywrite_service_name :
	    params.proxymap_service_name;
	rc = (t->flags & TABLE_NO_PROXY) != 0 ? open_direct(t, err) :
	    open_by_service(t, err);
	if (rc == -1)
		proxy_close(t);
	return rc;
}

static enum table_result
proxy_lookup(struct table *t, const char *key, size_t len, struct buf *value,
    struct err *err)
{
	struct proxy_state *s = t->state;
	struct attrs reply;
	const char *text;
	int status;

	(void)len;
	if (s->direct != NULL)
		return table_lookup(s->direct, key, value, err);
	begin_request(s, "lookup");
	attr_put_str(&s->request, "key", key);
	attr_put_end(&s->request);
	status = exchange(t, &reply);
	if ((text = attrs_get(&reply, "value", 0)) != NULL)
		buf_sets(value, text);
	attrs_done(&reply);
	return status == PROXY_OK ? TABLE_FOUND :
	    failure(t, status, "lookup", err);
}

static int
proxy_update(struct table *t, const char *key, size_t key_len,
    const char *value, size_t value_len, struct err *err)
{
	struct proxy_state *s = t->state;
	struct attrs reply;
	int status;

	(void)key_len, (void)value_len;
	if (s->direct != NULL)
		return table_update(s->direct, key, value, err);
	begin_request(s, "update");
	attr_put_str(&s->request, "key", key);
	attr_put_str(&s->request, "value", value);
	attr_put_end(&s->request);
	status = exchange(t, &reply);
	attrs_done(&reply);
	if (status == PROXY_OK || status == PROXY_NO_KEY)
		return 0;
	return failure(t, status, "update", err), -1;
}

static enum table_result
proxy_remove(struct table *t, const char *key, size_t len, struct err *err)
{
	struct proxy_state *s = t->state;
	struct attrs reply;
	int status;

	(void)len;
	if (s->direct != NULL)
		return table_delete(s->direct, key, err);
	begin_request(s, "delete");
	attr_put_str(&s->request, "key", key);
	attr_put_end(&s->request);
	status = exchange(t, &reply);
	attrs_done(&reply);
	return status == PROXY_OK ? TABLE_FOUND :
	    failure(t, status, "delete", err);
}

static enum table_result
proxy_next(struct table *t, bool first, struct buf *key, struct buf *value,
    struct err *err)
{
	struct proxy_state *s = t->state;
	const char *k, *v;
	struct attrs reply;
	int status;

	if (s->direct != NULL)
		return table_next(s->direct, first, key, value, err);
	begin_request(s, "sequence");
	attr_put_int(&s->request, "function", first ? 0 : 1);
	attr_put_end(&s->request);
	status = exchange(t, &reply);
	k = attrs_get(&reply, "key", 0);
	v = attrs_get(&reply, "value", 0);
	buf_sets(key, k != NULL ? k : "");
	buf_sets(value, v != NULL ? v : "");
	attrs_done(&reply);
	return status == PROXY_OK ? TABLE_FOUND :
	    failure(t, status, "sequence", err);
}

static int
proxy_commit(struct table *t, struct err *err)
{
	struct proxy_state *s = t->state;

	return s->direct != NULL ? table_commit(s->direct, err) : 0;
}

const struct table_type table_proxy = {
	.name = "proxy",
	.open = proxy_open,
	.close = proxy_close,
	.lookup = proxy_lookup,
	.update = proxy_update,
	.remove = proxy_remove,
	.next = proxy_next,
	.commit = proxy_commit,
};
