/*
 * route_trace.c - what decides about an address tells each step it takes
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/route/route_trace.h"

route_trace_fn route_trace_to;
static void *listener;

void
route_trace(route_trace_fn fn, void *ctx)
{
	route_trace_to = fn;
	listener = ctx;
}

void
route_tell_step(const struct route_step *step)
{
	if (route_trace_to != NULL)
		route_trace_to(listener, step);
}
