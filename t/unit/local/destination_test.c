/*
 * destination_test.c - are aliases and .forward taken apart right?
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/local/destination.h"

#include <check.h>
#include <stdlib.h>

#include "lib/base/buf.h"
#include "t/unit/unit.h"

static const struct {
	const char *text, *parts;	/* kind letter and text, ';' between */
} cases[] = {
	{ "", "" },
	{ " , ,", "" },
	{ "user", "a:user" },
	{ "user, other@example.org", "a:user;a:other@example.org" },
	{ "Full Name <user@example.org>", "a:user@example.org" },
	{ "\"a b\"@example.org", "a:a b@example.org" },
	{ "user (a, comment), x", "a:user;a:x" },
	{ "\\user", "v:user" },
	{ "\"|prog a, b\"", "c:prog a, b" },
	{ "|prog a b, user", "c:prog;a:a;a:b;a:user" },
	{ "|\"prog a\"", "c:prog a" },
	{ "\"| prog \\\"x y\\\"\"", "c: prog \"x y\"" },
	{ "\"|prog\"@example.org", "c:prog@example.org" },
	{ "/var/mail/x", "f:/var/mail/x" },
	{ "\"/var/mail/x y\",/dev/null", "f:/var/mail/x y;f:/dev/null" },
	{ "/dir/", "f:/dir/" },
	{ ":include:/etc/list", "i:/etc/list" },
	{ "\":include:/etc/my list\", a", "i:/etc/my list;a:a" },
	{ ":INCLUDE:/etc/list b", "i:/etc/list;a:b" },
	{ "group: a, b; c", "a:a;a:b;a:c" },
	{ "a,\n b", "a:a;a:b" },
	{ "<>", "" },
	{ "\"|unfinished", "c:unfinished" },
};

static bool
note(const struct destination *d, void *ctx)
{
	struct buf *out = ctx;

	if (out->len > 0)
		buf_addc(out, ';');
	buf_addf(out, "%c:%s", d->is_verbatim ? 'v' : "acfi"[d->kind],
	    d->text);
	return true;
}

START_TEST(destination_each_finds_every_destination)
{
	struct buf out = BUF_INIT;

	destination_each(cases[_i].text, note, &out);
	if (cases[_i].parts[0] != '\0' || out.len == 0)
		ck_assert_str_eq(out.ptr, cases[_i].parts);
	/* What is malformed may give an address, never a command or a file. */
	else
		ck_assert_msg(out.ptr[0] == 'a' || out.ptr[0] == 'v', "%s",
		    out.ptr);
	buf_done(&out);
}
END_TEST

static bool
stop(const struct destination *d, void *ctx)
{
	(void)d;
	++*(int *)ctx;
	return false;
}

START_TEST(destination_each_stops_when_told)
{
	int n = 0;

	destination_each("a, b, c", stop, &n);
	ck_assert_int_eq(n, 1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("destination");

	UNIT_LOOP(tc, destination_each_finds_every_destination, cases);
	tcase_add_test(tc, destination_each_stops_when_told);
	return unit_run("destination", tc);
}
