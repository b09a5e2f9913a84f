/*
 * counters.h - connections and rates of each client, without I/O
 *
 * An entry is "SERVICE:ADDRESS". Its connection count is exact; its rates
 * count events since a window began, and the window begins anew with the
 * first event after its end. An entry lives until one window after its last
 * connection has gone.
 */
#ifndef DAEMON_ANVIL_COUNTERS_H
#define DAEMON_ANVIL_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct counters;

enum counter_kind { COUNTER_CONNECT, COUNTER_MAIL, COUNTER_RCPT,
	COUNTER_NEWTLS, COUNTER_AUTH, COUNTER_KINDS };

struct counter_values {
	int	count;				/* connections now */
	int	rate[COUNTER_KINDS];
};

/* counters_new - unit_s: length of a window */
struct counters	*counters_new(int unit_s);
void	counters_free(struct counters *c);

/* counters_event - count one event; COUNTER_CONNECT also opens a connection */
void	counters_event(struct counters *c, const char *ident,
	    enum counter_kind kind, time_t now, struct counter_values *out);
/* counters_disconnect - one connection less */
void	counters_disconnect(struct counters *c, const char *ident,
	    time_t now);
/* counters_lookup - false when there is no such entry; out is all zero then */
bool	counters_lookup(struct counters *c, const char *ident, time_t now,
	    struct counter_values *out);
/* counters_expire - drop entries that nobody needs; how many remain */
size_t	counters_expire(struct counters *c, time_t now);

/* counters_report - log the peaks since the last report, and forget them */
void	counters_report(struct counters *c);

#endif
