/*
 * text_test.c - do text.h, num.h and the log's sink keep their word?
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/text.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "t/unit/unit.h"

START_TEST(lists_split_at_commas_and_blanks_but_not_in_braces)
{
	char plain[] = " a, b\tc,,\n d ", braced[] = "inline:{a=b, c=d}, x";
	char *rest = plain;

	ck_assert_str_eq(text_split(&rest, TEXT_LIST_SEP), "a");
	ck_assert_str_eq(text_split(&rest, TEXT_LIST_SEP), "b");
	ck_assert_str_eq(text_split(&rest, TEXT_LIST_SEP), "c");
	ck_assert_str_eq(text_split(&rest, TEXT_LIST_SEP), "d");
	ck_assert_ptr_null(text_split(&rest, TEXT_LIST_SEP));
	rest = braced;
	ck_assert_str_eq(text_split_braced(&rest, TEXT_LIST_SEP),
	    "inline:{a=b, c=d}");
	ck_assert_str_eq(text_split_braced(&rest, TEXT_LIST_SEP), "x");
	ck_assert_ptr_null(text_split_braced(&rest, TEXT_LIST_SEP));
}
END_TEST

START_TEST(braces_are_stripped_or_the_fault_is_named)
{
	char good[] = "{  a { b } c  } ", open[] = "{ a { b }",
	    after[] = "{ a } b", none[] = "a";
	char *inner;

	ck_assert_ptr_null(text_brace_strip(good, &inner));
	ck_assert_str_eq(inner, "a { b } c");
	ck_assert_str_eq(text_brace_strip(open, &inner), "missing '}'");
	ck_assert_str_eq(text_brace_strip(after, &inner),
	    "syntax error after '}'");
	ck_assert_str_eq(text_brace_strip(none, &inner),
	    "no '{' at start of text");
}
END_TEST

START_TEST(white_space_is_trimmed_at_both_ends)
{
	char text[] = " \t a  b\r\n", none[] = "", blank[] = " \n";

	ck_assert_str_eq(text_trim(text), "a  b");
	ck_assert_str_eq(text_trim(none), "");
	ck_assert_str_eq(text_trim(blank), "");
}
END_TEST

START_TEST(utf8_is_judged_strictly)
{
	static const struct {
		const char	*text;
		bool		 is_valid;
	} cases[] = {
		{ "plain", true }, { "\xc3\xa4", true },
		{ "\xf0\x9f\x93\xa7", true },
		{ "\xc0\xaf", false },			/* over-long */
		{ "\xe0\x80\xaf", false },
		{ "\xed\xa0\x80", false },		/* surrogate */
		{ "\xf4\x90\x80\x80", false },		/* beyond U+10FFFF */
		{ "\xc3", false }, { "\x80", false }, { "\xff", false },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(text_is_utf8(cases[i].text,
		    strlen(cases[i].text)) == cases[i].is_valid,
		    "case %zu", i);
}
END_TEST

START_TEST(printable_text_holds_no_control_bytes)
{
	struct buf b = BUF_INIT;
	size_t i;

	text_printable(&b, "a\0b\x1b[2J\x7f\xc3\xa4\xff", 11, true);
	ck_assert_str_eq(b.ptr, "a?b?[2J?\xc3\xa4?");
	buf_reset(&b);
	text_printable(&b, "\xc3\xa4", 2, false);
	ck_assert_str_eq(b.ptr, "??");
	/* At every place of the eight bytes that are looked at together. */
	for (i = 0; i < 24; i++) {
		buf_sets(&b, "twenty-four bytes of it.");
		b.ptr[i] = "\x1f\x7f\x80\n"[i % 4];
		text_make_printable(b.ptr, b.len, true);
		ck_assert_int_eq(b.ptr[i], '?');
		b.ptr[i] = "twenty-four bytes of it."[i];
		ck_assert_str_eq(b.ptr, "twenty-four bytes of it.");
	}
	buf_done(&b);
}
END_TEST

