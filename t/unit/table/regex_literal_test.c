/*
 * regex_literal_test.c - texts and beginnings taken from patterns, and their index
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/regex_literal.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/table/regex_index.h"
#include "t/unit/unit.h"

/* What is taken, a comma between texts. */
static const char *
shown(struct buf *texts)
{
	size_t i;

	if (texts->len == 0)
		return "";
	for (i = 0; i + 1 < texts->len; i++)
		if (texts->ptr[i] == '\0')
			texts->ptr[i] = ',';
	return texts->ptr;
}

static const struct {
	const char	*pattern, *all, *any;	/* NULL: nothing */
} patterns[] = {
	{ "plain",			"plain",	NULL },
	{ "^a.com$",			"com",		NULL },
	{ "one\\.two.*three",		"one.two,three", NULL },
	{ "ab?cd",			"cd",		NULL },
	{ "ab*",			NULL,		NULL },
	{ "ab{0}cd",			"cd",		NULL },
	{ "ab{2,}cd",			"cd",		NULL },
	{ "ab{|}cd",			NULL,		NULL },
	{ "ab{1|cd}ef",			NULL,		NULL },
	{ "abcd+ef",			"abcd,ef",	NULL },
	{ "abcd+?ef",			"abc,ef",	NULL },
	{ "abcd++{0}ef",		"abc,ef",	NULL },
	{ "(alice|robert)+?@x",		"@x",		NULL },
	{ "x[abc]yz",			"yz",		NULL },
	{ "(alice|robert)@x",		"@x",		"alice,robert" },
	{ "(alice|bob)@x",		"@x",		NULL },
	{ "(alice|robert)?@x",		"@x",		NULL },
	{ "(alice|robert)*@x",		"@x",		NULL },
	{ "(alice|robert){0,1}@x",	"@x",		NULL },
	{ "(alice|robert)+@x",		"@x",		"alice,robert" },
	{ "(?:alice|robert)",		NULL,		"alice,robert" },
	{ "(?i:alice|robert)",		NULL,		NULL },
	{ "(?!alice|robert)",		NULL,		NULL },
	{ "(a|b)(alice|robert)",	NULL,		"alice,robert" },
	{ "alice|robert",		NULL,		"alice,robert" },
	{ "alice|(robert|x)",		NULL,		NULL },
	{ "alice|",			NULL,		NULL },
	{ "alice|rob.*thebuilder",	NULL,		"alice,thebuilder" },
	{ "(alice|robert)|x",		NULL,		NULL },
	{ "[|]alice",			"|alice",	NULL },
	{ "mail[.]example[.]com",	"mail.example.com", NULL },
	{ "^[.]*x[^]y]z[.]?",		NULL,		NULL },
	{ "(ali[|)]ce1|robert)",	NULL,		NULL },
	{ "(ali[|)]ceX|robert)",	NULL,		NULL },
	{ "(a\\|lice|robert)",		NULL,		"a|lice,robert" },
	{ "\\Qa|b\\Ealice",		NULL,		NULL },
	{ "(alice\\1|robert)",		NULL,		NULL },
	{ "(((alice))|robert)",		NULL,		NULL },
	{ "alice(robert",		NULL,		NULL },
	{ "alice\\",			NULL,		NULL },
};

START_TEST(texts_are_taken_where_they_are_certain)
{
	struct buf all = BUF_INIT, any = BUF_INIT;
	const char *p = patterns[_i].pattern;
	size_t first;
	bool got;

	got = regex_literal_all(p, &all, &first);
	ck_assert_msg(got == (patterns[_i].all != NULL), "%s: all", p);
	if (got)
		ck_assert_str_eq(shown(&all), patterns[_i].all);
	got = regex_literal_any(p, 4, &any);
	ck_assert_msg(got == (patterns[_i].any != NULL), "%s: any", p);
	ck_assert_str_eq(shown(&any), got ? patterns[_i].any : "");
	buf_done(&all);
	buf_done(&any);
}
END_TEST

