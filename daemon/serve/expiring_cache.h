/*
 * expiring_cache.h - what a role has learnt, in a table that outlives the process
 *
 * A table of the role's own, or memory when it has none. Entries of no more
 * use are deleted in regular intervals, a few at a time, so that clients do
 * not wait for it. A table that fails is a cache that knows nothing, after a
 * warning. Used by verify, postscreen and tlsmgr.
 */
#ifndef DAEMON_SERVE_EXPIRING_CACHE_H
#define DAEMON_SERVE_EXPIRING_CACHE_H

#include <stdbool.h>

struct buf;
struct event_base;

struct expiring_cache;

/*
 * expiring_cache_open - with the rights that its file shall have
 *
 * type_name	the table
 * is_of_use	does this entry still say anything? A cleanup drops it if not
 */
struct expiring_cache	*expiring_cache_open(const char *type_name,
		    bool (*is_of_use)(void *ctx, const char *key,
		    const char *value), void *ctx);
/* expiring_cache_close - log what a cleanup has done so far; close the table */
void	expiring_cache_close(struct expiring_cache *c);
/* expiring_cache_start_cleanup - from the event loop, now if it is due, then every interval; 0: never */
void	expiring_cache_start_cleanup(struct expiring_cache *c,
	    struct event_base *base, int interval_s);

/* Where c is NULL nothing is known, and nothing kept; so it is above. */

/* expiring_cache_find - is there an entry? value is replaced */
bool	expiring_cache_find(struct expiring_cache *c, const char *key,
	    struct buf *value);
void	expiring_cache_store(struct expiring_cache *c, const char *key,
	    const char *value);
void	expiring_cache_drop(struct expiring_cache *c, const char *key);

#endif
