/*
 * entry_test.c - what a cached answer is worth, and for how long
 *
 * The cases are what Debian's postfix answered, with its own defaults, about
 * entries that were put into its table.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/verify/entry.h"

#include <check.h>
#include <string.h>

#include "lib/base/buf.h"
#include "t/unit/unit.h"

#define NOW	2000000000
#define HOUR	3600
#define DAY	86400

static const struct entry_limits limits = { 31 * DAY, 7 * DAY, 3 * DAY,
	3 * HOUR };

static const struct {
	const char	*label;
	enum verify_status status;
	long		 probed, updated;	/* ago; -1: never */
	bool		 is_expired, wants_probe;
} rows[] = {
	{ "good", VERIFY_DELIVERABLE, -1, 10, false, false },
	{ "good, and due", VERIFY_DELIVERABLE, -1, 8 * DAY, false, true },
	{ "good, and asked for", VERIFY_DELIVERABLE, 10, 8 * DAY, false, false },
	{ "good, the probe was lost", VERIFY_DELIVERABLE, 1001, 8 * DAY, false,
	    true },
	{ "good, long ago", VERIFY_DELIVERABLE, -1, 32 * DAY, true, true },
	{ "good, long ago, asked for", VERIFY_DELIVERABLE, 10, 32 * DAY, false,
	    false },
	{ "from the future", VERIFY_DELIVERABLE, -1, -DAY, false, false },
	{ "bad", VERIFY_BOUNCED, -1, 10, false, false },
	{ "bad, and due", VERIFY_BOUNCED, -1, 4 * HOUR, false, true },
	{ "bad, and asked for", VERIFY_BOUNCED, 10, 4 * HOUR, false, false },
	{ "bad, days ago", VERIFY_BOUNCED, -1, 4 * DAY, true, true },
	{ "bad, days ago, asked for", VERIFY_BOUNCED, 10, 4 * DAY, false,
	    false },
	{ "deferred", VERIFY_DEFERRED, -1, 4 * HOUR, false, true },
	{ "asked for", VERIFY_UNKNOWN, 10, -1, false, false },
	{ "asked for in vain", VERIFY_UNKNOWN, 1001, -1, true, true },
};

START_TEST(age_decides)
{
	long updated = rows[_i].updated, probed = rows[_i].probed;
	struct entry e = { rows[_i].status, probed == -1 ? 0 : NOW - probed,
	    updated == -1 ? 0 : NOW - updated, "text" };

	ck_assert_msg(entry_is_expired(&e, &limits, NOW) ==
	    rows[_i].is_expired, "%s", rows[_i].label);
	ck_assert_msg(entry_wants_probe(&e, &limits, NOW) ==
	    rows[_i].wants_probe, "%s", rows[_i].label);
}
END_TEST

START_TEST(what_was_written_is_read)
{
	struct entry e = { VERIFY_BOUNCED, 12, 1999999990,
	    "550 5.1.1 no: really" }, got;
	struct buf text = BUF_INIT;

	entry_format(&e, &text);
	ck_assert_str_eq(text.ptr, "2:12:1999999990:550 5.1.1 no: really");
	ck_assert(entry_parse(&got, text.ptr));
	ck_assert_int_eq(got.status, VERIFY_BOUNCED);
	ck_assert_int_eq(got.probed, 12);
	ck_assert_int_eq(got.updated, 1999999990);
	ck_assert_str_eq(got.reason, e.reason);
	ck_assert(entry_parse(&got, "0:0:5:"));
	ck_assert_str_eq(got.reason, "");
	buf_done(&text);
}
END_TEST

static const char *const wrong[] = { "", "garbage", "0:0:5", "9:0:5:x",
	"-1:0:5:x", "0:0:0:x", "2:0:0:x", "0:abc:5:x", "0:0:abc:x", "::::",
	"1795921896" };

START_TEST(anything_else_is_no_entry)
{
	struct entry e;

	ck_assert_msg(!entry_parse(&e, wrong[_i]), "'%s'", wrong[_i]);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("entry");

	UNIT_LOOP(tc, age_decides, rows);
	tcase_add_test(tc, what_was_written_is_read);
	UNIT_LOOP(tc, anything_else_is_no_entry, wrong);
	return unit_run("verify entry", tc);
}
