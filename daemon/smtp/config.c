/*
 * config.c - the client's parameters, whether they are called smtp_ or lmtp_
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/smtp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/net/dns.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"

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
		{ "silent-discard", 0 }
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

static enum smtp_prefer
preference(const char *text)
{
	if (strcasecmp(text, "ipv4") == 0)
		return SMTP_PREFER_IPV4;
	if (strcasecmp(text, "ipv6") == 0)
		return SMTP_PREFER_IPV6;
	return SMTP_PREFER_ANY;
}

#define PICK(name)	(is_lmtp ? params.lmtp_##name : params.smtp_##name)
#define TITLE(name)	(is_lmtp ? "lmtp_" name : "smtp_" name)

static void
load_limits(struct smtp_config *c, bool is_lmtp)
{
	c->connect_timeout = PICK(connect_timeout);
	c->helo_timeout = is_lmtp ? params.lmtp_lhlo_timeout :
	    params.smtp_helo_timeout;
	c->mail_timeout = PICK(mail_timeout);
	c->rcpt_timeout = PICK(rcpt_timeout);
	c->data_init_timeout = PICK(data_init_timeout);
	c->data_xfer_timeout = PICK(data_xfer_timeout);
	c->data_done_timeout = PICK(data_done_timeout);
	c->rset_timeout = PICK(rset_timeout);
	c->quit_timeout = PICK(quit_timeout);
	c->xforward_timeout = PICK(xforward_timeout);
	c->per_request_deadline = PICK(per_request_deadline);
	c->address_limit = PICK(mx_address_limit);
	c->session_limit = PICK(mx_session_limit);
	c->line_limit = PICK(line_length_limit);
	c->cache_time_s = PICK(connection_cache_time_limit);
	c->reuse_time_s = PICK(connection_reuse_time_limit);
	c->reuse_count = PICK(connection_reuse_count_limit);
}

static void
load_tables(struct smtp_config *c, bool is_lmtp)
{
	const char *list;

	c->discard = smtp_config_discards(is_lmtp ?
	    params.lmtp_discard_lhlo_keywords :
	    params.smtp_discard_ehlo_keywords);
	c->discard_maps = is_lmtp ?
	    open_maps("lmtp_discard_lhlo_keyword_address_maps",
	    params.lmtp_discard_lhlo_keyword_address_maps, 0) :
	    open_maps("smtp_discard_ehlo_keyword_address_maps",
	    params.smtp_discard_ehlo_keyword_address_maps, 0);
	c->pix = smtp_config_pix(PICK(pix_workarounds));
	c->pix_maps = open_maps(TITLE("pix_workaround_maps"),
	    PICK(pix_workaround_maps), 0);
	c->pix_threshold_s = PICK(pix_workaround_threshold_time);
	c->pix_delay_s = PICK(pix_workaround_delay_time);
	c->generic = open_maps(TITLE("generic_maps"), PICK(generic_maps),
	    TABLE_FOLD | TABLE_UTF8);
	if (PICK(sasl_auth_enable)) {
		c->passwords = maps_open(TITLE("sasl_password_maps"),
		    PICK(sasl_password_maps), TABLE_FOLD | TABLE_UTF8);
		c->by_sender = PICK(sender_dependent_authentication);
	}
	c->tls_level = PICK(tls_security_level);
	c->uses_tls = PICK(use_tls);
	c->enforces_tls = PICK(enforce_tls);
	c->wraps_tls = PICK(tls_wrappermode);
	c->tls_policy = open_maps(TITLE("tls_policy_maps"),
	    PICK(tls_policy_maps), TABLE_FOLD | TABLE_UTF8);
	c->tls_per_site = open_maps(TITLE("tls_per_site"), PICK(tls_per_site),
	    TABLE_FOLD | TABLE_UTF8);
	c->caches_on_demand = PICK(connection_cache_on_demand);
	list = PICK(connection_cache_destinations);
	if (list[0] != '\0')
		c->cache_destinations = match_list_new(
		    TITLE("connection_cache_destinations"), MATCH_STRING,
		    list);
}

void
smtp_config_load(struct smtp_config *c, bool is_lmtp)
{
	memset(c, 0, sizeof(*c));
	c->is_lmtp = is_lmtp;
	c->helo_name = is_lmtp ? params.lmtp_lhlo_name : params.smtp_helo_name;
	c->tcp_port = PICK(tcp_port);
	c->fallback_relay = PICK(fallback_relay);
	c->bind_address = PICK(bind_address);
	c->bind_address6 = PICK(bind_address6);
	c->bind_enforce = PICK(bind_address_enforce);
	c->always_ehlo = params.smtp_always_send_ehlo;
	c->never_ehlo = params.smtp_never_send_ehlo;
	c->skip_5xx_greeting = PICK(skip_5xx_greeting);
	c->skip_quit_reply = PICK(skip_quit_response);
	c->send_xforward = PICK(send_xforward_command);
	c->quotes_envelope = PICK(quote_rfc821_envelope);
	c->randomizes = PICK(randomize_addresses);
	c->balances = PICK(balance_inet_protocols);
	c->defers_no_mx_address = PICK(defer_if_no_mx_address_found);
	c->ignores_mx_error = params.ignore_mx_lookup_error;
	c->converts_8bit = !params.disable_mime_output_conversion;
	c->assumes_final = is_lmtp && params.lmtp_assume_final;
	c->prefer = preference(PICK(address_preference));
	load_lookup(c, PICK(dns_support_level), PICK(host_lookup));
	if (c->uses_dns)
		dns_init();
	load_limits(c, is_lmtp);
	load_tables(c, is_lmtp);
}

/* ---- may this destination be reached in the clear? ---- */

