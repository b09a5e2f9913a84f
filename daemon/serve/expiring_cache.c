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
#include "lib/table/table.h"

/* Among the keys, as the peer has it: when the last cleanup ended. */
#define CLEANUP_KEY	"_LAST_CACHE_CLEANUP_COMPLETED_"
#define SLICE		100	/* entries at a time */

static struct table *table;
static bool (*is_of_use)(const char *key, const char *value);
static int interval_s;

static struct {
	struct event	*timer;
	bool		 is_running;
	int		 retained, dropped;
	struct buf	 unwanted;	/* to be deleted when the next was found */
	bool		 has_unwanted;
} cleanup;

static void
warn(const char *what, const char *key, const struct err *err)
{
	log_warning("%s: could not %s entry for %s: %s", table_name(table),
	    what, key, err->text[0] != '\0' ? err->text : "query error");
}

static void
store(const char *key, const char *value)
{
	struct err err = ERR_INIT;

	if (table_update(table, key, value, &err) == -1)
		warn("update", key, &err);
}

static bool
find(const char *key, struct buf *value)
{
	struct err err = ERR_INIT;

	switch (table_lookup(table, key, value, &err)) {
	case TABLE_FOUND:
		return true;
	case TABLE_NOT_FOUND:
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		warn("read", key, &err);
	}
	return false;
}

bool
expiring_cache_find(const char *key, struct buf *value)
{
	return table != NULL && find(key, value);
}

void
expiring_cache_store(const char *key, const char *value)
{
	if (table == NULL)
		return;
	/* It was to be dropped, and now there is news. */
	if (cleanup.has_unwanted && strcmp(cleanup.unwanted.ptr, key) == 0)
		cleanup.has_unwanted = false;
	store(key, value);
}

/* ---- cleanup ---- */

/* One behind: the table finds its place again by the entry that came last. */
static void
drop_unwanted(void)
{
	struct err err = ERR_INIT;

	if (cleanup.has_unwanted &&
	    table_delete(table, cleanup.unwanted.ptr, &err) != TABLE_FOUND)
		warn("delete", cleanup.unwanted.ptr, &err);
	cleanup.has_unwanted = false;
}

/* Look at the next entry; false at the end. */
static bool
step(bool first)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct err err = ERR_INIT;
	enum table_result r;

	r = table_next(table, first, &key, &value, &err);
	drop_unwanted();
	if (r == TABLE_FOUND && strcmp(key.ptr, CLEANUP_KEY) != 0) {
		if (is_of_use(key.ptr, value.ptr)) {
			cleanup.retained++;
		} else {
			cleanup.dropped++;
			cleanup.has_unwanted = true;
			buf_swap(&cleanup.unwanted, &key);
		}
	} else if (r != TABLE_FOUND && r != TABLE_NOT_FOUND) {
		log_warning("%s: sequence error: %s", table_name(table),
		    err.text);
	}
	buf_done(&key);
	buf_done(&value);
	return r == TABLE_FOUND;
}

static void
wait_s(int64_t seconds)
{
	struct timeval tv = { .tv_sec = seconds > 0 ? seconds : 0 };

	if (event_add(cleanup.timer, &tv) == -1)
		log_fatal("cannot set a timer");
}

static void
report(const char *how)
{
	log_info("cache %s %s cleanup: retained=%d dropped=%d entries",
	    table_name(table), how, cleanup.retained, cleanup.dropped);
}

static void
finish(void)
{
	struct buf now = BUF_INIT;

	cleanup.is_running = false;
	report("full");
	buf_addf(&now, "%lld", (long long)clock_now());
	store(CLEANUP_KEY, now.ptr);
	buf_done(&now);
	wait_s(interval_s);
}

static void
work(evutil_socket_t fd, short what, void *arg)
{
	bool first = !cleanup.is_running;
	int i;

	(void)fd, (void)what, (void)arg;
	if (first)
		cleanup.retained = cleanup.dropped = 0;
	cleanup.is_running = true;
	for (i = 0; i < SLICE; i++, first = false)
		if (!step(first)) {
			finish();
			return;
		}
	wait_s(0);
}

void
expiring_cache_start_cleanup(struct event_base *base, int every_s)
{
	struct buf last = BUF_INIT;
	int64_t due = 0;

	interval_s = every_s;
	if (interval_s == 0 || table == NULL)
		return;
	if (find(CLEANUP_KEY, &last))
		due = atoll(last.ptr) - clock_now() + interval_s;
	buf_done(&last);
	cleanup.timer = event_new(base, -1, 0, work, NULL);
	if (cleanup.timer == NULL)
		log_fatal("cannot make a timer");
	/* A clock that was wrong then must not put it off for ever. */
	if (due > interval_s)
		due = interval_s;
	wait_s(due);
}

/* ---- life ---- */

void
expiring_cache_open(const char *type_name, bool (*fn)(const char *key,
    const char *value))
{
	is_of_use = fn;
	table = table_open(type_name, TABLE_WRITE, TABLE_DUP_REPLACE |
	    TABLE_OPEN_LOCK | TABLE_SURROGATE, NULL);
}

void
expiring_cache_stop(void)
{
	if (table == NULL)
		return;
	if (cleanup.is_running)
		report("partial");
	cleanup.is_running = false;
	if (cleanup.timer != NULL)
		event_free(cleanup.timer);
	cleanup.timer = NULL;
	table_close(table);
	table = NULL;
}
