/*
 * restrict.c - the restrictions of smtpd, as far as they can be judged unasked
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/restrict.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"

static const struct restriction restrictions[] = {
	{ "permit", RESTRICT_PERMITS, false },
	{ "reject", RESTRICT_REJECTS, false },
	{ "defer", RESTRICT_REJECTS, false },
	{ "defer_if_permit", RESTRICT_REJECTS, false },
	{ "defer_if_reject", RESTRICT_DUNNO, false },
	{ "warn_if_reject", RESTRICT_WARNS, false },
	{ "reject_unauth_destination", RESTRICT_GUARDS, false },
	{ "defer_unauth_destination", RESTRICT_GUARDS, false },
	{ "check_relay_domains", RESTRICT_GUARDS, false },
	{ "permit_mynetworks", RESTRICT_MYNETWORKS, false },
	{ "permit_auth_destination", RESTRICT_AUTH_DESTINATION, false },
	{ "check_client_access", RESTRICT_CLIENT, true },
	{ "check_address_map", RESTRICT_CLIENT, true },
	{ "check_helo_access", RESTRICT_HELO, true },
	{ "check_sender_access", RESTRICT_SENDER, true },
	{ "check_recipient_access", RESTRICT_RCPT, true },
	{ "check_ccert_access", RESTRICT_DUNNO, true },
	{ "check_sasl_access", RESTRICT_DUNNO, true },
	{ "check_etrn_access", RESTRICT_DUNNO, true },
	{ "check_reverse_client_hostname_access", RESTRICT_DUNNO, true },
	{ "check_client_a_access", RESTRICT_DUNNO, true },
	{ "check_client_mx_access", RESTRICT_DUNNO, true },
	{ "check_client_ns_access", RESTRICT_DUNNO, true },
	{ "check_reverse_client_hostname_a_access", RESTRICT_DUNNO, true },
	{ "check_reverse_client_hostname_mx_access", RESTRICT_DUNNO, true },
	{ "check_reverse_client_hostname_ns_access", RESTRICT_DUNNO, true },
	{ "check_helo_a_access", RESTRICT_DUNNO, true },
	{ "check_helo_mx_access", RESTRICT_DUNNO, true },
	{ "check_helo_ns_access", RESTRICT_DUNNO, true },
	{ "check_sender_a_access", RESTRICT_DUNNO, true },
	{ "check_sender_mx_access", RESTRICT_DUNNO, true },
	{ "check_sender_ns_access", RESTRICT_DUNNO, true },
	{ "check_recipient_a_access", RESTRICT_DUNNO, true },
	{ "check_recipient_mx_access", RESTRICT_DUNNO, true },
	{ "check_recipient_ns_access", RESTRICT_DUNNO, true },
	/* A policy service leaves alone what it does not refuse. */
	{ "check_policy_service", RESTRICT_DUNNO, true },
	{ "check_recipient_maps", RESTRICT_DUNNO, false },
	{ "permit_inet_interfaces", RESTRICT_DUNNO, false },
	{ "permit_sasl_authenticated", RESTRICT_DUNNO, false },
	{ "permit_tls_clientcerts", RESTRICT_DUNNO, false },
	{ "permit_tls_all_clientcerts", RESTRICT_DUNNO, false },
	{ "permit_mx_backup", RESTRICT_DUNNO, false },
	{ "permit_naked_ip_address", RESTRICT_DUNNO, false },
	{ "permit_dnswl_client", RESTRICT_DUNNO, true },
	{ "permit_rhswl_client", RESTRICT_DUNNO, true },
	{ "reject_rbl_client", RESTRICT_DUNNO, true },
	{ "reject_rhsbl_client", RESTRICT_DUNNO, true },
	{ "reject_rhsbl_reverse_client", RESTRICT_DUNNO, true },
	{ "reject_rhsbl_helo", RESTRICT_DUNNO, true },
	{ "reject_rhsbl_sender", RESTRICT_DUNNO, true },
	{ "reject_rhsbl_recipient", RESTRICT_DUNNO, true },
	{ "reject_maps_rbl", RESTRICT_DUNNO, false },
	{ "reject_unauth_pipelining", RESTRICT_DUNNO, false },
	{ "reject_plaintext_session", RESTRICT_DUNNO, false },
	{ "reject_unknown_client", RESTRICT_DUNNO, false },
	{ "reject_unknown_client_hostname", RESTRICT_DUNNO, false },
	{ "reject_unknown_reverse_client_hostname", RESTRICT_DUNNO, false },
	{ "reject_unknown_forward_client_hostname", RESTRICT_DUNNO, false },
	{ "reject_invalid_hostname", RESTRICT_DUNNO, false },
	{ "reject_invalid_helo_hostname", RESTRICT_DUNNO, false },
	{ "reject_non_fqdn_hostname", RESTRICT_DUNNO, false },
	{ "reject_non_fqdn_helo_hostname", RESTRICT_DUNNO, false },
	{ "reject_unknown_hostname", RESTRICT_DUNNO, false },
	{ "reject_unknown_helo_hostname", RESTRICT_DUNNO, false },
	{ "reject_non_fqdn_sender", RESTRICT_DUNNO, false },
	{ "reject_unknown_address", RESTRICT_DUNNO, false },
	{ "reject_unknown_sender_domain", RESTRICT_DUNNO, false },
	{ "reject_unlisted_sender", RESTRICT_DUNNO, false },
	{ "reject_unverified_sender", RESTRICT_DUNNO, false },
	{ "reject_sender_login_mismatch", RESTRICT_DUNNO, false },
	{ "reject_authenticated_sender_login_mismatch", RESTRICT_DUNNO, false },
	{ "reject_unauthenticated_sender_login_mismatch", RESTRICT_DUNNO, false },
	{ "reject_known_sender_login_mismatch", RESTRICT_DUNNO, false },
	{ "reject_non_fqdn_recipient", RESTRICT_DUNNO, false },
	{ "reject_unknown_recipient_domain", RESTRICT_DUNNO, false },
	{ "reject_unlisted_recipient", RESTRICT_DUNNO, false },
	{ "reject_unverified_recipient", RESTRICT_DUNNO, false },
	{ "reject_multi_recipient_bounce", RESTRICT_DUNNO, false },
	{ "sleep", RESTRICT_DUNNO, true },
};