START_TEST(text_from_strangers_is_spelt_out_and_cut_to_its_width)
{
	static const struct {
		const char	*text, *shown;
		size_t		 width;
	} cases[] = {
		{ "abc\x1b[m\xff", "abc\\x1b[m\\xff", 0 },
		{ "a\xe2\x80\xae" "b", "a\\u202eb", 0 },
		{ "abcde", "abcde", 5 },
		{ "abcdef", "abcd\xe2\x80\xa6", 5 },
		/* Spelt out it takes more room than is left. */
		{ "abc\x1b[m", "abc\xe2\x80\xa6", 5 },
		{ "abc\x1b[m", "abc\xe2\x80\xa6", 6 },
		{ "\x1b\x1b", "\xe2\x80\xa6", 3 },
		{ "\xc3\xa4\xc3\xb6\xc3\xbc", "\xc3\xa4\xe2\x80\xa6", 2 },
	};
	struct buf out = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_sets(&out, "before: ");
		text_visible(&out, cases[i].text, cases[i].width);
		ck_assert_int_eq(strncmp(out.ptr, "before: ", 8), 0);
		ck_assert_str_eq(out.ptr + 8, cases[i].shown);
	}
	buf_done(&out);
}
END_TEST

START_TEST(fields_of_csv_are_quoted_where_they_must_be)
{
	static const struct {
		const char	*text, *want;
	} cases[] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "a,b", "\"a,b\"" },
		{ "say \"no\"", "\"say \"\"no\"\"\"" },
		{ "two\r\nlines", "two\\x0d\\x0alines" },
		{ "\xff\x1b[m", "\\xff\\x1b[m" },
	};
	struct buf out = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		text_csv(&out, cases[i].text);
		ck_assert_str_eq(out.ptr, cases[i].want);
	}
	buf_done(&out);
}
END_TEST

START_TEST(slips_are_counted)
{
	static const struct {
		const char	*a, *b;
		size_t		 slips;
	} cases[] = {
		{ "", "", 0 }, { "abc", "abc", 0 }, { "", "abc", 3 },
		{ "sendr", "sender", 1 }, { "sender", "sendr", 1 },
		{ "semder", "sender", 1 }, { "sedner", "sender", 1 },
		{ "ca", "abc", 3 },	/* a swapped pair stays together */
		{ "kitten", "sitting", 3 },
	};
	char far[TEXT_DISTANCE_FAR + 1];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_uint_eq(text_distance(cases[i].a, cases[i].b),
		    cases[i].slips);
	memset(far, 'x', sizeof(far) - 1);
	far[sizeof(far) - 1] = '\0';
	ck_assert_uint_eq(text_distance(far, far), TEXT_DISTANCE_FAR);
}
END_TEST

START_TEST(folding_is_full_unicode)
{
	struct buf b = BUF_INIT;

	text_fold(&b, "ABC.Example");
	ck_assert_str_eq(b.ptr, "abc.example");
	buf_reset(&b);
	text_fold(&b, "Stra\xc3\x9f" "e\xc3\x84");
	ck_assert_str_eq(b.ptr, "strasse\xc3\xa4");
	buf_reset(&b);
	text_fold(&b, "AB\xff");
	ck_assert_str_eq(b.ptr, "ab\xff");
	buf_done(&b);
}
END_TEST

START_TEST(lower_case_copies_say_whether_all_is_ascii)
{
	static const char all[] = "@AZ[`az{09 MiXeD-and-longer-than-a-word\xc3\x89";
	char want[sizeof(all)], got[sizeof(all)];
	size_t len;

	for (len = 0; len < sizeof(all); len++) {
		memcpy(want, all, len);
		want[len] = '\0';
		text_lower(want);
		memset(got, '!', sizeof(got));
		ck_assert_int_eq(text_lower_copy(got, all, len),
		    len <= sizeof(all) - 3);
		ck_assert_int_eq(memcmp(got, want, len), 0);
		if (len < sizeof(got))
			ck_assert_int_eq(got[len], '!');
	}
}
END_TEST

