/*
 * params_test.c - does main.cf become typed parameters, and say what is wrong?
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/params.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/env.h"
#include "lib/conf/main_cf.h"
#include "t/unit/unit.h"

static char dir[] = "/tmp/params_test.XXXXXX";

static void
make_dir(void)
{
	log_to(0);
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
remove_dir(void)
{
	struct buf path = BUF_INIT;

	buf_setf(&path, "%s/main.cf", dir);
	unlink(path.ptr);
	buf_setf(&path, "%s/file", dir);
	unlink(path.ptr);
	rmdir(dir);
	buf_done(&path);
}

static void
write_file(const char *name, const char *text)
{
	struct buf path = BUF_INIT;
	FILE *fp;

	buf_setf(&path, "%s/%s", dir, name);
	ck_assert_ptr_nonnull(fp = fopen(path.ptr, "w"));
	fputs(text, fp);
	fclose(fp);
	buf_done(&path);
}

static int
load(const char *text, const char *const *overrides, struct err *err)
{
	struct params_context ctx = { "smtpd", "service", overrides, false,
	    false };

	write_file("main.cf", text);
	return params_load(dir, &ctx, err);
}

START_TEST(params_load_types_what_main_cf_sets)
{
	struct err err = ERR_INIT;

	ck_assert_msg(load(
	    "myhostname = mail.sub.example.com\n"
	    "smtpd_timeout = 5m\n"
	    "smtpd_delay_reject = NO\n"
	    "hash_queue_depth=3\n"
	    "message_size_limit = 123456789\n"
	    "smtpd_banner = $myhostname $mail_name\n"
	    "luser_relay = $user@$mydomain\n"
	    "postscreen_dnsbl_max_ttl = 2\n", NULL, &err) == 0, "%s", err.text);
	ck_assert_int_eq(params.smtpd_timeout, 300);
	ck_assert(!params.smtpd_delay_reject);
	ck_assert_int_eq(params.hash_queue_depth, 3);
	ck_assert_int_eq((long)params.message_size_limit, 123456789);
	ck_assert_str_eq(params.smtpd_banner, "mail.sub.example.com Posthorn");
	ck_assert_str_eq(params.luser_relay, "$user@$mydomain");	/* raw */
	ck_assert_int_eq(params.postscreen_dnsbl_max_ttl, 7200);	/* unit of its default */
	ck_assert_str_eq(params.mydomain, "sub.example.com");
	ck_assert_str_eq(params.mydestination, "mail.sub.example.com, "
	    "localhost.sub.example.com, localhost");
	ck_assert_str_eq(params.process_name, "smtpd");
	ck_assert_str_eq(params.service_name, "service");
	ck_assert_str_eq(params.config_directory, dir);
	ck_assert_int_eq(params.process_id, (int)getpid());
	ck_assert_str_eq(params_lookup("myorigin"), params.myhostname);
	ck_assert_str_eq(params_lookup("smtpd_timeout"), "5m");
	ck_assert_ptr_null(params_lookup("no_such_name"));
}
END_TEST

START_TEST(params_load_without_settings_gives_the_defaults)
{
	struct err err = ERR_INIT;

	ck_assert_msg(load("", NULL, &err) == 0, "%s", err.text);
	ck_assert_str_eq(params.mail_version, "3.7.11");
	ck_assert_str_eq(params.queue_directory, "/var/spool/postfix");
	ck_assert_int_eq(params.smtpd_timeout, 300);
	ck_assert_int_eq(params.maximal_queue_lifetime, 5 * 86400);
	ck_assert_int_eq(params.address_verify_poll_count, 3);
	ck_assert_ptr_nonnull(strstr(params.mynetworks, "127.0.0."));
	ck_assert_ptr_null(params_lookup("fallback_relay"));	/* legacy: unset */
}
END_TEST

