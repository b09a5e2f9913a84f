/*
 * table_memcache.c - memcache: entries that may be forgotten, with a backup
 *
 *	lookup:  server --miss--> backup --hit--> stored in the server, too
 *	update:  server and backup
 *	delete:  server and backup
 *	listing: backup only
 *
 * While the server cannot be asked the backup answers alone; without a backup
 * that is "try again later". Source: spec/tables.md 9.
 *
 * SPDX-License-Identifier: ISC
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/net/stream.h"
#include "lib/table/table_config.h"
#include "lib/table/table_query.h"
#include "lib/table/table_server.h"
#include "lib/table/table_type.h"

#define KEY_MAX		250	/* the protocol's limit */
#define KEEP_S		1000	/* connections, idle and in all */

struct memcache_state {
	struct table_config *config;
	struct table_query query;	/* key_format is its template */
	struct table_server *server;
	struct table	*backup;	/* NULL: none */
	int		 ttl_s, timeout_s, max_try, retry_pause_s;
	int		 line_max, data_max, flags;
	struct buf	 key, reply;
};

static void
memcache_close(struct table *t)
{
	struct memcache_state *s = t->state;

	table_server_close(s->server);
	table_close(s->backup);
	table_query_done(&s->query);
	table_config_close(s->config);
	buf_done(&s->key);
	buf_done(&s->reply);
	free(s);
}

static int
read_settings(struct table *t, struct memcache_state *s, struct err *err)
{
	const char *backup;

	if ((s->config = table_config_open(t, err)) == NULL)
		return -1;
	/* Who could have written an entry nobody knows. */
	t->trust = TABLE_OWNER_UNKNOWN;
	if (table_query_init(&s->query, s->config, table_config_text(
	    s->config, "key_format", "%s"), err) == -1 ||
	    table_config_int(s->config, "ttl", 3600, 0, &s->ttl_s,
	    err) == -1 ||
	    table_config_int(s->config, "timeout", 2, 1, &s->timeout_s,
	    err) == -1 ||
	    table_config_int(s->config, "max_try", 2, 1, &s->max_try,
	    err) == -1 ||
	    table_config_int(s->config, "retry_pause", 1, 0,
	    &s->retry_pause_s, err) == -1 ||
	    table_config_int(s->config, "line_size_limit", 1024, 16,
	    &s->line_max, err) == -1 ||
	    table_config_int(s->config, "data_size_limit", 10240, 1,
	    &s->data_max, err) == -1 ||
	    table_config_int(s->config, "flags", 0, 0, &s->flags, err) == -1)
		return -1;
	s->server = table_server_open(table_config_text(s->config, "memcache",
	    "inet:localhost:11211"), s->timeout_s, KEEP_S, KEEP_S, err);
	if (s->server == NULL)
		return -1;
	backup = table_config_text(s->config, "backup", "");
	if (*backup == '\0')
		return 0;
	s->backup = table_open(backup, t->mode, t->flags, err);
	return s->backup != NULL ? 0 : -1;
}

static int
memcache_open(struct table *t, struct err *err)
{
	struct memcache_state *s;

	if ((t->flags & TABLE_NO_UNAUTH) != 0)
		return err_set(err, ERR_CONFIG, "%s map is not allowed for "
		    "security-sensitive data", t->full_name);
	s = xcalloc(1, sizeof(*s));
	t->state = s;
	t->is_multi_writer = true;
	buf_init(&s->key);
	buf_init(&s->reply);
	if (read_settings(t, s, err) == 0)
		return 0;
	memcache_close(t);
	return -1;
}

/* Is the key one of ours, and can a server hold it? 1, 0, or -1 with err. */
static int
make_key(struct table *t, const char *key, struct err *err)
{
	struct memcache_state *s = t->state;
	size_t i;
	int rc;

	if (*key == '\0')		/* silently */
		return 0;
	rc = table_query_make(&s->query, t, &s->key, key, NULL, NULL, err);
	if (rc != 1)
		return rc;
	/* Anything else could be read as another request. */
	for (i = 0; i < s->key.len; i++)
		if (isspace((unsigned char)s->key.ptr[i]) ||
		    iscntrl((unsigned char)s->key.ptr[i]))
			return 0;
	return s->key.len > 0 && s->key.len <= KEY_MAX;
}

