/*
 * tls_policy.c - how mail for one destination has to be encrypted
 *
 * What a table says and we do not understand may have been meant to protect
 * the mail: then nothing is sent.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/tls_policy.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/smtp/smtp.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

/* ---- attributes of a table's entry ---- */

struct entry {			/* being read */
	struct tls_policy *p;
	const char	*nexthop;
	const struct smtp_host *host;
	int		 port;
	struct buf	*why;
	struct buf	 match;		/* of all match attributes */
	bool		 has_anchors;
};

static int __attribute__((format(printf, 2, 3)))
complain(const struct entry *e, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	log_warning("%stls_policy_maps, next-hop destination \"%s\": %s",
	    e->p->cfg->prefix, e->nexthop, text.ptr);
	buf_done(&text);
	return -1;
}

static int
set_once(const struct entry *e, char **where, const char *name,
    const char *value)
{
	if (*where != NULL)
		return complain(e, "attribute \"%s\" is specified multiple "
		    "times", name);
	*where = xstrdup(value);
	return 0;
}

static int
add_anchors(struct tls_policy *p, const char *path)
{
	struct err err = ERR_INIT;

	if (tls_anchors_load(path, &p->tlsa, &p->tlsa_count, &err) == 0)
		return 0;
	log_warning("%s", err.text);
	return -1;
}

static int
take_attribute(struct entry *e, const char *name, const char *value)
{
	struct tls_policy *p = e->p;

	if (strcasecmp(name, "protocols") == 0)
		return set_once(e, &p->protocols, name, value);
	if (strcasecmp(name, "ciphers") == 0)
		return set_once(e, &p->grade, name, value);
	if (strcasecmp(name, "exclude") == 0)
		return set_once(e, &p->excludes, name, value);
	if (strcasecmp(name, "servername") == 0)
		return set_once(e, &p->servername, name, value);
	if (strcasecmp(name, "connection_reuse") == 0)
		return 0;	/* sessions with TLS are never kept */
	if (strcasecmp(name, "match") == 0) {
		if (p->level < TLS_LEVEL_FINGERPRINT)
			return complain(e, "attribute \"%s\" invalid at "
			    "security level \"%s\"", name,
			    tls_level_name(p->level));
		buf_addf(&e->match, " %s", value);
		return 0;
	}
	if (strcasecmp(name, "tafile") == 0) {
		if (p->level < TLS_LEVEL_VERIFY)
			return complain(e, "attribute \"%s\" invalid at "
			    "security level \"%s\"", name,
			    tls_level_name(p->level));
		e->has_anchors = true;
		return add_anchors(p, value);
	}
	return complain(e, "invalid attribute name: \"%s\"", name);
}

static int
take_word(struct entry *e, char *word)
{
	char *inner = word, *value;
	const char *why;

	if (*word == '{' && (why = text_brace_strip(word, &inner)) != NULL)
		return complain(e, "%s in \"%s\"", why, word);
	if ((value = strchr(inner, '=')) == NULL)
		return complain(e, "malformed attribute/value pair \"%s\": "
		    "missing '=' after attribute name", inner);
	if (e->p->level == TLS_LEVEL_NONE) {
		complain(e, "ignoring attribute \"%s\" with TLS disabled",
		    inner);
		return 0;
	}
	*value++ = '\0';
	inner = text_trim(inner);
	value = text_trim(value);
	if (*value == '\0')
		return complain(e, "attribute \"%s\" has empty value", inner);
	return take_attribute(e, inner, value);
}

static int
take_entry(struct entry *e, char *text)
{
	char *rest = text, *word = text_split_braced(&rest, TEXT_LIST_SEP);

	if (word == NULL)
		return complain(e, "invalid empty policy");
	e->p->level = tls_level_parse(word);
	if (e->p->level == TLS_LEVEL_BAD)
		return complain(e, "invalid security level \"%s\"", word);
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL)
		if (take_word(e, word) == -1)
			return -1;
	return 0;
}

/* 1: the table has the destination; 0: it has not; -1: nothing may be sent */
static int
ask_policies(struct entry *e)
{
	struct buf value = BUF_INIT;
	int rc = 1;

	switch (search_nexthop(e->p->cfg->policies, e->nexthop, &value)) {
	case TABLE_FOUND:
		if (take_entry(e, value.ptr) == -1)
			rc = -1;
		break;
	case TABLE_NOT_FOUND:
		rc = 0;
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		rc = complain(e, "policy table lookup error");
		break;
	}
	buf_done(&value);
	return rc;
}

/* ---- the older table ---- */

