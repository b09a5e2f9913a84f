/*
 * access.c - access tables: which keys, what a result does
 *
 * Keys go from the most specific to the least; a table that cannot answer is
 * treated as one that says "server error", never as one that says nothing.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/access.h"

#include <ctype.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/dsn.h"
#include "lib/mail/header.h"
#include "lib/net/dns.h"
#include "lib/net/netaddr.h"
#include "lib/net/tls.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

#define SERVERS_MAX	100	/* addresses looked at for one domain */

/* ---- results ---- */

struct action {			/* one table result, taken apart */
	const char	*table, *key, *word, *text, *reply_name;
	enum restrict_class class;
};

static enum restrict_result
reply_with(struct session *s, const struct action *a, int code,
    const char *default_dsn, const char *default_text)
{
	char status[DSN_STATUS_SIZE], fit[16];
	const char *text = dsn_split(a->text, default_dsn, status);

	if (*text == '\0')
		text = default_text;
	restrict_dsn(fit, status, a->class);
	return restrict_reject(s, code, fit, "<%s>: %s rejected: %s",
	    a->reply_name, restrict_class_text(a->class), text);
}

static enum restrict_result
defer_if(struct session *s, const struct action *a, bool is_permit)
{
	char status[DSN_STATUS_SIZE], fit[16];
	const char *text = dsn_split(a->text, "4.7.1", status);

	if (*text == '\0')
		text = "Service unavailable";
	restrict_dsn(fit, status, a->class);
	if (is_permit)
		return restrict_defer_if_permit(s,
		    params.access_map_defer_code, fit, "<%s>: %s rejected: %s",
		    a->reply_name, restrict_class_text(a->class), text);
	return restrict_defer_if_reject(s, params.access_map_defer_code, fit,
	    "<%s>: %s rejected: %s", a->reply_name,
	    restrict_class_text(a->class), text);
}

/* verb is what stands in the log when the table has no text, or before it. */
static void
log_action(struct session *s, const struct action *a, const char *what,
    const char *verb)
{
	struct buf text = BUF_INIT;
	bool has_target = strcmp(what, "hold") != 0 &&
	    strcmp(what, "discard") != 0;

	buf_setf(&text, "<%s>: %s ", a->reply_name,
	    restrict_class_text(a->class));
	if (has_target)
		buf_addf(&text, "%s %s", verb, a->text);
	else
		buf_adds(&text, *a->text != '\0' ? a->text : verb);
	restrict_log(s, what, text.ptr);
	buf_done(&text);
}

static bool
lacks_mail(const struct session *s, const struct action *a)
{
	if (s->sender == NULL)
		log_warning("access table %s: with smtpd_delay_reject=no, "
		    "action %s is always skipped in Client host or Helo "
		    "command restrictions", a->table, a->word);
	return s->sender == NULL;
}

/* Actions that change the message need one that is still to come. */
static bool
is_unavailable(const struct session *s, const struct action *a)
{
	if (params.smtpd_proxy_filter[0] != '\0') {
		log_warning("access table %s: with smtpd_proxy_filter "
		    "specified, action %s is unavailable", a->table, a->word);
		return true;
	}
	if (s->stage == CLASS_ETRN) {
		log_warning("access table %s: action %s is unavailable in "
		    "smtpd_etrn_restrictions", a->table, a->word);
		return true;
	}
	return lacks_mail(s, a);
}

static void
replace(char **where, const char *value)
{
	free(*where);
	*where = xstrdup(value);
}

static enum restrict_result
do_filter(struct session *s, const struct action *a)
{
	if (is_unavailable(s, a))
		return RESTRICT_DUNNO;
	if (*a->text == '\0') {
		log_warning("access table %s entry \"%s\" has FILTER entry "
		    "without value", a->table, a->key);
	} else if (strchr(a->text, ':') == NULL) {
		log_warning("access table %s entry \"%s\" requires "
		    "transport:destination", a->table, a->key);
	} else {
		log_action(s, a, "filter", "triggers FILTER");
		replace(&s->filter, a->text);
	}
	return RESTRICT_DUNNO;
}

