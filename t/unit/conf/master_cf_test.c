/*
 * master_cf_test.c - does master.cf become services, and say what is wrong?
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/master_cf.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "t/unit/unit.h"

static int
parse(struct master_cf *cf, const char *text, struct err *err)
{
	params_set_defaults(&params);
	params.compatibility_level = "3.6";
	params.default_process_limit = 100;
	return master_cf_parse(cf, "/x/master.cf", text, strlen(text), err);
}

START_TEST(master_cf_parse_fills_every_field)
{
	struct master_cf cf;
	struct master_service *s;
	struct err err = ERR_INIT;

	ck_assert_msg(parse(&cf,
	    "# comment\n"
	    "smtp inet n - y - - smtpd -o a=b\n"
	    "# in between\n"
	    "   -o { c = d e }   x{y\n"
	    "\n"
	    "pick unix - n n 60? 1 pickup\n"
	    "low fifo n n - 5x 0 qmgr {a {b}} {}\n", &err) == 0, "%s",
	    err.text);
	ck_assert_uint_eq(cf.count, 3);
	s = &cf.services[0];
	ck_assert_str_eq(s->name, "smtp");
	ck_assert_int_eq(s->type, MASTER_INET);
	ck_assert(!s->is_private && s->is_unprivileged && s->is_chrooted);
	ck_assert_int_eq(s->wakeup_s, 0);
	ck_assert_int_eq(s->maxproc, 100);
	ck_assert_str_eq(s->command, "smtpd");
	ck_assert_int_eq(s->line, 2);
	ck_assert_uint_eq(s->argc, 5);
	ck_assert_str_eq(s->argv[1], "a=b");
	ck_assert_str_eq(s->argv[3], "c = d e");
	ck_assert_str_eq(s->argv[4], "x{y");
	ck_assert_ptr_null(s->argv[5]);
	s = &cf.services[1];
	ck_assert(s->is_private && !s->is_unprivileged && !s->is_chrooted);
	ck_assert_int_eq(s->wakeup_s, 60);
	ck_assert(s->wakeup_is_conditional);
	ck_assert_int_eq(s->maxproc, 1);
	ck_assert_uint_eq(s->argc, 0);
	s = &cf.services[2];
	ck_assert_int_eq(s->wakeup_s, 5);	/* what follows the digits is ignored */
	ck_assert_int_eq(s->maxproc, 0);
	ck_assert_str_eq(s->argv[0], "a {b}");
	ck_assert_str_eq(s->argv[1], "");
	master_cf_done(&cf);
}
END_TEST

START_TEST(master_cf_parse_chroots_by_default_below_level_1)
{
	struct master_cf cf;
	static const char text[] = "a unix - - - - - b\n";

	params_set_defaults(&params);
	params.compatibility_level = "0";
	ck_assert_int_eq(master_cf_parse(&cf, "f", text, strlen(text), NULL), 0);
	ck_assert(cf.services[0].is_chrooted);
	master_cf_done(&cf);
	params.compatibility_level = "2";
	ck_assert_int_eq(master_cf_parse(&cf, "f", text, strlen(text), NULL), 0);
	ck_assert(!cf.services[0].is_chrooted);
	master_cf_done(&cf);
}
END_TEST

static const struct {
	const char *text, *why;
} bad[] = {
	{ "a", "missing \"transport type\" field" },
	{ "a unix n n", "missing \"chroot\" field" },
	{ "a unix n n n 0 1", "missing \"command\" field" },
	{ "a - n n n 0 1 c", "field \"transport type\" has no default value" },
	{ "a unix n n n 0 1 -", "field \"command\" has no default value" },
	{ "a unix N n n 0 1 c", "field \"private\": bad value: \"N\"" },
	{ "a unix n yes n 0 1 c", "field \"unprivileged\": bad value: \"yes\"" },
	{ "a unix n n x 0 1 c", "field \"chroot\": bad value: \"x\"" },
	{ "a unix n n n -1 1 c", "field \"wakeup_time\": bad value: \"-1\"" },
	{ "a unix n n n 0 x c", "field \"max_proc\": bad value: \"x\"" },
	{ "a unix n n n 0 99999999999 c",
	    "field \"max_proc\": bad value: \"99999999999\"" },
	{ "a UNIX n n n 0 1 c", "bad transport type: UNIX" },
	{ "a inet - n n 0 1 c", "inet service cannot be private" },
	{ "a inet y n n 0 1 c", "inet service cannot be private" },
	{ "[::1:25 inet n n n 0 1 c", "missing \"]\" in \"[::1:25\"" },
	{ "[::1]x:25 inet n n n 0 1 c", "garbage after \"]\" in \"[::1]x:25\"" },
	{ "[::g]:25 inet n n n 0 1 c",
	    "malformed IPv6 address in \"[::g]:25\"" },
	{ "a:b:c inet n n n 0 1 c",
	    "valid hostname or network address required in \"a:b:c\"" },
	{ "host.:25 inet n n n 0 1 c",
	    "valid hostname or network address required in \"host.:25\"" },
	{ "25x inet n n n 0 1 c",
	    "garbage after numerical service in \"25x\"" },
	{ "a unix n n n 0 1 c { b c", "missing '}' in \"{ b c\"" },
	{ "a unix n n n 0 1 c { b c }d e",
	    "syntax error after '}' in \"{ b c }d e\"" },
};

START_TEST(master_cf_parse_names_the_mistake)
{
	struct buf text = BUF_INIT, want = BUF_INIT;
	struct err err = ERR_INIT;
	struct master_cf cf;

	buf_addf(&text, "ok unix - - n - - c\n# x\n%s\n", bad[_i].text);
	buf_addf(&want, "/x/master.cf: line 3: %s", bad[_i].why);
	ck_assert_int_eq(parse(&cf, text.ptr, &err), -1);
	ck_assert_str_eq(err.text, want.ptr);
	ck_assert_uint_eq(cf.count, 0);
	buf_done(&text);
	buf_done(&want);
}
END_TEST

static const struct {
	const char *name, *host, *port;
} inet[] = {
	{ "smtp", "", "smtp" }, { "25", "", "25" }, { ":25", "", "25" },
	{ "localhost:smtp", "localhost", "smtp" },
	{ "127.0.0.1:10025", "127.0.0.1", "10025" },
	{ "[127.0.0.1]:10025", "127.0.0.1", "10025" },
	{ "[::1]:25", "::1", "25" }, { "[host.example]:25", "host.example", "25" },
};

START_TEST(master_cf_split_inet_finds_host_and_port)
{
	struct buf host = BUF_INIT, port = BUF_INIT;

	ck_assert_int_eq(master_cf_split_inet(inet[_i].name, &host, &port,
	    NULL), 0);
	ck_assert_str_eq(host.ptr, inet[_i].host);
	ck_assert_str_eq(port.ptr, inet[_i].port);
	buf_done(&host);
	buf_done(&port);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("master_cf");

	tcase_add_test(tc, master_cf_parse_fills_every_field);
	tcase_add_test(tc, master_cf_parse_chroots_by_default_below_level_1);
	UNIT_LOOP(tc, master_cf_parse_names_the_mistake, bad);
	UNIT_LOOP(tc, master_cf_split_inet_finds_host_and_port, inet);
	return unit_run("master_cf", tc);
}
