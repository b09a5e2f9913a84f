/*
 * cache.h - which addresses are known: address_verify_map, or memory when that
 * is empty (../serve/expiring_cache.h)
 */
#ifndef DAEMON_VERIFY_CACHE_H
#define DAEMON_VERIFY_CACHE_H

#include <stdbool.h>

#include "daemon/verify/entry.h"

struct buf;
struct event_base;

/* cache_open - with the rights that its file shall have; limits are kept by reference */
void	cache_open(const struct entry_limits *limits);
/* cache_is_lasting - it is a file, so that the process may end */
bool	cache_is_lasting(void);
/* cache_start_cleanup - as address_verify_cache_cleanup_interval says */
void	cache_start_cleanup(struct event_base *base);
/* cache_close - from now on nothing is known */
void	cache_close(void);

/*
 * cache_find - what is known of an address
 *
 * value	owns the reason; replaced
 *
 * Returns false when nothing is, or nothing that still holds.
 */
bool	cache_find(const char *address, struct entry *e, struct buf *value);
void	cache_store(const char *address, const struct entry *e);

#endif
