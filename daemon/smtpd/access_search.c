/*
 * access_search.c - access tables: which keys are looked up
 *
 * Keys go from the most specific to the least; a table that cannot answer is
 * treated as one that says "server error", never as one that says nothing.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/access.h"
#include "daemon/smtpd/session.h"

#include <resolv.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/mail/address.h"
#include "lib/net/dns.h"
#include "lib/net/netaddr.h"
#include "lib/net/tls.h"
#include "lib/table/search.h"

#define SERVERS_MAX	100	/* addresses looked at for one domain */

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
search_text(struct maps *maps, const char *text, struct buf *key,
    struct buf *value)
{
	if (text[0] == '\0')
		return TABLE_NOT_FOUND;
	buf_sets(key, text);
	return maps_find(maps, text, false, value);
}

enum restrict_result
access_login(struct session *s, struct maps *maps, const char *title)
{
	enum restrict_result r = RESTRICT_DUNNO;

	try(s, search_text, maps, title, s->sasl_username, s->sasl_username,
	    CLASS_LOGIN, &r);
	return r;
}

enum restrict_result
access_cert(struct session *s, struct maps *maps, const char *title,
    const struct tls_info *tls)
{
	enum restrict_result r = RESTRICT_DUNNO;

	if (!try(s, search_text, maps, title, tls->cert_print,
	    tls->subject_cn, CLASS_CERT, &r))
		try(s, search_text, maps, title, tls->key_print,
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
