/*
 * entry.h - what the cache of address verification says of one address
 *
 * In the table: "STATUS:PROBED:UPDATED:REASON", decimal, seconds since the
 * epoch (spec/services.md 3.6). No I/O and no clock here.
 */
#ifndef DAEMON_VERIFY_ENTRY_H
#define DAEMON_VERIFY_ENTRY_H

#include <stdbool.h>
#include <time.h>

#include "daemon/serve/verify_client.h"

struct buf;

#define ENTRY_PROBE_S	1000	/* a probe that takes longer is lost */

struct entry {
	enum verify_status status;
	time_t		 probed;	/* when the pending probe was sent, 0: none */
	time_t		 updated;	/* when the status was learnt, 0: never */
	const char	*reason;
};

/* How long news last, in seconds. */
struct entry_limits {
	int		 good_expire, good_refresh, bad_expire, bad_refresh;
};

/*
 * entry_parse - take a table's value apart
 *
 * e		reason points into value
 *
 * Returns false when it is none: the address counts as unknown.
 */
bool	entry_parse(struct entry *e, const char *value);
/* entry_format - append the value */
void	entry_format(const struct entry *e, struct buf *out);

/* entry_is_expired - nothing in it holds any more, and no probe will tell soon */
bool	entry_is_expired(const struct entry *e, const struct entry_limits *l,
	    time_t now);
/* entry_wants_probe - it is time to look again */
bool	entry_wants_probe(const struct entry *e, const struct entry_limits *l,
	    time_t now);

#endif
