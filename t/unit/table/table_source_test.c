/*
 * table_source_test.c - the grammars of table text, and of IP patterns
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_source.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/table/ip_pattern.h"
#include "t/unit/unit.h"

/* What Debian's postalias stores; key NULL: the line is refused. */
static const struct {
	const char	*line, *key, *value;
} aliases[] = {
	{ "root: me , other",		"root",	"me, other" },
	{ "grp: a b <c@d>",		"grp",	"a b <c@d>" },
	{ "\"a b\": x",			"a b",	"x" },
	{ "\"q\"\"r\": z",		"q r",	"z" },
	{ "\\esc: y",			"esc",	"y" },
	{ "x (c): y (d)",		"x (c)", "y (d)" },
	{ "nul: \"\"",			"nul",	"\"\"" },
	{ "inc: :include:/p, \"|prog a\", /f , |cmd x", "inc",
	    ":include:/p, \"|prog a\", /f, |cmd x" },
	{ "w.x: a.b@c.d , e%f@g",	"w.x",	"a.b@c.d, e%f@g" },
	{ "no value",			NULL,	NULL },
	{ "noval:",			NULL,	NULL },
	{ "a,b: c",			NULL,	NULL },
	{ "u@d: e",			NULL,	NULL },
	{ "u%d: e",			NULL,	NULL },
	{ "u!d: e",			"u!d",	"e" },
	{ "lit: a@[1.2.3.4], [x y]",	"lit",	"a@[1.2.3.4], [x y]" },
	{ "bs: a\\,b \"c\\\"d\" \\root", "bs",	"\"a,b\" \"c\\\"d\" root" },
	{ "g: grp: a, b;",		"g",	"grp:a, b;" },
	{ ": x",			NULL,	NULL },
	{ "com: (a (b) c) d",		"com",	"(a (b) c) d" },
	{ "un: \"abc",			"un",	"\"abc\"" },
	{ "x: a < b > c",		"x",	"a <b>c" },
	{ "x: a \\ b",			"x",	"a \" b\"" },
	{ "x: \"a\\b\"",		"x",	"\"ab\"" },
	{ "x: a,,b ,  , c",		"x",	"a, , b, , c" },
	{ "x: (un",			"x",	"(un" },
	{ "x: [un",			"x",	"[un]" },
	{ "x: a\\",			"x",	"a" },
};

START_TEST(alias_lines_are_stored_as_by_others)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	enum table_entry entry;

	entry = table_source_alias(aliases[_i].line, "test", 1, true, &key,
	    &value);
	ck_assert_int_eq(entry == TABLE_ENTRY_OK, aliases[_i].key != NULL);
	if (aliases[_i].key != NULL) {
		ck_assert_str_eq(key.ptr, aliases[_i].key);
		ck_assert_str_eq(value.ptr, aliases[_i].value);
	}
	buf_done(&key);
	buf_done(&value);
}
END_TEST

static const struct {
	const char	*line, *key, *value;
} pairs[] = {
	{ "key value",			"key",	"value" },
	{ "key \t two  words \t",	"key",	"two  words" },
	{ "\"a b\" c",			"\"a b\"", "c" },
	{ "a\\ b c",			"a\\ b", "c" },
	{ "a\"b c\"d e",		"a\"b c\"d", "e" },
	{ "key: v",			"key:",	"v" },
	{ "only",			NULL,	NULL },
	{ "\"open x",			NULL,	NULL },
	{ "bad \xff",			NULL,	NULL },
};

START_TEST(pairs_end_at_white_space_outside_quotes)
{
	char line[64], *key, *value;
	enum table_entry entry;

	strcpy(line, pairs[_i].line);
	entry = table_source_pair(line, "test", 1, false, true, &key, &value);
	ck_assert_int_eq(entry == TABLE_ENTRY_OK, pairs[_i].key != NULL);
	if (pairs[_i].key != NULL) {
		ck_assert_str_eq(key, pairs[_i].key);
		ck_assert_str_eq(value, pairs[_i].value);
	}
}
END_TEST

START_TEST(logical_lines_know_where_they_began)
{
	static const char text[] = " lost\na\n# x\n  b\n\n\t\n c\nd\0hidden\n"
	    "e";
	static const struct {
		const char	*line;
		int		 number;
	} want[] = { { "a  b c", 2 }, { "d", 8 }, { "e", 9 } };
	int fd = memfd_create("text", 0), number;
	struct table_source *s;
	struct buf line = BUF_INIT;
	size_t i;

	ck_assert_int_eq(write(fd, text, sizeof(text) - 1),
	    (int)sizeof(text) - 1);
	lseek(fd, 0, SEEK_SET);
	s = table_source_open("text", fd, NULL);
	ck_assert_ptr_nonnull(s);
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		ck_assert_int_eq(table_source_next(s, &line, &number, NULL), 1);
		ck_assert_str_eq(line.ptr, want[i].line);
		ck_assert_int_eq(number, want[i].number);
	}
	ck_assert_int_eq(table_source_next(s, &line, &number, NULL), 0);
	ck_assert_int_eq(table_source_next(s, &line, &number, NULL), 0);
	table_source_close(s);
	buf_done(&line);
}
END_TEST

