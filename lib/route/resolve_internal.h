/*
 * resolve_internal.h - one question about a way, shared by the files that answer it
 *
 *	resolve_domain.c	from the address to the domain that decides
 *	resolve.c		from there to transport and next hop
 */
#ifndef LIB_ROUTE_RESOLVE_INTERNAL_H
#define LIB_ROUTE_RESOLVE_INTERNAL_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/route/rewrite_internal.h"

struct routing;

struct question {
	const struct routing *routing;	/* of resolve.c */
	bool		 is_probe;
	const char	*sender;
	struct path	 path;
	struct buf	 domain;	/* behind the last '@' of path */
	bool		 is_local, is_null;
	bool		 has_domain;	/* one that somebody wrote */
	unsigned	 flags;
};

/* resolve_tell - a step, to whoever has it explained; probes are not */
void	resolve_tell(const struct question *q, const char *what,
	    const char *value, const char *parameter, const char *note);
/* resolve_peel - take our own domains off until the one that decides is left */
void	resolve_peel(struct question *q);
/* resolve_check_domain - a remote domain must be a host name or an address literal */
void	resolve_check_domain(struct question *q);
/* resolve_is_routed - does somebody else have to route on? */
bool	resolve_is_routed(struct question *q);

#endif
