/*
 * address_test.c - the words of address.h
 *
 * The list tables were checked against a widespread mail system: what it sends
 * on for the same header.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/address.h"
#include "lib/mail/address_list.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "t/unit/unit.h"

static const struct { const char *internal, *external; } quoting[] = {
	{ "", "" },
	{ "user@example.org", "user@example.org" },
	{ "a b@example.org", "\"a b\"@example.org" },
	{ "a@b@c", "\"a@b\"@c" },
	{ "@c", "\"\"@c" },
	{ ".a@c", "\".a\"@c" },
	{ "a.@c", "\"a.\"@c" },
	{ "a..b@c", "\"a..b\"@c" },
	{ "a\"b\\c@d", "\"a\\\"b\\\\c\"@d" },
	{ "user+ext", "user+ext" },
	{ "[x]@y", "\"[x]\"@y" },
	{ "b\xc3\xbc@y", "b\xc3\xbc@y" },
	{ "a:b", "\"a:b\"" },
};

START_TEST(quoting_goes_both_ways)
{
	struct buf out = BUF_INIT;

	address_quote(&out, quoting[_i].internal);
	ck_assert_str_eq(out.ptr, quoting[_i].external);
	buf_reset(&out);
	address_unquote(&out, quoting[_i].external);
	ck_assert_str_eq(out.ptr, quoting[_i].internal);
	buf_done(&out);
}
END_TEST

static const struct { const char *external, *internal; } unquoting[] = {
	{ "a\\@b@c", "a@b@c" },
	{ "\"unterminated", "unterminated" },
	{ "trail\\", "trail" },
	{ "\"a@b\"@\"c\"", "a@b@\"c\"" },
};

START_TEST(unquoting_is_lenient)
{
	struct buf out = BUF_INIT;

	address_unquote(&out, unquoting[_i].external);
	ck_assert_str_eq(out.ptr, unquoting[_i].internal);
	buf_done(&out);
}
END_TEST

static const struct { const char *local, *delimiters; size_t at; } exts[] = {
	{ "user+ext", "+", 4 },
	{ "user+", "+", 4 },
	{ "+ext", "+", 4 },
	{ "a+b-c", "+-", 1 },
	{ "a+b-c", "-", 3 },
	{ "user", "+", 4 },
	{ "user+ext", "", 8 },
	{ "Postmaster", "o", 10 },
	{ "mailer-daemon", "-", 13 },
	{ "double-bounce", "-", 13 },
	{ "owner-list", "-", 10 },
	{ "list-request", "-", 12 },
	{ "-request", "-", 8 },
	{ "owner+list", "+-", 5 },
};

START_TEST(the_extension_begins_at_the_first_delimiter)
{
	params.double_bounce_sender = "double-bounce";
	params.owner_request_special = true;
	ck_assert_uint_eq(address_split_extension(exts[_i].local,
	    strlen(exts[_i].local), exts[_i].delimiters), exts[_i].at);
}
END_TEST

static const struct {
	const char	*text;
	bool		 strict;
	const char	*internal;	/* NULL: refused */
	const char	*rest;
} paths[] = {
	{ "<a@b.example>", true, "a@b.example", "" },
	{ "<a@b.example> SIZE=1", true, "a@b.example", " SIZE=1" },
	{ "<>", true, "", "" },
	{ "<postmaster>", true, "postmaster", "" },
	{ "<@r1,@r2:a@b>", true, "a@b", "" },
	{ "<\"a b>\"@c> X", true, "a b>@c", " X" },
	{ "<a@[192.0.2.1]>", true, "a@[192.0.2.1]", "" },
	{ "<a@[IPv6:2001:db8::1]>", true, "a@[IPv6:2001:db8::1]", "" },
	{ "a@b", true, NULL, NULL },
	{ "< a@b >", true, NULL, NULL },
	{ "<a..b@c>", true, NULL, NULL },
	{ "<a b@c>", true, NULL, NULL },
	{ "<a@b", true, NULL, NULL },
	{ "<a@>", true, NULL, NULL },
	{ "<@b>", true, NULL, NULL },
	{ "", false, NULL, NULL },
	{ "a@b SIZE=1", false, "a@b", " SIZE=1" },
	{ "< a@b >", false, "a@b", "" },
	{ "<a..b@c>", false, "a..b@c", "" },
	{ "<a@b (comment)>", false, "a@b", "" },
	{ "<a@b,c@d>", false, NULL, NULL },
	{ "< >", false, "", "" },
	{ "<,>", false, NULL, NULL },
	{ "<a@b", false, NULL, NULL },
};