/* Longer than any piece that is read at once, the last one without newline. */
START_TEST(lines_may_have_any_length)
{
	int fd = memfd_create("text", 0), number, i;
	const size_t len = 300001;
	char *text = malloc(len + 1);
	struct table_source *s;
	struct buf line = BUF_INIT;

	memset(text, 'x', len);
	text[len] = '\n';
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(write(fd, text, len + (i < 2)),
		    (ssize_t)(len + (i < 2)));
	lseek(fd, 0, SEEK_SET);
	s = table_source_open("text", fd, NULL);
	for (i = 1; i <= 3; i++) {
		ck_assert_int_eq(table_source_next(s, &line, &number, NULL), 1);
		ck_assert_uint_eq(line.len, len);
		ck_assert_int_eq(number, i);
	}
	ck_assert_int_eq(table_source_next(s, &line, &number, NULL), 0);
	table_source_close(s);
	buf_done(&line);
	free(text);
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error)
{
	struct table_source *s = table_source_open("/", -1, NULL);
	struct buf line = BUF_INIT;
	struct err err = ERR_INIT;
	int number;

	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(table_source_next(s, &line, &number, &err), -1);
	ck_assert_str_eq(err.text, "read /: Is a directory");
	table_source_close(s);
	buf_done(&line);
}
END_TEST

/* error NULL: a pattern; matches is then an address that it matches. */
static const struct {
	const char	*pattern, *error, *matches, *not;
} patterns[] = {
	{ "192.0.2.1",		NULL, "192.0.2.1", "192.0.2.2" },
	{ "192.0.2.0/25",	NULL, "192.0.2.127", "192.0.2.128" },
	{ "0.0.0.0/0",		NULL, "255.1.2.3", "::1" },
	{ "[192.0.2.0]/24",	NULL, "192.0.2.3", "192.0.3.3" },
	{ "[192.0.2.0/24]",	NULL, "192.0.2.3", "192.0.3.3" },
	{ "2001:db8::/33",	NULL, "2001:db8:7fff::", "2001:db8:8000::" },
	{ "::ffff:1.2.3.4",	NULL, "::ffff:1.2.3.4", "1.2.3.4" },
	{ "10.1.2.3/8", "non-null host address bits in \"10.1.2.3/8\", perhaps you should use \"10.0.0.0/8\" instead", NULL, NULL },
	{ "10.0.0.0/33", "bad mask length in \"10.0.0.0/33\"", NULL, NULL },
	{ "10.0.0.0/a", "bad mask value in \"10.0.0.0/a\"", NULL, NULL },
	{ "10.0.0.0/", "bad mask value in \"10.0.0.0/\"", NULL, NULL },
	{ "10.0.0/8", "bad network value in \"10.0.0/8\"", NULL, NULL },
	{ "[10.0.0.0", "missing ']' character after \"[10.0.0.0\"", NULL, NULL },
	{ "[10.0.0.0]x", "garbage after \"[10.0.0.0]\"", NULL, NULL },
	{ "[10.0.0.0/8]z", "garbage after \"[10.0.0.0/8]\"", NULL, NULL },
	{ "x", "bad address pattern: \"x\"", NULL, NULL },
	{ "[]", "bad address pattern: \"\"", NULL, NULL },
	{ "", "bad address pattern: \"\"", NULL, NULL },
};

START_TEST(ip_patterns_match_their_bits)
{
	struct err err = ERR_INIT;
	struct ip_pattern p;
	struct ip_address a;
	int rc = ip_pattern_parse(&p, patterns[_i].pattern, &err);

	if (patterns[_i].error != NULL) {
		ck_assert_int_eq(rc, -1);
		ck_assert_str_eq(err.text, patterns[_i].error);
		return;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert(ip_address_parse(&a, patterns[_i].matches));
	ck_assert(ip_pattern_matches(&p, &a));
	ck_assert(ip_address_parse(&a, patterns[_i].not));
	ck_assert(!ip_pattern_matches(&p, &a));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("table_source");

	UNIT_LOOP(tc, alias_lines_are_stored_as_by_others, aliases);
	UNIT_LOOP(tc, pairs_end_at_white_space_outside_quotes, pairs);
	tcase_add_test(tc, logical_lines_know_where_they_began);
	tcase_add_test(tc, lines_may_have_any_length);
	tcase_add_test(tc, what_cannot_be_read_is_an_error);
	UNIT_LOOP(tc, ip_patterns_match_their_bits, patterns);
	return unit_run("table_source", tc);
}
