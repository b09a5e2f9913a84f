/*
 * rewrite_internal.h - an address taken apart, shared by rewriting and routing
 */
#ifndef LIB_ROUTE_REWRITE_INTERNAL_H
#define LIB_ROUTE_REWRITE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

/* The service's line in master.cf has options of its own: ask it. */
extern bool rewrite_asks_service;

/* The characters without quotes, and for each 'q' (was quoted) or ' '. */
struct path {
	struct buf	text, quoted;
};

#define PATH_INIT { BUF_INIT, BUF_INIT }

void	path_done(struct path *p);
/* path_set - from the external form; path_set_raw - from the internal one, nothing quoted */
void	path_set(struct path *p, const char *external);
void	path_set_raw(struct path *p, const char *internal);
void	path_adds(struct path *p, const char *s);
/* path_cut - keep the first at characters */
void	path_cut(struct path *p, size_t at);
/* path_first, path_last - find an operator that is not quoted */
bool	path_first(const struct path *p, char c, size_t *at);
bool	path_last(const struct path *p, char c, size_t *at);
/* path_unhack - one step of "site!user" or "user%site"; false when there is none, or it is not allowed */
bool	path_unhack(struct path *p);
/* path_complete - the whole rewriting; NULL or empty: append nothing */
void	path_complete(struct path *p, const char *myorigin,
	    const char *mydomain);

#endif