START_TEST(a_path_parses)
{
	struct buf internal = BUF_INIT;
	struct err err = ERR_INIT;
	const char *rest = NULL;
	int rc;

	rc = address_parse_path(paths[_i].text, paths[_i].strict, &internal,
	    &rest, &err);
	ck_assert_int_eq(rc, paths[_i].internal == NULL ? -1 : 0);
	if (rc == 0) {
		ck_assert_str_eq(internal.ptr, paths[_i].internal);
		ck_assert_str_eq(rest, paths[_i].rest);
	}
	buf_done(&internal);
}
END_TEST

static bool
collect(const char *internal, size_t offset, size_t len, void *ctx)
{
	struct buf *out = ctx;

	(void)offset;
	(void)len;
	buf_addf(out, "[%s]", internal);
	return true;
}

static const struct { const char *text; bool wants_empty; const char *out; }
lists[] = {
	{ "a@b", false, "[a@b]" },
	{ "a@b, c@d", false, "[a@b][c@d]" },
	{ "foo bar", false, "[foo][bar]" },
	{ "user (Full Name)", false, "[user]" },
	{ "Full Name <user>, other", false, "[user][other]" },
	{ "group: a, b@c, \"q q\" <d>; e", false, "[a][b@c][d][e]" },
	{ "\"quoted str\"@x", false, "[quoted str@x]" },
	{ "a b @ x . y", false, "[a][b@x.y]" },
	{ "<@r1,@r2:user@dom>", false, "[user@dom]" },
	{ "@a:b@c", false, "[b@c]" },
	{ "user@[1.2.3.4], \"a\\\"b\"", false, "[user@[1.2.3.4]][a\"b]" },
	{ "(c) user (c2) @ (c3) dom (c4)", false, "[user@dom]" },
	{ "<>", false, "" },
	{ "<>", true, "[]" },
	{ "", true, "[]" },
	{ "", false, "" },
	{ "(unterminated", false, "" },
	{ "\"unterminated", false, "[unterminated]" },
	{ "a <b", false, "[a<b]" },
	{ "a;b;c", false, "[a][b][c]" },
	{ "a:b:c", false, "[a:b:c]" },
	{ "foo@bar@baz", false, "[foo@bar@baz]" },
	{ "((nested) \"c) a) b", false, "[a)b]" },
	{ "undisclosed-recipients:;, x", false, "[x]" },
	{ "a\\b\\,c", false, "[ab,c]" },
	{ "a,,b,", false, "[a][b]" },
	{ "a\n\tb, c\n d <e>", false, "[a][b][e]" },
	{ "<d e>", false, "[de]" },
	{ "\"a\"b\"c\"@x", false, "[a][b][c@x]" },
	{ "John \"q\" Doe <z>", false, "[z]" },
	{ "|\"/bin/x -y\"", false, "[|/bin/x -y]" },
	{ "\"|/bin/x -y\"", false, "[|/bin/x -y]" },
	{ "a\\", false, "[a]" },
	{ "<", false, "[<]" },
	{ "\"", false, "[]" },
};

START_TEST(a_list_yields_its_addresses)
{
	struct buf out = BUF_INIT;

	address_list_each(lists[_i].text, lists[_i].wants_empty, collect,
	    &out);
	ck_assert_str_eq(out.ptr, lists[_i].out);
	buf_done(&out);
}
END_TEST