START_TEST(numbers_must_be_whole_and_in_range)
{
	struct err err = ERR_INIT;
	int64_t n;
	uint64_t u;

	ck_assert_int_eq(num_parse_int("-12", -20, 20, &n, &err), 0);
	ck_assert_int_eq(n, -12);
	ck_assert_int_eq(num_parse_int("12x", 0, 20, &n, &err), -1);
	ck_assert_int_eq(err.kind, ERR_SYNTAX);
	ck_assert_int_eq(num_parse_int("", 0, 20, &n, &err), -1);
	ck_assert_int_eq(num_parse_int(" 1", 0, 20, &n, &err), -1);
	ck_assert_int_eq(num_parse_int("21", 0, 20, &n, &err), -1);
	ck_assert_int_eq(err.kind, ERR_LIMIT);
	ck_assert_int_eq(num_parse_int("99999999999999999999", 0, INT64_MAX,
	    &n, &err), -1);
	ck_assert_int_eq(num_parse_uint("-1", UINT64_MAX, &u, &err), -1);
	ck_assert_int_eq(num_parse_uint("18446744073709551615", UINT64_MAX,
	    &u, &err), 0);
	ck_assert_int_eq(num_parse_uint("18446744073709551616", UINT64_MAX,
	    &u, &err), -1);
	ck_assert_int_eq(err.kind, ERR_LIMIT);
	ck_assert(!num_add(INT64_MAX, 1, &n));
	ck_assert(num_add(INT64_MAX, -1, &n));
}
END_TEST

START_TEST(numbers_are_scanned_one_after_the_other)
{
	const char *p = "  12 -9223372036854775808\t+7x 9223372036854775808";
	int64_t n;

	ck_assert(num_scan(&p, &n));
	ck_assert_int_eq(n, 12);
	ck_assert(num_scan(&p, &n));
	ck_assert_int_eq(n, INT64_MIN);
	ck_assert(num_scan(&p, &n));
	ck_assert_int_eq(n, 7);
	ck_assert_int_eq(*p, 'x');
	ck_assert(!num_scan(&p, &n));
	ck_assert_int_eq(*p, 'x');
	p++;
	ck_assert(!num_scan(&p, &n));
	p = " -";
	ck_assert(!num_scan(&p, &n));
	ck_assert_int_eq(n, 7);
}
END_TEST

START_TEST(times_take_a_unit_or_the_default_one)
{
	int64_t s;

	ck_assert_int_eq(num_parse_time("5", 'd', &s, NULL), 0);
	ck_assert_int_eq(s, 5 * 86400);
	ck_assert_int_eq(num_parse_time("2h", 's', &s, NULL), 0);
	ck_assert_int_eq(s, 7200);
	ck_assert_int_eq(num_parse_time("1W", 's', &s, NULL), 0);
	ck_assert_int_eq(s, 604800);
	ck_assert_int_eq(num_parse_time("5y", 's', &s, NULL), -1);
	ck_assert_int_eq(num_parse_time("h", 's', &s, NULL), -1);
	ck_assert_int_eq(num_parse_time("99999999999999999w", 's', &s, NULL),
	    -1);
}
END_TEST

static const struct {
	const char	*text;
	int64_t		 seconds;	/* -1: none */
} durations[] = {
	{ "90s", 90 }, { "1d12h", 129600 }, { "0m", 0 }, { "1H1h", 7200 },
	{ "2w", 1209600 }, { "", -1 }, { "90", -1 }, { "h", -1 }, { "1h30", -1 },
	{ "1hh", -1 }, { "-1h", -1 }, { "1 h", -1 }, { "1y", -1 },
	{ "9223372036854775807w", -1 }, { "99999999999999999999s", -1 },
	{ "9223372036854775807s1s", -1 },
};

