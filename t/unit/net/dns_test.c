/*
 * dns_test.c - what dns_parse_reply makes of replies, good and bad
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/dns.h"

#include <arpa/nameser.h>
#include <check.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "t/unit/unit.h"

/* A reply under construction. */
struct packet {
	unsigned char	b[4096];
	size_t		len;
};

static void
put_name(struct packet *p, const char *name)
{
	int n;

	if (strcmp(name, ".") == 0) {
		p->b[p->len++] = 0;
		return;
	}
	n = ns_name_compress(name, p->b + p->len, 256, NULL, NULL);
	ck_assert_int_gt(n, 0);
	p->len += (size_t)n;
}

static void
put16(struct packet *p, unsigned v)
{
	ns_put16(v, p->b + p->len);
	p->len += 2;
}

static void
start(struct packet *p, const char *name, int type, int rcode)
{
	memset(p, 0, sizeof(*p));
	p->b[2] = 0x84;
	p->b[3] = (unsigned char)(0x80 | rcode);
	p->b[5] = 1;
	p->len = NS_HFIXEDSZ;
	put_name(p, name);
	put16(p, (unsigned)type);
	put16(p, ns_c_in);
}

static void
add(struct packet *p, const char *owner, int type, int pref, const void *data,
    size_t len)
{
	size_t at;

	put_name(p, owner);
	put16(p, (unsigned)type);
	put16(p, ns_c_in);
	put16(p, 0);
	put16(p, 300);
	at = p->len;
	p->len += 2;
	if (type == ns_t_mx)
		put16(p, (unsigned)pref);
	if (len > 0) {
		memcpy(p->b + p->len, data, len);
		p->len += len;
	} else {
		put_name(p, data);
	}
	ns_put16((unsigned)(p->len - at - 2), p->b + at);
	p->b[7]++;
}

static enum dns_result
parse(const struct packet *p, int type, struct dns_answer *out, struct err *err)
{
	/* A copy of the exact size, so that reading past the end is seen. */
	unsigned char *copy = malloc(p->len);
	enum dns_result r;

	memcpy(copy, p->b, p->len);
	r = dns_parse_reply(copy, p->len, type, out, err);
	free(copy);
	return r;
}

