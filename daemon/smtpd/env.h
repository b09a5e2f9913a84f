/*
 * env.h - what all sessions of one smtpd process share
 *
 * Parsed once, with the starting rights, from params: lists, tables and
 * restriction lists. Sessions borrow it.
 */
#ifndef DAEMON_SMTPD_ENV_H
#define DAEMON_SMTPD_ENV_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/serve/ehlo.h"
#include "daemon/smtpd/restrict.h"

struct auth_server;
struct maps;
struct policy_server;
struct match_list;
struct tls_server;

enum bare_lf {			/* smtpd_forbid_bare_newline */
	BARE_LF_ALLOW,		/* LF ends a line, LF.LF the message */
	BARE_LF_NOTE,		/* as ALLOW, and the log says so */
	BARE_LF_NORMALIZE,	/* LF ends a line, only CRLF.CRLF the message */
	BARE_LF_REJECT
};

struct smtpd_env {
	struct match_list *xclient_hosts, *xforward_hosts, *verp_clients,
			*event_exceptions, *bare_lf_exclusions, *noop_commands,
			*forbidden_commands, *mynetworks,
			*permit_actions, *backup_networks;	/* NULL: not set */
	struct maps	*local_rcpt, *relay_rcpt, *virtual_mailbox,
			*canonical, *sender_canonical, *rcpt_canonical,
			*virtual_alias, *ehlo_discard_maps, *command_filter,
			*milter_maps,
			*login_maps, *relay_certs, *rbl_replies, *footers,
			*reject_filter;
	struct restrict_list client, helo, sender, relay, rcpt, data, eod,
			etrn, rewrite_clients;
	unsigned	 ehlo_discard;
	enum bare_lf	 bare_lf;
	unsigned	 cleanup_flags;	/* as receive_override_options leaves them */
	bool		 checks_unlisted;	/* "no_unknown_recipient_checks" is not set */
	struct auth_server *auth;	/* NULL: nobody logs in; set and freed like tls */
	struct tls_server *tls;	/* NULL: TLS is off; set by the role, freed with env */
	bool		 needs_filter;	/* refuse mail: a filter is required, and not there */
	const char	*service;	/* master.cf name, for anvil */
	struct policy_server **policies;	/* those that were asked */
};

/* smtpd_env_new - parse and open everything; configuration errors are fatal */
struct smtpd_env	*smtpd_env_new(const char *service);
void	smtpd_env_free(struct smtpd_env *env);

#endif