/* Levels that fall back to plain text; everything else insists. */
static bool
level_permits_clear(const char *level)
{
	return strcasecmp(level, "none") == 0 ||
	    strcasecmp(level, "may") == 0;
}

/* The host part of a nexthop: without brackets and port. */
static void
nexthop_host(const char *nexthop, struct buf *out)
{
	size_t n;

	if (nexthop[0] == '[') {
		n = strcspn(nexthop + 1, "]");
		buf_set(out, nexthop + 1, n);
		return;
	}
	buf_sets(out, nexthop);
	n = strcspn(nexthop, ":");
	if (strrchr(nexthop, ':') == nexthop + n)
		buf_truncate(out, n);
}

/*
 * The policy table answers for the nexthop as it is, then, for a plain domain,
 * for ".parent" names.
 */
static enum table_result
find_policy(const struct smtp_config *c, const char *nexthop,
    struct buf *value)
{
	enum table_result found;
	const char *dot;

	found = maps_find(c->tls_policy, nexthop, false, value);
	if (found != TABLE_NOT_FOUND || strpbrk(nexthop, "[:/") != NULL)
		return found;
	for (dot = strchr(nexthop, '.'); dot != NULL;
	    dot = strchr(dot + 1, '.')) {
		found = maps_find(c->tls_policy, dot, false, value);
		if (found != TABLE_NOT_FOUND)
			return found;
	}
	return TABLE_NOT_FOUND;
}

static const char *
level_of_policy(const struct smtp_config *c, const char *nexthop)
{
	static char level[32];
	struct buf value = BUF_INIT;
	const char *result = NULL;

	switch (find_policy(c, nexthop, &value)) {
	case TABLE_FOUND:
		memset(level, 0, sizeof(level));
		memcpy(level, value.ptr, strcspn(value.ptr, TEXT_LIST_SEP) <
		    sizeof(level) ? strcspn(value.ptr, TEXT_LIST_SEP) :
		    sizeof(level) - 1);
		result = level;
		break;
	case TABLE_NOT_FOUND:
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		result = "unknown";
		break;
	}
	buf_done(&value);
	return result;
}

/* The old table: NONE, MAY, MUST, MUST_NOPEERMATCH. */
static bool
site_insists(const struct smtp_config *c, const char *nexthop)
{
	struct buf host = BUF_INIT, value = BUF_INIT;
	bool insists = c->enforces_tls;

	nexthop_host(nexthop, &host);
	switch (maps_find(c->tls_per_site, host.ptr, false, &value)) {
	case TABLE_FOUND:
		insists = !level_permits_clear(value.ptr);
		break;
	case TABLE_NOT_FOUND:
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		insists = true;
		break;
	}
	buf_done(&host);
	buf_done(&value);
	return insists;
}

const char *
smtp_config_needs_tls(const struct smtp_config *c, const char *nexthop)
{
	const char *level = NULL;

	if (c->wraps_tls)
		return "wrappermode";
	if (c->tls_policy != NULL)
		level = level_of_policy(c, nexthop);
	if (level == NULL && c->tls_level[0] != '\0')
		level = c->tls_level;
	if (level != NULL)
		return level_permits_clear(level) ? NULL : level;
	if (c->tls_per_site != NULL)
		return site_insists(c, nexthop) ? "encrypt" : NULL;
	return c->enforces_tls ? "encrypt" : NULL;
}
