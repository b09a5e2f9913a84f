/*
 * config.c - the client's parameters, whether they are called smtp_ or lmtp_
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/smtp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/serve/dns_filter.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/net/dns.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"
#include "lib/table/search.h"

static struct maps *
open_maps(const char *title, const char *list, unsigned flags)
{
	return list[0] == '\0' ? NULL : maps_open(title, list, flags);
}

unsigned
smtp_config_discards(const char *list)
{
	static const struct {
		const char	*word;
		unsigned	 bit;
	} words[] = {
		{ "pipelining", SMTP_HAS_PIPELINING }, { "size", SMTP_HAS_SIZE },
		{ "8bitmime", SMTP_HAS_8BITMIME }, { "dsn", SMTP_HAS_DSN },
		{ "smtputf8", SMTP_HAS_SMTPUTF8 },
		{ "starttls", SMTP_HAS_STARTTLS }, { "auth", SMTP_HAS_AUTH },
		{ "xforward", SMTP_HAS_XFORWARD },
		{ "chunking", SMTP_HAS_CHUNKING },
		{ "enhancedstatuscodes", SMTP_HAS_ENHANCED },
		{ "vrfy", SMTP_HAS_VRFY }, { "etrn", SMTP_HAS_ETRN },
		{ "silent-discard", SMTP_DISCARD_SILENTLY }
	};
	char *copy = xstrdup(list), *rest = copy, *word;
	unsigned bits = 0;
	size_t i, n = sizeof(words) / sizeof(words[0]);

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		for (i = 0; i < n && strcasecmp(word, words[i].word) != 0; i++)
			;
		if (i == n)
			log_warning("unknown EHLO keyword to discard: %s",
			    word);
		else
			bits |= words[i].bit;
	}
	free(copy);
	return bits;
}

unsigned
smtp_config_pix(const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *word;
	unsigned bits = 0;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		if (strcasecmp(word, "disable_esmtp") == 0)
			bits |= SMTP_PIX_NO_ESMTP;
		else if (strcasecmp(word, "delay_dotcrlf") == 0)
			bits |= SMTP_PIX_DELAY_DOT;
		else
			log_warning("unknown PIX workaround: %s", word);
	}
	free(copy);
	return bits;
}

static bool
support_is(const char *level, const char *name)
{
	return strcasecmp(level, name) == 0;
}

static void
load_lookup(struct smtp_config *c, const char *level, const char *methods)
{
	char *copy = xstrdup(methods), *rest = copy, *word;

	c->uses_dns = level[0] != '\0' ? !support_is(level, "disabled") :
	    !params.disable_dns_lookups;
	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		if (strcasecmp(word, "dns") == 0)
			c->lookup |= SMTP_LOOKUP_DNS;
		else if (strcasecmp(word, "native") == 0)
			c->lookup |= SMTP_LOOKUP_NATIVE;
		else
			log_fatal("unknown host lookup method: %s", word);
	}
	/* Without DNS there is only one way left. */
	if (!c->uses_dns || c->lookup == 0)
		c->lookup = SMTP_LOOKUP_NATIVE;
	free(copy);
}

/* May TLSA records be believed? */
static bool
trusts_dns(const char *support)
{
	if (!support_is(support, "dnssec"))
		return false;
	if (dns_use_dnssec())
		return true;
	log_warning("dns support level dnssec: the resolver is not on this "
	    "host, and resolv.conf has no \"trust-ad\": its answers count as "
	    "not signed");
	return false;
}

static enum smtp_prefer
preference(const char *text)
{
	if (strcasecmp(text, "ipv4") == 0)
		return SMTP_PREFER_IPV4;
	if (strcasecmp(text, "ipv6") == 0)
		return SMTP_PREFER_IPV6;
	return SMTP_PREFER_ANY;
}

/* The peer's words, which letter case counts in. */
static unsigned
resolver_options(const char *title, const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *word;
	unsigned how = 0;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		if (strcmp(word, "res_defnames") == 0)
			how |= DNS_SEARCH_OWN;
		else if (strcmp(word, "res_dnsrch") == 0)
			how |= DNS_SEARCH_PARENTS;
		else
			log_fatal("unknown %s value \"%s\" in \"%s\"", title,
			    word, list);
	free(copy);
	return how;
}

/* Both names are spelled out, so that whoever looks for one finds it. */
#define PICK(lmtp, smtp)	(is_lmtp ? (lmtp) : (smtp))
#define TITLE(name)	(is_lmtp ? "lmtp_" name : "smtp_" name)