START_TEST(params_load_applies_overrides_last)
{
	static const char *const o[] = { "relayhost=b", "{ smtpd_banner = x  y }",
		"my_class=permit $relayhost", NULL };
	struct err err = ERR_INIT;

	ck_assert_msg(load("relayhost = a\n", o, &err) == 0, "%s", err.text);
	ck_assert_str_eq(params.relayhost, "b");
	ck_assert_str_eq(params.smtpd_banner, "x  y");
	ck_assert_str_eq(params_lookup("my_class"), "permit b");
}
END_TEST

static const struct {
	const char *text, *why;
} bad[] = {
	{ "biff = maybe\n", "bad boolean configuration: biff = maybe" },
	{ "hash_queue_depth = 3 4\n",
	    "bad numerical configuration: hash_queue_depth = 3 4" },
	{ "hash_queue_depth = 99999999999\n",
	    "bad numerical configuration: hash_queue_depth = 99999999999" },
	{ "hash_queue_depth = 0\n",
	    "invalid hash_queue_depth parameter value 0 < 1" },
	{ "trigger_timeout = 5x\n",
	    "parameter trigger_timeout: bad time value or unit: 5x" },
	{ "trigger_timeout = -1\n",
	    "parameter trigger_timeout: bad time value or unit: -1" },
	{ "trigger_timeout = 0\n", "invalid trigger_timeout: 0 (min 1)" },
	{ "mail_owner =\n", "bad string length 0 < 1: mail_owner = " },
	{ "relayhost = ${x\n", "dictionary mail_dict: macro processing error" },
	{ "relayhost = $relayhost\n",
	    "dictionary mail_dict: macro processing error" },
	{ "foo_destination_rate_delay = x\n",
	    "parameter foo_destination_rate_delay: bad time value or unit: x" },
	{ "foo_recipient_limit = x\n",
	    "bad numerical configuration: foo_recipient_limit = x" },
};

START_TEST(params_load_names_the_mistake)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(load("relayhost = before\n", NULL, &err), 0);
	ck_assert_int_eq(load(bad[_i].text, NULL, &err), -1);
	ck_assert_str_eq(err.text, bad[_i].why);
	ck_assert_str_eq(params.relayhost, "before");	/* nothing half-done */
}
END_TEST

START_TEST(params_service_falls_back_to_the_default_parameter)
{
	struct err err = ERR_INIT;

	ck_assert_msg(load("foo_destination_rate_delay = 2m\n"
	    "default_destination_concurrency_limit = 7\n", NULL, &err) == 0,
	    "%s", err.text);
	ck_assert_int_eq(params_service_time("foo",
	    "destination_rate_delay"), 120);
	ck_assert_int_eq(params_service_time("bar",
	    "destination_rate_delay"), 0);
	ck_assert_int_eq(params_service_int("foo",
	    "destination_concurrency_limit"), 7);
	ck_assert_int_eq(params_service_int("local",
	    "destination_concurrency_limit"), 2);
	ck_assert_int_eq(params_service_int("x",
	    "initial_destination_concurrency"), 5);
	ck_assert_int_eq(params_service_time("x", "time_limit"), 1000);
	ck_assert_str_eq(params_service_text("x",
	    "destination_concurrency_positive_feedback"), "1");
}
END_TEST

START_TEST(params_load_keeps_texts_for_one_more_load)
{
	struct err err = ERR_INIT;
	const char *old;

	ck_assert_int_eq(load("relayhost = [$mydomain]\nmydomain = x.y\n",
	    NULL, &err), 0);
	old = params.relayhost;
	ck_assert_int_eq(load("relayhost = c\n", NULL, &err), 0);
	ck_assert_str_eq(old, "[x.y]");
	ck_assert_str_eq(params.relayhost, "c");
}
END_TEST

START_TEST(params_load_reads_myorigin_from_a_file)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	write_file("file", "  origin.example  \nmore\n");
	buf_setf(&text, "myorigin = %s/file\n", dir);
	ck_assert_msg(load(text.ptr, NULL, &err) == 0, "%s", err.text);
	ck_assert_str_eq(params.myorigin, "origin.example");
	write_file("file", "");
	ck_assert_int_eq(load(text.ptr, NULL, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "/file is empty"));
	buf_done(&text);
}
END_TEST