/* What it says of one name; TLS_LEVEL_BAD with *failed unset: nothing. */
static enum tls_level
ask_site(const struct tls_config *c, const char *what, const char *name,
    bool *failed)
{
	static const struct {
		const char	*word;
		enum tls_level	 level;
	} words[] = {
		{ "NONE", TLS_LEVEL_NONE }, { "MAY", TLS_LEVEL_MAY },
		{ "MUST_NOPEERMATCH", TLS_LEVEL_ENCRYPT },
		{ "MUST", TLS_LEVEL_VERIFY }
	};
	struct buf value = BUF_INIT;
	enum tls_level level = TLS_LEVEL_BAD;
	size_t i;

	switch (maps_find(c->sites, name, false, &value)) {
	case TABLE_FOUND:
		for (i = 0; i < 4 && level == TLS_LEVEL_BAD; i++)
			if (strcasecmp(value.ptr, words[i].word) == 0)
				level = words[i].level;
		*failed = level == TLS_LEVEL_BAD;
		if (*failed)
			log_warning("%stls_per_site: unknown TLS policy '%s' "
			    "for %s %s", c->prefix, value.ptr, what, name);
		break;
	case TABLE_NOT_FOUND:
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		*failed = true;
		break;
	}
	buf_done(&value);
	return level;
}

/* Both the next hop and the host may be there: the stricter counts, and NONE before MAY. */
static int
ask_sites(struct tls_policy *p)
{
	const struct tls_config *c = p->cfg;
	bool failed = false;
	enum tls_level of_host, of_domain = TLS_LEVEL_BAD;

	of_host = ask_site(c, "server hostname", p->host, &failed);
	if (!failed && strcasecmp(p->domain, p->host) != 0)
		of_domain = ask_site(c, "next-hop destination", p->domain,
		    &failed);
	if (failed)
		return -1;
	if (of_host == TLS_LEVEL_BAD)
		of_host = of_domain;
	if (of_domain == TLS_LEVEL_BAD)
		of_domain = of_host;
	if (of_host == TLS_LEVEL_BAD)
		return 0;
	if (of_host <= TLS_LEVEL_MAY && of_domain <= TLS_LEVEL_MAY)
		p->level = of_host < of_domain ? of_host : of_domain;
	else
		p->level = of_host > of_domain ? of_host : of_domain;
	return 0;
}

/* ---- one policy ---- */

/* What is there, and was found out safely, decides (RFC 7672 2.2). */
static int
finish_dane(struct entry *e)
{
	struct tls_policy *p = e->p;
	const struct tls_config *c = p->cfg;
	bool is_only = p->level == TLS_LEVEL_DANE_ONLY;
	enum dane_found found = DANE_NONE;

	if (!c->uses_dnssec) {
		log_warning("%s: %s configured with dnssec lookups disabled",
		    e->nexthop, tls_level_name(p->level));
		p->level = TLS_LEVEL_MAY;
		return is_only ? -1 : 0;
	}
	if (is_only && !e->host->mx_is_secure) {
		buf_sets(e->why, "non DNSSEC destination");
		return -1;
	}
	if (e->host->is_secure || c->trusts_insecure_host)
		found = tls_dane_find(p, e->host, e->port);
	switch (found) {
	case DANE_USABLE:
		buf_add(&p->names, p->tlsa_base, strlen(p->tlsa_base) + 1);
		buf_add(&p->names, p->domain, strlen(p->domain) + 1);
		if (!e->host->mx_is_secure) {
			p->level = c->insecure_mx;
			p->is_weak = true;
		}
		return 0;
	case DANE_UNUSABLE:
		p->level = TLS_LEVEL_ENCRYPT;
		if (is_only)
			buf_sets(e->why, "TLSA records unusable");
		return is_only ? -1 : 0;
	case DANE_NONE:
		p->level = TLS_LEVEL_MAY;
		if (is_only)
			buf_sets(e->why, "no TLSA records found");
		return is_only ? -1 : 0;
	case DANE_RETRY:
		break;
	}
	buf_setf(e->why, "TLSA lookup error for %s:%d", e->host->name,
	    e->port);
	return -1;
}

static int
finish(struct entry *e)
{
	struct tls_policy *p = e->p;
	const struct tls_config *c = p->cfg;

	switch (p->level) {
	case TLS_LEVEL_DANE:
	case TLS_LEVEL_DANE_ONLY:
		return finish_dane(e);
	case TLS_LEVEL_FINGERPRINT:
		buf_sets(&p->fingerprints, e->match.len > 0 ? e->match.ptr :
		    c->fingerprints);
		if (p->fingerprints.ptr[strspn(p->fingerprints.ptr,
		    TEXT_LIST_SEP "|")] != '\0')
			break;
		log_warning("nexthop domain %s: configured at fingerprint "
		    "security level, but with no fingerprints to match.",
		    e->nexthop);
		return -1;
	case TLS_LEVEL_VERIFY:
	case TLS_LEVEL_SECURE:
		tls_match_names(&p->names, e->match.len > 0 ? e->match.ptr :
		    p->level == TLS_LEVEL_VERIFY ? c->verify_match :
		    c->secure_match, p->domain, p->host);
		if (!e->has_anchors && c->anchor_file[0] != '\0')
			return add_anchors(p, c->anchor_file);
		break;
	default:
		break;
	}
	return 0;
}

static int
find(struct entry *e)
{
	const struct tls_config *c = e->p->cfg;

	if (c->policies != NULL) {
		if (ask_policies(e) == -1)
			return -1;
	} else if (c->sites != NULL && ask_sites(e->p) == -1) {
		return -1;
	}
	return finish(e);
}

