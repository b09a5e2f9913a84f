/*
 * env.c - what all sessions of one smtpd process share
 *
 * A configuration that would let anybody relay anything is refused here, at
 * start-up, where an administrator sees it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/env.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/smtpd/auth.h"
#include "daemon/serve/dns_filter.h"
#include "daemon/smtpd/policy.h"
#include "daemon/smtpd/tls_server.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"

#define ADDRESS_FLAGS	(TABLE_FOLD | TABLE_UTF8)

static enum bare_lf
bare_lf_mode(const char *text)
{
	if (strcasecmp(text, "normalize") == 0 || strcasecmp(text, "yes") == 0)
		return BARE_LF_NORMALIZE;
	if (strcasecmp(text, "reject") == 0)
		return BARE_LF_REJECT;
	if (strcasecmp(text, "note") == 0)
		return BARE_LF_NOTE;
	if (strcasecmp(text, "no") != 0) {
		log_warning("bad smtpd_forbid_bare_newline value \"%s\"; using "
		    "normalize", text);
		return BARE_LF_NORMALIZE;
	}
	return BARE_LF_ALLOW;
}

static void
open_tables(struct smtpd_env *e)
{
#define OPEN(name, flags) maps_open(#name, params.name, flags)
	e->local_rcpt = OPEN(local_recipient_maps, ADDRESS_FLAGS);
	e->relay_rcpt = OPEN(relay_recipient_maps, ADDRESS_FLAGS);
	e->virtual_mailbox = OPEN(virtual_mailbox_maps, ADDRESS_FLAGS);
	e->canonical = OPEN(canonical_maps, ADDRESS_FLAGS);
	e->sender_canonical = OPEN(sender_canonical_maps, ADDRESS_FLAGS);
	e->rcpt_canonical = OPEN(recipient_canonical_maps, ADDRESS_FLAGS);
	e->virtual_alias = OPEN(virtual_alias_maps, ADDRESS_FLAGS);
	e->login_maps = OPEN(smtpd_sender_login_maps, ADDRESS_FLAGS);
	e->relay_certs = OPEN(relay_clientcerts, TABLE_FOLD);
	e->ehlo_discard_maps = OPEN(smtpd_discard_ehlo_keyword_address_maps, 0);
	e->milter_maps = OPEN(smtpd_milter_maps, TABLE_FOLD);
	e->command_filter = OPEN(smtpd_command_filter, 0);
	e->footers = OPEN(smtpd_reject_footer_maps, 0);
	e->reject_filter = OPEN(smtpd_reject_filter_maps, 0);
	e->rbl_replies = OPEN(rbl_reply_maps, TABLE_FOLD);
#undef OPEN
}

static void
open_lists(struct smtpd_env *e)
{
#define LIST(name, kind) match_list_new(#name, kind, params.name)
	e->mynetworks = LIST(mynetworks, MATCH_ADDRESS);
	e->xclient_hosts = LIST(smtpd_authorized_xclient_hosts, MATCH_HOST);
	e->xforward_hosts = LIST(smtpd_authorized_xforward_hosts, MATCH_HOST);
	e->verp_clients = LIST(smtpd_authorized_verp_clients, MATCH_HOST);
	e->event_exceptions = LIST(smtpd_client_event_limit_exceptions,
	    MATCH_HOST);
	e->bare_lf_exclusions = LIST(smtpd_forbid_bare_newline_exclusions,
	    MATCH_HOST);
	e->noop_commands = LIST(smtpd_noop_commands, MATCH_STRING);
	e->forbidden_commands = LIST(smtpd_forbidden_commands, MATCH_STRING);
	if (params.smtpd_log_access_permit_actions[0] != '\0')
		e->permit_actions = LIST(smtpd_log_access_permit_actions,
		    MATCH_STRING);
	if (params.permit_mx_backup_networks[0] != '\0')
		e->backup_networks = LIST(permit_mx_backup_networks,
		    MATCH_ADDRESS);
#undef LIST
}

static void
parse_restrictions(struct smtpd_env *e)
{
#define PARSE(member, name, class) \
	restrict_parse(&e->member, #name, params.name, class, true)
	PARSE(client, smtpd_client_restrictions, CLASS_CLIENT);
	PARSE(helo, smtpd_helo_restrictions, CLASS_HELO);
	PARSE(sender, smtpd_sender_restrictions, CLASS_SENDER);
	PARSE(relay, smtpd_relay_restrictions, CLASS_RCPT);
	PARSE(rcpt, smtpd_recipient_restrictions, CLASS_RCPT);
	PARSE(data, smtpd_data_restrictions, CLASS_DATA);
	PARSE(eod, smtpd_end_of_data_restrictions, CLASS_EOD);
	PARSE(etrn, smtpd_etrn_restrictions, CLASS_ETRN);
	PARSE(rewrite_clients, local_header_rewrite_clients, CLASS_CLIENT);
#undef PARSE
	if (!restrict_guards_relay(&e->rcpt) &&
	    !restrict_guards_relay(&e->relay))
		log_fatal("in parameter smtpd_relay_restrictions or "
		    "smtpd_recipient_restrictions, specify at least one "
		    "working instance of: reject_unauth_destination, "
		    "defer_unauth_destination, reject, defer, defer_if_permit "
		    "or check_relay_domains");
}

/*
 * Mail that should have been looked at goes only where that may be skipped.
 * Filters see it in this process: not what the cleanup service writes.
 */
