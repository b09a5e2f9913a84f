/*
 * intern_test.c - each text once, and room again for what is let go
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/intern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t/unit/unit.h"

START_TEST(equal_texts_have_one_name)
{
	struct intern *in = intern_new();
	intern_ref a = intern_add(in, "a@b.example");
	intern_ref b = intern_add(in, "b@b.example");

	ck_assert_uint_ne(a, b);
	ck_assert_uint_eq(intern_add(in, "a@b.example"), a);
	ck_assert_uint_eq(intern_find(in, "b@b.example"), b);
	ck_assert_uint_eq(intern_find(in, "c@b.example"), 0);
	ck_assert_str_eq(intern_text(in, a), "a@b.example");
	ck_assert_uint_eq(intern_add(in, ""), 0);
	ck_assert_str_eq(intern_text(in, 0), "");
	intern_free(in);
}
END_TEST

START_TEST(nul_bytes_may_occur)
{
	struct intern *in = intern_new();
	intern_ref a = intern_add_len(in, "a\0b", 3);

	ck_assert_uint_ne(a, intern_add_len(in, "a\0c", 3));
	ck_assert_uint_eq(intern_len(in, a), 3);
	ck_assert_int_eq(memcmp(intern_text(in, a), "a\0b", 4), 0);
	intern_free(in);
}
END_TEST

START_TEST(a_text_lives_as_long_as_somebody_holds_it)
{
	struct intern *in = intern_new();
	intern_ref a = intern_add(in, "held twice");

	intern_hold(in, a);
	intern_drop(in, a);
	ck_assert_uint_eq(intern_find(in, "held twice"), a);
	intern_drop(in, a);
	ck_assert_uint_eq(intern_find(in, "held twice"), 0);
	intern_free(in);
}
END_TEST

START_TEST(memory_is_used_again)
{
	struct intern *in = intern_new();
	static intern_ref refs[20000];
	size_t after_first = 0;
	char text[64];
	int round, i;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < 20000; i++) {
			snprintf(text, sizeof(text), "user%d.%d@example.org",
			    1000 + round, 10000 + i);
			refs[i] = intern_add(in, text);
		}
		for (i = 0; i < 20000; i++) {
			snprintf(text, sizeof(text), "user%d.%d@example.org",
			    1000 + round, 10000 + i);
			ck_assert_str_eq(intern_text(in, refs[i]), text);
			intern_drop(in, refs[i]);
		}
		if (round == 0)
			after_first = intern_bytes(in);
	}
	ck_assert_uint_eq(intern_bytes(in), after_first);
	intern_free(in);
}
END_TEST

START_TEST(what_is_too_long_is_cut)
{
	struct intern *in = intern_new();
	char *text = malloc(INTERN_MAX * 2);
	intern_ref a;

	memset(text, 'x', INTERN_MAX * 2 - 1);
	text[INTERN_MAX * 2 - 1] = '\0';
	a = intern_add(in, text);
	ck_assert_uint_eq(intern_len(in, a), INTERN_MAX);
	intern_drop(in, a);
	free(text);
	intern_free(in);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("intern");

	tcase_add_test(tc, equal_texts_have_one_name);
	tcase_add_test(tc, nul_bytes_may_occur);
	tcase_add_test(tc, a_text_lives_as_long_as_somebody_holds_it);
	tcase_add_test(tc, memory_is_used_again);
	tcase_add_test(tc, what_is_too_long_is_cut);
	return unit_run("intern", tc);
}