#define COUNT	(sizeof(restrictions) / sizeof(restrictions[0]))

const struct restrict_list restrict_lists[RESTRICT_LISTS] = {
	{ "smtpd_client_restrictions", RESTRICT_CLIENT },
	{ "smtpd_helo_restrictions", RESTRICT_HELO },
	{ "smtpd_sender_restrictions", RESTRICT_SENDER },
	{ "smtpd_relay_restrictions", RESTRICT_RCPT },
	{ "smtpd_recipient_restrictions", RESTRICT_RCPT },
	{ "smtpd_data_restrictions", RESTRICT_DUNNO },
	{ "smtpd_end_of_data_restrictions", RESTRICT_DUNNO },
	{ "smtpd_etrn_restrictions", RESTRICT_DUNNO },
};

const struct restriction *
restrict_find(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT; i++)
		if (strcasecmp(restrictions[i].name, name) == 0)
			return &restrictions[i];
	return NULL;
}

bool
restrict_takes(const char *word, size_t len)
{
	char *name = xstrndup(word, len);
	const struct restriction *r = restrict_find(name);

	free(name);
	return r != NULL && r->has_argument;
}

bool
restrict_is_list(const char *name, const char *classes)
{
	size_t i;

	for (i = 0; i < RESTRICT_LISTS; i++)
		if (strcmp(restrict_lists[i].name, name) == 0)
			return true;
	return text_list_has(classes, name);
}

const char *
restrict_nearest(const char *word)
{
	const char *hint = NULL;
	size_t n = strlen(word), i;

	/* Nearly the same: one letter too many, too few, or changed. */
	for (i = 0; i < COUNT; i++) {
		const char *known = restrictions[i].name;
		size_t head = 0, tail = 0, m = strlen(known);

		while (head < n && head < m && word[head] == known[head])
			head++;
		while (tail < n - head && tail < m - head &&
		    word[n - 1 - tail] == known[m - 1 - tail])
			tail++;
		if (head + tail + 2 >= (n > m ? n : m) && n + 2 >= m)
			hint = known;
	}
	return hint;
}

bool
restrict_is_table(const char *word)
{
	return *word == '{' || strchr(word, ':') != NULL || *word == '/';
}