static const struct {
	const char *text, *why;
} unfit[] = {
	{ "myhostname = a..b\n",
	    "parameter myhostname: bad parameter value: a..b" },
	{ "myhostname = a.b\nmydomain = -x\n", "parameter mydomain: bad parameter value: -x" },
	{ "default_privs = root\n",
	    "parameter default_privs: user root has privileged user ID" },
	{ "default_privs = nosuchuser\n",
	    "parameter default_privs: unknown user name value: nosuchuser" },
	{ "mail_owner = nobody\ndefault_privs = nobody\n",
	    "parameters default_privs and mail_owner specify the same user "
	    "nobody" },
	{ "mail_owner = daemon\nsetgid_group = nosuchgroup\n",
	    "parameter setgid_group: unknown group name: nosuchgroup" },
	{ "mail_owner = daemon\nsetgid_group = root\n",
	    "parameter setgid_group: group root has privileged group ID" },
	{ "mail_owner = daemon\nsetgid_group = nogroup\n",
	    "parameters default_privs and setgid_group: user nobody and group "
	    "nogroup have the same group ID: 65534" },
	{ "mail_owner = daemon\nsetgid_group = daemon\n",
	    "parameters mail_owner and setgid_group: user daemon and group "
	    "daemon have the same group ID: 1" },
	{ "mail_owner = daemon\nsetgid_group = mail\nmyhostname = a.b\n"
	    "relayhost = A.B\n", "myhostname and relayhost parameter settings "
	    "must not be identical: A.B" },
	{ "mail_owner = daemon\nsetgid_group = mail\nmyorigin = a b\n",
	    "myorigin parameter setting must not contain multiple values: a b" },
};

START_TEST(params_check_names_what_is_unfit)
{
	struct err err = ERR_INIT;

	ck_assert_msg(load(unfit[_i].text, NULL, &err) == 0, "%s", err.text);
	ck_assert_int_eq(params_check(&err), -1);
	ck_assert_msg(strstr(err.text, unfit[_i].why) != NULL, "%s", err.text);
}
END_TEST

START_TEST(params_check_accepts_a_sound_configuration)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(load("mail_owner = daemon\nsetgid_group = mail\n",
	    NULL, &err), 0);
	ck_assert_msg(params_check(&err) == 0, "%s", err.text);
}
END_TEST

START_TEST(main_cf_parse_joins_lines_and_lets_the_last_win)
{
	static const char text[] =
	    " lost\nmyorigin =   $mydomain\n\tnext\n# inside\n\n  more  \n"
	    "a=1\na = 2 # no comment\nempty =\nlast = x";
	struct main_cf cf = MAIN_CF_INIT;
	struct err err = ERR_INIT;

	ck_assert_msg(main_cf_parse(&cf, "main.cf", text, strlen(text),
	    &err) == 0, "%s", err.text);
	ck_assert_uint_eq(cf.count, 4);
	ck_assert_str_eq(main_cf_find(&cf, "myorigin")->value,
	    "$mydomain\tnext  more");
	ck_assert_int_eq(main_cf_find(&cf, "myorigin")->line, 2);
	ck_assert_str_eq(main_cf_find(&cf, "a")->value, "2 # no comment");
	ck_assert_str_eq(main_cf_find(&cf, "empty")->value, "");
	ck_assert_str_eq(main_cf_find(&cf, "last")->value, "x");
	main_cf_done(&cf);
}
END_TEST

