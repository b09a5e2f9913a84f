/*
 * sql_table.c - a table type over a choice of SQL servers
 *
 * A host is down only when its connection fails; an error that the server
 * answers with is about this query, and a key that provokes one must not cut
 * everybody off for retry_interval seconds. A connection that stood already
 * may have died while it was idle, so the same host gets one fresh try.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/module/sql_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/table_config.h"
#include "lib/table/table_query.h"

#define RETRY_S		60	/* before a host that is down is tried again */
#define IDLE_S		60	/* before an unused connection is closed */
#define TIMEOUT_S	60	/* for a connection, and for an answer */

enum host_state { HOST_UNTRIED, HOST_UP, HOST_DOWN };

struct host {
	struct sql_host	 at;
	char		*copy;		/* what at points into */
	enum host_state	 state;
	bool		 is_tried;	/* in this lookup */
	void		*link;		/* NULL: not connected */
	long long	 used_ms;	/* last use, or when it went down */
};

struct sql_state {
	const struct sql_client *client;
	struct table_config *config;
	struct table_query query;
	struct host	*hosts;
	size_t		 count;
	int		 retry_s, idle_s, timeout_s;
	struct buf	 sql;
};

struct sql_rows {
	struct table	*t;
	struct sql_state *state;
	struct buf	*value;
	const char	*key;
	int		 count;
	struct err	*err;
	bool		 has_failed;
};

/* "unix:PATH", "[inet:]HOST[:PORT]", or a URI for the client library. */
static void
parse_host(struct host *h, const char *word, const struct sql_client *client)
{
	const char *uri = client->uri_prefix;
	char *p, *port;

	h->copy = xstrdup(word);
	h->at.name = xstrdup(word);
	p = h->copy;
	if (uri != NULL && strncmp(word, uri, strlen(uri)) == 0) {
		h->at.where = p;
		return;
	}
	if (strncmp(p, "unix:", 5) == 0) {
		h->at.is_unix = true;
		h->at.where = p + 5;
		return;
	}
	if (strncmp(p, "inet:", 5) == 0)
		p += 5;
	port = strrchr(p, ':');
	if (*p == '[' && strchr(p, ']') != NULL) {
		char *close = strchr(p++, ']');

		*close = '\0';
		port = close[1] == ':' ? close + 1 : NULL;
	}
	h->at.where = p;
	if (port != NULL) {
		*port++ = '\0';
		h->at.port = port;
	}
}

static int
read_hosts(struct sql_state *s, struct err *err)
{
	char *copy = xstrdup(table_config_text(s->config, "hosts", "")),
	    *rest = copy, *word;

	if (*text_skip_blank(copy) == '\0') {
		free(copy);
		copy = rest = xstrdup("localhost");
	}
	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		s->hosts = xreallocarray(s->hosts, s->count + 1,
		    sizeof(*s->hosts));
		memset(&s->hosts[s->count], 0, sizeof(*s->hosts));
		parse_host(&s->hosts[s->count++], word, s->client);
	}
	free(copy);
	return s->count > 0 ? 0 : err_set(err, ERR_CONFIG, "%s: no hosts",
	    table_config_name(s->config));
}

static void
drop(struct sql_state *s, struct host *h)
{
	if (h->link != NULL)
		s->client->disconnect(h->link);
	h->link = NULL;
	h->state = HOST_UNTRIED;
}

void
sql_table_close(struct table *t)
{
	struct sql_state *s = t->state;
	size_t i;

	for (i = 0; i < s->count; i++) {
		drop(s, &s->hosts[i]);
		free((char *)s->hosts[i].at.name);
		free(s->hosts[i].copy);
	}
	free(s->hosts);
	table_query_done(&s->query);
	table_config_close(s->config);
	buf_done(&s->sql);
	free(s);
}

int
sql_table_open(struct table *t, const struct sql_client *client,
    int (*sql)(struct buf *out, const struct table_config *c,
    struct err *err), struct err *err)
{
	struct sql_state *s = xcalloc(1, sizeof(*s));

	t->state = s;
	s->client = client;
	buf_init(&s->sql);
	if ((s->config = table_config_open(t, err)) == NULL ||
	    table_config_must(s->config, "dbname", err) == NULL ||
	    sql(&s->sql, s->config, err) == -1 ||
	    table_query_init(&s->query, s->config, s->sql.ptr, err) == -1 ||
	    table_config_int(s->config, "retry_interval", RETRY_S, 1,
	    &s->retry_s, err) == -1 ||
	    table_config_int(s->config, "idle_interval", IDLE_S, 1,
	    &s->idle_s, err) == -1 ||
	    table_config_int(s->config, "timeout", TIMEOUT_S, 1,
	    &s->timeout_s, err) == -1 || read_hosts(s, err) == -1) {
		sql_table_close(t);
		return -1;
	}
	return 0;
}

