/*
 * table_redis.c - redis: entries that many hosts share
 *
 *	lookup: GET    update: SET, with an expiry if there is a ttl
 *	delete: DEL    listing: SCAN, then GET for each key
 *
 * Servers are taken in the order in which they are written: the second is
 * asked while the first cannot be reached. Each argument travels with its
 * length, so no key can be anything but a key.
 *
 * SPDX-License-Identifier: ISC
 */
#include <hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/table/pairs.h"
#include "lib/table/table_abi.h"
#include "lib/table/table_config.h"
#include "lib/table/table_query.h"
#include "lib/table/table_type.h"
#include "lib/table/module/sigpipe.h"

#define DEFAULT_HOST	"inet:localhost:6379"
#define SCAN_COUNT	"1000"

struct redis_state {
	struct table_config *config;
	struct table_query query;	/* key_format is its template */
	redisContext	*link;		/* NULL: not connected */
	int		 timeout_s, retry_s, ttl_s, database;
	long long	 down_until_ms;	/* no server could be reached; 0: not so */
	struct pairs	*keys;		/* of a listing */
	size_t		 at;
	struct buf	 key;
};

static void
disconnect(struct redis_state *s)
{
	if (s->link != NULL)
		redisFree(s->link);
	s->link = NULL;
}

static void
redis_close(struct table *t)
{
	struct redis_state *s = t->state;

	disconnect(s);
	pairs_free(s->keys);
	table_query_done(&s->query);
	table_config_close(s->config);
	buf_done(&s->key);
	free(s);
}

static int
read_settings(struct table *t, struct redis_state *s, struct err *err)
{
	if ((s->config = table_config_open(t, err)) == NULL)
		return -1;
	/* Who could have written an entry nobody knows. */
	t->trust = TABLE_OWNER_UNKNOWN;
	if (table_query_init(&s->query, s->config, table_config_text(
	    s->config, "key_format", "%s"), err) == -1 ||
	    table_config_int(s->config, "ttl", 0, 0, &s->ttl_s, err) == -1 ||
	    table_config_int(s->config, "database", 0, 0, &s->database,
	    err) == -1 ||
	    table_config_int(s->config, "timeout", 5, 1, &s->timeout_s,
	    err) == -1)
		return -1;
	return table_config_int(s->config, "retry_interval", 10, 0,
	    &s->retry_s, err);
}

static int
redis_open(struct table *t, struct err *err)
{
	struct redis_state *s;

	if ((t->flags & TABLE_NO_UNAUTH) != 0)
		return err_set(err, ERR_CONFIG, "%s map is not allowed for "
		    "security-sensitive data", t->full_name);
	s = xcalloc(1, sizeof(*s));
	t->state = s;
	t->is_multi_writer = true;
	buf_init(&s->key);
	if (read_settings(t, s, err) == 0)
		return 0;
	redis_close(t);
	return -1;
}

/* "unix:PATH" or "[inet:]HOST:PORT"; NULL with err. */
static redisContext *
connect_one(const char *where, int timeout_s, struct err *err)
{
	const struct timeval limit = { .tv_sec = timeout_s };
	redisContext *c;
	uint64_t port = 0;
	char *host, *colon;

	if (strncmp(where, "unix:", 5) == 0) {
		c = redisConnectUnixWithTimeout(where + 5, limit);
	} else {
		host = xstrdup(strncmp(where, "inet:", 5) == 0 ? where + 5 :
		    where);
		if ((colon = strrchr(host, ':')) == NULL ||
		    num_parse_uint(colon + 1, 65535, &port, NULL) == -1) {
			err_set(err, ERR_CONFIG, "need inet:host:port or "
			    "unix:path instead of \"%s\"", where);
			free(host);
			return NULL;
		}
		*colon = '\0';
		if (host[0] == '[' && colon[-1] == ']')
			colon[-1] = '\0';
		c = redisConnectWithTimeout(host + (host[0] == '['), (int)port,
		    limit);
		free(host);
	}
	if (c != NULL && c->err == 0 && redisSetTimeout(c, limit) == REDIS_OK)
		return c;
	err_set(err, ERR_RETRY, "connect to redis server %s: %s", where,
	    c != NULL ? c->errstr : "out of memory");
	if (c != NULL)
		redisFree(c);
	return NULL;
}

/* Send one command, a list with NULL at its end; NULL with err for trouble of any kind. */
static redisReply *
command(redisContext *c, const char *const *args, struct err *err)
{
	struct sigaction held = sigpipe_hold();
	redisReply *reply;
	int n = 0;

	while (args[n] != NULL)
		n++;
	reply = redisCommandArgv(c, n, (const char **)args, NULL);
	sigpipe_release(held);
	if (reply == NULL) {
		err_set(err, ERR_RETRY, "%s: %s", args[0], c->errstr);
	} else if (reply->type == REDIS_REPLY_ERROR) {
		err_set(err, ERR_RETRY, "%s: %s", args[0], reply->str);
		freeReplyObject(reply);
		reply = NULL;
	}
	return reply;
}