START_TEST(main_cf_parse_refuses_what_is_no_assignment)
{
	static const char *const texts[][2] = {
		{ "\nfoo\n", "f, line 2: missing '=' after attribute name: \"foo\"" },
		{ "a b = c\n",
		    "f, line 1: missing '=' after attribute name: \"a b = c\"" },
		{ "= c\n", "f, line 1: missing attribute name: \"= c\"" },
	};
	struct main_cf cf = MAIN_CF_INIT;
	struct err err = ERR_INIT;
	const char *t = texts[_i][0];

	ck_assert_int_eq(main_cf_parse(&cf, "f", t, strlen(t), &err), -1);
	ck_assert_str_eq(err.text, texts[_i][1]);
	main_cf_done(&cf);
}
END_TEST

START_TEST(env_import_lets_through_what_the_list_names)
{
	setenv("KEEP_ME", "1", 1);
	setenv("DROP_ME", "1", 1);
	env_import_set("KEEP_ME SET_ME=2, { SPACED = a b }");
	ck_assert_str_eq(getenv("SET_ME"), "2");
	ck_assert_str_eq(getenv("SPACED"), "a b");
	ck_assert_ptr_nonnull(getenv("DROP_ME"));
	env_import_full("KEEP_ME SET_ME=3 NOT_THERE");
	ck_assert_str_eq(getenv("KEEP_ME"), "1");
	ck_assert_str_eq(getenv("SET_ME"), "3");
	ck_assert_ptr_null(getenv("DROP_ME"));
	ck_assert_ptr_null(getenv("NOT_THERE"));
}
END_TEST

START_TEST(params_rows_are_sorted)
{
	unsigned i;

	for (i = 1; i < params_row_count; i++)
		ck_assert_msg(strcmp(params_row_name(&params_rows[i - 1]),
		    params_row_name(&params_rows[i])) < 0, "%s", params_row_name(&params_rows[i]));
}
END_TEST

/* Who does not ask for them does not wait for the kernel. */
START_TEST(a_command_finds_networks_when_asked)
{
	struct params_context ctx = { .process_name = "postmap",
	    .is_command = true };
	struct err err = ERR_INIT;

	write_file("main.cf", "inet_interfaces = loopback-only\n");
	ck_assert_int_eq(params_load(dir, &ctx, &err), 0);
	ck_assert_ptr_null(params.mynetworks);
	ck_assert_ptr_null(params.proxy_read_maps);
	ck_assert_ptr_nonnull(strstr(params_lookup("proxy_read_maps"),
	    "127.0.0."));
	ck_assert_ptr_nonnull(strstr(params_lookup("mynetworks"), "127.0.0."));
	ck_assert_str_eq(params_lookup("smtpd_forbid_bare_newline_exclusions"),
	    params.mynetworks);
	write_file("main.cf", "mynetworks = 10.0.0.0/8\n");
	ck_assert_int_eq(params_load(dir, &ctx, &err), 0);
	ck_assert_str_eq(params.mynetworks, "10.0.0.0/8");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("params");

	tcase_add_checked_fixture(tc, make_dir, remove_dir);
	tcase_add_test(tc, params_load_types_what_main_cf_sets);
	tcase_add_test(tc, params_load_without_settings_gives_the_defaults);
	tcase_add_test(tc, a_command_finds_networks_when_asked);
	tcase_add_test(tc, params_load_applies_overrides_last);
	UNIT_LOOP(tc, params_load_names_the_mistake, bad);
	tcase_add_test(tc, params_service_falls_back_to_the_default_parameter);
	tcase_add_test(tc, params_load_keeps_texts_for_one_more_load);
	tcase_add_test(tc, params_load_reads_myorigin_from_a_file);
	UNIT_LOOP(tc, params_check_names_what_is_unfit, unfit);
	tcase_add_test(tc, params_check_accepts_a_sound_configuration);
	tcase_add_test(tc, main_cf_parse_joins_lines_and_lets_the_last_win);
	tcase_add_loop_test(tc, main_cf_parse_refuses_what_is_no_assignment,
	    0, 3);
	tcase_add_test(tc, env_import_lets_through_what_the_list_names);
	tcase_add_test(tc, params_rows_are_sorted);
	return unit_run("params", tc);
}
