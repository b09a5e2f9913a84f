/*
 * pairs_test.c - pairs against a plain array that does the same
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/pairs.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t/unit/unit.h"

#define KEYS	500
#define STEPS	200000

START_TEST(a_random_walk_agrees_with_an_array)
{
	static int values[KEYS];	/* -1: absent */
	struct pairs *p = pairs_new();
	struct pair *pair;
	char key[32], value[32];
	size_t present = 0;
	int i, k;

	srand(1);
	for (k = 0; k < KEYS; k++)
		values[k] = -1;
	for (i = 0; i < STEPS; i++) {
		k = rand() % KEYS;
		snprintf(key, sizeof(key), "%.*s%d", k % 13, "abcdefghijklm",
		    k);
		pair = pairs_find(p, key, strlen(key));
		ck_assert_int_eq(pair != NULL, values[k] != -1);
		if (pair != NULL) {
			snprintf(value, sizeof(value), "%d", values[k]);
			ck_assert_str_eq(pair_value(pair), value);
			ck_assert_str_eq(pair->key, key);
		}
		if (pair != NULL && rand() % 3 == 0) {
			pairs_remove(p, pair);
			values[k] = -1;
			present--;
		} else {
			values[k] = rand();
			snprintf(value, sizeof(value), "%d", values[k]);
			if (pair != NULL)
				pairs_set_value(p, pair, value, strlen(value));
			else
				pairs_add(p, key, strlen(key), value,
				    strlen(value));
			present += pair == NULL;
		}
		ck_assert_uint_eq(pairs_count(p), present);
	}
	pairs_free(p);
}
END_TEST

START_TEST(keys_and_values_may_hold_any_byte)
{
	struct pairs *p = pairs_new();
	const struct pair *pair;

	pairs_add(p, "a\0b", 3, "x\0y", 3);
	pairs_add(p, "a", 1, "one", 3);
	pairs_add(p, "", 0, "", 0);
	pair = pairs_find(p, "a\0b", 3);
	ck_assert_ptr_nonnull(pair);
	ck_assert_uint_eq(pair->value_len, 3);
	ck_assert_int_eq(memcmp(pair_value(pair), "x\0y", 4), 0);
	ck_assert_str_eq(pair_value(pairs_find(p, "a", 1)), "one");
	ck_assert_ptr_nonnull(pairs_find(p, "", 0));
	ck_assert_ptr_null(pairs_find(p, "b", 1));
	pairs_free(p);
}
END_TEST

static uint64_t
rank(const struct pair *pair, void *ctx)
{
	(void)ctx;
	return (unsigned char)pair->key[0];
}

static int
compare(const struct pair *a, const struct pair *b)
{
	return strcmp(a->key, b->key);
}

START_TEST(sorting_goes_by_rank_then_by_comparison)
{
	static const char *const keys[] = { "b2", "a9", "b1", "c", "a1" };
	static const char *const sorted[] = { "a1", "a9", "b1", "b2", "c" };
	static const char *const stable[] = { "a9", "a1", "b2", "b1", "c" };
	struct pairs *p;
	int with, i;

	for (with = 0; with < 2; with++) {
		p = pairs_new();
		for (i = 0; i < 5; i++)
			pairs_add(p, keys[i], strlen(keys[i]), "v", 1);
		pairs_sort(p, rank, NULL, with ? compare : NULL);
		for (i = 0; i < 5; i++)
			ck_assert_str_eq(pairs_at(p, (size_t)i)->key,
			    with ? sorted[i] : stable[i]);
		ck_assert_ptr_null(pairs_at(p, 5));
		pairs_free(p);
	}
}
END_TEST

/* Ranks that differ in their low, middle and high bytes. */
static uint64_t
wide_rank(const struct pair *pair, void *ctx)
{
	uint64_t n = strtoull(pair->key, NULL, 10) * 0x9e3779b97f4a7c15u;

	return *(int *)ctx ? n : n & 0xff0000ff00000000u;
}

START_TEST(ranks_of_all_sizes_are_sorted)
{
	struct pairs *p;
	char key[16];
	size_t n;
	int wide, i;

	for (wide = 0; wide < 2; wide++) {
		p = pairs_new();
		for (i = 0; i < 10000; i++) {
			snprintf(key, sizeof(key), "%d", i);
			pairs_add(p, key, strlen(key), "v", 1);
		}
		pairs_sort(p, wide_rank, &wide, NULL);
		for (n = 1; pairs_at(p, n) != NULL; n++)
			ck_assert_uint_le(wide_rank(pairs_at(p, n - 1), &wide),
			    wide_rank(pairs_at(p, n), &wide));
		ck_assert_uint_eq(n, 10000);
		pairs_free(p);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("pairs");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_random_walk_agrees_with_an_array);
	tcase_add_test(tc, keys_and_values_may_hold_any_byte);
	tcase_add_test(tc, sorting_goes_by_rank_then_by_comparison);
	tcase_add_test(tc, ranks_of_all_sizes_are_sorted);
	return unit_run("pairs", tc);
}
