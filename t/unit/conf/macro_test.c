/*
 * macro_test.c - does the $name language keep its word?
 *
 * The pairs of text and result were seen on a Postfix 3.7.11.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/macro.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "t/unit/unit.h"

static const char *
lookup(const char *name, void *ctx)
{
	static const char *const names[][2] = {
		{ "mail_name", "Postfix" }, { "empty", "" },
		{ "ref", "<$mail_name>" }, { "hollow", "$nosuch" },
		{ "loop", "$pool" }, { "pool", "$loop" },
		{ "dollars", "$$x" }, { "level", "3.6" },
		{ "odd", "a b;c" },
	};
	size_t i;

	(void)ctx;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i][0]) == 0)
			return names[i][1];
	return NULL;
}

static const struct {
	const char *text, *result;
} good[] = {
	{ "plain text", "plain text" },
	{ "", "" },
	{ "$(a?{b}:{c}) $(mail_name) $(mail_name?(x)) $$ $mail_name.",
	    "c Postfix (x) $ Postfix." },
	{ "${{1}==level{2}}", "" },
	{ "${{3.6} >=level {3.6.0}}", "true" },
	{ "${ mail_name }", "Postfix" },
	{ "${mail_name ? {x} : {y} }z", "xz" },
	{ "${mail_name?  {x} : y }z", "xz" },
	{ "${mail_name:{x}}", "" },
	{ "${nosuch:{x}}", "x" },
	{ "${nosuch:  {x} }.", "x." },
	{ "${nosuch:x y }.", "x y ." },
	{ "${nosuch? {a} : {b}}.", "b." },
	{ "${nosuch?{a}:  y }.", "y ." },
	{ "${mail_name?}.", "." },
	{ "${nosuch?{a}:}.", "." },
	{ "${nosuch?yes:no}.", "." },
	{ "${mail_name?yes:no}", "yes:no" },
	{ "${{1} == {1}?yes:no}", "yes:no" },
	{ "${{2} < {10}}", "true" },
	{ "${{2} < {10a}}", "" },
	{ "${{a} != {b} ? { x } : {y}}|$$x", " x |$x" },
	{ "${{$level} <level {3.10} ? {old} : {new}}", "old" },
	{ "${{{a}} == {{a}}?x}", "x" },
	{ "${{007} == {7}?x}", "x" },
	{ "${{} == {}}", "true" },
	{ "${{-1} < {1}}", "true" },
	{ "${{1} =={2}}", "" },
	{ "${{1}=={2}:{x}}.", "x." },
	{ "${{1}<level{2}?{a:b}:c:d}", "a:b" },
	{ "${mail_name?a}b}", "ab}" },
	{ "$mail_name-x", "Postfix-x" },
	{ "$ref", "<Postfix>" },
	{ "${ref?{$ref}}", "<Postfix>" },
	{ "${hollow?yes}${hollow:no}.", "yes." },
	{ "${empty?yes}${empty:no}", "no" },
	{ "$dollars", "$x" },
	{ "${mail_name?{$nosuch}:{${}}}", "" },
	{ "${domain_to_ascii{ example.org }}", "example.org" },
	{ "${domain_to_ascii{b\xc3\xbc" "cher.example}}",
	    "xn--bcher-kva.example" },
};

static const struct {
	const char *text, *why;
} bad[] = {
	{ "${a", "truncated macro reference: \"${a\"" },
	{ "pre $(mail_name} post",
	    "truncated macro reference: \"pre $(mail_name} post\"" },
	{ "${}", "empty macro name: \"${}\"" },
	{ "x $ y", "empty macro name: \"x $ y\"" },
	{ "$-a", "empty macro name: \"$-a\"" },
	{ "x$", "empty macro name: \"x$\"" },
	{ "long text first ${a b} tail",
	    "attribute name syntax error at: \"...a>>> b\"" },
	{ "${-a}", "attribute name syntax error at: \"...>>>-a\"" },
	{ "${a.b}", "attribute name syntax error at: \"...a>>>.b\"" },
	{ "${f{x}}", "attribute name syntax error at: \"...f>>>{x}\"" },
	{ "pre ${{a} == {longer} x} post",
	    "\"?\" or \":\" expected at: \"...}>>>x\"" },
	{ "${a?{longer} x}", "\":\" expected at: \"...longer}>>>x\"" },
	{ "${a?{b}:{c}d}", "unexpected input at: \"...c}>>>d\"" },
	{ "${mail_name?{a}:{b}:{c}}",
	    "unexpected input at: \"...b}>>>:{c}\"" },
	{ "$({a} == {b?x)",
	    "unbalanced {} in attribute expression: \"{b?x\"" },
	{ "${{1} = {2}?a:b}", "\"==\" or \"!=\"\" or \"<\"\" or \"<=\"\" or "
	    "\">=\"\" or \">\" expected at: \"...1}>>>= {2}?a:b\"" },
	{ "${{1} <foo {2}}", "bad operator suffix at: \"...<>>>foo\"" },
	{ "${{1} == 2?a:b}",
	    "\"{expression}\" expected at: \"...{1} ==>>> 2?a:b\"" },
	{ "${{x} ==level {2}}",
	    "malformed compatibility level syntax: \"x\"" },
	{ "${{1.2.3.4}<level {2}}",
	    "malformed compatibility level syntax: \"1.2.3.4\"" },
	{ "$loop", "unreasonable macro call nesting: \"pool\"" },
};

START_TEST(macro_expand_replaces_references)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	ck_assert_msg(macro_expand(&out, good[_i].text, MACRO_RECURSE, NULL,
	    lookup, NULL, &err) == 0, "%s: %s", good[_i].text, err.text);
	ck_assert_str_eq(out.ptr, good[_i].result);
	buf_done(&out);
}
END_TEST

START_TEST(macro_expand_names_the_mistake)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	ck_assert_msg(macro_expand(&out, bad[_i].text, MACRO_RECURSE, NULL,
	    lookup, NULL, &err) == -1, "%s: accepted", bad[_i].text);
	ck_assert_str_eq(err.text, bad[_i].why);
	ck_assert_int_eq(err.kind, ERR_SYNTAX);
	buf_done(&out);
}
END_TEST

START_TEST(macro_expand_without_recursion_takes_values_as_they_are)
{
	struct buf out = BUF_INIT;

	ck_assert_int_eq(macro_expand(&out, "$ref ${ref?{$dollars}}", 0, NULL,
	    lookup, NULL, NULL), 0);
	ck_assert_str_eq(out.ptr, "<$mail_name> $$x");
	buf_done(&out);
}
END_TEST

START_TEST(macro_expand_replaces_characters_that_are_not_allowed)
{
	struct buf out = BUF_INIT;

	ck_assert_int_eq(macro_expand(&out, "; $odd", 0, "abc", lookup, NULL,
	    NULL), 0);
	ck_assert_str_eq(out.ptr, "; a_b_c");
	buf_done(&out);
}
END_TEST

/* Nesting comes from a file: it must end with an error, not with the stack. */
START_TEST(macro_expand_bounds_nesting)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;
	int i;

	for (i = 0; i < 50000; i++)
		buf_adds(&text, "${a:{");
	for (i = 0; i < 50000; i++)
		buf_adds(&text, "}}");
	ck_assert_int_eq(macro_expand(&out, text.ptr, MACRO_RECURSE, NULL,
	    lookup, NULL, &err), -1);
	ck_assert_ptr_eq(strstr(err.text, "unreasonable macro call nesting"),
	    err.text);
	buf_done(&text);
	buf_done(&out);
}
END_TEST

