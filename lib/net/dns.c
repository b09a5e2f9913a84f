/*
 * dns.c - DNS questions over libresolv
 *
 * libresolv makes the question and carries it (retries, TCP, several
 * servers); dns_parse_reply, which does no I/O, makes sense of the bytes that
 * came back and believes none of them: names that cannot be host names are
 * dropped, a CNAME chain is followed inside the reply for a few steps only.
 *
 * The hosts file is read here too, so that "localhost" needs neither a server
 * nor the name service switch, and answers are the same in a test instance
 * that asks its own server.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

#define HOSTS_FILE	"/etc/hosts"
#define HOSTS_MAX	(1 << 20)
#define CNAME_MAX	10	/* aliases of aliases: then it is a loop */
#define RECORDS_MAX	1000	/* kept of one answer */
#define QUERY_SIZE	512
#define REPLY_SIZE	65535
#define SOA_NUMBERS_LEN	20	/* five of them, the last is the minimum TTL (RFC 1035 3.3.13) */

/* The resolver's state, made at the first question; like the logger, one per process. */
static struct __res_state resolver;
static bool resolver_is_ready;

/* ---- answers ---- */

static void
rr_done(struct dns_rr *rr)
{
	free(rr->name);
	free(rr->data);
	free(rr->raw);
}

void
dns_answer_done(struct dns_answer *a)
{
	size_t i;

	for (i = 0; i < a->count; i++)
		rr_done(&a->rr[i]);
	free(a->rr);
	a->rr = NULL;
	a->count = 0;
}

static struct dns_rr *
answer_add(struct dns_answer *a, int type, const char *name, const char *data)
{
	struct dns_rr *rr;

	a->rr = xreallocarray(a->rr, a->count + 1, sizeof(*a->rr));
	rr = memset(&a->rr[a->count++], 0, sizeof(*rr));
	rr->type = (uint16_t)type;
	rr->name = xstrdup(name);
	rr->data = xstrdup(data);
	return rr;
}

static void
answer_move(struct dns_answer *to, struct dns_answer *from)
{
	to->rr = xreallocarray(to->rr, to->count + from->count + 1,
	    sizeof(*to->rr));
	if (from->count > 0)
		memcpy(to->rr + to->count, from->rr,
		    from->count * sizeof(*from->rr));
	to->count += from->count;
	free(from->rr);
	from->rr = NULL;
	from->count = 0;
}

/* ---- the sentence for a failure ---- */

static const char *
type_name(int type, char out[12])
{
	switch (type) {
	case ns_t_a:	return "A";
	case ns_t_aaaa:	return "AAAA";
	case ns_t_mx:	return "MX";
	case ns_t_ns:	return "NS";
	case ns_t_ptr:	return "PTR";
	case ns_t_txt:	return "TXT";
	case ns_t_cname: return "CNAME";
	case ns_t_soa:	return "SOA";
	case ns_t_srv:	return "SRV";
	case DNS_T_TLSA: return "TLSA";
	}
	snprintf(out, 12, "TYPE%d", type);
	return out;
}

static enum dns_result
failure(enum dns_result result, const char *name, int type, struct err *err)
{
	static const struct {
		enum err_kind	kind;
		const char	*text;
	} why[] = {
		[DNS_NOT_FOUND] = { ERR_NOT_FOUND, "Host not found" },
		[DNS_NO_DATA] = { ERR_NOT_FOUND,
		    "Host found but no data record of requested type" },
		[DNS_RETRY] = { ERR_RETRY, "Host not found, try again" },
		[DNS_FAIL] = { ERR_SYNTAX,
		    "Malformed or unexpected name server reply" },
	};
	char number[12];

	if (result == DNS_NULL_MX)
		err_set(err, ERR_DENIED,
		    "Domain %s does not accept mail (nullMX)", name);
	else
		err_set(err, why[result].kind, "%sName service error for"
		    " name=%s type=%s: %s", result == DNS_FAIL ? "" :
		    "Host or domain name not found. ", name,
		    type_name(type, number), why[result].text);
	return result;
}

/* ---- parsing ---- */

/* Letters, digits, hyphen, underscore; labels of 1..63. */
static bool
is_host_name(const char *name)
{
	size_t label = 0, len = strlen(name);
	const char *p;

	if (len == 0 || len > 255)
		return false;
	for (p = name; *p != '\0'; p++) {
		if (*p == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		    "0123456789-_", *p) == NULL || ++label > 63)
			return false;
		if (*p == '-' && (label == 1 || p[1] == '.' || p[1] == '\0'))
			return false;
	}
	return label > 0;
}

