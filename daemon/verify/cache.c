/*
 * cache.c - which addresses are known: entries in an expiring cache
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/verify/cache.h"

#include <string.h>

#include "daemon/serve/expiring_cache.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"

static const struct entry_limits *limits;
static struct expiring_cache *table;

/* A value that still says something. */
static bool
parse(const char *key, const char *value, struct entry *e)
{
	if (entry_parse(e, value))
		return !entry_is_expired(e, limits, clock_now());
	log_warning("bad address verify table entry: %s %s", key, value);
	return false;
}

static bool
is_of_use(void *ctx, const char *key, const char *value)
{
	struct entry e;

	(void)ctx;
	return parse(key, value, &e);
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

bool
cache_find(const char *address, struct entry *e, struct buf *value)
{
	struct buf key = BUF_INIT;
	bool found;

	make_key(address, &key);
	found = expiring_cache_find(table, key.ptr, value) &&
	    parse(key.ptr, value->ptr, e);
	buf_done(&key);
	return found;
}

void
cache_store(const char *address, const struct entry *e)
{
	struct buf key = BUF_INIT, value = BUF_INIT;

	make_key(address, &key);
	entry_format(e, &value);
	expiring_cache_store(table, key.ptr, value.ptr);
	buf_done(&key);
	buf_done(&value);
}

bool
cache_is_lasting(void)
{
	return params.address_verify_map[0] != '\0';
}

void
cache_open(const struct entry_limits *l)
{
	limits = l;
	table = expiring_cache_open(cache_is_lasting() ?
	    params.address_verify_map : "internal:verify", is_of_use, NULL);
}

void
cache_start_cleanup(struct event_base *base)
{
	expiring_cache_start_cleanup(table, base,
	    params.address_verify_cache_cleanup_interval);
}

void
cache_close(void)
{
	expiring_cache_close(table);
	table = NULL;
}