/* Time passes: idle connections are closed, hosts that were down may be tried. */
static void
age_hosts(struct sql_state *s)
{
	long long now = clock_mono_ms(), limit;
	size_t i;

	for (i = 0; i < s->count; i++) {
		struct host *h = &s->hosts[i];

		h->is_tried = false;
		limit = (h->state == HOST_DOWN ? s->retry_s : s->idle_s) *
		    1000LL;
		if (h->state != HOST_UNTRIED && now - h->used_ms >= limit)
			drop(s, h);
	}
}

/* One of the hosts in this state and of this kind, by chance; NULL if none. */
static struct host *
any_host(struct sql_state *s, enum host_state state, bool is_unix)
{
	struct host *chosen = NULL;
	unsigned seen = 0, random = 0;
	size_t i;

	for (i = 0; i < s->count; i++) {
		struct host *h = &s->hosts[i];

		if (h->state != state || h->at.is_unix != is_unix ||
		    h->is_tried)
			continue;
		seen++;
		if (seen > 1 && getrandom(&random, sizeof(random), 0) !=
		    (ssize_t)sizeof(random))
			random = 1;
		if (random % seen == 0)
			chosen = h;
	}
	return chosen;
}

static struct host *
next_host(struct sql_state *s)
{
	struct host *h;

	if ((h = any_host(s, HOST_UP, true)) == NULL &&
	    (h = any_host(s, HOST_UP, false)) == NULL &&
	    (h = any_host(s, HOST_UNTRIED, true)) == NULL)
		h = any_host(s, HOST_UNTRIED, false);
	return h;
}

static void
host_is_down(struct sql_state *s, struct host *h)
{
	drop(s, h);
	h->state = HOST_DOWN;
	h->used_ms = clock_mono_ms();
}

/* What quoting needs, and whether it went well. */
struct quoting {
	const struct sql_client *client;
	void		*link;
	bool		 is_good;
};

static void
quote(struct buf *out, const char *text, size_t len, void *ctx)
{
	struct quoting *q = ctx;

	if (!q->client->quote(q->link, out, text, len))
		q->is_good = false;
}

static void
no_quote(struct buf *out, const char *text, size_t len, void *ctx)
{
	(void)out, (void)text, (void)len, (void)ctx;
}

bool
sql_rows_add(struct sql_rows *rows, const char *field)
{
	rows->has_failed = table_query_result(&rows->state->query, rows->t,
	    rows->value, &rows->count, field, rows->key, rows->err) == -1;
	return !rows->has_failed;
}

/* Ask one host, connecting if need be, once more if a kept connection is dead. */
static enum sql_result
ask_host(struct sql_state *s, struct host *h, struct sql_rows *rows,
    struct err *why)
{
	struct quoting q = { s->client, NULL, true };
	enum sql_result rc;
	bool was_up;

	do {
		was_up = h->link != NULL;
		if (!was_up && (h->link = s->client->connect(s->config,
		    &h->at, s->timeout_s, why)) == NULL) {
			err_prefix(why, "connect to %s server %s: ",
			    rows->t->type->name, h->at.name);
			log_warning("%s", why->text);
			return SQL_LOST;
		}
		h->state = HOST_UP;
		h->used_ms = clock_mono_ms();
		q.link = h->link;
		buf_reset(&s->sql);
		table_query_expand(&s->query, &s->sql, rows->key, quote, &q);
		buf_reset(rows->value);
		rows->count = 0;
		/* Bytes that no text of that server can have: nor has it this key. */
		if (!q.is_good)
			return SQL_DONE;
		rc = s->client->query(h->link, s->config, s->sql.ptr,
		    s->timeout_s, rows, why);
		if (rc == SQL_DONE)
			break;
		err_prefix(why, "query failed: ");
		/* Time that is up would not be less up with a new connection. */
		if (rc == SQL_LOST)
			drop(s, h);
		if (rc == SQL_REFUSED || !was_up || why->kind == ERR_TIMEOUT)
			log_warning("%s: %s: %s", rows->t->full_name,
			    h->at.name, why->text);
	} while (rc == SQL_LOST && was_up && why->kind != ERR_TIMEOUT);
	return rc;
}

enum table_result
sql_table_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	struct sql_state *s = t->state;
	struct sql_rows rows = { t, s, value, key, 0, err, false };
	struct err why = ERR_INIT;
	struct host *h;
	int wants;

	(void)len;
	/* Each host quotes in its own way; this is to see what is missing. */
	wants = table_query_make(&s->query, t, &s->sql, key, no_quote, NULL,
	    err);
	if (wants != 1)
		return wants == 0 ? TABLE_NOT_FOUND : TABLE_RETRY;
	err_set(&why, ERR_RETRY, "all hosts failed within the last %d seconds",
	    s->retry_s);
	age_hosts(s);
	while ((h = next_host(s)) != NULL) {
		h->is_tried = true;
		switch (ask_host(s, h, &rows, &why)) {
		case SQL_DONE:
			if (rows.has_failed)
				return TABLE_RETRY;
			return rows.count > 0 ? TABLE_FOUND : TABLE_NOT_FOUND;
		case SQL_LOST:
			host_is_down(s, h);
			break;
		case SQL_REFUSED:
			break;
		}
	}
	err_set(err, ERR_RETRY, "%s", why.text);
	return TABLE_RETRY;
}