struct tls_policy *
tls_policy_none(void)
{
	struct tls_policy *p = xcalloc(1, sizeof(*p));

	p->level = TLS_LEVEL_NONE;
	buf_init(&p->names);
	buf_init(&p->fingerprints);
	return p;
}

struct tls_policy *
tls_policy_new(const struct tls_config *c, const char *nexthop,
    const struct smtp_dest *dest, const struct smtp_host *host,
    struct buf *why)
{
	struct tls_policy *p = tls_policy_none();
	struct entry e = { .p = p, .nexthop = nexthop, .host = host,
	    .port = dest->port, .why = why };

	p->cfg = c;
	p->level = c->level;
	p->domain = xstrdup(dest->host);
	p->host = xstrdup(host->name);
	buf_init(&e.match);
	buf_sets(why, "client TLS configuration problem");
	if (find(&e) == -1) {
		log_warning("TLS policy lookup for %s/%s: %s", nexthop,
		    host->name, why->ptr);
		tls_policy_free(p);
		p = NULL;
	}
	buf_done(&e.match);
	return p;
}

void
tls_policy_free(struct tls_policy *p)
{
	if (p == NULL)
		return;
	free(p->domain);
	free(p->tlsa_base);
	free(p->host);
	free(p->protocols);
	free(p->grade);
	free(p->excludes);
	free(p->servername);
	buf_done(&p->names);
	buf_done(&p->fingerprints);
	tls_tlsa_free(p->tlsa, p->tlsa_count);
	free(p);
}

/* ---- the handshake ---- */

static int
set_ciphers(const struct tls_policy *p, struct buf *out, const char *peer)
{
	const struct tls_config *c = p->cfg;
	bool must = p->level >= TLS_LEVEL_ENCRYPT;
	const char *grade = p->grade != NULL ? p->grade :
	    must ? c->mandatory_ciphers : c->ciphers;
	const char *const excludes[] = {
		p->excludes != NULL ? p->excludes : c->excludes,
		must && p->excludes == NULL ? c->mandatory_excludes : "",
		/* Who has to prove who he is cannot be anonymous. */
		p->level > TLS_LEVEL_ENCRYPT ? "aNULL" : must ? "eNULL" : "",
		NULL
	};

	if (tls_cipher_list(out, grade, excludes) == 0)
		return 0;
	log_warning("%s: invalid cipher grade: \"%s\"", peer, grade);
	return -1;
}

static int
set_protocols(const struct tls_policy *p, struct tls_protocols *out,
    const char *peer)
{
	const struct tls_config *c = p->cfg;
	const char *text = p->protocols != NULL ? p->protocols :
	    p->level >= TLS_LEVEL_ENCRYPT ? c->mandatory_protocols :
	    c->protocols;

	if (tls_protocols_parse(out, text) == 0)
		return 0;
	log_warning("%s: Invalid TLS protocol list \"%s\": aborting TLS "
	    "session", peer, text);
	return -1;
}

static const char *
server_name(const struct tls_policy *p)
{
	const char *name = p->servername != NULL ? p->servername :
	    p->cfg->servername;

	/* RFC 7672 8.1: the name that the records are for, and no other */
	if (p->level == TLS_LEVEL_DANE || p->level == TLS_LEVEL_DANE_ONLY)
		return p->tlsa_base;
	if (strcasecmp(name, "hostname") == 0)
		return p->host;
	if (strcasecmp(name, "nexthop") == 0)
		return p->domain;
	return name[0] != '\0' ? name : NULL;
}

const struct tls_info *
tls_policy_start(const struct tls_policy *p, const char *peer,
    struct stream *st)
{
	struct buf ciphers = BUF_INIT;
	struct tls_options o = { .peer = peer,
	    .timeout_s = p->cfg->starttls_timeout,
	    .explains = p->level > TLS_LEVEL_ENCRYPT,
	    .servername = server_name(p),
	    .names = p->names.ptr,
	    .names_len = p->level > TLS_LEVEL_ENCRYPT ? p->names.len : 0,
	    .fingerprints = p->fingerprints.len > 0 ? p->fingerprints.ptr :
	    NULL, .tlsa = p->tlsa,
	    .tlsa_count = p->level > TLS_LEVEL_ENCRYPT ? p->tlsa_count : 0,
	    .tlsa_base = p->tlsa_base, .is_weak = p->is_weak,
	    .session_policy = tls_level_name(p->level) };
	struct err err = ERR_INIT;
	struct tls *t = NULL;

	if (set_protocols(p, &o.protocols, peer) == 0 &&
	    set_ciphers(p, &ciphers, peer) == 0) {
		o.ciphers = ciphers.ptr;
		if ((t = tls_start(p->cfg->ctx, &o, st, &err)) == NULL) {
			log_info("%s", err.text);
			tls_log_problems();
		}
	}
	buf_done(&ciphers);
	return t != NULL ? tls_info(t) : NULL;
}
