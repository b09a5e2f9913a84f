/*
 * sasl_internal.h - what a back end of sasl.h provides
 */
#ifndef LIB_NET_SASL_INTERNAL_H
#define LIB_NET_SASL_INTERNAL_H

#include "lib/net/sasl.h"

/* Each takes and gives what the function of sasl.h does that has its name. */
struct sasl_server_ops {
	const char	*type;
	void		*(*authority_new)(const struct sasl_setup *setup,
			    struct err *err);
	void		(*authority_free)(void *authority);
	void		*(*check_new)(void *authority,
			    const struct sasl_peer *peer, unsigned security,
			    struct err *err);
	void		(*check_free)(void *check);
	const char	*(*mechanisms)(const void *check);
	enum sasl_step	(*first)(void *check, const char *mechanism,
			    const char *response, struct buf *text);
	enum sasl_step	(*next)(void *check, const char *response,
			    struct buf *text);
	const char	*(*user)(const void *check);
};

extern const struct sasl_server_ops sasl_dovecot_server, sasl_cyrus_server;

struct sasl_client_ops {
	const char	*type;
	int		(*init)(const char *config_path, struct err *err);
	void		*(*login_new)(const char *service, const char *host,
			    const struct sasl_credentials *who,
			    unsigned security, struct err *err);
	void		(*login_free)(void *login);
	enum sasl_step	(*first)(void *login, const char *mechanisms,
			    const char **mechanism, struct buf *text);
	enum sasl_step	(*next)(void *login, const char *challenge,
			    struct buf *text);
};

extern const struct sasl_client_ops sasl_cyrus_client;

#endif
