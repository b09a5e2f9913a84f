/*
 * tls_config.c - the client's TLS parameters, whether called smtp_ or lmtp_
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/tls_policy.h"

#include <string.h>

#include "daemon/serve/tls_kept.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

/* Both names are spelled out, so that whoever looks for one finds it. */
#define PICK(lmtp, smtp)	(is_lmtp ? (lmtp) : (smtp))

static enum tls_level
configured_level(const char *text, bool uses, bool enforces, bool checks_names)
{
	enum tls_level level = tls_level_of_client(text, uses, enforces,
	    checks_names);

	if (level == TLS_LEVEL_BAD)
		log_fatal("Invalid TLS level \"%s\"", text);
	return level;
}

static struct maps *
open_maps(const char *title, const char *list)
{
	return list[0] == '\0' ? NULL :
	    maps_open(title, list, SEARCH_ADDRESSES);
}

static unsigned
log_bits(const char *text, const char *prefix)
{
	unsigned bits = 0;

	if (tls_log_parse(&bits, text) == -1)
		log_warning("unknown %stls_loglevel value \"%s\"", prefix,
		    text);
	return bits;
}

static struct tls_ctx *
make_ctx(const struct tls_config *c, bool is_lmtp)
{
	struct tls_setup setup = {
		.log = log_bits(PICK(params.lmtp_tls_loglevel,
		    params.smtp_tls_loglevel), c->prefix),
		.cert_file = PICK(params.lmtp_tls_cert_file,
		    params.smtp_tls_cert_file),
		.key_file = PICK(params.lmtp_tls_key_file,
		    params.smtp_tls_key_file),
		.eccert_file = PICK(params.lmtp_tls_eccert_file,
		    params.smtp_tls_eccert_file),
		.eckey_file = PICK(params.lmtp_tls_eckey_file,
		    params.smtp_tls_eckey_file),
		.dcert_file = PICK(params.lmtp_tls_dcert_file,
		    params.smtp_tls_dcert_file),
		.dkey_file = PICK(params.lmtp_tls_dkey_file,
		    params.smtp_tls_dkey_file),
		.chain_files = PICK(params.lmtp_tls_chain_files,
		    params.smtp_tls_chain_files),
		.ca_file = PICK(params.lmtp_tls_CAfile,
		    params.smtp_tls_CAfile),
		.ca_path = PICK(params.lmtp_tls_CApath,
		    params.smtp_tls_CApath),
		.verify_depth = PICK(params.lmtp_tls_scert_verifydepth,
		    params.smtp_tls_scert_verifydepth),
		.digest = PICK(params.lmtp_tls_fingerprint_digest,
		    params.smtp_tls_fingerprint_digest),
		.sessions = is_lmtp ? tls_kept("lmtp",
		    params.lmtp_tls_session_cache_database,
		    params.lmtp_tls_session_cache_timeout) : tls_kept("smtp",
		    params.smtp_tls_session_cache_database,
		    params.smtp_tls_session_cache_timeout),
	};

	return tls_ctx_or_warn(&setup);
}

static void
load_texts(struct tls_config *c, bool is_lmtp)
{
	c->protocols = PICK(params.lmtp_tls_protocols,
	    params.smtp_tls_protocols);
	c->mandatory_protocols = PICK(params.lmtp_tls_mandatory_protocols,
	    params.smtp_tls_mandatory_protocols);
	c->ciphers = PICK(params.lmtp_tls_ciphers, params.smtp_tls_ciphers);
	c->mandatory_ciphers = PICK(params.lmtp_tls_mandatory_ciphers,
	    params.smtp_tls_mandatory_ciphers);
	c->excludes = PICK(params.lmtp_tls_exclude_ciphers,
	    params.smtp_tls_exclude_ciphers);
	c->mandatory_excludes = PICK(params.lmtp_tls_mandatory_exclude_ciphers,
	    params.smtp_tls_mandatory_exclude_ciphers);
	c->verify_match = PICK(params.lmtp_tls_verify_cert_match,
	    params.smtp_tls_verify_cert_match);
	c->secure_match = PICK(params.lmtp_tls_secure_cert_match,
	    params.smtp_tls_secure_cert_match);
	c->fingerprints = PICK(params.lmtp_tls_fingerprint_cert_match,
	    params.smtp_tls_fingerprint_cert_match);
	c->servername = PICK(params.lmtp_tls_servername,
	    params.smtp_tls_servername);
	c->anchor_file = PICK(params.lmtp_tls_trust_anchor_file,
	    params.smtp_tls_trust_anchor_file);
}

static void
load_dane(struct tls_config *c, bool is_lmtp, bool uses_dnssec)
{
	c->uses_dnssec = uses_dnssec;
	c->trusts_insecure_host = PICK(
	    params.lmtp_tls_force_insecure_host_tlsa_lookup,
	    params.smtp_tls_force_insecure_host_tlsa_lookup);
	c->insecure_mx =
	    tls_level_parse(params.smtp_tls_dane_insecure_mx_policy);
	if (c->insecure_mx < TLS_LEVEL_MAY || c->insecure_mx > TLS_LEVEL_DANE) {
		log_warning("bad smtp_tls_dane_insecure_mx_policy \"%s\": "
		    "using dane", params.smtp_tls_dane_insecure_mx_policy);
		c->insecure_mx = TLS_LEVEL_DANE;
	}
}

void
tls_config_load(struct tls_config *c, bool is_lmtp, bool uses_dnssec)
{
	memset(c, 0, sizeof(*c));
	c->prefix = is_lmtp ? "lmtp_" : "smtp_";
	c->checks_names = PICK(params.lmtp_tls_enforce_peername,
	    params.smtp_tls_enforce_peername);
	c->level = configured_level(PICK(params.lmtp_tls_security_level,
	    params.smtp_tls_security_level),
	    PICK(params.lmtp_use_tls, params.smtp_use_tls),
	    PICK(params.lmtp_enforce_tls, params.smtp_enforce_tls),
	    c->checks_names);
	c->wraps = PICK(params.lmtp_tls_wrappermode,
	    params.smtp_tls_wrappermode);
	c->notes_offer = PICK(params.lmtp_tls_note_starttls_offer,
	    params.smtp_tls_note_starttls_offer);
	c->blocks_early = PICK(params.lmtp_tls_block_early_mail_reply,
	    params.smtp_tls_block_early_mail_reply);
	c->starttls_timeout = PICK(params.lmtp_starttls_timeout,
	    params.smtp_starttls_timeout);
	load_texts(c, is_lmtp);
	load_dane(c, is_lmtp, uses_dnssec);
	c->policies = is_lmtp ?
	    open_maps("lmtp_tls_policy_maps", params.lmtp_tls_policy_maps) :
	    open_maps("smtp_tls_policy_maps", params.smtp_tls_policy_maps);
	c->sites = is_lmtp ?
	    open_maps("lmtp_tls_per_site", params.lmtp_tls_per_site) :
	    open_maps("smtp_tls_per_site", params.smtp_tls_per_site);
	if (c->level > TLS_LEVEL_NONE || c->policies != NULL ||
	    c->sites != NULL)
		c->ctx = make_ctx(c, is_lmtp);
}
