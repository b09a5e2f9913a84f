/*
 * content_test.c - what queue records become on the wire; order of hosts
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/smtp.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"
#include "t/unit/unit.h"

static struct buf out;
static struct smtp_content c;
static struct smtp_config settings;

static void
setup(void)
{
	buf_init(&out);
	params.header_size_limit = 102400;
	params.mime_nesting_limit = 100;
	params.mime_boundary_length_limit = 2048;
	settings = (struct smtp_config){ .line_limit = 20 };
	smtp_content_init(&c, "QID", &settings, false);
}

static void
teardown(void)
{
	smtp_content_done(&c);
	buf_done(&out);
}

static void
whole(const char *text)
{
	smtp_content_record(&c, true, text, strlen(text), &out);
}

static void
part(const char *text)
{
	smtp_content_record(&c, false, text, strlen(text), &out);
}

START_TEST(lines_get_crlf_and_dots_are_doubled)
{
	whole("Subject: x");
	whole("");
	whole(".");
	whole(".x.y");
	whole("a.");
	smtp_content_end(&c, &out);
	ck_assert_str_eq(out.ptr, "Subject: x\r\n\r\n..\r\n..x.y\r\na.\r\n");
}
END_TEST

START_TEST(pieces_are_one_line)
{
	part("");
	part(".ab");
	part(".c");
	whole("");
	part("last");
	smtp_content_end(&c, &out);
	ck_assert_str_eq(out.ptr, "..ab.c\r\nlast\r\n");
}
END_TEST

START_TEST(long_lines_continue_behind_a_space)
{
	whole("0123456789012345678");		/* 19 */
	whole("01234567890123456789");		/* 20 */
	whole("012345678901234567890");	/* 21 */
	part("0123456789");
	part("0123456789");
	whole("01234567890123456789");
	ck_assert_str_eq(out.ptr, "0123456789012345678\r\n"
	    "01234567890123456789\r\n"
	    "01234567890123456789\r\n 0\r\n"
	    "01234567890123456789\r\n 0123456789012345678\r\n 9\r\n");
}
END_TEST

START_TEST(any_limit_ends)
{
	int limit;

	for (limit = 0; limit < 5; limit++) {
		settings.line_limit = limit;
		c.column = 0;
		whole("0123456789");
	}
	ck_assert_uint_gt(out.len, 50);
}
END_TEST

START_TEST(bytes_pass_unchanged)
{
	smtp_content_record(&c, true, "a\0b\r\377", 5, &out);
	ck_assert_uint_eq(out.len, 7);
	ck_assert_int_eq(memcmp(out.ptr, "a\0b\r\377\r\n", 7), 0);
}
END_TEST

/* Every line of text through a content with conversion. */
static void
convert(const char *text)
{
	size_t n;

	smtp_content_done(&c);
	settings.line_limit = 998;
	smtp_content_init(&c, "QID", &settings, true);
	for (; *text != '\0'; text += n + 1) {
		n = strcspn(text, "\n");
		if (n > 40) {	/* pieces give the same */
			smtp_content_record(&c, false, text, 40, &out);
			smtp_content_record(&c, true, text + 40, n - 40, &out);
		} else {
			smtp_content_record(&c, true, text, n, &out);
		}
	}
	smtp_content_end(&c, &out);
}

