/*
 * resolve_cache.h - answers of the resolver, kept for some seconds
 *
 * One message asks the same several times. The key is all that an answer
 * depends on; who asks makes it.
 */
#ifndef LIB_ROUTE_RESOLVE_CACHE_H
#define LIB_ROUTE_RESOLVE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#define RESOLVE_CACHE_MS	30000	/* as long as other clients keep an answer */

struct buf;
struct resolve_reply;

/* resolve_cache_get - false when there is none, or its time is over at now_ms */
bool	resolve_cache_get(const struct buf *key, int64_t now_ms,
	    struct resolve_reply *out);
/* resolve_cache_put - keep it, in the place of another one if need be; long keys are not worth it */
void	resolve_cache_put(const struct buf *key, int64_t now_ms,
	    const struct resolve_reply *r);

#endif
