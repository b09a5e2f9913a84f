/*
 * auth.h - logins of the client: what the parameters say, which failed before
 *
 * The conversation is session_auth.c's.
 */
#ifndef DAEMON_SMTP_AUTH_H
#define DAEMON_SMTP_AUTH_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/table/table.h"

struct maps;
struct match_list;
struct sasl_login;

struct auth_config {
	struct maps	*passwords;	/* NULL: nobody logs in */
	bool		 by_sender;	/* passwords */
	bool		 is_soft;	/* a refusal puts mail off */
	bool		 marks_mail;	/* AUTH=<> on MAIL FROM */
	bool		 says_authzid;
	char		 delimiter;	/* between user and password */
	const char	*service;	/* "smtp", "lmtp" */
	struct match_list *filter;	/* of mechanisms; NULL: any */
	unsigned	 security, tls_security, verified_security; /* SASL_* */
	struct table	*cache;		/* of failures; NULL: none */
	const char	*cache_name;
	int		 cache_time_s;
};

/* auth_config_load - from params; opens tables, and loads what logs in; errors are fatal */
void	auth_config_load(struct auth_config *c, bool is_lmtp);

/*
 * auth_cache_find - did this login fail lately, with this password?
 *
 * status	out: the status of then
 * text		out: the server's words
 */
bool	auth_cache_find(const struct auth_config *c, const char *host,
	    const char *user, const char *password, struct buf *status,
	    struct buf *text);
/* auth_cache_store - it did now; auth_cache_forget - it did not */
void	auth_cache_store(const struct auth_config *c, const char *host,
	    const char *user, const char *password, const char *status,
	    const char *text);
void	auth_cache_forget(const struct auth_config *c, const char *host,
	    const char *user);

#endif