/* Each run as its characters in order, a blank between; "." is not known. */
static const char *
shown_runs(const struct regex_run *runs, size_t count)
{
	static char text[REGEX_RUNS * 160];
	const struct regex_set *set;
	size_t i, len = 0;
	int c;

	for (i = 0; i < count; i++) {
		if (i > 0)
			text[len++] = ' ';
		set = &runs[i].set;
		if (set->bits[0] == 0 && set->bits[1] == 0)
			text[len++] = '.';
		for (c = 0; c < 128; c++)
			if ((set->bits[c / 64] >> c % 64 & 1) != 0 &&
			    !(c >= 'A' && c <= 'Z'))
				text[len++] = (char)c;
		if (runs[i].times != 1)
			len += (size_t)sprintf(text + len, "{%zu}",
			    runs[i].times);
	}
	text[len] = '\0';
	return text;
}

static const struct {
	const char	*pattern, *start;
} starts[] = {
	{ "^ab",		"a b" },
	{ "A[B-D]",		"a bcd" },
	{ "[]x][x-]",		"]x -x" },
	{ "[[:digit:]a]b",	"0123456789a b" },
	{ "[[:Digit:]]",	"" },
	{ "[0-A]",		"" },
	{ "[\\d]",		"" },
	{ "a[\\d]",		"a" },
	{ "a.b",		"a . b" },
	{ "\\.\\^a",		". ^ a" },
	{ "ab*",		"a" },
	{ "ab?",		"a" },
	{ "ab+c",		"a b" },
	{ "ab+?c",		"a" },
	{ "ab{2}+*c",		"a" },
	{ "ab{2}c",		"a b{2} c" },
	{ "ab{2,}c",		"a b{2}" },
	{ "ab{2,5}c",		"a b{2}" },
	{ "ab{0}c",		"a" },
	{ "ab{,5}c",		"a" },
	{ "ab{2}*c",		"a" },
	{ "ab{2}{0}c",		"a" },
	{ "ab{2",		"a" },
	{ "[0-1]{99}",		"01{99}" },
	{ "abcdefghi",		"a b c d e f g h" },
	{ "ab$",		"a b" },
	{ "ab\\d",		"a b" },
	{ "ab\\E*",		"a" },
	{ "abcdefgh\\E*",	"a b c d e f g" },
	{ "a(b|c)",		"a" },
	{ "a(?#b)*",		"" },
	{ "(*UTF)a",		"" },
	{ "ab|c",		"" },
	{ "*a",			"" },
	{ "^*a",		"" },
	{ "^{0}a",		"" },
	{ "a\xc3\xa9",		"a" },
	{ "",			"" },
};

START_TEST(beginnings_are_known_where_they_are_certain)
{
	struct regex_run runs[REGEX_RUNS];
	size_t n = regex_literal_start(starts[_i].pattern, runs);

	ck_assert_str_eq(shown_runs(runs, n), starts[_i].start);
}
END_TEST

static const struct {
	const char	*pattern, *subject;
	bool		 begins;
} beginnings[] = {
	{ "^[a-z][0-9]{3}-",	"a123-",	true },
	{ "^[a-z][0-9]{3}-",	"a123-and more",	true },
	{ "^[a-z][0-9]{3}-",	"a1234",	false },
	{ "^[a-z][0-9]{3}-",	"a12-",		false },
	{ "^[a-z][0-9]{3}-",	"a123",		false },
	{ "^[0-9]{3,}-",	"12",		false },
	{ "^[0-9]{3,}-",	"1234-",	true },
	{ "^.{3}[0-9]",		"abc1",		true },
	{ "^.{3}[0-9]",		"abcd",		false },
	{ "^.{3}",		"ab",		false },
	{ "^",			"",		true },
};

START_TEST(a_subject_begins_so_or_not)
{
	const char *subject = beginnings[_i].subject;
	struct regex_run runs[REGEX_RUNS];
	size_t n = regex_literal_start(beginnings[_i].pattern, runs);

	ck_assert(regex_literal_begins(runs, n, subject, strlen(subject)) ==
	    beginnings[_i].begins);
}
END_TEST