/* complete - what address rewriting does most: add a domain */
static void
complete(const char *external, struct buf *out, void *ctx)
{
	(void)ctx;
	buf_adds(out, external);
	if (strchr(external, '@') == NULL)
		buf_adds(out, "@peer.example");
}

static const struct { const char *value, *out; } rewrites[] = {
	{ "a@b", "a@b" },
	{ "  a@b ,  <c@d>(x) ", "  a@b ,  <c@d>(x) " },
	{ "foo bar", "foo@peer.example, bar@peer.example" },
	{ "user (Full Name)", "user@peer.example (Full Name)" },
	{ "Full Name <user>, other,third@x",
	    "Full Name <user@peer.example>, other@peer.example, third@x" },
	{ "<a@b> <c>", "<a@b> <c@peer.example>" },
	{ "<a> foo", "<a@peer.example>, foo@peer.example" },
	{ "g: a, b@c, \"q q\" <d>;",
	    "g: a@peer.example, b@c, \"q q\" <d@peer.example>;" },
	{ "<>", "<>" },
	{ "user (c2) @ (c3) dom (c4), z",
	    "user@dom (c2) (c3) (c4), z@peer.example" },
	{ "B. C. D <b>", "B. C. D <b@peer.example>" },
	{ "x\n\t(multi\n\tline) <a>", "x (multi \tline) <a@peer.example>" },
	{ "\"Na, me\" <x>", "\"Na, me\" <x@peer.example>" },
	{ "longlonglonglonglonglong1, longlonglonglonglong2, <long3>, x",
	    "longlonglonglonglonglong1@peer.example,\n"
	    "\tlonglonglonglonglong2@peer.example, <long3@peer.example>,\n"
	    "\tx@peer.example" },
	{ "<@r1,@r2:user@dom>, \"x\"@y", "<user@dom>, x@y" },
	{ "\"x\"@y", "\"x\"@y" },
	{ "foo@bar@baz", "\"foo@bar\"@baz" },
	{ "a;b", "a@peer.example;, b@peer.example" },
	{ "a,,b", "a@peer.example, , b@peer.example" },
	{ "A..B@x, .a", "\"A..B\"@x, \".a\"@peer.example" },
};

START_TEST(a_list_is_rewritten)
{
	struct buf out = BUF_INIT;
	bool changed;

	changed = address_list_rewrite(&out, rewrites[_i].value, 4, SIZE_MAX,
	    complete, NULL);
	ck_assert_str_eq(out.ptr, rewrites[_i].out);
	ck_assert_int_eq(changed,
	    strcmp(rewrites[_i].value, rewrites[_i].out) != 0);
	buf_done(&out);
}
END_TEST

/* As with Debian's postfix: what does not change stays, however long it is. */
START_TEST(a_list_that_changes_is_cut_at_the_limit)
{
	static const struct {
		const char *value, *out;
	} cases[] = {
		{ "a, b, c, d, e, f, g",
		  "a@peer.example, b@peer.example, c@peer.example, "
		  "d@peer.example,\n\te@peer.example," },
		{ "i j k l m n o p q r s t",
		  "i@peer.example, j@peer.example, k@peer.example, "
		  "l@peer.example,\n\tm@peer.example, n@peer.example, "
		  "o@peer.example, p@peer.example,\n"
		  "\tq@peer.example, r@peer.example" },
		{ "a@x, b@x, c@x, d@x, e@x", "a@x, b@x, c@x, d@x, e@x" },
	};
	struct buf out = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		address_list_rewrite(&out, cases[i].value, 4, 10, complete,
		    NULL);
		buf_trim_right(&out);
		ck_assert_str_eq(out.ptr, cases[i].out);
	}
	buf_done(&out);
}
END_TEST

static bool
check_place(const char *internal, size_t offset, size_t len, void *ctx)
{
	(void)internal;
	ck_assert_uint_le(offset + len, strlen(ctx));
	return true;
}