static void
load_limits(struct smtp_config *c, bool is_lmtp)
{
	c->connect_timeout = PICK(params.lmtp_connect_timeout,
	    params.smtp_connect_timeout);
	c->helo_timeout = is_lmtp ? params.lmtp_lhlo_timeout :
	    params.smtp_helo_timeout;
	c->mail_timeout = PICK(params.lmtp_mail_timeout,
	    params.smtp_mail_timeout);
	c->rcpt_timeout = PICK(params.lmtp_rcpt_timeout,
	    params.smtp_rcpt_timeout);
	c->data_init_timeout = PICK(params.lmtp_data_init_timeout,
	    params.smtp_data_init_timeout);
	c->data_xfer_timeout = PICK(params.lmtp_data_xfer_timeout,
	    params.smtp_data_xfer_timeout);
	c->data_done_timeout = PICK(params.lmtp_data_done_timeout,
	    params.smtp_data_done_timeout);
	c->rset_timeout = PICK(params.lmtp_rset_timeout,
	    params.smtp_rset_timeout);
	c->quit_timeout = PICK(params.lmtp_quit_timeout,
	    params.smtp_quit_timeout);
	c->xforward_timeout = PICK(params.lmtp_xforward_timeout,
	    params.smtp_xforward_timeout);
	c->per_request_deadline = PICK(params.lmtp_per_request_deadline,
	    params.smtp_per_request_deadline);
	c->min_data_rate = PICK(params.lmtp_min_data_rate,
	    params.smtp_min_data_rate);
	c->address_limit = PICK(params.lmtp_mx_address_limit,
	    params.smtp_mx_address_limit);
	c->session_limit = PICK(params.lmtp_mx_session_limit,
	    params.smtp_mx_session_limit);
	c->line_limit = PICK(params.lmtp_line_length_limit,
	    params.smtp_line_length_limit);
	c->cache_time_s = PICK(params.lmtp_connection_cache_time_limit,
	    params.smtp_connection_cache_time_limit);
	c->reuse_time_s = PICK(params.lmtp_connection_reuse_time_limit,
	    params.smtp_connection_reuse_time_limit);
	c->reuse_count = PICK(params.lmtp_connection_reuse_count_limit,
	    params.smtp_connection_reuse_count_limit);
}

static void
load_tables(struct smtp_config *c, bool is_lmtp)
{
	const char *list;

	c->discard = is_lmtp ? params.lmtp_discard_lhlo_keywords :
	    params.smtp_discard_ehlo_keywords;
	c->discard_maps = is_lmtp ?
	    open_maps("lmtp_discard_lhlo_keyword_address_maps",
	    params.lmtp_discard_lhlo_keyword_address_maps, 0) :
	    open_maps("smtp_discard_ehlo_keyword_address_maps",
	    params.smtp_discard_ehlo_keyword_address_maps, 0);
	c->pix = PICK(params.lmtp_pix_workarounds,
	    params.smtp_pix_workarounds);
	c->pix_maps = open_maps(TITLE("pix_workaround_maps"),
	    PICK(params.lmtp_pix_workaround_maps,
	    params.smtp_pix_workaround_maps), 0);
	c->pix_threshold_s = PICK(params.lmtp_pix_workaround_threshold_time,
	    params.smtp_pix_workaround_threshold_time);
	c->pix_delay_s = PICK(params.lmtp_pix_workaround_delay_time,
	    params.smtp_pix_workaround_delay_time);
	c->generic = open_maps(TITLE("generic_maps"),
	    PICK(params.lmtp_generic_maps, params.smtp_generic_maps),
	    SEARCH_ADDRESSES);
	c->reply_filter = open_maps(TITLE("reply_filter"),
	    PICK(params.lmtp_reply_filter, params.smtp_reply_filter),
	    SEARCH_TEXT);
	c->header_checks = open_maps(TITLE("header_checks"),
	    PICK(params.lmtp_header_checks, params.smtp_header_checks),
	    SEARCH_TEXT);
	c->mime_checks = open_maps(TITLE("mime_header_checks"),
	    PICK(params.lmtp_mime_header_checks,
	    params.smtp_mime_header_checks), SEARCH_TEXT);
	c->nested_checks = open_maps(TITLE("nested_header_checks"),
	    PICK(params.lmtp_nested_header_checks,
	    params.smtp_nested_header_checks), SEARCH_TEXT);
	c->body_checks = open_maps(TITLE("body_checks"),
	    PICK(params.lmtp_body_checks, params.smtp_body_checks),
	    SEARCH_TEXT);
	c->caches_on_demand = PICK(params.lmtp_connection_cache_on_demand,
	    params.smtp_connection_cache_on_demand);
	list = PICK(params.lmtp_connection_cache_destinations,
	    params.smtp_connection_cache_destinations);
	if (list[0] != '\0')
		c->cache_destinations = match_list_new(
		    TITLE("connection_cache_destinations"), MATCH_STRING,
		    list);
}

