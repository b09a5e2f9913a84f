/*
 * auth.h - AUTH: clients prove who they are (RFC 4954)
 *
 *	READY --AUTH--> (334, response)* --235--> logged in, until the end, XCLIENT or STARTTLS
 *	                      `--"*", 4xx, 5xx--> READY
 *
 * Where smtpd_tls_auth_only asks for encryption there is no AUTH before.
 */
#ifndef DAEMON_SMTPD_AUTH_H
#define DAEMON_SMTPD_AUTH_H

#include <stdbool.h>
#include <stddef.h>

struct auth_server;
struct buf;
struct session;
struct words;

/*
 * auth_server_new - what a process needs, with the starting rights
 *
 * What is wrong with the configuration is fatal. Returns NULL where nobody
 * may log in.
 */
struct auth_server	*auth_server_new(void);
void	auth_server_free(struct auth_server *v);

/*
 * auth_open - from now on the client may log in, if it may
 *
 * Its name and address, and how it is encrypted, are known. It is fatal when
 * nobody can be asked: without a way to log in the service is of no use.
 */
void	auth_open(struct session *s);
/* auth_close - it may not any more, and who it is, is forgotten */
void	auth_close(struct session *s);
/* auth_set_login - take it for this user; NULL: for nobody */
void	auth_set_login(struct session *s, const char *method,
	    const char *user);

/* auth_put_offer - lines of an EHLO reply; the offset of the last of them, or last */
size_t	auth_put_offer(struct session *s, size_t last);

bool	verb_auth(struct session *s, const struct words *w);
/* auth_response - the line behind 334; auth_overlong - it was too long, and is skipped */
void	auth_response(struct session *s, const char *line);
void	auth_overlong(struct session *s);

#endif
