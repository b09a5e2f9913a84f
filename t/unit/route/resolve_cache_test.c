/*
 * resolve_cache_test.c - what is kept, and for how long
 *
 * SPDX-License-Identifier: ISC
 */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/route/resolve_cache.h"
#include "lib/route/rewrite.h"
#include "t/unit/unit.h"

static void
put(const char *name, int64_t now, const char *transport, unsigned flags)
{
	struct buf key = BUF_INIT;
	struct resolve_reply r;

	resolve_reply_init(&r);
	buf_sets(&key, name);
	buf_sets(r.transport, transport);
	buf_setf(r.nexthop, "to %s", transport);
	buf_setf(r.recipient, "for %s", transport);
	r.flags = flags;
	resolve_cache_put(&key, now, &r);
	resolve_reply_done(&r);
	buf_done(&key);
}

/* What is kept under name: "TRANSPORT|NEXTHOP|RECIPIENT|FLAGS", "" for nothing. */
static const char *
get(const char *name, int64_t now)
{
	static char text[200];
	struct buf key = BUF_INIT;
	struct resolve_reply r;

	resolve_reply_init(&r);
	buf_sets(&key, name);
	text[0] = '\0';
	if (resolve_cache_get(&key, now, &r))
		snprintf(text, sizeof(text), "%s|%s|%s|%u", r.transport->ptr,
		    r.nexthop->ptr, r.recipient->ptr, r.flags);
	resolve_reply_done(&r);
	buf_done(&key);
	return text;
}

START_TEST(an_answer_is_kept_for_a_time)
{
	ck_assert_str_eq(get("n\na@b", 1000), "");
	put("n\na@b", 1000, "smtp", RESOLVE_DEFAULT);
	ck_assert_str_eq(get("n\na@b", 1000), "smtp|to smtp|for smtp|4096");
	ck_assert_str_eq(get("n\na@b", 1000 + RESOLVE_CACHE_MS - 1),
	    "smtp|to smtp|for smtp|4096");
	ck_assert_str_eq(get("n\na@b", 1000 + RESOLVE_CACHE_MS), "");
}
END_TEST

START_TEST(it_is_given_to_nobody_else)
{
	char name[20];
	int i;

	put("n\na@b", 1, "smtp", RESOLVE_DEFAULT);
	/* More than there are places: some of them meet it. */
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n\na%d@b", i);
		ck_assert_str_eq(get(name, 2), "");
	}
	ck_assert_str_ne(get("n\na@b", 2), "");
}
END_TEST

START_TEST(another_takes_its_place)
{
	char name[20];
	int i;

	put("first", 1, "smtp", RESOLVE_DEFAULT);
	for (i = 0; i < 10000 && get("first", 2)[0] != '\0'; i++) {
		snprintf(name, sizeof(name), "%d", i);
		put(name, 2, "local", RESOLVE_LOCAL);
		ck_assert_str_eq(get(name, 2), "local|to local|for local|256");
	}
	ck_assert_int_lt(i, 10000);
	put("first", 3, "relay", RESOLVE_RELAY);
	ck_assert_str_eq(get("first", 3), "relay|to relay|for relay|2048");
}
END_TEST

START_TEST(a_long_question_is_not_kept)
{
	char name[1000];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	put(name, 1, "smtp", RESOLVE_DEFAULT);
	ck_assert_str_eq(get(name, 2), "");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("resolve_cache");

	tcase_add_test(tc, an_answer_is_kept_for_a_time);
	tcase_add_test(tc, it_is_given_to_nobody_else);
	tcase_add_test(tc, another_takes_its_place);
	tcase_add_test(tc, a_long_question_is_not_kept);
	return unit_run("resolve_cache", tc);
}
