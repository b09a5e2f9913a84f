/*
 * cache.c - which addresses are known, in a table that outlives the process
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/verify/cache.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/table/table.h"

/* Among the addresses, as the peer has it: when the last cleanup ended. */
#define CLEANUP_KEY	"_LAST_CACHE_CLEANUP_COMPLETED_"
#define SLICE		100	/* entries at a time */

static struct table *table;
static const struct entry_limits *limits;

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

/* A key of the table: the colon is taken where one stands for the table itself. */
static void
make_key(const char *address, struct buf *key)
{
	char *at;

	buf_sets(key, address);
	for (at = key->ptr; (at = strchr(at, ':')) != NULL; )
		*at = '_';
}

/* A value that still says something. */
static bool
is_of_use(const char *key, const char *value, struct entry *e)
{
	if (entry_parse(e, value))
		return !entry_is_expired(e, limits, clock_now());
	log_warning("bad address verify table entry: %s %s", key, value);
	return false;
}

bool
cache_find(const char *address, struct entry *e, struct buf *value)
{
	struct buf key = BUF_INIT;
	bool found;

	make_key(address, &key);
	found = find(key.ptr, value) && is_of_use(key.ptr, value->ptr, e);
	buf_done(&key);
	return found;
}

void
cache_store(const char *address, const struct entry *e)
{
	struct buf key = BUF_INIT, value = BUF_INIT;

	make_key(address, &key);
	entry_format(e, &value);
	store(key.ptr, value.ptr);
	buf_done(&key);
	buf_done(&value);
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
	struct entry e;

	r = table_next(table, first, &key, &value, &err);
	drop_unwanted();
	if (r == TABLE_FOUND && strcmp(key.ptr, CLEANUP_KEY) != 0) {
		if (is_of_use(key.ptr, value.ptr, &e)) {
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
	wait_s(params.address_verify_cache_cleanup_interval);
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
cache_start_cleanup(struct event_base *base)
{
	struct buf last = BUF_INIT;
	int64_t due = 0;

	if (params.address_verify_cache_cleanup_interval == 0)
		return;
	if (find(CLEANUP_KEY, &last))
		due = atoll(last.ptr) - clock_now() +
		    params.address_verify_cache_cleanup_interval;
	buf_done(&last);
	cleanup.timer = event_new(base, -1, 0, work, NULL);
	if (cleanup.timer == NULL)
		log_fatal("cannot make a timer");
	/* A clock that was wrong then must not put it off for ever. */
	if (due > params.address_verify_cache_cleanup_interval)
		due = params.address_verify_cache_cleanup_interval;
	wait_s(due);
}

/* ---- life ---- */

bool
cache_is_lasting(void)
{
	return params.address_verify_map[0] != '\0';
}

void
cache_open(const struct entry_limits *l)
{
	limits = l;
	table = table_open(cache_is_lasting() ? params.address_verify_map :
	    "internal:verify", TABLE_WRITE, TABLE_DUP_REPLACE |
	    TABLE_OPEN_LOCK | TABLE_SURROGATE, NULL);
}

void
cache_stop(void)
{
	if (cleanup.is_running)
		report("partial");
	table_close(table);
	table = NULL;
}