/* The bytes that "VALUE KEY FLAGS BYTES" announces; -1: it is no such line. */
static int
announced(struct memcache_state *s, size_t *len)
{
	struct span rest = span_buf(&s->reply), key, bytes;
	uint64_t n = 0;
	char digits[24];

	if (!span_eq(span_word(&rest), "VALUE"))
		return -1;
	key = span_word(&rest);
	span_word(&rest);
	bytes = span_word(&rest);
	if (key.len != s->key.len || memcmp(key.ptr, s->key.ptr, key.len) ||
	    bytes.len >= sizeof(digits))
		return -1;
	memcpy(digits, bytes.ptr, bytes.len);
	digits[bytes.len] = '\0';
	if (num_parse_uint(digits, (uint64_t)s->data_max, &n, NULL) == -1)
		return -1;
	*len = (size_t)n;
	return 0;
}

static bool
get_line(struct memcache_state *s, struct stream *io)
{
	buf_reset(&s->reply);
	if (stream_getline(io, &s->reply, (size_t)s->line_max) != 1)
		return false;
	buf_trim_right(&s->reply);
	return true;
}

/* What a request was answered: as a table result, or -1 when it was not. */
typedef int (*answer_fn)(struct memcache_state *s, struct stream *io,
    struct buf *value);

static int
get_answer(struct memcache_state *s, struct stream *io, struct buf *value)
{
	size_t len;

	if (strcmp(s->reply.ptr, "END") == 0)
		return TABLE_NOT_FOUND;
	if (announced(s, &len) == -1)
		return -1;
	buf_reset(value);
	buf_reserve(value, len);
	if (stream_read(io, value->ptr, len) == -1)
		return -1;
	value->len = len;
	value->ptr[len] = '\0';
	if (!get_line(s, io) || s->reply.len != 0 || !get_line(s, io) ||
	    strcmp(s->reply.ptr, "END") != 0)
		return -1;
	return TABLE_FOUND;
}

static int
put_answer(struct memcache_state *s, struct stream *io, struct buf *value)
{
	(void)io, (void)value;
	return strcmp(s->reply.ptr, "STORED") == 0 ? TABLE_FOUND : -1;
}

static int
delete_answer(struct memcache_state *s, struct stream *io, struct buf *value)
{
	(void)io, (void)value;
	if (strcmp(s->reply.ptr, "NOT_FOUND") == 0)
		return TABLE_NOT_FOUND;
	return strcmp(s->reply.ptr, "DELETED") == 0 ? TABLE_FOUND : -1;
}

/* One exchange on one connection; -1 with err. */
static int
try_request(struct memcache_state *s, struct stream *io,
    const struct buf *request, answer_fn answer, struct buf *value,
    struct err *err)
{
	int rc = -1;

	buf_reset(&s->reply);
	if (stream_write(io, request->ptr, request->len) == 0 &&
	    stream_flush(io) == 0 && get_line(s, io))
		rc = answer(s, io, value);
	if (rc != -1)
		return rc;
	if (stream_status(io) == STREAM_TIMEOUT)
		return err_set(err, ERR_TIMEOUT, "no answer within %d s",
		    s->timeout_s);
	if (stream_status(io) != STREAM_OK || s->reply.len == 0)
		return err_set(err, ERR_EOF, "lost connection");
	return err_set(err, ERR_SYNTAX,
	    "unexpected memcache server reply: %.100s", s->reply.ptr);
}

/*
 * Ask, max_try times with pauses between; a kept connection that turns out
 * to be dead does not count. TABLE_RETRY with err when all is in vain.
 */
static enum table_result
ask(struct table *t, const struct buf *request, answer_fn answer,
    struct buf *value, struct err *err)
{
	struct memcache_state *s = t->state;
	const struct timespec pause = { .tv_sec = s->retry_pause_s };
	struct stream *io;
	int tries = 0, is_reused, rc;

	for (;;) {
		io = table_server_stream(s->server, &is_reused, err);
		if (io != NULL && (rc = try_request(s, io, request, answer,
		    value, err)) != -1)
			return (enum table_result)rc;
		table_server_drop(s->server);
		if (io != NULL && is_reused)
			continue;
		log_warning("%s: %s: %s", t->full_name, s->server->where,
		    err->text);
		if (++tries >= s->max_try)
			return TABLE_RETRY;
		nanosleep(&pause, NULL);
	}
}

