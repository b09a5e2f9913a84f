/*
 * upstream.h - smtpd_upstream_proxy_protocol: a load balancer says whose
 * connection this is
 */
#ifndef DAEMON_SMTPD_UPSTREAM_H
#define DAEMON_SMTPD_UPSTREAM_H

#include <stdbool.h>

struct haproxy;
struct stream;

/* upstream_init - is it spoken? A protocol that nobody knows is fatal */
bool	upstream_init(void);
/*
 * upstream_read - read what the balancer says, in smtpd_upstream_proxy_timeout
 *
 * Returns false, after a warning, when that is nothing sensible.
 */
bool	upstream_read(struct stream *st, struct haproxy *out);

#endif