START_TEST(durations_are_sums_of_numbers_with_units)
{
	int64_t s = -1;
	int rc = num_parse_duration(durations[_i].text, &s, NULL);

	ck_assert_int_eq(rc, durations[_i].seconds == -1 ? -1 : 0);
	ck_assert_int_eq(s, durations[_i].seconds);
}
END_TEST

START_TEST(dates_are_rfc_5322)
{
	char out[CLOCK_RFC5322_SIZE];

	setenv("TZ", "UTC", 1);
	clock_rfc5322(1795246642, out);
	ck_assert_str_eq(out, "Sat, 21 Nov 2026 07:37:22 +0000 (UTC)");
	setenv("TZ", "XYZ+03:30", 1);
	tzset();
	clock_rfc5322(1795246642, out);
	ck_assert_str_eq(out, "Sat, 21 Nov 2026 04:07:22 -0330 (XYZ)");
}
END_TEST

START_TEST(log_lines_are_clean_and_short)
{
	char path[] = "/tmp/posthorn-log.XXXXXX", line[4096];
	char *long_text = malloc(5001);
	FILE *fp;
	int fd = mkstemp(path);

	ck_assert_int_ne(fd, -1);
	memset(long_text, 'x', 5000);
	long_text[5000] = '\0';
	log_open("/usr/sbin/prog", LOG_TO_FILE);
	log_file(path, "host.example");
	log_tag("postfix", "mail");
	log_info("one\ntwo\x1b[0m %s", "\xff");
	log_warning("%s", long_text);
	log_to(LOG_TO_STDERR);
	fp = fdopen(fd, "r");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), fp));
	ck_assert_ptr_nonnull(strstr(line, " host postfix/prog["));
	ck_assert_ptr_nonnull(strstr(line, "]: one?two?[0m ?\n"));
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), fp));
	ck_assert_ptr_nonnull(strstr(line, "]: warning: xxx"));
	ck_assert_uint_lt(strlen(line), 2200);
	ck_assert_ptr_null(fgets(line, sizeof(line), fp));
	fclose(fp);
	unlink(path);
	free(long_text);
}
END_TEST

START_TEST(bytes_are_escaped_as_in_c)
{
	struct buf b = BUF_INIT;

	text_escape(&b, "a\r\n\t\\\"\0\x1b\xff", 9, 0);
	ck_assert_str_eq(b.ptr, "a\\r\\n\\t\\\\\"\\000\\033\\377");
	text_escape(&b, "bcdef", 5, 3);
	ck_assert_str_eq(b.ptr + b.len - 4, "7bcd");
	buf_reset(&b);
	text_escape(&b, "ab\xff", 3, 4);
	ck_assert_str_eq(b.ptr, "ab\\3");
	buf_done(&b);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("text");

	tcase_add_test(tc, lists_split_at_commas_and_blanks_but_not_in_braces);
	tcase_add_test(tc, braces_are_stripped_or_the_fault_is_named);
	tcase_add_test(tc, white_space_is_trimmed_at_both_ends);
	tcase_add_test(tc, utf8_is_judged_strictly);
	tcase_add_test(tc, printable_text_holds_no_control_bytes);
	tcase_add_test(tc,
	    text_from_strangers_is_spelt_out_and_cut_to_its_width);
	tcase_add_test(tc, fields_of_csv_are_quoted_where_they_must_be);
	tcase_add_test(tc, slips_are_counted);
	tcase_add_test(tc, folding_is_full_unicode);
	tcase_add_test(tc, lower_case_copies_say_whether_all_is_ascii);
	tcase_add_test(tc, numbers_must_be_whole_and_in_range);
	tcase_add_test(tc, numbers_are_scanned_one_after_the_other);
	tcase_add_test(tc, times_take_a_unit_or_the_default_one);
	UNIT_LOOP(tc, durations_are_sums_of_numbers_with_units, durations);
	tcase_add_test(tc, dates_are_rfc_5322);
	tcase_add_test(tc, log_lines_are_clean_and_short);
	tcase_add_test(tc, bytes_are_escaped_as_in_c);
	return unit_run("text", tc);
}
