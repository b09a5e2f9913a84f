/*
 * dial.h - connect to a server that main.cf names: policy servers, filters
 */
#ifndef DAEMON_SMTPD_DIAL_H
#define DAEMON_SMTPD_DIAL_H

struct err;

/*
 * dial - endpoint: "unix:path", "inet:host:port" or "host:port"
 *
 * Returns a descriptor, or -1 with err.
 */
int	dial(const char *endpoint, int timeout_s, struct err *err);

#endif
