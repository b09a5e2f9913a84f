/*
 * table_socketmap.c - socketmap: a server that speaks netstrings
 *
 *	NAME KEY  -->			as one netstring: "LEN:bytes,"
 *	<--  OK value | NOTFOUND | TEMP why | TIMEOUT why | PERM why
 *
 * Source: spec/tables.md 8.1.
 *
 * SPDX-License-Identifier: ISC
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/net/stream.h"
#include "lib/table/table_server.h"
#include "lib/table/table_type.h"

#define TIMEOUT_S	100
#define IDLE_S		10
#define TTL_S		100
#define LENGTH_DIGITS	9

struct socketmap_state {
	struct table_server *server;
	char		*map;		/* what follows the last colon */
	struct buf	 request, reply;
};

static void
socketmap_close(struct table *t)
{
	struct socketmap_state *s = t->state;

	table_server_close(s->server);
	buf_done(&s->request);
	buf_done(&s->reply);
	free(s->map);
	free(s);
}

static int
socketmap_open(struct table *t, struct err *err)
{
	const char *colon = strrchr(t->name, ':');
	struct socketmap_state *s;
	char *where;

	if ((t->flags & TABLE_NO_UNAUTH) != 0)
		return err_set(err, ERR_CONFIG, "%s map is not allowed for "
		    "security-sensitive data", t->full_name);
	if (colon == NULL || colon == t->name || colon[1] == '\0' ||
	    strchr(t->name, ':') == colon)
		return err_set(err, ERR_CONFIG,
		    "socketmap requires server:socketmap argument");
	s = xcalloc(1, sizeof(*s));
	t->state = s;
	buf_init(&s->request);
	buf_init(&s->reply);
	s->map = xstrdup(colon + 1);
	where = xstrndup(t->name, (size_t)(colon - t->name));
	s->server = table_server_open(where, TIMEOUT_S, IDLE_S, TTL_S, err);
	free(where);
	if (s->server != NULL)
		return 0;
	err_prefix(err, "%s: ", t->full_name);
	socketmap_close(t);
	return -1;
}

/* Read one netstring; 0 or -1 with err. */
static int
read_netstring(struct stream *in, struct buf *out, size_t max,
    struct err *err)
{
	size_t len = 0;
	int c, digits;

	for (digits = 0; (c = stream_getc(in)) != ':'; digits++) {
		if (c == -1)
			return err_set(err, ERR_EOF, "lost connection");
		if (!isdigit(c) || digits >= LENGTH_DIGITS)
			return err_set(err, ERR_SYNTAX, "no netstring");
		len = len * 10 + (size_t)(c - '0');
	}
	if (digits == 0 || len > max)
		return err_set(err, ERR_LIMIT, "reply of %zu bytes", len);
	buf_reset(out);
	buf_reserve(out, len);
	if (stream_read(in, out->ptr, len) == -1 || stream_getc(in) != ',')
		return err_set(err, ERR_EOF, "truncated reply");
	out->len = len;
	out->ptr[len] = '\0';
	return 0;
}

/* One exchange, twice when an old connection turns out to be dead. */
static int
exchange(struct socketmap_state *s, struct err *err)
{
	struct stream *io;
	int is_reused;

	do {
		io = table_server_stream(s->server, &is_reused, err);
		if (io == NULL)
			return -1;
		if (stream_printf(io, "%zu:", s->request.len) == 0 &&
		    stream_write(io, s->request.ptr, s->request.len) == 0 &&
		    stream_puts(io, ",") == 0 && stream_flush(io) == 0 &&
		    read_netstring(io, &s->reply,
		    (size_t)params.socketmap_max_reply_size, err) == 0)
			return 0;
		if (stream_status(io) == STREAM_TIMEOUT)
			err_set(err, ERR_TIMEOUT, "timeout");
		else if (err != NULL && err->kind == ERR_NONE)
			err_set(err, ERR_EOF, "lost connection");
		table_server_drop(s->server);
	} while (is_reused);
	return -1;
}

static enum table_result
socketmap_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	static const struct {
		const char	*word, *what;
		enum table_result rc;
	} failures[] = {
		{ "TEMP ", "temporary", TABLE_RETRY },
		{ "TIMEOUT ", "timeout", TABLE_RETRY },
		{ "PERM ", "permanent", TABLE_BROKEN },
		{ "", "unknown", TABLE_RETRY },
	};
	struct socketmap_state *s = t->state;
	struct err why = ERR_INIT;
	size_t i, n;

	if (len + strlen(s->map) + 1 >
	    (size_t)params.socketmap_max_query_size) {
		log_warning("%s: query of %zu bytes exceeds "
		    "socketmap_max_query_size", t->full_name, len);
		return TABLE_NOT_FOUND;
	}
	buf_setf(&s->request, "%s %s", s->map, key);
	if (exchange(s, &why) == -1) {
		log_warning("%s: socketmap server %s: %s", t->full_name,
		    s->server->where, why.text);
		err_set(err, ERR_RETRY, "%s", why.text);
		return TABLE_RETRY;
	}
	if (strncmp(s->reply.ptr, "OK ", 3) == 0) {
		buf_sets(value, s->reply.ptr + 3);
		return TABLE_FOUND;
	}
	if (strncmp(s->reply.ptr, "NOTFOUND", 8) == 0 &&
	    (s->reply.ptr[8] == ' ' || s->reply.ptr[8] == '\0'))
		return TABLE_NOT_FOUND;
	for (i = 0; ; i++) {
		n = strlen(failures[i].word);
		if (strncmp(s->reply.ptr, failures[i].word, n) == 0)
			break;
	}
	log_warning("%s socketmap server %s error: %.200s", t->full_name,
	    failures[i].what, s->reply.ptr + n);
	err_set(err, ERR_RETRY, "%s error: %.200s", failures[i].what,
	    s->reply.ptr + n);
	return failures[i].rc;
}

const struct table_type table_socketmap = {
	.name = "socketmap",
	.is_pattern = true,
	.open = socketmap_open,
	.close = socketmap_close,
	.lookup = socketmap_lookup,
};
