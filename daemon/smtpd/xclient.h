/*
 * xclient.h - XCLIENT and XFORWARD: a trusted client speaks for another
 *
 * XCLIENT makes this session that of the other client; XFORWARD only says
 * for log lines and for the next hop whose mail this is.
 */
#ifndef DAEMON_SMTPD_XCLIENT_H
#define DAEMON_SMTPD_XCLIENT_H

#include <stdbool.h>

#include "lib/base/buf.h"

struct session;

#define XCLIENT_KEYWORD \
	"XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT"
#define XFORWARD_KEYWORD \
	"XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT"

/* Each takes NAME=value words, replies, and returns whether all was well. */
bool	xclient_run(struct session *s, const struct span *words, int count);
bool	xforward_run(struct session *s, const struct span *words, int count);
void	xforward_reset(struct session *s);

#endif