/* Say who we are and which database we mean. */
static int
introduce(struct redis_state *s, redisContext *c, struct err *err)
{
	const char *user = table_config_text(s->config, "user", ""),
	    *password = table_config_text(s->config, "password", "");
	const char *const with_user[] = { "AUTH", user, password, NULL };
	const char *const alone[] = { "AUTH", password, NULL };
	char number[16];
	const char *const select[] = { "SELECT", number, NULL };
	redisReply *reply;

	if (*password != '\0') {
		reply = command(c, *user != '\0' ? with_user : alone, err);
		if (reply == NULL)
			return -1;
		freeReplyObject(reply);
	}
	if (s->database == 0)
		return 0;
	snprintf(number, sizeof(number), "%d", s->database);
	if ((reply = command(c, select, err)) == NULL)
		return -1;
	freeReplyObject(reply);
	return 0;
}

/* Connect to the first server that takes us; -1 with err. */
static int
connect_any(struct table *t, struct err *err)
{
	struct redis_state *s = t->state;
	char *copy, *rest, *where;
	redisContext *c;

	if (s->down_until_ms > clock_mono_ms())
		return err_set(err, ERR_RETRY, "all servers failed within the "
		    "last %d seconds", s->retry_s);
	copy = rest = xstrdup(table_config_text(s->config, "redis",
	    DEFAULT_HOST));
	err_set(err, ERR_RETRY, "%s: no server",
	    table_config_name(s->config));
	while (s->link == NULL &&
	    (where = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		c = connect_one(where, s->timeout_s, err);
		if (c != NULL && introduce(s, c, err) == -1) {
			err_prefix(err, "redis server %s: ", where);
			redisFree(c);
			c = NULL;
		}
		if (c == NULL)
			log_warning("%s: %s", t->full_name, err->text);
		s->link = c;
	}
	free(copy);
	s->down_until_ms = s->link != NULL ? 0 :
	    clock_mono_ms() + s->retry_s * 1000LL;
	return s->link != NULL ? 0 : -1;
}

/*
 * Ask, connecting if need be; a kept connection that turns out to be dead is
 * made anew, once. NULL with err.
 */
static redisReply *
ask(struct table *t, const char *const *args, struct err *err)
{
	struct redis_state *s = t->state;
	redisReply *reply;
	long long began_ms;
	bool was_up;

	do {
		was_up = s->link != NULL;
		if (!was_up && connect_any(t, err) == -1)
			return NULL;
		began_ms = clock_mono_ms();
		if ((reply = command(s->link, args, err)) != NULL)
			return reply;
		if (s->link->err == 0)
			break;		/* the server has answered */
		disconnect(s);
		/* Time that is up would not be less up with a new connection. */
		if (clock_mono_ms() - began_ms >= s->timeout_s * 1000LL) {
			err_set(err, ERR_RETRY, "%s: no answer within %d s",
			    args[0], s->timeout_s);
			break;
		}
	} while (was_up);
	log_warning("%s: %s", t->full_name, err->text);
	return NULL;
}

/* The server's key for ours: 1, 0 if this one is not asked for, -1 with err. */
static int
make_key(struct table *t, const char *key, struct err *err)
{
	struct redis_state *s = t->state;

	if (*key == '\0')		/* silently */
		return 0;
	return table_query_make(&s->query, t, &s->key, key, NULL, NULL, err);
}

/* GET s->key, which stands for key. */
static enum table_result
get(struct table *t, const char *key, struct buf *value, struct err *err)
{
	struct redis_state *s = t->state;
	const char *const args[] = { "GET", s->key.ptr, NULL };
	redisReply *reply = ask(t, args, err);
	enum table_result rc = TABLE_NOT_FOUND;
	int count = 0;

	if (reply == NULL)
		return TABLE_RETRY;
	if (reply->type == REDIS_REPLY_STRING) {
		if (table_query_result(&s->query, t, value, &count,
		    reply->str, key, err) == -1)
			rc = TABLE_RETRY;
		else if (count > 0)
			rc = TABLE_FOUND;
	}
	freeReplyObject(reply);
	return rc;
}

static enum table_result
redis_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	int wants = make_key(t, key, err);

	(void)len;
	if (wants != 1)
		return wants == 0 ? TABLE_NOT_FOUND : TABLE_RETRY;
	return get(t, key, value, err);
}

static int
redis_update(struct table *t, const char *key, size_t key_len,
    const char *value, size_t value_len, struct err *err)
{
	struct redis_state *s = t->state;
	char ttl[16];
	const char *args[] = { "SET", NULL, value, "EX", ttl, NULL };
	redisReply *reply;
	int wants = make_key(t, key, err);

	(void)key_len, (void)value_len;
	if (wants == -1)
		return -1;
	if (wants == 0) {
		log_warning("%s: no entry can have the key \"%s\"",
		    t->full_name, key);
		return 0;
	}
	snprintf(ttl, sizeof(ttl), "%d", s->ttl_s);
	args[1] = s->key.ptr;
	if (s->ttl_s == 0)
		args[3] = NULL;
	if ((reply = ask(t, args, err)) == NULL)
		return -1;
	freeReplyObject(reply);
	return 0;
}

