/*
 * expiring_cache.c - what a role has learnt, in a table that outlives the process
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/expiring_cache.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/table/table.h"

/* Among the keys, as the peer has it: when the last cleanup ended. */
#define CLEANUP_KEY	"_LAST_CACHE_CLEANUP_COMPLETED_"
#define SLICE		100	/* entries at a time */

struct expiring_cache {
	struct table	*table;
	bool		(*is_of_use)(void *ctx, const char *key,
			    const char *value);
	void		*ctx;
	/* the cleanup */
	int		 interval_s;
	struct event	*timer;
	bool		 is_running;
	int		 retained, dropped;
	struct buf	 unwanted;	/* to be deleted when the next was found */
	bool		 has_unwanted;
};

static void
warn(const struct expiring_cache *c, const char *what, const char *key,
    const struct err *err)
{
	log_warning("%s: could not %s entry for %s: %s", table_name(c->table),
	    what, key, err->text[0] != '\0' ? err->text : "query error");
}

static void
store(struct expiring_cache *c, const char *key, const char *value)
{
	struct err err = ERR_INIT;

	if (table_update(c->table, key, value, &err) == -1)
		warn(c, "update", key, &err);
}

static bool
find(struct expiring_cache *c, const char *key, struct buf *value)
{
	struct err err = ERR_INIT;

	switch (table_lookup(c->table, key, value, &err)) {
	case TABLE_FOUND:
		return true;
	case TABLE_NOT_FOUND:
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		warn(c, "read", key, &err);
	}
	return false;
}

static void
drop(struct expiring_cache *c, const char *key)
{
	struct err err = ERR_INIT;
	enum table_result r = table_delete(c->table, key, &err);

	if (r != TABLE_FOUND && r != TABLE_NOT_FOUND)
		warn(c, "delete", key, &err);
}

bool
expiring_cache_find(struct expiring_cache *c, const char *key,
    struct buf *value)
{
	return c != NULL && find(c, key, value);
}

/* It was to be dropped, and now there is news, or it is gone. */
static void
forget_unwanted(struct expiring_cache *c, const char *key)
{
	if (c->has_unwanted && strcmp(c->unwanted.ptr, key) == 0)
		c->has_unwanted = false;
}

void
expiring_cache_store(struct expiring_cache *c, const char *key,
    const char *value)
{
	if (c == NULL)
		return;
	forget_unwanted(c, key);
	store(c, key, value);
}

void
expiring_cache_drop(struct expiring_cache *c, const char *key)
{
	if (c == NULL)
		return;
	forget_unwanted(c, key);
	drop(c, key);
}

/* ---- cleanup ---- */

/* One behind: the table finds its place again by the entry that came last. */
static void
drop_unwanted(struct expiring_cache *c)
{
	if (c->has_unwanted)
		drop(c, c->unwanted.ptr);
	c->has_unwanted = false;
}

/* Look at the next entry; false at the end. */
static bool
step(struct expiring_cache *c, bool first)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct err err = ERR_INIT;
	enum table_result r;

	r = table_next(c->table, first, &key, &value, &err);
	drop_unwanted(c);
	if (r == TABLE_FOUND && strcmp(key.ptr, CLEANUP_KEY) != 0) {
		if (c->is_of_use(c->ctx, key.ptr, value.ptr)) {
			c->retained++;
		} else {
			c->dropped++;
			c->has_unwanted = true;
			buf_swap(&c->unwanted, &key);
		}
	} else if (r != TABLE_FOUND && r != TABLE_NOT_FOUND) {
		log_warning("%s: sequence error: %s", table_name(c->table),
		    err.text);
	}
	buf_done(&key);
	buf_done(&value);
	return r == TABLE_FOUND;
}

static void
wait_s(struct expiring_cache *c, int64_t seconds)
{
	struct timeval tv = { .tv_sec = seconds > 0 ? seconds : 0 };

	if (event_add(c->timer, &tv) == -1)
		log_fatal("cannot set a timer");
}

static void
report(const struct expiring_cache *c, const char *how)
{
	log_info("cache %s %s cleanup: retained=%d dropped=%d entries",
	    table_name(c->table), how, c->retained, c->dropped);
}

static void
finish(struct expiring_cache *c)
{
	struct buf now = BUF_INIT;

	c->is_running = false;
	report(c, "full");
	buf_addf(&now, "%lld", (long long)clock_now());
	store(c, CLEANUP_KEY, now.ptr);
	buf_done(&now);
	wait_s(c, c->interval_s);
}

static void
work(evutil_socket_t fd, short what, void *arg)
{
	struct expiring_cache *c = arg;
	bool first = !c->is_running;
	int i;

	(void)fd, (void)what;
	if (first)
		c->retained = c->dropped = 0;
	c->is_running = true;
	for (i = 0; i < SLICE; i++, first = false)
		if (!step(c, first)) {
			finish(c);
			return;
		}
	wait_s(c, 0);
}

void
expiring_cache_start_cleanup(struct expiring_cache *c,
    struct event_base *base, int interval_s)
{
	struct buf last = BUF_INIT;
	int64_t due = 0;

	if (interval_s == 0 || c == NULL)
		return;
	c->interval_s = interval_s;
	if (find(c, CLEANUP_KEY, &last))
		due = atoll(last.ptr) - clock_now() + interval_s;
	buf_done(&last);
	c->timer = event_new(base, -1, 0, work, c);
	if (c->timer == NULL)
		log_fatal("cannot make a timer");
	/* A clock that was wrong then must not put it off for ever. */
	if (due > interval_s)
		due = interval_s;
	wait_s(c, due);
}

/* ---- life ---- */

struct expiring_cache *
expiring_cache_open(const char *type_name, bool (*is_of_use)(void *ctx,
    const char *key, const char *value), void *ctx)
{
	struct expiring_cache *c = xcalloc(1, sizeof(*c));

	c->is_of_use = is_of_use;
	c->ctx = ctx;
	buf_init(&c->unwanted);
	c->table = table_open(type_name, TABLE_WRITE, TABLE_DUP_REPLACE |
	    TABLE_OPEN_LOCK | TABLE_SURROGATE, NULL);
	return c;
}

void
expiring_cache_close(struct expiring_cache *c)
{
	if (c == NULL)
		return;
	if (c->is_running)
		report(c, "partial");
	if (c->timer != NULL)
		event_free(c->timer);
	table_close(c->table);
	buf_done(&c->unwanted);
	free(c);
}
