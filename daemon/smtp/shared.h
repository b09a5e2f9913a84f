/*
 * shared.h - sessions that this process leaves to its siblings
 *
 * A process keeps its last session itself (conn.h), which costs nothing. When
 * a request for another nexthop comes instead, the scache service takes that
 * session, and whichever process gets the next request for it finds it there.
 * Only processes of one service, started since the last reload, share: they
 * know the same parameters.
 */
#ifndef DAEMON_SMTP_SHARED_H
#define DAEMON_SMTP_SHARED_H

#include <stdbool.h>

struct conn;
struct smtp_config;

/* shared_init - service: the name in master.cf */
void		 shared_init(const char *service);

/*
 * shared_give - have the service keep c, which is idle and not encrypted, for nexthop
 *
 * Returns true when it has it: then c's descriptor is to be closed without a
 * word. It is nothing to log when it has not, or is not there.
 */
bool		 shared_give(const struct conn *c);
/* shared_take - a session for nexthop that somebody left; NULL: none */
struct conn	*shared_take(const struct smtp_config *cfg,
		    const char *nexthop);

#endif