static enum table_result
get(struct table *t, struct buf *value, struct err *err)
{
	struct memcache_state *s = t->state;
	struct buf request = BUF_INIT;
	enum table_result rc;

	buf_setf(&request, "get %s\r\n", s->key.ptr);
	rc = ask(t, &request, get_answer, value, err);
	buf_done(&request);
	return rc;
}

static int
put(struct table *t, const char *value, size_t len, struct err *err)
{
	struct memcache_state *s = t->state;
	struct buf request = BUF_INIT;
	enum table_result rc;

	if (len > (size_t)s->data_max) {
		err_set(err, ERR_LIMIT, "a value of %zu bytes exceeds "
		    "data_size_limit", len);
		log_warning("%s: %s", t->full_name, err->text);
		return -1;
	}
	buf_setf(&request, "set %s %d %d %zu\r\n", s->key.ptr, s->flags,
	    s->ttl_s, len);
	buf_add(&request, value, len);
	buf_adds(&request, "\r\n");
	rc = ask(t, &request, put_answer, NULL, err);
	buf_done(&request);
	return rc == TABLE_FOUND ? 0 : -1;
}

static enum table_result
memcache_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	struct memcache_state *s = t->state;
	struct err why = ERR_INIT;
	enum table_result rc;
	int wants = make_key(t, key, err);

	(void)len;
	if (wants == -1)
		return TABLE_RETRY;
	rc = wants == 1 ? get(t, value, &why) : TABLE_NOT_FOUND;
	if (rc == TABLE_FOUND)
		return rc;
	if (s->backup != NULL) {
		bool is_up = rc == TABLE_NOT_FOUND && wants == 1;

		rc = table_lookup(s->backup, key, value, err);
		/* What the backup knows stays true if this fails. */
		if (rc == TABLE_FOUND && is_up)
			put(t, value->ptr, value->len, &why);
		return rc;
	}
	if (rc == TABLE_RETRY)
		err_set(err, ERR_RETRY, "%s", why.text);
	return rc;
}

static int
memcache_update(struct table *t, const char *key, size_t key_len,
    const char *value, size_t value_len, struct err *err)
{
	struct memcache_state *s = t->state;
	struct err why = ERR_INIT;
	int wants = make_key(t, key, err);

	(void)key_len;
	if (wants == -1)
		return -1;
	if (wants == 1 && put(t, value, value_len, &why) == -1 &&
	    s->backup == NULL)
		return err_set(err, ERR_RETRY, "%s", why.text);
	if (s->backup != NULL)
		return table_update(s->backup, key, value, err);
	if (wants == 0)
		log_warning("%s: no entry can have the key \"%s\"",
		    t->full_name, key);
	return 0;
}

static enum table_result
memcache_remove(struct table *t, const char *key, size_t len,
    struct err *err)
{
	struct memcache_state *s = t->state;
	enum table_result rc = TABLE_NOT_FOUND;
	struct buf request = BUF_INIT;
	int wants = make_key(t, key, err);

	(void)len;
	if (wants == -1)
		return TABLE_RETRY;
	if (wants == 1) {
		buf_setf(&request, "delete %s\r\n", s->key.ptr);
		rc = ask(t, &request, delete_answer, NULL, err);
		buf_done(&request);
	}
	/* An entry that we cannot delete would come back from the server. */
	if (rc == TABLE_RETRY)
		return rc;
	if (s->backup != NULL)
		return table_delete(s->backup, key, err);
	return rc;
}

static enum table_result
memcache_next(struct table *t, bool first, struct buf *key,
    struct buf *value, struct err *err)
{
	struct memcache_state *s = t->state;

	if (s->backup != NULL)
		return table_next(s->backup, first, key, value, err);
	log_warning("database %s: first/next support requires backup database",
	    t->full_name);
	return TABLE_NOT_FOUND;
}

static int
memcache_commit(struct table *t, struct err *err)
{
	struct memcache_state *s = t->state;

	return s->backup != NULL ? table_commit(s->backup, err) : 0;
}

const struct table_type table_memcache = {
	.name = "memcache",
	.open = memcache_open,
	.close = memcache_close,
	.lookup = memcache_lookup,
	.update = memcache_update,
	.remove = memcache_remove,
	.next = memcache_next,
	.commit = memcache_commit,
};