static enum restrict_result
do_hold(struct session *s, const struct action *a)
{
	if (is_unavailable(s, a))
		return RESTRICT_DUNNO;
	if ((s->access_flags & CLEANUP_HOLD) == 0)
		log_action(s, a, "hold", "triggers HOLD action");
	s->access_flags |= CLEANUP_HOLD;
	return RESTRICT_DUNNO;
}

static enum restrict_result
do_discard(struct session *s, const struct action *a)
{
	if (is_unavailable(s, a))
		return RESTRICT_DUNNO;
	log_action(s, a, "discard", "triggers DISCARD action");
	s->access_flags |= CLEANUP_DISCARD;
	return RESTRICT_PERMIT;
}

static bool
is_target(const struct action *a)
{
	if (strchr(a->text, '@') != NULL)
		return true;
	log_warning("access table %s entry \"%s\" requires user@domain target",
	    a->table, a->key);
	return false;
}

static enum restrict_result
do_redirect(struct session *s, const struct action *a)
{
	if (is_unavailable(s, a) || !is_target(a))
		return RESTRICT_DUNNO;
	log_action(s, a, "redirect", "triggers REDIRECT");
	replace(&s->redirect, a->text);
	return RESTRICT_DUNNO;
}

static enum restrict_result
do_bcc(struct session *s, const struct action *a)
{
	if (is_unavailable(s, a) || !is_target(a))
		return RESTRICT_DUNNO;
	log_action(s, a, "bcc", "triggers BCC");
	buf_add(&s->bcc, a->text, strlen(a->text) + 1);
	return RESTRICT_DUNNO;
}

static enum restrict_result
do_prepend(struct session *s, const struct action *a)
{
	size_t at = s->prepend.len;
	char *p;

	if (lacks_mail(s, a))
		return RESTRICT_DUNNO;
	if (s->stage == CLASS_EOD) {
		log_warning("access table %s: action PREPEND must be used "
		    "before smtpd_end_of_data_restrictions", a->table);
	} else if (*a->text == '\0' ||
	    header_name_len(a->text, strlen(a->text)) == 0) {
		log_warning("access table %s entry \"%s\" requires header: "
		    "text", a->table, a->key);
	} else {
		buf_add(&s->prepend, a->text, strlen(a->text) + 1);
		/* A line break would start another header, or the body. */
		for (p = s->prepend.ptr + at; *p != '\0'; p++)
			if (*p == '\r' || *p == '\n')
				*p = ' ';
	}
	return RESTRICT_DUNNO;
}

static enum restrict_result
do_action(struct session *s, const struct action *a, bool *is_known)
{
	*is_known = true;
	if (strcasecmp(a->word, "REJECT") == 0)
		return reply_with(s, a, params.access_map_reject_code, "5.7.1",
		    "Access denied");
	if (strcasecmp(a->word, "DEFER") == 0)
		return reply_with(s, a, params.access_map_defer_code, "4.7.1",
		    "Access denied");
	if (strcasecmp(a->word, "DEFER_IF_REJECT") == 0)
		return defer_if(s, a, false);
	if (strcasecmp(a->word, "DEFER_IF_PERMIT") == 0)
		return defer_if(s, a, true);
	if (strcasecmp(a->word, "OK") == 0 || strcasecmp(a->word, "RELAY") == 0)
		return RESTRICT_PERMIT;
	if (strcasecmp(a->word, "DUNNO") == 0)
		return RESTRICT_DUNNO;
	if (strcasecmp(a->word, "FILTER") == 0)
		return do_filter(s, a);
	if (strcasecmp(a->word, "HOLD") == 0)
		return do_hold(s, a);
	if (strcasecmp(a->word, "DISCARD") == 0)
		return do_discard(s, a);
	if (strcasecmp(a->word, "REDIRECT") == 0)
		return do_redirect(s, a);
	if (strcasecmp(a->word, "BCC") == 0)
		return do_bcc(s, a);
	if (strcasecmp(a->word, "PREPEND") == 0)
		return do_prepend(s, a);
	if (strcasecmp(a->word, "WARN") == 0) {
		restrict_log(s, "warn", a->text);
		return RESTRICT_DUNNO;
	}
	if (strcasecmp(a->word, "INFO") == 0) {
		restrict_log(s, "info", a->text);
		return RESTRICT_DUNNO;
	}
	if (strcasecmp(a->word, "HANGUP") == 0) {
		restrict_log(s, "hangup", a->text);
		s->is_closing = s->is_silent = true;
		return RESTRICT_REJECT;
	}
	*is_known = false;
	return RESTRICT_DUNNO;
}