/* A name inside the reply, expanded; false when it is damaged. */
static bool
get_name(const ns_msg *msg, const unsigned char *at, char out[NS_MAXDNAME])
{
	return ns_name_uncompress(ns_msg_base(*msg), ns_msg_end(*msg), at, out,
	    NS_MAXDNAME) != -1;
}

static bool
add_address(struct dns_answer *out, const ns_rr *rr, int family)
{
	char text[INET6_ADDRSTRLEN];
	struct dns_rr *r;

	if (ns_rr_rdlen(*rr) != (family == AF_INET ? 4 : 16))
		return false;
	inet_ntop(family, ns_rr_rdata(*rr), text, sizeof(text));
	r = answer_add(out, ns_rr_type(*rr), ns_rr_name(*rr), text);
	return netaddr_parse(&r->addr, text, 0, NULL) == 0;
}

static bool
add_text(struct dns_answer *out, const ns_rr *rr)
{
	const unsigned char *p = ns_rr_rdata(*rr);
	const unsigned char *end = p + ns_rr_rdlen(*rr);
	struct buf text = BUF_INIT;
	size_t i;

	for (; p < end; p += 1 + *p) {
		if (*p > end - p - 1) {
			buf_done(&text);
			return false;
		}
		buf_add(&text, p + 1, *p);
	}
	for (i = 0; i < text.len; i++)
		if (text.ptr[i] == '\0')
			text.ptr[i] = '?';
	answer_add(out, ns_t_txt, ns_rr_name(*rr), text.ptr);
	buf_done(&text);
	return true;
}

/*
 * One record of the wanted type.  A name that no host can have is left out;
 * bytes that make no sense are an error.
 */
static bool
add_record(struct dns_answer *out, const ns_msg *msg, const ns_rr *rr,
    bool *has_bad_name)
{
	const unsigned char *data = ns_rr_rdata(*rr);
	size_t len = ns_rr_rdlen(*rr), skip = 0;
	char name[NS_MAXDNAME];
	struct netaddr numeric;
	struct dns_rr *r;

	switch (ns_rr_type(*rr)) {
	case ns_t_a:
		return add_address(out, rr, AF_INET);
	case ns_t_aaaa:
		return add_address(out, rr, AF_INET6);
	case ns_t_txt:
		return add_text(out, rr);
	case DNS_T_TLSA:
		if (len < 4)
			return false;
		r = answer_add(out, DNS_T_TLSA, ns_rr_name(*rr), "");
		r->raw = xmemdup(data, len);
		r->raw_len = len;
		return true;
	case ns_t_mx:
		if (len < 3)
			return false;
		skip = 2;
		break;
	case ns_t_srv:
		if (len < 7)
			return false;
		skip = 6;
		break;
	case ns_t_ptr: case ns_t_ns: case ns_t_cname:
		if (len < 1)
			return false;
		break;
	default:
		return true;
	}
	if (!get_name(msg, data + skip, name))
		return false;
	if (name[0] == '\0')
		strcpy(name, ".");
	if (strcmp(name, ".") != 0 && !is_host_name(name)) {
		log_warning("malformed domain name in resource data of %s"
		    " record for %s: %.100s",
		    ns_rr_type(*rr) == ns_t_mx ? "MX" : "DNS", ns_rr_name(*rr),
		    name);
		*has_bad_name = true;
		return true;
	}
	if (ns_rr_type(*rr) == ns_t_mx &&
	    netaddr_parse(&numeric, name, 0, NULL) == 0)
		log_warning("numeric domain name in resource data of MX record"
		    " for %s: %s", ns_rr_name(*rr), name);
	r = answer_add(out, ns_rr_type(*rr), ns_rr_name(*rr), name);
	if (skip >= 2)
		r->pref = ns_get16(data);
	if (skip == 6) {
		r->weight = ns_get16(data + 2);
		r->port = ns_get16(data + 4);
	}
	return true;
}

/*
 * Add every record of type that belongs to owner. Returns false for damage,
 * which includes an answer of nothing but impossible names; *alias is filled
 * with the CNAME of owner if there is one.
 */
