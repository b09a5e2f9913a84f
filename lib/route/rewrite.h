/*
 * rewrite.h - address rewriting and routing
 *
 * In-process module for cleanup, qmgr and smtpd, with a small result cache;
 * the trivial-rewrite role serves it to others (spec/services.md 3.5).
 * Routing: spec/tables.md 16.5.
 */
#ifndef LIB_ROUTE_REWRITE_H
#define LIB_ROUTE_REWRITE_H

#include <stdbool.h>

#include "lib/table/table.h"

struct buf;

enum rewrite_rule { REWRITE_LOCAL, REWRITE_REMOTE };

enum resolve_flags {
	RESOLVE_FINAL	= 1,
	RESOLVE_ROUTED	= 2,		/* source-route, percent or bang hop */
	RESOLVE_ERROR	= 4,		/* bad destination syntax */
	RESOLVE_FAIL	= 8,		/* a table could not answer: try later */
	RESOLVE_LOCAL	= 256,		/* address classes */
	RESOLVE_ALIAS	= 512,
	RESOLVE_MAILBOX	= 1024,
	RESOLVE_RELAY	= 2048,
	RESOLVE_DEFAULT	= 4096
};

struct resolve_reply {
	struct buf	*transport, *nexthop, *recipient;
	unsigned	 flags;
};

/*
 * rewrite_init - open tables and lists; in pre_jail; a second call does nothing
 *
 * When master.cf gives $rewrite_service_name options of its own, the functions
 * below ask that service instead.
 */
void	rewrite_init(void);
/* rewrite_init_service - the same for the service itself, which asks nobody */
void	rewrite_init_service(void);

/*
 * rewrite_address - complete one address (@$myorigin, .$mydomain, routes)
 *
 * address	external form; out is set to the external form
 */
void	rewrite_address(enum rewrite_rule rule, const char *address,
	    struct buf *out);
/* rewrite_internal - the same for internal forms */
void	rewrite_internal(enum rewrite_rule rule, const char *address,
	    struct buf *out);
/* rewrite_local - rewrite_internal by REWRITE_LOCAL, for mapped.h */
void	rewrite_local(const char *address, struct buf *out);

void	resolve_reply_init(struct resolve_reply *r);
void	resolve_reply_done(struct resolve_reply *r);
/*
 * rewrite_resolve - where does mail for address go?
 *
 * sender	internal form, "" for the null sender
 * address	internal form
 * is_probe	use the address_verify_* routing parameters
 *
 * transport and nexthop are never empty, also when flags say RESOLVE_ERROR or
 * RESOLVE_FAIL.
 */
void	rewrite_resolve(const char *sender, const char *address, bool is_probe,
	    struct resolve_reply *out);

/* rewrite_needs_server - a routing table lives behind a server (ldap, sql, tcp ...), or the service has options of its own: qmgr then asks the service */
bool	rewrite_needs_server(void);

#endif