static enum table_result
redis_remove(struct table *t, const char *key, size_t len, struct err *err)
{
	struct redis_state *s = t->state;
	int wants = make_key(t, key, err);
	const char *const args[] = { "DEL", s->key.ptr, NULL };
	enum table_result rc;
	redisReply *reply;

	(void)len;
	if (wants != 1)
		return wants == 0 ? TABLE_NOT_FOUND : TABLE_RETRY;
	if ((reply = ask(t, args, err)) == NULL)
		return TABLE_RETRY;
	rc = reply->integer > 0 ? TABLE_FOUND : TABLE_NOT_FOUND;
	freeReplyObject(reply);
	return rc;
}

/* What stands around the key in key_format; false when it is not one whole key. */
static bool
around(const struct redis_state *s, struct buf *before, struct buf *after)
{
	struct buf *out = before;
	const char *p;

	for (p = s->query.query; *p != '\0'; p++) {
		if (*p != '%' || p[1] == '%') {
			buf_addc(out, *p);
			p += *p == '%';
		} else if (*++p != 's' || out == after) {
			return false;
		} else {
			out = after;
		}
	}
	return out == after;
}

static void
add_glob(struct buf *pattern, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("*?[]\\", *text) != NULL)
			buf_addc(pattern, '\\');
		buf_addc(pattern, *text);
	}
}

/* Take the keys of one SCAN reply; the server may give one twice. */
static void
take_keys(struct redis_state *s, const redisReply *list, size_t before,
    size_t after)
{
	size_t i;

	for (i = 0; i < list->elements; i++) {
		const char *key = list->element[i]->str;
		size_t len = list->element[i]->len;

		if (list->element[i]->type != REDIS_REPLY_STRING ||
		    len <= before + after || memchr(key, '\0', len) != NULL)
			continue;
		if (pairs_find(s->keys, key + before,
		    len - before - after) == NULL)
			pairs_add(s->keys, key + before, len - before - after,
			    "", 0);
	}
}

/* Fill s->keys with all keys of the table; -1 with err. */
static int
scan(struct table *t, struct err *err)
{
	struct redis_state *s = t->state;
	struct buf before = BUF_INIT, after = BUF_INIT, pattern = BUF_INIT,
	    cursor = BUF_INIT;
	redisReply *reply;
	int rc = 0;

	pairs_free(s->keys);
	s->keys = pairs_new();
	s->at = 0;
	if (!around(s, &before, &after))
		rc = err_set(err, ERR_CONFIG, "%s: a listing needs a "
		    "key_format with one %%s and no other part of the key",
		    t->full_name);
	add_glob(&pattern, before.ptr);
	buf_addc(&pattern, '*');
	add_glob(&pattern, after.ptr);
	buf_sets(&cursor, "0");
	while (rc == 0) {
		const char *const args[] = { "SCAN", cursor.ptr, "MATCH",
		    pattern.ptr, "COUNT", SCAN_COUNT, NULL };

		reply = ask(t, args, err);
		if (reply == NULL || reply->type != REDIS_REPLY_ARRAY ||
		    reply->elements != 2 || reply->element[0]->str == NULL) {
			rc = reply == NULL ? -1 : err_set(err, ERR_SYNTAX,
			    "unexpected reply to SCAN");
		} else {
			take_keys(s, reply->element[1], before.len, after.len);
			buf_sets(&cursor, reply->element[0]->str);
		}
		if (reply != NULL)
			freeReplyObject(reply);
		if (strcmp(cursor.ptr, "0") == 0)
			break;
	}
	buf_done(&before);
	buf_done(&after);
	buf_done(&pattern);
	buf_done(&cursor);
	return rc;
}

static enum table_result
redis_next(struct table *t, bool first, struct buf *key, struct buf *value,
    struct err *err)
{
	struct redis_state *s = t->state;
	enum table_result rc;
	const struct pair *p;
	int wants;

	if ((first || s->keys == NULL) && scan(t, err) == -1)
		return TABLE_RETRY;
	/* Keys that have gone since the scan are passed over. */
	while (s->at < pairs_count(s->keys)) {
		p = pairs_at(s->keys, s->at++);
		buf_reset(value);
		if ((wants = make_key(t, p->key, err)) == -1)
			return TABLE_RETRY;
		if (wants == 0 ||
		    (rc = get(t, p->key, value, err)) == TABLE_NOT_FOUND)
			continue;
		buf_sets(key, p->key);
		return rc;
	}
	return TABLE_NOT_FOUND;
}

static const struct table_type type = {
	.name = "redis",
	.open = redis_open,
	.close = redis_close,
	.lookup = redis_lookup,
	.update = redis_update,
	.remove = redis_remove,
	.next = redis_next,
};

const struct table_module posthorn_table = {
	TABLE_ABI, &type
};