static bool
collect(struct dns_answer *out, ns_msg *msg, const char *owner, int type,
    char alias[NS_MAXDNAME])
{
	int i, n = ns_msg_count(*msg, ns_s_an);
	bool has_bad_name = false;
	size_t count;
	ns_rr rr;

	alias[0] = '\0';
	for (i = 0; i < n; i++) {
		if (ns_parserr(msg, ns_s_an, i, &rr) == -1)
			return false;
		if (ns_rr_class(rr) != ns_c_in ||
		    strcasecmp(ns_rr_name(rr), owner) != 0)
			continue;
		if (ns_rr_type(rr) == ns_t_cname && type != ns_t_cname) {
			if (!get_name(msg, ns_rr_rdata(rr), alias))
				return false;
			continue;
		}
		if ((int)ns_rr_type(rr) != type || out->count >= RECORDS_MAX)
			continue;
		count = out->count;
		if (!add_record(out, msg, &rr, &has_bad_name))
			return false;
		if (out->count > count)
			out->rr[count].ttl_s = ns_rr_ttl(rr);
	}
	return out->count > 0 || !has_bad_name;
}

/* "MX 0 ." (RFC 7505), though it should stand alone. */
static bool
has_root_mx(const struct dns_answer *a)
{
	size_t i;

	for (i = 0; i < a->count; i++)
		if (a->rr[i].type == ns_t_mx && strcmp(a->rr[i].data, ".") == 0)
			return true;
	return false;
}

static enum dns_result
parse(ns_msg *msg, const char *name, int type, struct dns_answer *out)
{
	char owner[NS_MAXDNAME], alias[NS_MAXDNAME];
	int hops;

	switch (ns_msg_getflag(*msg, ns_f_rcode)) {
	case ns_r_noerror:
		break;
	case ns_r_nxdomain:
		return DNS_NOT_FOUND;
	case ns_r_servfail:
		return DNS_RETRY;
	default:
		return DNS_FAIL;
	}
	snprintf(owner, sizeof(owner), "%s", name);
	for (hops = 0; hops <= CNAME_MAX; hops++) {
		if (!collect(out, msg, owner, type, alias))
			return DNS_FAIL;
		if (out->count > 0) {
			return has_root_mx(out) ? DNS_NULL_MX : DNS_FOUND;
		}
		if (alias[0] == '\0')
			break;
		strcpy(owner, alias);
	}
	if (hops > CNAME_MAX)
		return DNS_FAIL;
	if (hops > 0)		/* only an alias: the caller asks on */
		answer_add(out, ns_t_cname, name, owner);
	return DNS_NO_DATA;
}

/* "No such name" holds as long as the zone says in its SOA record. */
static int64_t
denial_ttl(const ns_rr *soa)
{
	size_t len = ns_rr_rdlen(*soa);
	int64_t minimum;

	if (len < SOA_NUMBERS_LEN)
		return -1;
	minimum = (int64_t)ns_get32(ns_rr_rdata(*soa) + len - 4);
	return minimum < (int64_t)ns_rr_ttl(*soa) ? minimum :
	    (int64_t)ns_rr_ttl(*soa);
}

/* The shortest time that a record of the answer lives. */
static int
reply_ttl(ns_msg *msg, bool is_found)
{
	ns_sect section = is_found ? ns_s_an : ns_s_ns;
	int i, n = ns_msg_count(*msg, section);
	int64_t best = -1, ttl;
	ns_rr rr;

	for (i = 0; i < n; i++) {
		if (ns_parserr(msg, section, i, &rr) == -1)
			break;
		if (is_found)
			ttl = (int64_t)ns_rr_ttl(rr);
		else if (ns_rr_type(rr) == ns_t_soa)
			ttl = denial_ttl(&rr);
		else
			continue;
		if (ttl >= 0 && (best == -1 || ttl < best))
			best = ttl;
	}
	return best > INT32_MAX ? INT32_MAX : (int)best;
}

enum dns_result
dns_parse_reply(const unsigned char *reply, size_t len, int type,
    struct dns_answer *out, struct err *err)
{
	enum dns_result result;
	char name[NS_MAXDNAME] = "";
	ns_msg msg;
	ns_rr question;

