/*
 * milter_session.h - a session and the filters that watch it (smtpd_milters)
 *
 * Each function tells the filters of one event. It returns NULL, or the whole
 * reply that refuses; what is to be logged is logged, and what is to be held
 * or dropped is flagged.
 */
#ifndef DAEMON_SMTPD_MILTER_SESSION_H
#define DAEMON_SMTPD_MILTER_SESSION_H

#include "lib/base/buf.h"

struct session;

/* milter_session_connect - find this client's filters, and connect to them */
const char	*milter_session_connect(struct session *s);
const char	*milter_session_helo(struct session *s);
/* milter_session_mail, _rcpt - address as the client wrote it, rest: ESMTP parameters */
const char	*milter_session_mail(struct session *s, struct span address,
		    struct span rest);
const char	*milter_session_rcpt(struct session *s, struct span address,
		    struct span rest);
/* milter_session_rcpt_refused - for filters that asked to know: refusal is our reply */
void		 milter_session_rcpt_refused(struct session *s,
		    struct span address, struct span rest, const char *refusal);
const char	*milter_session_data(struct session *s);
const char	*milter_session_unknown(struct session *s, struct span command);
/* milter_session_end - no filters any more */
void		 milter_session_end(struct session *s);

#endif
