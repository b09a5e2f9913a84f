/*
 * expiring_cache.h - what a role has learnt, in a table that outlives the process
 *
 * A table of the role's own, or memory when it has none. Entries of no more
 * use are deleted in regular intervals, a few at a time, so that clients do
 * not wait for it. A table that fails is a cache that knows nothing, after a
 * warning. Used by verify and postscreen.
 */
#ifndef DAEMON_SERVE_EXPIRING_CACHE_H
#define DAEMON_SERVE_EXPIRING_CACHE_H

#include <stdbool.h>

struct buf;
struct event_base;

/*
 * expiring_cache_open - with the rights that its file shall have
 *
 * type_name	the table
 * is_of_use	does this entry still say anything? A cleanup drops it if not
 */
void	expiring_cache_open(const char *type_name,
	    bool (*is_of_use)(const char *key, const char *value));
/* expiring_cache_start_cleanup - from the event loop, now if it is due, then every interval; 0: never */
void	expiring_cache_start_cleanup(struct event_base *base, int interval_s);
/* expiring_cache_stop - log what a cleanup has done so far; close the table: from now on nothing is known */
void	expiring_cache_stop(void);

/* expiring_cache_find - is there an entry? value is replaced */
bool	expiring_cache_find(const char *key, struct buf *value);
void	expiring_cache_store(const char *key, const char *value);

#endif
