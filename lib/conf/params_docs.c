/*
 * params_docs.c - what share/parameters.tsv says of each name for people
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/params_docs.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

const struct params_doc *
params_doc_find(const char *name)
{
	size_t lo = 0, hi = params_docs_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int cmp = strcmp(name,
		    params_doc_field(params_docs[mid].name));

		if (cmp == 0)
			return &params_docs[mid];
		if (cmp < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

bool
params_doc_ended(const struct params_doc *doc, const char *how, char *level,
    size_t size)
{
	const char *p = params_doc_field(doc->ended);
	size_t n = strlen(how);

	for (; p != NULL && *p != '\0';
	    p = strchr(p, ';') != NULL ? strchr(p, ';') + 1 : NULL)
		if (strncmp(p, how, n) == 0 && p[n] == ':') {
			p += n + 1;
			snprintf(level, size, "%.*s", (int)strcspn(p, ":;"),
			    p);
			return true;
		}
	return false;
}

/* spec/postconf.md 9 */
static const struct {
	const char	*name, *instead;
} replacements[] = {
	{ "authorized_verp_clients",
	    "specify \"smtpd_authorized_verp_clients\"" },
	{ "disable_dns_lookups", "specify \"smtp_dns_support_level\"" },
	{ "fallback_relay", "specify \"smtp_fallback_relay\"" },
	{ "lmtp_cname_overrides_servername", "do not specify" },
	{ "lmtp_enforce_tls", "specify \"lmtp_tls_security_level\"" },
	{ "lmtp_per_record_deadline",
	    "specify \"lmtp_per_request_deadline\"" },
	{ "lmtp_tls_enforce_peername",
	    "specify \"lmtp_tls_security_level\"" },
	{ "lmtp_tls_per_site", "specify \"lmtp_tls_policy_maps\"" },
	{ "lmtp_use_tls", "specify \"lmtp_tls_security_level\"" },
	{ "postscreen_blacklist_action",
	    "specify \"postscreen_denylist_action\"" },
	{ "postscreen_dnsbl_ttl", "specify \"postscreen_dnsbl_max_ttl\"" },
	{ "postscreen_dnsbl_whitelist_threshold",
	    "specify \"postscreen_dnsbl_allowlist_threshold\"" },
	{ "postscreen_enforce_tls",
	    "specify \"postscreen_tls_security_level\"" },
	{ "postscreen_use_tls",
	    "specify \"postscreen_tls_security_level\"" },
	{ "postscreen_whitelist_interfaces",
	    "specify \"postscreen_allowlist_interfaces\"" },
	{ "smtp_cname_overrides_servername", "do not specify" },
	{ "smtp_enforce_tls", "specify \"smtp_tls_security_level\"" },
	{ "smtp_per_record_deadline",
	    "specify \"smtp_per_request_deadline\"" },
	{ "smtp_tls_cipherlist", "specify \"smtp_tls_mandatory_ciphers\"" },
	{ "smtp_tls_enforce_peername",
	    "specify \"smtp_tls_security_level\"" },
	{ "smtp_tls_per_site", "specify \"smtp_tls_policy_maps\"" },
	{ "smtp_use_tls", "specify \"smtp_tls_security_level\"" },
	{ "smtpd_client_connection_limit_exceptions",
	    "specify \"smtpd_client_event_limit_exceptions\"" },
	{ "smtpd_enforce_tls", "specify \"smtpd_tls_security_level\"" },
	{ "smtpd_per_record_deadline",
	    "specify \"smtpd_per_request_deadline\"" },
	{ "smtpd_sasl_application_name", "specify \"smtpd_sasl_path\"" },
	{ "smtpd_tls_cipherlist",
	    "specify \"smtpd_tls_mandatory_ciphers\"" },
	{ "smtpd_tls_dh1024_param_file",
	    "do not specify (leave at default)" },
	{ "smtpd_tls_eecdh_grade", "do not specify (leave at default)" },
	{ "smtpd_use_tls", "specify \"smtpd_tls_security_level\"" },
	{ "tlsproxy_client_enforce_tls",
	    "specify \"tlsproxy_client_security_level\"" },
	{ "tlsproxy_client_level",
	    "specify \"tlsproxy_client_security_level\"" },
	{ "tlsproxy_client_loglevel_parameter", "do not specify" },
	{ "tlsproxy_client_per_site",
	    "specify \"tlsproxy_client_policy_maps\"" },
	{ "tlsproxy_client_policy",
	    "specify \"tlsproxy_client_policy_maps\"" },
	{ "tlsproxy_client_use_tls",
	    "specify \"tlsproxy_client_security_level\"" },
	{ "tlsproxy_enforce_tls",
	    "specify \"tlsproxy_tls_security_level\"" },
	{ "tlsproxy_use_tls", "specify \"tlsproxy_tls_security_level\"" },
	{ "virtual_maps", "specify \"virtual_alias_maps\"" },
};

const char *
params_doc_instead(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(replacements) / sizeof(replacements[0]); i++)
		if (strcmp(replacements[i].name, name) == 0)
			return replacements[i].instead;
	return NULL;
}

const char *
params_doc_nearest(const char *name)
{
	size_t len = strlen(name), i, d;
	const char *nearest = NULL;
	/* One slip in a short name, two in a long one. */
	size_t best = len < 6 ? 1 : len < 10 ? 2 : 3;

	if (len < 4)
		return NULL;
	for (i = 0; i < params_docs_count; i++) {
		const char *known = params_doc_field(params_docs[i].name);
		size_t n = strlen(known);

		if (n + 3 < len || n > len + 3 ||
		    strcmp(params_doc_field(params_docs[i].class),
		    "removed") == 0)
			continue;
		if ((d = text_distance(name, known)) < best) {
			best = d;
			nearest = known;
		}
	}
	return nearest;
}
