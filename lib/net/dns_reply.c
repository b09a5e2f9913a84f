/*
 * dns_reply.c - the bytes of a name server's reply become records
 *
 * Believes none of them: names that cannot be host names are dropped, a CNAME
 * chain is followed inside the reply for a few steps only. No I/O.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/dns_internal.h"

#define RECORDS_MAX	1000	/* kept of one answer */
#define SOA_NUMBERS_LEN	20	/* five of them, the last is the minimum TTL (RFC 1035 3.3.13) */

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
	r = dns_answer_add(out, ns_rr_type(*rr), ns_rr_name(*rr), text);
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
	dns_answer_add(out, ns_t_txt, ns_rr_name(*rr), text.ptr);
	buf_done(&text);
	return true;
}

static bool
add_tlsa(struct dns_answer *out, const ns_rr *rr)
{
	struct dns_rr *r;

	if (ns_rr_rdlen(*rr) < 4)
		return false;
	r = dns_answer_add(out, DNS_T_TLSA, ns_rr_name(*rr), "");
	r->raw_len = ns_rr_rdlen(*rr);
	r->raw = xmemdup(ns_rr_rdata(*rr), r->raw_len);
	return true;
}

/* A record with a host name behind some numbers of two octets each. */
static bool
add_name(struct dns_answer *out, const ns_msg *msg, const ns_rr *rr,
    size_t numbers, bool *has_bad_name)
{
	const unsigned char *data = ns_rr_rdata(*rr);
	bool is_mx = ns_rr_type(*rr) == ns_t_mx;
	char name[NS_MAXDNAME];
	struct netaddr numeric;
	struct dns_rr *r;

	if (ns_rr_rdlen(*rr) < 2 * numbers + 1 ||
	    !get_name(msg, data + 2 * numbers, name))
		return false;
	if (name[0] == '\0')
		strcpy(name, ".");
	if (strcmp(name, ".") != 0 && !dns_is_host_name(name)) {
		log_warning("malformed domain name in resource data of %s"
		    " record for %s: %.100s", is_mx ? "MX" : "DNS",
		    ns_rr_name(*rr), name);
		*has_bad_name = true;
		return true;
	}
	if (is_mx && netaddr_parse(&numeric, name, 0, NULL) == 0)
		log_warning("numeric domain name in resource data of MX record"
		    " for %s: %s", ns_rr_name(*rr), name);
	r = dns_answer_add(out, ns_rr_type(*rr), ns_rr_name(*rr), name);
	if (numbers > 0)
		r->pref = ns_get16(data);
	if (numbers > 2) {
		r->weight = ns_get16(data + 2);
		r->port = ns_get16(data + 4);
	}
	return true;
}

/*
 * One record of the wanted type. A name that no host can have is left out;
 * bytes that make no sense are an error.
 */
static bool
add_record(struct dns_answer *out, const ns_msg *msg, const ns_rr *rr,
    bool *has_bad_name)
{
	switch (ns_rr_type(*rr)) {
	case ns_t_a:
		return add_address(out, rr, AF_INET);
	case ns_t_aaaa:
		return add_address(out, rr, AF_INET6);
	case ns_t_txt:
		return add_text(out, rr);
	case DNS_T_TLSA:
		return add_tlsa(out, rr);
	case ns_t_mx:
		return add_name(out, msg, rr, 1, has_bad_name);
	case ns_t_srv:
		return add_name(out, msg, rr, 3, has_bad_name);
	case ns_t_ptr: case ns_t_ns: case ns_t_cname:
		return add_name(out, msg, rr, 0, has_bad_name);
	default:
		return true;
	}
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
	for (hops = 0; hops <= DNS_CNAME_MAX; hops++) {
		if (!collect(out, msg, owner, type, alias))
			return DNS_FAIL;
		if (out->count > 0)
			return has_root_mx(out) ? DNS_NULL_MX : DNS_FOUND;
		if (alias[0] == '\0')
			break;
		strcpy(owner, alias);
	}
	if (hops > DNS_CNAME_MAX)
		return DNS_FAIL;
	if (hops > 0)		/* only an alias: the caller asks on */
		dns_answer_add(out, ns_t_cname, name, owner);
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

	*out = DNS_NO_ANSWER;
	if (len > DNS_REPLY_SIZE ||
	    ns_initparse(reply, (int)len, &msg) == -1 ||
	    ns_msg_count(msg, ns_s_qd) != 1 ||
	    ns_parserr(&msg, ns_s_qd, 0, &question) == -1)
		return dns_failure(DNS_FAIL, name, type, err);
	strcpy(name, ns_rr_name(question));
	result = parse(&msg, name, type, out);
	out->is_secure = ns_msg_getflag(msg, ns_f_ad) != 0;
	if (result != DNS_RETRY && result != DNS_FAIL)
		out->ttl_s = reply_ttl(&msg, result == DNS_FOUND);
	if (result == DNS_FOUND)
		return DNS_FOUND;
	if (result != DNS_NO_DATA)
		dns_answer_done(out);
	return dns_failure(result, name, type, err);
}