static bool
needs_filter(const struct smtpd_env *e)
{
	return cleanup_is_elsewhere() &&
	    (e->cleanup_flags & CLEANUP_MILTER) != 0 &&
	    (params.smtpd_milters[0] != '\0' ||
	    params.smtpd_milter_maps[0] != '\0') &&
	    strcasecmp(params.milter_default_action, "accept") != 0;
}

/* A word that means nothing must not come to mean "perhaps". */
static void
check_tempfail_actions(void)
{
	const struct {
		const char	*name, *value;
	} rows[] = {
#define ROW(name) { #name, params.name }
		ROW(unknown_address_tempfail_action),
		ROW(unknown_helo_hostname_tempfail_action),
		ROW(unverified_recipient_tempfail_action),
		ROW(unverified_sender_tempfail_action),
#undef ROW
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcasecmp(rows[i].value, "defer") != 0 &&
		    strcasecmp(rows[i].value, "defer_if_permit") != 0)
			log_fatal("bad configuration: %s = %s", rows[i].name,
			    rows[i].value);
}

struct smtpd_env *
smtpd_env_new(const char *service)
{
	struct smtpd_env *e = xcalloc(1, sizeof(*e));

	e->service = service;
	e->policies = xcalloc(1, sizeof(*e->policies));
	e->bare_lf = bare_lf_mode(params.smtpd_forbid_bare_newline);
	e->ehlo_discard = ehlo_parse(params.smtpd_discard_ehlo_keywords);
	e->cleanup_flags = cleanup_intake_flags(&e->checks_unlisted) |
	    CLEANUP_SMTP_REPLY;
	e->needs_filter = needs_filter(e);
	dns_filter_init("smtpd_dns_reply_filter",
	    params.smtpd_dns_reply_filter);
	check_tempfail_actions();
	open_lists(e);
	open_tables(e);
	parse_restrictions(e);
	return e;
}

void
smtpd_env_free(struct smtpd_env *e)
{
	if (e == NULL)
		return;
	auth_server_free(e->auth);
	tls_server_free(e->tls);
	match_list_free(e->mynetworks);
	match_list_free(e->xclient_hosts);
	match_list_free(e->xforward_hosts);
	match_list_free(e->verp_clients);
	match_list_free(e->event_exceptions);
	match_list_free(e->bare_lf_exclusions);
	match_list_free(e->noop_commands);
	match_list_free(e->forbidden_commands);
	match_list_free(e->permit_actions);
	match_list_free(e->backup_networks);
	maps_free(e->local_rcpt);
	maps_free(e->relay_rcpt);
	maps_free(e->virtual_mailbox);
	maps_free(e->canonical);
	maps_free(e->sender_canonical);
	maps_free(e->rcpt_canonical);
	maps_free(e->virtual_alias);
	maps_free(e->login_maps);
	maps_free(e->relay_certs);
	maps_free(e->ehlo_discard_maps);
	maps_free(e->command_filter);
	maps_free(e->rbl_replies);
	maps_free(e->footers);
	maps_free(e->reject_filter);
	maps_free(e->milter_maps);
	restrict_done(&e->client);
	restrict_done(&e->helo);
	restrict_done(&e->sender);
	restrict_done(&e->relay);
	restrict_done(&e->rcpt);
	restrict_done(&e->data);
	restrict_done(&e->eod);
	restrict_done(&e->etrn);
	restrict_done(&e->rewrite_clients);
	policy_free(e->policies);
	free(e->policies);
	free(e);
}