/* $d30 is $d29$d29, and so on down to nothing: 2^30 references. */
static const char *
doubling(const char *name, void *ctx)
{
	int n = atoi(name + 1);
	struct buf *value = ctx;

	buf_setf(value, "$d%d$d%d", n - 1, n - 1);
	return n == 0 ? "" : value->ptr;
}

START_TEST(macro_expand_bounds_doubling)
{
	struct buf out = BUF_INIT, value = BUF_INIT;
	struct err err = ERR_INIT;

	ck_assert_int_eq(macro_expand(&out, "$d30", MACRO_RECURSE, NULL,
	    doubling, &value, &err), -1);
	ck_assert_ptr_eq(strstr(err.text, "unreasonable number of references"),
	    err.text);
	buf_done(&out);
	buf_done(&value);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("macro");

	UNIT_LOOP(tc, macro_expand_replaces_references, good);
	UNIT_LOOP(tc, macro_expand_names_the_mistake, bad);
	tcase_add_test(tc,
	    macro_expand_without_recursion_takes_values_as_they_are);
	tcase_add_test(tc,
	    macro_expand_replaces_characters_that_are_not_allowed);
	tcase_add_test(tc, macro_expand_bounds_nesting);
	tcase_add_test(tc, macro_expand_bounds_doubling);
	return unit_run("macro", tc);
}
