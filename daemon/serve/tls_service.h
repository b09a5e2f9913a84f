/*
 * tls_service.h - what a server needs to offer TLS, as main.cf says
 *
 * smtpd and tlsproxy have the same parameters under two names each.
 */
#ifndef DAEMON_SERVE_TLS_SERVICE_H
#define DAEMON_SERVE_TLS_SERVICE_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/net/tls_grammar.h"

struct maps;
struct tls_ctx;

struct tls_service_conf {
	const char	*prefix;	/* of the names: "smtpd", for messages */
	bool		 is_required;	/* no mail without TLS: the mandatory_ parameters count */
	bool		 asks_cert;
	const char	*loglevel, *protocols, *mandatory_protocols, *ciphers,
			*mandatory_ciphers, *exclude_ciphers,
			*mandatory_exclude_ciphers;
	const char	*cert_file, *key_file, *eccert_file, *eckey_file,
			*dcert_file, *dkey_file, *chain_files, *ca_file,
			*ca_path, *dh_file, *digest;
	int		 verify_depth;
	bool		 always_issues_ids;
};

struct tls_service {
	struct tls_ctx	*ctx;		/* NULL: something could not be read */
	struct tls_protocols protocols;
	struct buf	 ciphers;	/* empty: the grade is unknown */
	struct maps	*sni;		/* tls_server_sni_maps */
};

/* tls_service_init - read certificates and keys, with the starting rights; what is wrong is logged */
void	tls_service_init(struct tls_service *t,
	    const struct tls_service_conf *c);
void	tls_service_done(struct tls_service *t);

#endif