START_TEST(addresses_and_preferences_are_read)
{
	struct dns_answer a;
	struct packet p;
	char text[NETADDR_TEXT_SIZE];

	start(&p, "d.test", ns_t_mx, 0);
	add(&p, "d.test", ns_t_mx, 20, "b.d.test", 0);
	add(&p, "D.TEST", ns_t_mx, 10, "a.d.test", 0);
	add(&p, "other.test", ns_t_mx, 1, "evil.test", 0);
	ck_assert_int_eq(parse(&p, ns_t_mx, &a, NULL), DNS_FOUND);
	ck_assert_uint_eq(a.count, 2);
	ck_assert_str_eq(a.rr[0].data, "b.d.test");
	ck_assert_uint_eq(a.rr[0].pref, 20);
	ck_assert_str_eq(a.rr[1].data, "a.d.test");
	ck_assert_uint_eq(a.rr[1].pref, 10);
	dns_answer_done(&a);

	start(&p, "h.test", ns_t_a, 0);
	add(&p, "h.test", ns_t_a, 0, "\x7f\0\0\1", 4);
	ck_assert_int_eq(parse(&p, ns_t_a, &a, NULL), DNS_FOUND);
	ck_assert_str_eq(netaddr_text(&a.rr[0].addr, text), "127.0.0.1");
	ck_assert_str_eq(a.rr[0].data, "127.0.0.1");
	dns_answer_done(&a);

	start(&p, "h.test", ns_t_aaaa, 0);
	add(&p, "h.test", ns_t_aaaa, 0, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	ck_assert_int_eq(parse(&p, ns_t_aaaa, &a, NULL), DNS_FOUND);
	ck_assert_str_eq(a.rr[0].data, "::1");
	dns_answer_done(&a);
}
END_TEST

START_TEST(tlsa_records_keep_their_bytes_and_signatures_are_told)
{
	struct dns_answer a;
	struct packet p;

	start(&p, "_25._tcp.h.test", DNS_T_TLSA, 0);
	add(&p, "_25._tcp.h.test", DNS_T_TLSA, 0, "\3\1\1\0\377", 5);
	ck_assert_int_eq(parse(&p, DNS_T_TLSA, &a, NULL), DNS_FOUND);
	ck_assert_uint_eq(a.count, 1);
	ck_assert_uint_eq(a.rr[0].raw_len, 5);
	ck_assert_mem_eq(a.rr[0].raw, "\3\1\1\0\377", 5);
	ck_assert(!a.is_secure);
	dns_answer_done(&a);

	p.b[3] |= 0x20;			/* the AD bit, RFC 4035 3.1.6 */
	ck_assert_int_eq(parse(&p, DNS_T_TLSA, &a, NULL), DNS_FOUND);
	ck_assert(a.is_secure);
	dns_answer_done(&a);

	/* Three numbers and nothing that they speak of. */
	start(&p, "_25._tcp.h.test", DNS_T_TLSA, 0);
	add(&p, "_25._tcp.h.test", DNS_T_TLSA, 0, "\3\1\1", 3);
	ck_assert_int_eq(parse(&p, DNS_T_TLSA, &a, NULL), DNS_FAIL);
	dns_answer_done(&a);
}
END_TEST

START_TEST(aliases_are_followed_in_any_order)
{
	struct dns_answer a;
	struct packet p;

	start(&p, "www.test", ns_t_a, 0);
	add(&p, "real.test", ns_t_a, 0, "\x7f\0\0\2", 4);
	add(&p, "mid.test", ns_t_cname, 0, "real.test", 0);
	add(&p, "www.test", ns_t_cname, 0, "mid.test", 0);
	ck_assert_int_eq(parse(&p, ns_t_a, &a, NULL), DNS_FOUND);
	ck_assert_str_eq(a.rr[0].data, "127.0.0.2");
	dns_answer_done(&a);

	/* only the alias: the caller learns where to ask */
	start(&p, "www.test", ns_t_a, 0);
	add(&p, "www.test", ns_t_cname, 0, "real.test", 0);
	ck_assert_int_eq(parse(&p, ns_t_a, &a, NULL), DNS_NO_DATA);
	ck_assert_uint_eq(a.count, 1);
	ck_assert_str_eq(a.rr[0].data, "real.test");
	dns_answer_done(&a);

	/* a loop ends */
	start(&p, "a.test", ns_t_a, 0);
	add(&p, "a.test", ns_t_cname, 0, "b.test", 0);
	add(&p, "b.test", ns_t_cname, 0, "a.test", 0);
	ck_assert_int_eq(parse(&p, ns_t_a, &a, NULL), DNS_FAIL);
	ck_assert_uint_eq(a.count, 0);
}
END_TEST

START_TEST(failures_are_told_apart)
{
	static const struct {
		int		rcode;
		enum dns_result	result;
		const char	*text;
	} cases[] = {
		{ ns_r_nxdomain, DNS_NOT_FOUND, "Host or domain name not found."
		    " Name service error for name=d.test type=MX: Host not found" },
		{ ns_r_servfail, DNS_RETRY, "Host or domain name not found."
		    " Name service error for name=d.test type=MX: Host not found,"
		    " try again" },
		{ ns_r_noerror, DNS_NO_DATA, "Host or domain name not found."
		    " Name service error for name=d.test type=MX: Host found but"
		    " no data record of requested type" },
		{ ns_r_refused, DNS_FAIL, "Name service error for name=d.test"
		    " type=MX: Malformed or unexpected name server reply" },
	};
	struct err err = ERR_INIT;
	struct dns_answer a;
	struct packet p;

	start(&p, "d.test", ns_t_mx, cases[_i].rcode);
	ck_assert_int_eq(parse(&p, ns_t_mx, &a, &err), cases[_i].result);
	ck_assert_str_eq(err.text, cases[_i].text);
	ck_assert_uint_eq(a.count, 0);
}
END_TEST

START_TEST(the_null_mx_is_its_own_answer)
{
	struct err err = ERR_INIT;
	struct dns_answer a;
	struct packet p;

	start(&p, "d.test", ns_t_mx, 0);
	add(&p, "d.test", ns_t_mx, 0, ".", 0);
	ck_assert_int_eq(parse(&p, ns_t_mx, &a, &err), DNS_NULL_MX);
	ck_assert_str_eq(err.text,
	    "Domain d.test does not accept mail (nullMX)");
	/* It should stand alone; it counts wherever it stands. */
	add(&p, "d.test", ns_t_mx, 5, "mx.test", 0);
	ck_assert_int_eq(parse(&p, ns_t_mx, &a, &err), DNS_NULL_MX);
	ck_assert_uint_eq(a.count, 0);
}
END_TEST

START_TEST(names_that_no_host_has_are_dropped)
{
	struct dns_answer a;
	struct packet p;

	start(&p, "d.test", ns_t_mx, 0);
	add(&p, "d.test", ns_t_mx, 10, "a b\\; rm.test", 0);
	add(&p, "d.test", ns_t_mx, 10, "-bad.test", 0);
	add(&p, "d.test", ns_t_mx, 10, "good.test", 0);
	ck_assert_int_eq(parse(&p, ns_t_mx, &a, NULL), DNS_FOUND);
	ck_assert_uint_eq(a.count, 1);
	ck_assert_str_eq(a.rr[0].data, "good.test");
	dns_answer_done(&a);
	/* No name at all is another matter than no record. */
	start(&p, "d.test", ns_t_mx, 0);
	add(&p, "d.test", ns_t_mx, 10, "-bad.test", 0);
	ck_assert_int_eq(parse(&p, ns_t_mx, &a, NULL), DNS_FAIL);
	ck_assert_uint_eq(a.count, 0);
}
END_TEST

START_TEST(damage_anywhere_is_harmless)
{
	struct dns_answer a;
	struct packet p, q;
	size_t i;
	int v;

	start(&p, "www.d.test", ns_t_txt, 0);
	add(&p, "www.d.test", ns_t_cname, 0, "d.test", 0);
	add(&p, "d.test", ns_t_txt, 0, "\5hello\6 world", 13);
	ck_assert_int_eq(parse(&p, ns_t_txt, &a, NULL), DNS_FOUND);
	ck_assert_str_eq(a.rr[0].data, "hello world");
	dns_answer_done(&a);
	/* One byte less than the string says, at the end of the record. */
	start(&q, "d.test", ns_t_txt, 0);
	add(&q, "d.test", ns_t_txt, 0, "\5hello\6 worl", 12);
	ck_assert_int_eq(parse(&q, ns_t_txt, &a, NULL), DNS_FAIL);
	dns_answer_done(&a);
	for (i = 0; i < p.len; i++) {	/* cut short */
		q = p;
		q.len = i == 0 ? 1 : i;
		parse(&q, ns_t_txt, &a, NULL);
		dns_answer_done(&a);
	}
	for (i = 0; i < p.len; i++) {	/* one byte changed */
		for (v = 0; v < 256; v += 5) {
			q = p;
			q.b[i] = (unsigned char)v;
			parse(&q, ns_t_txt, &a, NULL);
			dns_answer_done(&a);
		}
	}
	start(&p, "d.test", ns_t_a, 0);
	add(&p, "d.test", ns_t_a, 0, "\1\2\3", 3);
	ck_assert_int_eq(parse(&p, ns_t_a, &a, NULL), DNS_FAIL);
	ck_assert_uint_eq(a.count, 0);
}
END_TEST

START_TEST(a_name_that_cannot_exist_is_not_asked)
{
	struct err err = ERR_INIT;
	struct dns_answer a;

	ck_assert_int_eq(dns_query("no such name", ns_t_mx, &a, &err),
	    DNS_NOT_FOUND);
	ck_assert_int_eq(dns_query("", ns_t_mx, &a, &err), DNS_NOT_FOUND);
	ck_assert_int_eq(dns_query("a..b", ns_t_mx, &a, &err), DNS_NOT_FOUND);
}
END_TEST

START_TEST(localhost_needs_no_server)
{
	struct dns_answer a;
	struct netaddr addr;
	size_t i;

	ck_assert_int_eq(dns_addresses("LocalHost", true, &a, NULL), DNS_FOUND);
	for (i = 0; i < a.count; i++)
		ck_assert(netaddr_is_loopback(&a.rr[i].addr));
	dns_answer_done(&a);
	ck_assert_int_eq(netaddr_parse(&addr, "127.0.0.1", 0, NULL), 0);
	ck_assert_int_eq(dns_reverse(&addr, &a, NULL), DNS_FOUND);
	ck_assert_str_eq(a.rr[0].data, "localhost");
	dns_answer_done(&a);
}
END_TEST

/* RFC 2308 5: the lesser of the SOA record's TTL and its last number. */
START_TEST(answers_and_denials_tell_how_long_they_hold)
{
	unsigned char soa[2 + 20] = { 0 };
	struct dns_answer a;
	struct packet p;

	start(&p, "x.test", ns_t_a, ns_r_noerror);
	add(&p, "x.test", ns_t_a, 0, "\x7f\0\0\2", 4);
	ck_assert_int_eq(dns_parse_reply(p.b, p.len, ns_t_a, &a, NULL),
	    DNS_FOUND);
	ck_assert_int_eq(a.ttl_s, 300);
	dns_answer_done(&a);

	start(&p, "x.test", ns_t_a, ns_r_nxdomain);
	ck_assert_int_eq(dns_parse_reply(p.b, p.len, ns_t_a, &a, NULL),
	    DNS_NOT_FOUND);
	ck_assert_int_eq(a.ttl_s, -1);
	soa[21] = 77;
	add(&p, "test", ns_t_soa, 0, soa, sizeof(soa));
	p.b[7]--, p.b[9]++;	/* an authority, not an answer */
	ck_assert_int_eq(dns_parse_reply(p.b, p.len, ns_t_a, &a, NULL),
	    DNS_NOT_FOUND);
	ck_assert_int_eq(a.ttl_s, 77);
	p.b[p.len - 3] = 1;	/* 65613: then the record's own 300 */
	ck_assert_int_eq(dns_parse_reply(p.b, p.len, ns_t_a, &a, NULL),
	    DNS_NOT_FOUND);
	ck_assert_int_eq(a.ttl_s, 300);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("dns");

	tcase_add_test(tc, addresses_and_preferences_are_read);
	tcase_add_test(tc,
	    tlsa_records_keep_their_bytes_and_signatures_are_told);
	tcase_add_test(tc, aliases_are_followed_in_any_order);
	tcase_add_loop_test(tc, failures_are_told_apart, 0, 4);
	tcase_add_test(tc, the_null_mx_is_its_own_answer);
	tcase_add_test(tc, names_that_no_host_has_are_dropped);
	tcase_add_test(tc, damage_anywhere_is_harmless);
	tcase_add_test(tc, a_name_that_cannot_exist_is_not_asked);
	tcase_add_test(tc, localhost_needs_no_server);
	tcase_add_test(tc, answers_and_denials_tell_how_long_they_hold);
	return unit_run("dns", tc);
}
