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

#include "daemon/smtpd/restrict.h"

struct auth_server;
struct maps;
struct policy_server;
struct match_list;
struct tls_server;

enum ehlo_feature {		/* what smtpd_discard_ehlo_keywords can hide */
	EHLO_8BITMIME	= 1 << 0,
	EHLO_PIPELINING	= 1 << 1,
	EHLO_SIZE	= 1 << 2,
	EHLO_VRFY	= 1 << 3,
	EHLO_ETRN	= 1 << 4,
	EHLO_AUTH	= 1 << 5,
	EHLO_XVERP	= 1 << 6,
	EHLO_STARTTLS	= 1 << 7,
	EHLO_XCLIENT	= 1 << 8,
	EHLO_XFORWARD	= 1 << 9,
	EHLO_ENHANCED	= 1 << 10,
	EHLO_DSN	= 1 << 11,
	EHLO_SMTPUTF8	= 1 << 12,
	EHLO_CHUNKING	= 1 << 13,
	EHLO_SILENT	= 1 << 14	/* say nothing about it in the log */
};

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
/* smtpd_env_discard - bits of a list of EHLO keywords; unknown ones are warned about */
unsigned	smtpd_env_discard(const char *keywords);
/* smtpd_env_log_discard - say which are not offered, unless that is to be silent */
void	smtpd_env_log_discard(unsigned bits);

#endif
