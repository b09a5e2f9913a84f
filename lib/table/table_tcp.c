/*
 * table_tcp.c - tcp: a server that speaks lines
 *
 *	get KEY  -->			%XX for what is not printable
 *	<--  200 value | 500 not found | 400 try again
 *
 * Source: spec/tables.md 8.2.
 *
 * SPDX-License-Identifier: ISC
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/stream.h"
#include "lib/table/table_server.h"
#include "lib/table/table_type.h"

#define TIMEOUT_S	100
#define KEEP_S		1000
#define TRIES		10
#define REPLY_MAX	4096

struct tcp_state {
	struct table_server *server;
	struct buf	 request, reply;
};

static int
tcp_open(struct table *t, struct err *err)
{
	struct tcp_state *s;
	struct buf where = BUF_INIT;

	if ((t->flags & TABLE_NO_UNAUTH) != 0)
		return err_set(err, ERR_CONFIG, "%s map is not allowed for "
		    "security sensitive data", t->full_name);
	buf_setf(&where, "inet:%s", t->name);
	s = xcalloc(1, sizeof(*s));
	s->server = table_server_open(where.ptr, TIMEOUT_S, KEEP_S, KEEP_S,
	    err);
	buf_done(&where);
	if (s->server == NULL) {
		err_prefix(err, "%s: ", t->full_name);
		free(s);
		return -1;
	}
	buf_init(&s->request);
	buf_init(&s->reply);
	t->state = s;
	return 0;
}

static void
tcp_close(struct table *t)
{
	struct tcp_state *s = t->state;

	table_server_close(s->server);
	buf_done(&s->request);
	buf_done(&s->reply);
	free(s);
}

static void
put_encoded(struct buf *out, const char *key)
{
	const unsigned char *p;

	for (p = (const unsigned char *)key; *p != '\0'; p++)
		if (*p <= ' ' || *p > 126 || *p == '%')
			buf_addf(out, "%%%02X", *p);
		else
			buf_addc(out, *p);
}

static int
hex(int c)
{
	return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* False when an escape is no escape. */
static bool
put_decoded(struct buf *out, const char *p)
{
	for (; *p != '\0'; p++) {
		if (*p != '%') {
			buf_addc(out, *p);
			continue;
		}
		if (!isxdigit((unsigned char)p[1]) ||
		    !isxdigit((unsigned char)p[2]))
			return false;
		buf_addc(out, hex(p[1]) * 16 + hex(p[2]));
		p += 2;
	}
	return true;
}

/* Send the request, read the line; 0 or -1 with err. */
static int
exchange(struct tcp_state *s, struct err *err)
{
	struct stream *io;
	int tries, is_reused;

	for (tries = 0; tries < TRIES; tries++) {
		if (tries > 0 && !is_reused)
			sleep(1);
		io = table_server_stream(s->server, &is_reused, err);
		if (io == NULL)
			continue;
		buf_reset(&s->reply);
		if (stream_write(io, s->request.ptr, s->request.len) == 0 &&
		    stream_flush(io) == 0 &&
		    stream_getline(io, &s->reply, REPLY_MAX) == 1) {
			buf_trim_right(&s->reply);
			return 0;
		}
		err_set(err, ERR_RETRY, "%s: lost connection or reply longer "
		    "than %d bytes", s->server->where, REPLY_MAX);
		table_server_drop(s->server);
	}
	return -1;
}

static enum table_result
tcp_lookup(struct table *t, const char *key, size_t len, struct buf *value,
    struct err *err)
{
	struct tcp_state *s = t->state;
	struct err why = ERR_INIT;
	const char *text;
	bool is_reply;

	(void)len;
	buf_sets(&s->request, "get ");
	put_encoded(&s->request, key);
	buf_addc(&s->request, '\n');
	if (exchange(s, &why) == -1) {
		log_warning("%s: %s", t->full_name, why.text);
		err_set(err, ERR_RETRY, "%s", why.text);
		return TABLE_RETRY;
	}
	text = s->reply.ptr;
	is_reply = isdigit((unsigned char)text[0]) &&
	    isdigit((unsigned char)text[1]) &&
	    isdigit((unsigned char)text[2]) &&
	    (text[3] == ' ' || text[3] == '\0');
	if (is_reply && put_decoded(value,
	    text + (text[3] == ' ' ? 4 : 3))) {
		if (text[0] == '2')
			return TABLE_FOUND;
		if (text[0] == '5')
			return TABLE_NOT_FOUND;
		if (text[0] == '4') {
			log_warning("%s: server error: %.200s", t->full_name,
			    value->ptr);
			err_set(err, ERR_RETRY, "%.200s", value->ptr);
			return TABLE_RETRY;
		}
	}
	log_warning("%s: malformed reply: %.100s", t->full_name, text);
	err_set(err, ERR_RETRY, "malformed reply: %.100s", text);
	table_server_drop(s->server);
	return TABLE_RETRY;
}

const struct table_type table_tcp = {
	.name = "tcp",
	.is_pattern = true,
	.open = tcp_open,
	.close = tcp_close,
	.lookup = tcp_lookup,
};