static bool
is_code(const char *word)
{
	return strlen(word) == 3 && (word[0] == '4' || word[0] == '5') &&
	    isdigit((unsigned char)word[1]) && isdigit((unsigned char)word[2]);
}

enum restrict_result
access_apply(struct session *s, const char *table, const char *key,
    const char *value, const char *reply_name, enum restrict_class class)
{
	char *word, *copy = xstrdup(value);
	struct action a = { .table = table, .key = key, .class = class,
	    .reply_name = reply_name };
	size_t len;
	enum restrict_result r;
	bool is_known = false;

	if (*value == '\0') {
		log_warning("access table %s entry %s has empty value", table,
		    key);
		free(copy);
		return RESTRICT_DUNNO;
	}
	word = copy + strspn(copy, " \t\r\n");
	len = strcspn(word, " \t\r\n");
	a.text = text_skip_blank(word + len);
	word[len] = '\0';
	a.word = word;
	if (*word != '\0' && *a.text == '\0' &&
	    strspn(word, "0123456789") == len) {
		r = RESTRICT_PERMIT;	/* any number, as in other programs' tables */
		is_known = true;
	} else if (is_code(word)) {
		r = reply_with(s, &a, atoi(word), *word == '4' ? "4.7.1" :
		    "5.7.1", "Access denied");
	} else {
		r = do_action(s, &a, &is_known);
		if (!is_known)
			r = restrict_text(s, table, value, reply_name, class);
	}
	if (r == RESTRICT_PERMIT && is_known)
		restrict_log_permit(s, word, class, reply_name, table);
	free(copy);
	return r;
}

/* ---- keys ---- */

/* Which search of an access table. */
typedef enum table_result (*search_fn)(struct maps *maps, const char *what,
    struct buf *key, struct buf *value);

/* One search; *result says what came of it when this returns true. */
static bool
try(struct session *s, search_fn search, struct maps *maps,
    const char *title, const char *what, const char *reply_name,
    enum restrict_class class, enum restrict_result *result)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	bool is_over = true;

	switch (search(maps, what, &key, &value)) {
	case TABLE_FOUND:
		*result = access_apply(s, title, key.ptr, value.ptr,
		    reply_name, class);
		break;
	case TABLE_NOT_FOUND:
		is_over = false;
		break;
	default:
		*result = access_apply(s, title, what,
		    "451 4.3.5 Server configuration error", reply_name, class);
	}
	buf_done(&key);
	buf_done(&value);
	return is_over;
}

enum restrict_result
access_host(struct session *s, struct maps *maps, const char *title,
    const char *name, const char *addr, const char *reply_name,
    enum restrict_class class)
{
	enum restrict_result r = RESTRICT_DUNNO;

	if (!try(s, search_access_name, maps, title, name, reply_name, class,
	    &r))
		try(s, search_access_ip, maps, title, addr, reply_name, class,
		    &r);
	return r;
}

enum restrict_result
access_domain(struct session *s, struct maps *maps, const char *title,
    const char *domain, const char *reply_name, enum restrict_class class)
{
	enum restrict_result r = RESTRICT_DUNNO;

	try(s, search_access_name, maps, title, domain, reply_name, class,
	    &r);
	return r;
}

enum restrict_result
access_mail(struct session *s, struct maps *maps, const char *title,
    const char *address, const char *reply_name, enum restrict_class class)
{
	enum restrict_result r = RESTRICT_DUNNO;

	try(s, search_access_mail, maps, title, address, reply_name, class,
	    &r);
	return r;
}

static enum table_result
search_print(struct maps *maps, const char *print, struct buf *key,
    struct buf *value)
{
	if (print[0] == '\0')
		return TABLE_NOT_FOUND;
	buf_sets(key, print);
	return maps_find(maps, print, false, value);
}

enum restrict_result
access_cert(struct session *s, struct maps *maps, const char *title,
    const struct tls_info *tls)
{
	enum restrict_result r = RESTRICT_DUNNO;

	if (!try(s, search_print, maps, title, tls->cert_print,
	    tls->subject_cn, CLASS_CERT, &r))
		try(s, search_print, maps, title, tls->key_print,
		    tls->subject_cn, CLASS_CERT, &r);
	return r;
}

