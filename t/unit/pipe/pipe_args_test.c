/*
 * pipe_args_test.c - are pipe's words read, and its macros expanded?
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/pipe/pipe_args.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "t/unit/unit.h"

static int
parse(struct pipe_args *pa, const char *text, struct err *err)
{
	char *copy = strdup(text), *words[32], *word;
	size_t n = 0;
	int rc;

	for (word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		words[n++] = word;
	words[n] = NULL;
	rc = pipe_args_parse(pa, words, err);
	free(copy);
	return rc;
}

START_TEST(pipe_args_parse_reads_every_attribute)
{
	struct pipe_args pa;
	struct err err = ERR_INIT;

	ck_assert_msg(parse(&pa, "flags=DRXhuq.>BFO user=vmail:mail "
	    "directory=/d chroot=/c eol=\\r\\n\\015 null_sender=nobody "
	    "size=123 argv=/bin/x -d ${recipient} argv=kept", &err) == 0,
	    "%s", err.text);
	ck_assert_uint_eq(pa.flags, 0x7ff);
	ck_assert_str_eq(pa.user, "vmail");
	ck_assert_str_eq(pa.group, "mail");
	ck_assert_str_eq(pa.directory, "/d");
	ck_assert_str_eq(pa.chroot_dir, "/c");
	ck_assert_str_eq(pa.eol, "\r\n\r");
	ck_assert_str_eq(pa.null_sender, "nobody");
	ck_assert_int_eq(pa.size_limit, 123);
	ck_assert_uint_eq(pa.argc, 4);
	ck_assert_str_eq(pa.argv[0], "/bin/x");
	ck_assert_str_eq(pa.argv[3], "argv=kept");
	pipe_args_done(&pa);
}
END_TEST

static const struct {
	const char *text, *why;
} bad[] = {
	{ "user=x", "missing command name \"argv=...\"" },
	{ "user=x argv=", "missing command name \"argv=...\"" },
	{ "argv=/bin/x", "missing user= command-line attribute" },
	{ "user=x flags=Z argv=/bin/x", "unknown flag: Z" },
	{ "user=x nosuch=1 argv=/bin/x", "unknown attribute name: nosuch=1" },
	{ "user=x size=big argv=/bin/x", "bad size: attribute: \"big\"" },
};

START_TEST(pipe_args_parse_names_the_mistake)
{
	struct pipe_args pa;
	struct err err = ERR_INIT;

	ck_assert_int_eq(parse(&pa, bad[_i].text, &err), -1);
	ck_assert_str_eq(err.text, bad[_i].why);
	pipe_args_done(&pa);
}
END_TEST

static const struct pipe_macros macros = {
	.sender = "se nd@x.example", .nexthop = "Next.Hop", .queue_id = "ABC",
	.envelope_id = "", .client_address = "192.0.2.1",
	.client_helo = "helo", .client_hostname = "host",
	.client_port = "25", .client_protocol = "ESMTP", .sasl_method = "",
	.sasl_sender = "", .sasl_username = "sam", .size = 42
};

static const struct pipe_rcpt rcpts[] = {
	{ "Us er+Ext@Dom.Example", "orig@o" }, { "b@c", "b@c" },
};

static const struct {
	const char *words, *result;	/* words after argv=, '|' between arguments */
	size_t count;
} cases[] = {
	{ "x", "x", 2 },
	{ "x ${sender} ${size} ${queue_id} ${sasl_username}",
	    "x|se nd@x.example|42|ABC|sam", 2 },
	{ "x ${recipient}", "x|Us er+Ext@Dom.Example|b@c", 2 },
	{ "x ${user} ${extension} ${domain} ${mailbox}",
	    "x|Us er|Ext|Dom.Example|Us er+Ext", 1 },
	{ "x -${original_recipient}- $nexthop", "x|-orig@o-|-b@c-|Next.Hop", 2 },
	{ "x ${client_address}${client_helo}", "x|192.0.2.1helo", 1 },
	{ "x ${extension?{-e}}", "x|-e|", 2 },
	{ "x ${envid:none}", "x|none", 1 },
	{ "x a$$b", "x|a$b", 1 },
};

static void
expand(const char *attributes, const char *words, size_t count,
    struct buf *out)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct pipe_args pa;
	char **argv;
	size_t i;

	params_set_defaults(&params);
	params.recipient_delimiter = "+";
	buf_setf(&text, "%s user=u argv=%s", attributes, words);
	ck_assert_msg(parse(&pa, text.ptr, &err) == 0, "%s", err.text);
	argv = pipe_args_expand(&pa, &macros, rcpts, count, &err);
	ck_assert_msg(argv != NULL, "%s", err.text);
	for (i = 0; argv[i] != NULL; i++)
		buf_addf(out, "%s%s", i > 0 ? "|" : "", argv[i]);
	pipe_argv_free(argv);
	pipe_args_done(&pa);
	buf_done(&text);
}

START_TEST(pipe_args_expand_replaces_macros)
{
	struct buf out = BUF_INIT;

	expand("", cases[_i].words, cases[_i].count, &out);
	ck_assert_str_eq(out.ptr, cases[_i].result);
	buf_done(&out);
}
END_TEST

START_TEST(pipe_args_expand_folds_and_quotes_as_flags_say)
{
	struct buf out = BUF_INIT;

	expand("flags=uhq", "x ${recipient} ${sender} ${nexthop} ${user}", 1,
	    &out);
	ck_assert_str_eq(out.ptr, "x|\"us er+ext\"@dom.example|"
	    "\"se nd\"@x.example|next.hop|us er");
	buf_done(&out);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("pipe_args");

	tcase_add_test(tc, pipe_args_parse_reads_every_attribute);
	UNIT_LOOP(tc, pipe_args_parse_names_the_mistake, bad);
	UNIT_LOOP(tc, pipe_args_expand_replaces_macros, cases);
	tcase_add_test(tc, pipe_args_expand_folds_and_quotes_as_flags_say);
	return unit_run("pipe_args", tc);
}
