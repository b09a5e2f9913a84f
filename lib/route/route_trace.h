/*
 * route_trace.h - what decides about an address tells each step it takes
 *
 * For tools that explain: rewrite.c, resolve.c and address_map.c call
 * route_tell where they decide, so that an explanation is what happened. The
 * lookups behind a step are told by maps_trace (lib/table/maps.h). Nobody
 * listens in a daemon: there it costs one look at a pointer.
 */
#ifndef LIB_ROUTE_ROUTE_TRACE_H
#define LIB_ROUTE_ROUTE_TRACE_H

#include <stddef.h>

struct route_step {
	/*
	 * "complete" (an address without domain, a route), "canonical",
	 * "masquerade", "alias", "bcc", "local" (a domain of ours came off),
	 * "class", "transport", "nexthop", "relocated", "error"
	 */
	const char	*what;
	const char	*value;		/* what came out */
	const char	*parameter;	/* that decided; NULL: none */
	const char	*note;		/* what of its value, or why else; NULL */
	/* "alias": value, in place to, is what the address of, in place from, stands for. */
	const char	*of;
	size_t		 from, to;
};

typedef void (*route_trace_fn)(void *ctx, const struct route_step *step);

/* The one who listens; NULL: nobody. There is one tool a process. */
extern route_trace_fn route_trace_to;

/* route_trace - call fn for each step from now on; NULL ends it */
void	route_trace(route_trace_fn fn, void *ctx);

/* route_tell_step - a step, if somebody listens */
void	route_tell_step(const struct route_step *step);

/* route_tell - the same for a step without places */
static inline void
route_tell(const char *what, const char *value, const char *parameter,
    const char *note)
{
	if (route_trace_to != NULL)
		route_tell_step(&(struct route_step){ .what = what,
		    .value = value, .parameter = parameter, .note = note });
}

#endif