/* How far a probe goes: some servers say no only then. */
static bool
wants_data(const char *target)
{
	if (strcasecmp(target, "data") == 0)
		return true;
	if (strcasecmp(target, "rcpt") != 0)
		log_fatal("address_verify_target: bad value \"%s\": it is "
		    "\"rcpt\" or \"data\"", target);
	return false;
}

void
smtp_config_load(struct smtp_config *c, bool is_lmtp)
{
	const char *support;

	memset(c, 0, sizeof(*c));
	c->is_lmtp = is_lmtp;
	c->helo_name = is_lmtp ? params.lmtp_lhlo_name : params.smtp_helo_name;
	c->tcp_port = PICK(params.lmtp_tcp_port, params.smtp_tcp_port);
	c->fallback_relay = PICK(params.lmtp_fallback_relay,
	    params.smtp_fallback_relay);
	c->bind_address = PICK(params.lmtp_bind_address,
	    params.smtp_bind_address);
	c->bind_address6 = PICK(params.lmtp_bind_address6,
	    params.smtp_bind_address6);
	c->bind_enforce = PICK(params.lmtp_bind_address_enforce,
	    params.smtp_bind_address_enforce);
	c->always_ehlo = params.smtp_always_send_ehlo;
	c->never_ehlo = params.smtp_never_send_ehlo;
	c->skip_5xx_greeting = PICK(params.lmtp_skip_5xx_greeting,
	    params.smtp_skip_5xx_greeting);
	c->skip_quit_reply = PICK(params.lmtp_skip_quit_response,
	    params.smtp_skip_quit_response);
	c->send_xforward = PICK(params.lmtp_send_xforward_command,
	    params.smtp_send_xforward_command);
	c->quotes_envelope = PICK(params.lmtp_quote_rfc821_envelope,
	    params.smtp_quote_rfc821_envelope);
	c->randomizes = PICK(params.lmtp_randomize_addresses,
	    params.smtp_randomize_addresses);
	c->balances = PICK(params.lmtp_balance_inet_protocols,
	    params.smtp_balance_inet_protocols);
	c->defers_no_mx_address = PICK(params.lmtp_defer_if_no_mx_address_found,
	    params.smtp_defer_if_no_mx_address_found);
	c->ignores_mx_error = params.ignore_mx_lookup_error;
	c->converts_8bit = !params.disable_mime_output_conversion;
	c->assumes_final = is_lmtp && params.lmtp_assume_final;
	if (c->assumes_final)
		log_warning("lmtp_assume_final is obsolete; instead, specify "
		    "\"flags=X\" in master.cf");
	c->probes_data = wants_data(PICK(params.lmtp_address_verify_target,
	    params.smtp_address_verify_target));
	c->prefer = preference(PICK(params.lmtp_address_preference,
	    params.smtp_address_preference));
	support = PICK(params.lmtp_dns_support_level,
	    params.smtp_dns_support_level);
	load_lookup(c, support, PICK(params.lmtp_host_lookup,
	    params.smtp_host_lookup));
	if (c->uses_dns)
		dns_init();
	dns_set_search(resolver_options(TITLE("dns_resolver_options"),
	    PICK(params.lmtp_dns_resolver_options,
	    params.smtp_dns_resolver_options)));
	dns_filter_init(TITLE("dns_reply_filter"),
	    PICK(params.lmtp_dns_reply_filter,
	    params.smtp_dns_reply_filter));
	c->srv_services = params.use_srv_lookup;
	c->falls_back_from_srv = params.allow_srv_lookup_fallback;
	c->ignores_srv_error = params.ignore_srv_lookup_error;
	load_limits(c, is_lmtp);
	load_tables(c, is_lmtp);
	auth_config_load(&c->auth, is_lmtp);
	tls_config_load(&c->tls, is_lmtp, trusts_dns(support));
}

void
smtp_config_args(struct smtp_config *c, char **argv)
{
	static const char letters[] = "DORX";
	const char *text, *p, *at;

	for (; *argv != NULL; argv++) {
		if (strncmp(*argv, "flags=", 6) != 0)
			log_fatal("unexpected command-line argument: %s",
			    *argv);
		text = *argv + 6;
		for (p = text; *p != '\0'; p++) {
			if ((at = strchr(letters, *p)) == NULL)
				log_fatal("unknown flags=%s value \"%c\" in "
				    "\"%s\"", text, *p, text);
			c->flags |= 1u << (at - letters);
		}
	}
	if ((c->flags & SMTP_FINAL) != 0)
		c->assumes_final = true;
}

bool
smtp_config_checks(const struct smtp_config *c)
{
	return c->header_checks != NULL || c->mime_checks != NULL ||
	    c->nested_checks != NULL || c->body_checks != NULL;
}