	out->rr = NULL;
	out->count = 0;
	out->is_secure = false;
	out->ttl_s = -1;
	if (len > REPLY_SIZE ||
	    ns_initparse(reply, (int)len, &msg) == -1 ||
	    ns_msg_count(msg, ns_s_qd) != 1 ||
	    ns_parserr(&msg, ns_s_qd, 0, &question) == -1)
		return failure(DNS_FAIL, name, type, err);
	strcpy(name, ns_rr_name(question));
	result = parse(&msg, name, type, out);
	out->is_secure = ns_msg_getflag(msg, ns_f_ad) != 0;
	if (result != DNS_RETRY && result != DNS_FAIL)
		out->ttl_s = reply_ttl(&msg, result == DNS_FOUND);
	if (result == DNS_FOUND)
		return DNS_FOUND;
	if (result != DNS_NO_DATA)
		dns_answer_done(out);
	return failure(result, name, type, err);
}

/* ---- asking ---- */

/* "host:port, [v6]:port": replaces what resolv.conf said. */
static void
use_servers(res_state res, const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *word, *colon;
	struct netaddr a;
	int n = 0, port;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL && n < MAXNS) {
		port = NAMESERVER_PORT;
		colon = strrchr(word, ':');
		if (colon != NULL && (strchr(word, ':') == colon ||
		    colon[-1] == ']')) {
			*colon++ = '\0';
			port = atoi(colon);
		}
		if (netaddr_parse(&a, word, port, NULL) == -1) {
			log_warning("posthorn_dns_servers: bad address: %s",
			    word);
			continue;
		}
		memset(&res->nsaddr_list[n], 0, sizeof(res->nsaddr_list[n]));
		if (a.ss.ss_family == AF_INET) {
			memcpy(&res->nsaddr_list[n], &a.ss,
			    sizeof(res->nsaddr_list[n]));
		} else {
			/* A slot without family takes the IPv6 address beside it. */
			free(res->_u._ext.nsaddrs[n]);
			res->_u._ext.nsaddrs[n] = xmemdup(&a.ss,
			    sizeof(struct sockaddr_in6));
		}
		n++;
	}
	res->nscount = n;
	res->_u._ext.nscount = 0;
	free(copy);
}

static bool
resolver_ready(void)
{
	if (resolver_is_ready)
		return true;
	if (res_ninit(&resolver) == -1)
		return false;
	/* Names are given in full; domains of this host are not tried. */
	resolver.options &= ~(unsigned long)(RES_DEFNAMES | RES_DNSRCH);
	if (params.posthorn_dns_servers != NULL &&
	    params.posthorn_dns_servers[0] != '\0')
		use_servers(&resolver, params.posthorn_dns_servers);
	resolver_is_ready = true;
	return true;
}

void
dns_init(void)
{
	resolver_ready();
}

