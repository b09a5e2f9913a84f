/*
 * tls_server.h - TLS as smtpd offers it: what the process has, how a session starts it
 *
 *	smtpd_tls_security_level	STARTTLS	mail in the clear
 *	none				no		yes
 *	may				offered		yes
 *	encrypt				offered		no
 *
 * smtpd_tls_wrappermode starts it before the greeting (RFC 8314 3), whatever
 * the level. RFC 3207.
 */
#ifndef DAEMON_SMTPD_TLS_SERVER_H
#define DAEMON_SMTPD_TLS_SERVER_H

#include <stdbool.h>

struct buf;
struct session;
struct stream;
struct tls_server;

/*
 * tls_server_new - read certificates and keys, with the starting rights
 *
 * What is wrong with them is logged; then the server is there and cannot
 * work: STARTTLS is offered, and refused for now. Returns NULL where TLS is
 * off.
 */
struct tls_server	*tls_server_new(void);
void	tls_server_free(struct tls_server *v);

/* tls_server_is_required - no mail without encryption; v may be NULL, as in all of these */
bool	tls_server_is_required(const struct tls_server *v);
bool	tls_server_wraps(const struct tls_server *v);
/* tls_server_works - could everything be read? */
bool	tls_server_works(const struct tls_server *v);

/*
 * tls_server_refuses - has this client begun too many sessions lately?
 *
 * log		what is refused, for the log: "STARTTLS request"
 */
bool	tls_server_refuses(struct session *s, const char *log);
/*
 * tls_server_start - handshake, and the session knows; false: it failed, and
 * the connection is of no more use
 *
 * A client that is not welcome has a reply that says so.
 */
bool	tls_server_start(struct session *s, struct stream *st);
/* tls_server_put_received - lines of a Received: header about the session's TLS */
void	tls_server_put_received(struct session *s);

#endif
