/*
 * sessions.h - sessions that may go on, in a table for each kind
 *
 * smtp, lmtp and smtpd have a *_tls_session_cache_database each, or none. An
 * entry is kept for *_tls_session_cache_timeout.
 */
#ifndef DAEMON_TLSMGR_SESSIONS_H
#define DAEMON_TLSMGR_SESSIONS_H

#include <stdbool.h>

struct buf;
struct event_base;
struct sessions;

/* sessions_open - all kinds, with the rights that their files shall have */
void	sessions_open(void);
void	sessions_start_cleanup(struct event_base *base);
void	sessions_close(void);

/* sessions_of - by the name of the kind; NULL: there is no such kind */
struct sessions	*sessions_of(const char *kind);
/* sessions_timeout - how long an entry is kept, seconds; 0: none is */
int	sessions_timeout(const struct sessions *s);

/* sessions_find - append the bytes of a session to out; false: there is none, or none any more */
bool	sessions_find(struct sessions *s, const char *id, struct buf *out);
void	sessions_save(struct sessions *s, const char *id,
	    const struct buf *bytes);
void	sessions_drop(struct sessions *s, const char *id);

#endif
