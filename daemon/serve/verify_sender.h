/*
 * verify_sender.h - whom address verification probes come from
 *
 * With address_verify_sender_ttl the address carries the time, "pr.obe11DQRG",
 * so that it is of no use to whoever collects it. Mail that comes back to a
 * recent one is mail for the plain address.
 */
#ifndef DAEMON_SERVE_VERIFY_SENDER_H
#define DAEMON_SERVE_VERIFY_SENDER_H

#include <stdbool.h>
#include <time.h>

struct buf;

/*
 * verify_sender_make - the sender of a probe now
 *
 * base		address_verify_sender: "" and "<>" are the null sender; a missing
 *		domain stays missing
 * ttl_s	how long one address is used; 0: for ever
 * out		replaced
 */
void	verify_sender_make(const char *base, int ttl_s, time_t now,
	    struct buf *out);

/*
 * verify_sender_plain - is address, in any letter case, one that was used less
 * than twice ttl_s ago, or will be? Then out is replaced by the plain one.
 *
 * base		with its domain
 */
bool	verify_sender_plain(const char *base, int ttl_s, time_t now,
	    const char *address, struct buf *out);

#endif