static bool
is_loopback(const struct sockaddr *sa)
{
	struct netaddr a = { 0 };

	memcpy(&a.ss, sa, sa->sa_family == AF_INET6 ?
	    sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
	return netaddr_is_loopback(&a);
}

bool
dns_use_dnssec(void)
{
	const struct sockaddr *sa;
	bool is_local = true;
	int i;

	if (!resolver_ready())
		return false;
	for (i = 0; i < resolver.nscount && is_local; i++) {
		sa = (const struct sockaddr *)&resolver.nsaddr_list[i];
		if (sa->sa_family == AF_UNSPEC &&
		    resolver._u._ext.nsaddrs[i] != NULL)
			sa = (const struct sockaddr *)
			    resolver._u._ext.nsaddrs[i];
		is_local = is_loopback(sa);
	}
	if (is_local)
		resolver.options |= RES_TRUSTAD;
	return (resolver.options & RES_TRUSTAD) != 0;
}

static enum dns_result
ask(const char *name, int type, struct dns_answer *out, struct err *err)
{
	unsigned char query[QUERY_SIZE], reply[REPLY_SIZE];
	int n;

	out->is_secure = false;
	out->ttl_s = -1;
	if (!resolver_ready())
		return failure(DNS_RETRY, name, type, err);
	n = res_nmkquery(&resolver, ns_o_query, name, ns_c_in, type, NULL, 0,
	    NULL, query, sizeof(query));
	if (n == -1)
		return failure(DNS_FAIL, name, type, err);
	n = res_nsend(&resolver, query, n, reply, sizeof(reply));
	if (n == -1)
		return failure(DNS_RETRY, name, type, err);
	return dns_parse_reply(reply, (size_t)n, type, out, err);
}

/* ---- what a table makes of it ---- */

static enum dns_verdict (*filter)(const char *record);

void
dns_set_filter(enum dns_verdict (*fn)(const char *record))
{
	filter = fn;
}

void
dns_print(struct buf *out, const struct dns_rr *rr)
{
	char number[12];
	size_t i;

	buf_addf(out, "%s. %u IN %s ", rr->name, rr->ttl_s,
	    type_name(rr->type, number));
	switch (rr->type) {
	case ns_t_mx:
		buf_addf(out, "%u %s.", rr->pref, rr->data);
		break;
	case ns_t_srv:
		buf_addf(out, "%u %u %u %s.", rr->pref, rr->weight, rr->port,
		    rr->data);
		break;
	case ns_t_ptr: case ns_t_ns: case ns_t_cname:
		buf_addf(out, "%s.", rr->data);
		break;
	case DNS_T_TLSA:
		buf_addf(out, "%d %d %d ", rr->raw[0], rr->raw[1], rr->raw[2]);
		for (i = 3; i < rr->raw_len; i++)
			buf_addf(out, "%02X", rr->raw[i]);
		break;
	default:
		buf_adds(out, rr->data);
	}
}

/* Drop what the table drops; no verdict on one is none on all. */
static enum dns_result
apply_filter(struct dns_answer *out, const char *name, int type,
    struct err *err)
{
	enum dns_verdict verdict = DNS_KEEP;
	struct buf text = BUF_INIT;
	size_t i, n = 0;
	char number[12];

	for (i = 0; i < out->count && verdict != DNS_BROKEN; i++) {
		buf_reset(&text);
		dns_print(&text, &out->rr[i]);
		if ((verdict = filter(text.ptr)) == DNS_DROP)
			rr_done(&out->rr[i]);
		else
			out->rr[n++] = out->rr[i];
	}
	for (; i < out->count; i++)
		out->rr[n++] = out->rr[i];
	buf_done(&text);
	out->count = n;
	if (verdict != DNS_BROKEN && n > 0)
		return DNS_FOUND;
	dns_answer_done(out);
	err_set(err, verdict == DNS_BROKEN ? ERR_CONFIG : ERR_DENIED,
	    "Error looking up name=%s type=%s: %s", name,
	    type_name(type, number), verdict == DNS_BROKEN ?
	    "Invalid DNS reply filter syntax" :
	    "DNS reply filter drops all results");
	return DNS_RETRY;
}

static enum dns_result
query(const char *name, int type, bool is_filtered, struct dns_answer *out,
    struct err *err)
{
	enum dns_result result = DNS_FAIL;
	char current[NS_MAXDNAME];
	bool is_secure = true;
	size_t i;
	int hops, ttl_s = -1;

	out->rr = NULL;
	out->count = 0;
	out->is_secure = false;
	out->ttl_s = -1;
	/* No server can know such a name, so none is asked. */
	if (type != ns_t_ptr && !is_host_name(name))
		return failure(DNS_NOT_FOUND, name, type, err);
	snprintf(current, sizeof(current), "%s", name);
	for (hops = 0; hops < CNAME_MAX; hops++) {
		result = ask(current, type, out, err);
		is_secure = is_secure && out->is_secure;
		if (hops == 0 || (out->ttl_s >= 0 && out->ttl_s < ttl_s))
			ttl_s = out->ttl_s;
		if (result != DNS_NO_DATA || out->count == 0)
			break;
		snprintf(current, sizeof(current), "%s", out->rr[0].data);
		dns_answer_done(out);
	}
	if (result != DNS_FOUND) {
		dns_answer_done(out);
		failure(result, name, type, err);
	}
	/* An alias is as good as the worst of its steps. */
	out->is_secure = is_secure;
	out->ttl_s = ttl_s;
	for (i = 0; i < out->count; i++)
		out->rr[i].is_secure = is_secure;
	if (is_filtered && filter != NULL && result == DNS_FOUND)
		result = apply_filter(out, name, type, err);
	return result;
}

enum dns_result
dns_query(const char *name, int type, struct dns_answer *out, struct err *err)
{
	return query(name, type, true, out, err);
}

/* ---- the hosts file ---- */

/* Call fn with each address and each of its names; stops when fn returns true. */
static bool
hosts_walk(bool (*fn)(void *ctx, const char *ip, const char *name), void *ctx)
{
	struct buf text = BUF_INIT;
	char *rest, *line, *words, *ip, *name, *hash;
	bool stopped = false;

	if (file_read(HOSTS_FILE, &text, HOSTS_MAX, NULL) == 0) {
		rest = text.ptr;
		while (!stopped && (line = text_split(&rest, "\n")) != NULL) {
			if ((hash = strchr(line, '#')) != NULL)
				*hash = '\0';
			words = line;
			ip = text_split(&words, " \t\r");
			while (ip != NULL && !stopped &&
			    (name = text_split(&words, " \t\r")) != NULL)
				stopped = fn(ctx, ip, name);
		}
	}
	buf_done(&text);
	return stopped;
}

struct hosts_by_name {
	const char		*name;
	struct dns_answer	*out;
};

static bool
match_name(void *ctx, const char *ip, const char *name)
{
	struct hosts_by_name *q = ctx;
	struct netaddr a;
	struct dns_rr *rr;

	if (strcasecmp(name, q->name) == 0 &&
	    netaddr_parse(&a, ip, 0, NULL) == 0 &&
	    netaddr_wants(a.ss.ss_family)) {
		rr = answer_add(q->out, a.ss.ss_family == AF_INET ? ns_t_a :
		    ns_t_aaaa, name, ip);
		rr->addr = a;
	}
	return false;
}

struct hosts_by_addr {
	const struct netaddr	*addr;
	struct dns_answer	*out;
};

static bool
match_addr(void *ctx, const char *ip, const char *name)
{
	struct hosts_by_addr *q = ctx;
	struct netaddr a;

	if (netaddr_parse(&a, ip, 0, NULL) == -1 ||
	    !netaddr_same_host(&a, q->addr))
		return false;
	answer_add(q->out, ns_t_ptr, ip, name);
	return true;
}

/* ---- names to addresses and back ---- */

/* The answer that says most about why there is none: retry before all else. */
static enum dns_result
worse(enum dns_result a, enum dns_result b)
{
	if (a == DNS_RETRY || b == DNS_RETRY)
		return DNS_RETRY;
	return a == DNS_FOUND ? b : a == DNS_NO_DATA ? a : b;
}

const char *
dns_host_text(enum dns_result result)
{
	return result == DNS_RETRY ? "Temporary failure in name resolution" :
	    "Name or service not known";
}

enum dns_result
dns_addresses(const char *name, bool with_hosts, struct dns_answer *out,
    struct err *err)
{
	static const struct {
		int	family;
		int	type;
	} kinds[] = { { AF_INET, ns_t_a }, { AF_INET6, ns_t_aaaa } };
	struct hosts_by_name q = { name, out };
	enum dns_result result = DNS_FOUND, r;
	struct dns_answer part;
	struct err why;
	size_t i;

	out->rr = NULL;
	out->count = 0;
	out->is_secure = false;
	if (with_hosts) {
		hosts_walk(match_name, &q);
		if (out->count > 0)
			return DNS_FOUND;
	}
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!netaddr_wants(kinds[i].family))
			continue;
		err_reset(&why);
		r = query(name, kinds[i].type, !with_hosts, &part, &why);
		if (r == DNS_FOUND) {
			answer_move(out, &part);
			continue;
		}
		if (r == DNS_NOT_FOUND && netaddr_wants(AF_INET6))
			/* No such name: what goes for one type goes for both. */
			return failure(r, name, ns_t_aaaa, err);
		if (err != NULL && (result == DNS_FOUND || r == worse(result, r)))
			*err = why;
		result = result == DNS_FOUND ? r : worse(result, r);
	}
	if (out->count > 0)
		return DNS_FOUND;
	return result == DNS_FOUND ? failure(DNS_NOT_FOUND, name, ns_t_a, err) :
	    result;
}

enum dns_result
dns_reverse(const struct netaddr *a, struct dns_answer *out, struct err *err)
{
	char name[NETADDR_REVERSED_SIZE + sizeof(".in-addr.arpa")];
	struct hosts_by_addr q = { a, out };

	out->rr = NULL;
	out->count = 0;
	if (hosts_walk(match_addr, &q))
		return DNS_FOUND;
	if (netaddr_reversed(a, name) == -1)
		return failure(DNS_FAIL, "unknown", ns_t_ptr, err);
	strcat(name, a->ss.ss_family == AF_INET ? ".in-addr.arpa" :
	    ".ip6.arpa");
	return query(name, ns_t_ptr, false, out, err);
}
