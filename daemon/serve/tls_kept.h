/*
 * tls_kept.h - TLS sessions that may go on, kept by tlsmgr
 */
#ifndef DAEMON_SERVE_TLS_KEPT_H
#define DAEMON_SERVE_TLS_KEPT_H

struct tls_sessions;

/*
 * tls_kept - for struct tls_setup: where sessions of one side are kept
 *
 * name		"smtp", "lmtp", "smtpd"
 * database	*_tls_session_cache_database
 * timeout_s	*_tls_session_cache_timeout
 *
 * Returns NULL where none are, as these two say.
 */
const struct tls_sessions	*tls_kept(const char *name,
			    const char *database, int timeout_s);

#endif