START_TEST(a_negated_class_has_both_letter_cases_of_what_is_left)
{
	struct regex_run runs[REGEX_RUNS];

	ck_assert_uint_eq(regex_literal_start("[^Ab]", runs), 1);
	/* "a" matches, so it is there, and "B" would be with the i flag. */
	ck_assert((runs[0].set.bits[1] >> ('a' - 64) & 1) != 0);
	ck_assert((runs[0].set.bits[1] >> ('b' - 64) & 1) != 0);
	ck_assert((runs[0].set.bits[0] & 1) == 0);
	ck_assert_uint_eq(regex_literal_start("[^Aa]", runs), 1);
	ck_assert((runs[0].set.bits[1] >> ('a' - 64) & 1) == 0);
}
END_TEST

static bool
has(const uint64_t *bits, size_t i)
{
	return (bits[i / 64] >> i % 64 & 1) != 0;
}

START_TEST(the_index_gives_those_that_could_match)
{
	static const char one[] = "example.com\0user1", two[] = "Alice\0robert";
	struct regex_index *ix = regex_index_new(70);
	const uint64_t *bits;

	regex_index_need(ix, 0, one, sizeof(one), true);
	regex_index_need(ix, 69, two, sizeof(two), false);
	regex_index_file(ix);
	bits = regex_index_find(ix, "", 0);
	ck_assert(!has(bits, 0) && has(bits, 1) && !has(bits, 69));
	bits = regex_index_find(ix, "user1@example.com", 17);
	ck_assert(has(bits, 0) && has(bits, 64) && !has(bits, 69));
	ck_assert(has(regex_index_find(ix, "malice", 6), 69));
	ck_assert(has(regex_index_find(ix, "robert", 6), 69));
	ck_assert(!has(regex_index_find(ix, "nobody", 6), 69));
	regex_index_free(ix);
}
END_TEST

START_TEST(the_index_knows_beginnings)
{
	struct regex_index *ix = regex_index_new(70);
	struct regex_run runs[REGEX_RUNS];
	const uint64_t *bits;

	regex_index_start(ix, 0, runs, regex_literal_start("[ab].c", runs),
	    true);
	regex_index_start(ix, 69, runs, regex_literal_start("[ab]", runs),
	    false);
	regex_index_file(ix);
	bits = regex_index_find(ix, "axc", 3);
	ck_assert(has(bits, 0) && has(bits, 1) && has(bits, 69));
	bits = regex_index_find(ix, "ax", 2);
	ck_assert(!has(bits, 0) && has(bits, 1) && has(bits, 69));
	bits = regex_index_find(ix, "xxb", 3);
	ck_assert(!has(bits, 0) && has(bits, 68) && has(bits, 69));
	bits = regex_index_find(ix, "", 0);
	ck_assert(!has(bits, 0) && has(bits, 68) && !has(bits, 69));
	regex_index_free(ix);
}
END_TEST

START_TEST(the_index_grows)
{
	static char texts[5000][32];
	struct regex_index *ix = regex_index_new(5000);
	size_t i, j, found;

	for (i = 0; i < 5000; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%zuhost", i * 7919);
		regex_index_need(ix, i, texts[i], strlen(texts[i]) + 1, true);
	}
	regex_index_file(ix);
	for (i = 0; i < 5000; i += 97) {
		const uint64_t *bits = regex_index_find(ix, texts[i],
		    strlen(texts[i]));

		ck_assert(has(bits, i));
		for (found = j = 0; j < 5000; j++)
			found += has(bits, j);
		ck_assert_uint_lt(found, 500);
	}
	regex_index_free(ix);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("regex_literal");

	tcase_add_loop_test(tc, texts_are_taken_where_they_are_certain, 0,
	    sizeof(patterns) / sizeof(patterns[0]));
	tcase_add_loop_test(tc, beginnings_are_known_where_they_are_certain, 0,
	    sizeof(starts) / sizeof(starts[0]));
	UNIT_LOOP(tc, a_subject_begins_so_or_not, beginnings);
	tcase_add_test(tc,
	    a_negated_class_has_both_letter_cases_of_what_is_left);
	tcase_add_test(tc, the_index_knows_beginnings);
	tcase_add_test(tc, the_index_gives_those_that_could_match);
	tcase_add_test(tc, the_index_grows);
	return unit_run("regex_literal", tc);
}