/* ---- the servers behind a domain ---- */

/* A search for servers: who asks, and what came of it. */
struct servers {
	struct session	*s;
	struct maps	*maps;
	const char	*title, *reply_name;
	enum access_server type;
	enum restrict_class class;
	int		 left;		/* addresses that may still be looked at */
	enum restrict_result result;
};

static const char *
type_text(enum access_server type)
{
	return type == ACCESS_MX ? "MX" : type == ACCESS_NS ? "NS" : "A";
}

static void
try_addresses(struct servers *v, const char *host)
{
	struct dns_answer addrs = { 0 };
	char text[NETADDR_TEXT_SIZE];
	enum dns_result found = dns_addresses(host, true, &addrs, NULL);
	size_t i;

	if (found != DNS_FOUND && v->type != ACCESS_A)
		log_warning("Unable to look up %s host %s for %s %s: %s",
		    type_text(v->type), host, restrict_class_text(v->class),
		    v->reply_name, dns_host_text(found));
	for (i = 0; i < addrs.count && v->result == RESTRICT_DUNNO &&
	    --v->left >= 0; i++)
		try(v->s, search_access_ip, v->maps, v->title,
		    netaddr_text(&addrs.rr[i].addr, text), v->reply_name,
		    v->class, &v->result);
	dns_answer_done(&addrs);
}

/* What stands in the table for the name of a host is said for its addresses too. */
static void
try_server(struct servers *v, const char *host)
{
	if (!try(v->s, search_access_name, v->maps, v->title, host,
	    v->reply_name, v->class, &v->result))
		try_addresses(v, host);
}

/*
 * MX or NS records; for NS of the nearest parent that has some
 *
 * domain	becomes that parent; NULL when there was none
 */
static enum dns_result
find_servers(enum access_server type, const char **domain,
    struct dns_answer *out, struct err *err)
{
	enum dns_result r;

	if (type == ACCESS_MX)
		return dns_query(*domain, ns_t_mx, out, err);
	for (;;) {
		r = dns_query(*domain, ns_t_ns, out, err);
		if (r != DNS_NO_DATA && r != DNS_NOT_FOUND)
			return r;
		if ((*domain = strchr(*domain, '.')) == NULL)
			return r;
		++*domain;
	}
}

/* The resolver's sentence ends with the reason. */
static void
unknown_servers(const struct servers *v, const char *domain,
    const struct err *err)
{
	const char *why = strrchr(err->text, ':');

	log_warning("Unable to look up %s host for %s: %s",
	    type_text(v->type), domain != NULL ? domain : v->reply_name,
	    why != NULL ? why + 2 : err->text);
}

/* By MX or NS records. */
static void
try_servers(struct servers *v, const char *domain)
{
	const char *asked = domain;
	struct dns_answer found = { 0 };
	struct err err = ERR_INIT;
	size_t i;

	switch (find_servers(v->type, &asked, &found, &err)) {
	case DNS_FOUND:
		for (i = 0; i < found.count && v->left > 0 &&
		    v->result == RESTRICT_DUNNO; i++)
			try_server(v, found.rr[i].data);
		break;
	case DNS_NO_DATA:
	case DNS_NOT_FOUND:
		if (v->type == ACCESS_MX)	/* RFC 5321 5.1: then the name itself */
			try_server(v, domain);
		else
			unknown_servers(v, asked, &err);
		break;
	case DNS_NULL_MX:
		break;
	default:
		unknown_servers(v, asked, &err);
	}
	dns_answer_done(&found);
}

enum restrict_result
access_servers(struct session *s, struct maps *maps, const char *title,
    enum access_server type, const char *domain, const char *reply_name,
    enum restrict_class class)
{
	struct servers v = { s, maps, title, reply_name, type, class,
	    SERVERS_MAX, RESTRICT_DUNNO };
	struct buf ip = BUF_INIT;

	if (address_is_literal(domain, &ip))
		try(s, search_access_ip, maps, title, ip.ptr, reply_name,
		    class, &v.result);
	else if (type == ACCESS_A)
		try_addresses(&v, domain);
	else
		try_servers(&v, domain);
	buf_done(&ip);
	return v.result;
}