START_TEST(random_text_does_no_harm)
{
	static const char alphabet[] = "ab@.,;:<>()\"\\[] \t\n!%x";
	char text[64];
	struct buf out = BUF_INIT, again = BUF_INIT;
	size_t len;
	int round;

	srandom(1);
	for (round = 0; round < 30000; round++) {
		for (len = 0; len < (size_t)random() % sizeof(text); len++)
			text[len] = alphabet[random() %
			    (sizeof(alphabet) - 1)];
		text[len] = '\0';
		address_list_each(text, (round & 1) != 0, check_place, text);
		buf_reset(&out);
		address_list_rewrite(&out, text, 4, SIZE_MAX, complete, NULL);
		buf_reset(&again);
		address_parse_path(text, false, &again, NULL, NULL);
		buf_reset(&again);
		address_unquote(&again, text);
	}
	buf_done(&out);
	buf_done(&again);
}
END_TEST

START_TEST(deep_nesting_takes_linear_time)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	size_t i;

	for (i = 0; i < 200000; i++)
		buf_adds(&text, "<(");
	for (i = 0; i < 200000; i++)
		buf_adds(&text, ":<a,");
	address_list_each(text.ptr, true, collect, &out);
	buf_reset(&out);
	address_list_rewrite(&out, text.ptr, 4, SIZE_MAX, complete, NULL);
	buf_done(&text);
	buf_done(&out);
}
END_TEST

static const struct { const char *name; bool host, fqdn; } hosts[] = {
	{ "example.org", true, true },
	{ "localhost", true, false },
	{ "a_b.example", true, true },
	{ "-a.example", false, false },
	{ "a-.example", false, false },
	{ "a..b", false, false },
	{ ".a", false, false },
	{ "a.", false, false },
	{ "", false, false },
	{ "192.0.2.1", false, false },
	{ "a b", false, false },
	{ "[1.2.3.4]", false, false },
	{ "b\xc3\xbc""cher.example", true, true },
	{ "b\xc3.example", false, false },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x",
	    false, false },
};

START_TEST(host_names_are_checked)
{
	ck_assert_int_eq(address_is_hostname(hosts[_i].name), hosts[_i].host);
	ck_assert_int_eq(address_is_fqdn(hosts[_i].name), hosts[_i].fqdn);
}
END_TEST

START_TEST(address_literals_give_their_address)
{
	struct buf ip = BUF_INIT;

	ck_assert(address_is_literal("[192.0.2.1]", &ip));
	ck_assert_str_eq(ip.ptr, "192.0.2.1");
	ck_assert(address_is_literal("[IPv6:2001:db8::1]", &ip));
	ck_assert_str_eq(ip.ptr, "2001:db8::1");
	ck_assert(!address_is_literal("[example.org]", &ip));
	ck_assert(!address_is_literal("[192.0.2.1", &ip));
	ck_assert(!address_is_literal("192.0.2.1", &ip));
	ck_assert(!address_is_literal("[]", NULL));
	buf_done(&ip);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("address");

	UNIT_LOOP(tc, quoting_goes_both_ways, quoting);
	UNIT_LOOP(tc, unquoting_is_lenient, unquoting);
	UNIT_LOOP(tc, the_extension_begins_at_the_first_delimiter, exts);
	UNIT_LOOP(tc, a_path_parses, paths);
	UNIT_LOOP(tc, a_list_yields_its_addresses, lists);
	UNIT_LOOP(tc, a_list_is_rewritten, rewrites);
	tcase_add_test(tc, a_list_that_changes_is_cut_at_the_limit);
	tcase_add_test(tc, random_text_does_no_harm);
	tcase_add_test(tc, deep_nesting_takes_linear_time);
	UNIT_LOOP(tc, host_names_are_checked, hosts);
	tcase_add_test(tc, address_literals_give_their_address);
	return unit_run("address", tc);
}
