/*
 * store.h - open connections by the label of their endpoint, and endpoints by
 * the label of a destination
 *
 *	destination "example.com" ──> endpoint "192.0.2.1:25" ──> descriptors
 *	                         └──> endpoint "192.0.2.2:25" ──> descriptors
 *
 * Labels and properties are the clients' business. Who finds a connection
 * takes it out; what is not found in time is closed. No I/O but close(2) and
 * no clock here: times are milliseconds of any clock that does not jump.
 */
#ifndef DAEMON_SCACHE_STORE_H
#define DAEMON_SCACHE_STORE_H

#include <stddef.h>
#include <stdint.h>

struct store;

struct store_stats {
	int		 dest_hits, dest_misses, endp_hits, endp_misses;
	int		 dests_max, endps_max, connections_max;	/* at a time */
};

/* What was found; texts are the caller's to free. */
struct store_found {
	int		 fd;
	char		*endp_property, *dest_property;	/* the latter from store_find_dest only */
};

struct store	*store_new(void);
/* store_free - and close everything */
void		 store_free(struct store *s);

/* store_save_endp - keep a connection until expires_ms; takes fd */
void	store_save_endp(struct store *s, const char *label,
	    const char *property, int fd, int64_t expires_ms);
/* store_save_dest - a destination has this endpoint, until expires_ms; the same twice lasts longer */
void	store_save_dest(struct store *s, const char *label,
	    const char *property, const char *endp, int64_t expires_ms);

/* store_find_endp, store_find_dest - the oldest connection, of the first endpoint that has one; 0, or -1: none */
int	store_find_endp(struct store *s, const char *label, int64_t now_ms,
	    struct store_found *found);
int	store_find_dest(struct store *s, const char *label, int64_t now_ms,
	    struct store_found *found);

/* store_expire - drop what is over; returns when to come again, -1: nothing is left */
int64_t	store_expire(struct store *s, int64_t now_ms);

/* store_stats - since the last store_stats_reset */
const struct store_stats *store_stats(const struct store *s);
void	store_stats_reset(struct store *s);

#endif