START_TEST(text_becomes_quoted_printable)
{
	convert("MIME-Version: 1.0\nContent-Transfer-Encoding: 8BIT\n"
	    "Content-Type: text/plain;\n charset=utf-8\nSubject: x\n\n"
	    "h\303\251llo = you \n.dot\n\nend\t\n");
	ck_assert_str_eq(out.ptr, "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain;\r\n charset=utf-8\r\nSubject: x\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "h=C3=A9llo =3D you=20\r\n..dot\r\n\r\nend=09\r\n");
}
END_TEST

START_TEST(what_says_nothing_stays)
{
	convert("Subject: x\n\nh\303\251llo = you\n");
	ck_assert_str_eq(out.ptr, "Subject: x\r\n\r\n"
	    "h\303\251llo = you\r\n");
}
END_TEST

START_TEST(quoted_printable_lines_are_short)
{
	char text[400];
	size_t i, column = 0;

	strcpy(text, "Content-Transfer-Encoding: binary\n\n");
	for (i = strlen(text); i < 300; i++)
		text[i] = i % 3 == 0 ? '\351' : 'a';
	strcpy(text + i, "\n");
	convert(text);
	for (i = 0; i < out.len; i++) {
		ck_assert((out.ptr[i] & 0x80) == 0);
		column = out.ptr[i] == '\n' ? 0 : column + 1;
		ck_assert_uint_le(column, 77);
	}
}
END_TEST

/* What a Postfix makes of the same message. */
START_TEST(parts_are_converted_one_by_one)
{
	convert("MIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed; boundary=\"b1\"\n"
	    "Content-Transfer-Encoding: 8bit\nFrom: a\n\npre\303\251\n"
	    "--b1\nContent-Type: text/plain\n"
	    "Content-Transfer-Encoding: 8bit\n\nh\303\251\n"
	    "--b1\nContent-Type: text/plain\n\nascii\n"
	    "--b1\nContent-Type: application/octet-stream\n"
	    "Content-Transfer-Encoding: base64\n\nAAAA\n"
	    "--b1\nContent-Type: message/rfc822\n"
	    "Content-Transfer-Encoding: 8bit\n\nSubject: inner\n\n"
	    "\303\251 inner\n--b1--\nepi\303\251\n");
	ck_assert_str_eq(out.ptr, "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/mixed; boundary=\"b1\"\r\n"
	    "From: a\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
	    "pre\303\251\r\n"
	    "--b1\r\nContent-Type: text/plain\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\nh=C3=A9\r\n"
	    "--b1\r\nContent-Type: text/plain\r\n\r\nascii\r\n"
	    "--b1\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n"
	    "--b1\r\nContent-Type: message/rfc822\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n\r\nSubject: inner\r\n\r\n"
	    "\303\251 inner\r\n--b1--\r\nepi\303\251\r\n");
}
END_TEST

START_TEST(nested_parts_end_with_what_is_around_them)
{
	convert("Content-Type: multipart/mixed; boundary=outer\n\n"
	    "--outer\nContent-Type: multipart/alternative; boundary=inner\n\n"
	    "--inner\nContent-Transfer-Encoding: 8bit\n\n\351\n"
	    "--outer\nContent-Transfer-Encoding: 8bit\n\n\351=\n"
	    "--inner\n\n--outer--\n\351\n");
	ck_assert_str_eq(out.ptr,
	    "Content-Type: multipart/mixed; boundary=outer\r\n\r\n"
	    "--outer\r\n"
	    "Content-Type: multipart/alternative; boundary=inner\r\n\r\n"
	    "--inner\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "=E9\r\n"
	    "--outer\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "=E9=3D\r\n--inner\r\n\r\n--outer--\r\n\351\r\n");
}
END_TEST

/* A message through checks of each kind, that change what they find. */
START_TEST(checks_change_what_is_sent)
{
	static const char *const lines[] = { "Subject: gone", "X: stays",
	    "Content-Type: multipart/x; boundary=b", "", "--b", "X: part",
	    "", "line", "--b", "Content-Type: message/rfc822", "",
	    "X: nested", "Mime-Version: 1.0", "", "last" };
	size_t i;

	settings.line_limit = 0;
	settings.header_checks = maps_open("header_checks",
	    "regexp:{ {/^Subject/ IGNORE}, {/^X: st/ PREPEND Y: new} }", 0);
	settings.mime_checks = maps_open("mime_header_checks",
	    "regexp:{ {/^X/ REPLACE X: other}, {/^Mime-Ver/ STRIP} }",
	    0);
	settings.nested_checks = maps_open("nested_header_checks",
	    "regexp:{ {/^X: nested/ replace no header} }", 0);
	settings.body_checks = maps_open("body_checks",
	    "regexp:{ {/line/ REPLACE .dot}, {/last/ REJECT no} }", 0);
	smtp_content_init(&c, "QID", &settings, false);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		whole(lines[i]);
	ck_assert_int_eq(smtp_content_end(&c, &out), 0);
	ck_assert_str_eq(out.ptr, "Y: new\r\nX: stays\r\n"
	    "Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n"
	    "X: other\r\n\r\n..dot\r\n--b\r\n"
	    "Content-Type: message/rfc822\r\n\r\nX: nested\r\n\r\n"
	    "last\r\n");
	maps_free(settings.header_checks);
	maps_free(settings.mime_checks);
	maps_free(settings.nested_checks);
	maps_free(settings.body_checks);
}
END_TEST

START_TEST(a_check_that_fails_fails_the_message)
{
	settings.body_checks = maps_open("body_checks", "fail:x", 0);
	smtp_content_init(&c, "QID", &settings, false);
	whole("A: 1");
	whole("");
	ck_assert_int_eq(smtp_content_record(&c, true, "a", 1, &out), -1);
	ck_assert_int_eq(smtp_content_end(&c, &out), -1);
	ck_assert_ptr_null(strstr(out.ptr, "\na"));
	maps_free(settings.body_checks);
}
END_TEST

static void
add(struct smtp_hosts *h, const char *ip, unsigned pref)
{
	h->list = xreallocarray(h->list, h->count + 1, sizeof(*h->list));
	memset(&h->list[h->count], 0, sizeof(*h->list));
	h->list[h->count].name = xstrdup(ip);
	h->list[h->count].pref = pref;
	ck_assert_int_eq(netaddr_parse(&h->list[h->count].addr, ip, 25, NULL),
	    0);
	h->count++;
}

static long
roll_zero(void)
{
	return 0;
}

START_TEST(hosts_come_by_preference_then_family)
{
	struct smtp_config cfg = { .prefer = SMTP_PREFER_IPV6 };
	struct smtp_hosts h = { 0 };

	add(&h, "192.0.2.1", 20);
	add(&h, "192.0.2.2", 10);
	add(&h, "::2", 10);
	add(&h, "::1", 20);
	smtp_hosts_order(&h, &cfg, NULL);
	ck_assert_str_eq(h.list[0].name, "::2");
	ck_assert_str_eq(h.list[1].name, "192.0.2.2");
	ck_assert_str_eq(h.list[2].name, "::1");
	smtp_hosts_done(&h);
}
END_TEST

START_TEST(equals_are_shuffled_but_preference_holds)
{
	struct smtp_config cfg = { 0 };
	struct smtp_hosts h = { 0 };

	add(&h, "192.0.2.1", 10);
	add(&h, "192.0.2.2", 10);
	add(&h, "192.0.2.3", 5);
	smtp_hosts_order(&h, &cfg, roll_zero);
	ck_assert_str_eq(h.list[0].name, "192.0.2.3");
	ck_assert_str_eq(h.list[1].name, "192.0.2.2");
	ck_assert_str_eq(h.list[2].name, "192.0.2.1");
	smtp_hosts_done(&h);
}
END_TEST

START_TEST(a_cut_keeps_both_families)
{
	struct smtp_config cfg = { .address_limit = 2, .balances = true };
	struct smtp_hosts h = { 0 };

	add(&h, "::1", 10);
	add(&h, "::2", 10);
	add(&h, "::3", 10);
	add(&h, "192.0.2.1", 20);
	smtp_hosts_order(&h, &cfg, NULL);
	ck_assert_uint_eq(h.count, 2);
	ck_assert_str_eq(h.list[0].name, "::1");
	ck_assert_str_eq(h.list[1].name, "192.0.2.1");
	smtp_hosts_done(&h);
}
END_TEST

START_TEST(nexthops_are_taken_apart)
{
	static const struct {
		bool		is_lmtp;
		const char	*text, *host;	/* host NULL: refused */
		int		port;
		bool		wants_mx;
	} cases[] = {
		{ false, "b.test", "b.test", 25, true },
		{ false, "b.test:2525", "b.test", 2525, true },
		{ false, "[b.test]", "b.test", 25, false },
		{ false, "[b.test]:26", "b.test", 26, false },
		{ false, "[::1]:26", "::1", 26, false },
		{ false, "[IPv6:::1]:26", "::1", 26, false },
		{ false, "[192.0.2.1]", "192.0.2.1", 25, false },
		{ false, "b\xc3\xbc.test", "xn--b-eha.test", 25, true },
		{ false, "", NULL, 0, false },
		{ false, "[]", NULL, 0, false },
		{ false, "[b.test", NULL, 0, false },
		{ false, "[b.test]x", NULL, 0, false },
		{ false, "b.test:nosuch", NULL, 0, false },
		{ true, "inet:b.test", "b.test", 25, false },
		{ true, "inet:[b.test]:24", "b.test", 24, false },
		{ true, "b.test:24", "b.test", 24, false },
		{ true, "unix:private/lmtp", "private/lmtp", 0, false },
	};
	struct smtp_config cfg = { .tcp_port = "25", .uses_dns = true,
	    .srv_services = "" };
	struct smtp_dest d;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cfg.is_lmtp = cases[i].is_lmtp;
		if (smtp_dest_parse(&d, &cfg, cases[i].text, NULL) == -1) {
			ck_assert_msg(cases[i].host == NULL, "refused: %s",
			    cases[i].text);
			continue;
		}
		ck_assert_msg(cases[i].host != NULL, "accepted: %s",
		    cases[i].text);
		ck_assert_str_eq(d.host, cases[i].host);
		ck_assert_int_eq(d.port, cases[i].port);
		ck_assert(d.wants_mx == cases[i].wants_mx);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("content");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, lines_get_crlf_and_dots_are_doubled);
	tcase_add_test(tc, pieces_are_one_line);
	tcase_add_test(tc, long_lines_continue_behind_a_space);
	tcase_add_test(tc, any_limit_ends);
	tcase_add_test(tc, bytes_pass_unchanged);
	tcase_add_test(tc, text_becomes_quoted_printable);
	tcase_add_test(tc, what_says_nothing_stays);
	tcase_add_test(tc, quoted_printable_lines_are_short);
	tcase_add_test(tc, parts_are_converted_one_by_one);
	tcase_add_test(tc, nested_parts_end_with_what_is_around_them);
	tcase_add_test(tc, checks_change_what_is_sent);
	tcase_add_test(tc, a_check_that_fails_fails_the_message);
	tcase_add_test(tc, hosts_come_by_preference_then_family);
	tcase_add_test(tc, equals_are_shuffled_but_preference_holds);
	tcase_add_test(tc, a_cut_keeps_both_families);
	tcase_add_test(tc, nexthops_are_taken_apart);
	return unit_run("smtp_content", tc);
}
