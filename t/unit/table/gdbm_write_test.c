/*
 * gdbm_write_test.c - databases that are written, in the hands of the library
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/gdbm_write.h"

#include <check.h>
#include <fcntl.h>
#include <gdbm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/table/pairs.h"
#include "t/unit/unit.h"

static datum
datum_of(const char *bytes, size_t len)
{
	return (datum){ (char *)bytes, (int)len };
}

static void
expect(GDBM_FILE db, const struct pair *p)
{
	size_t null = !p->is_raw;
	datum v = gdbm_fetch(db, datum_of(p->key, p->key_len + null));

	ck_assert_ptr_nonnull(v.dptr);
	ck_assert_uint_eq((size_t)v.dsize, p->value_len + null);
	ck_assert_mem_eq(v.dptr, pair_value(p), p->value_len + null);
	free(v.dptr);
}

static void
expect_all(GDBM_FILE db, const struct pairs *pairs)
{
	const struct pair *p;
	gdbm_count_t count;
	size_t i;

	ck_assert_int_eq(gdbm_count(db, &count), 0);
	ck_assert_uint_eq(count, pairs_count(pairs));
	for (i = 0; (p = pairs_at(pairs, i)) != NULL; i++)
		expect(db, p);
}

/* The library opens it for writing, finds all, and goes on with it. */
static void
written(const struct pairs *pairs)
{
	int fd = memfd_create("gdbm", 0), i;
	struct err err = ERR_INIT;
	char key[32];
	GDBM_FILE db;

	ck_assert_int_eq(gdbm_write(fd, "test", pairs, &err), 0);
	db = gdbm_fd_open(fd, "test", 0, GDBM_WRITER | GDBM_NOLOCK, NULL);
	ck_assert_msg(db != NULL, "%s", gdbm_strerror(gdbm_errno));
	ck_assert_int_eq(gdbm_avail_verify(db), 0);
	expect_all(db, pairs);
	for (i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "another %d", i);
		ck_assert_int_eq(gdbm_store(db, datum_of(key, strlen(key)),
		    datum_of(key, 3), GDBM_INSERT), 0);
	}
	for (i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "another %d", i);
		ck_assert_int_eq(gdbm_delete(db, datum_of(key, strlen(key))),
		    0);
	}
	expect_all(db, pairs);
	ck_assert_int_eq(gdbm_avail_verify(db), 0);
	gdbm_close(db);
}

START_TEST(the_library_reads_and_changes_any_number_of_pairs)
{
	static const int counts[] = { 0, 1, 2, 165, 166, 167, 333, 5000, 60000 };
	struct pairs *pairs = pairs_new();
	char key[64], value[64];
	size_t c;
	int i = 0;

	for (c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		for (; i < counts[c]; i++) {
			snprintf(key, sizeof(key), "%.*s%d@\xc3\xa9.example",
			    i % 5, "k\xe2\x82\xac", i);
			snprintf(value, sizeof(value), "value %.*s", i % 40,
			    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq");
			pairs_add(pairs, key, strlen(key), value,
			    strlen(value))->is_raw = i % 3 == 0;
		}
		written(pairs);
	}
	pairs_free(pairs);
}
END_TEST

START_TEST(short_keys_and_large_values_fit)
{
	struct pairs *pairs = pairs_new();
	char *large = malloc(3000000);

	memset(large, 'x', 3000000);
	pairs_add(pairs, "", 0, "empty", 5);
	pairs_add(pairs, "a", 1, "", 0)->is_raw = true;
	pairs_add(pairs, "large", 5, large, 3000000);
	pairs_add(pairs, large, 70000, "large key", 9);
	written(pairs);
	pairs_free(pairs);
	free(large);
}
END_TEST

/* Bytes 24 apart weigh the same, so their sum alone counts. */
START_TEST(too_many_keys_with_one_hash_are_an_error)
{
	struct pairs *pairs = pairs_new();
	int fd = memfd_create("gdbm", 0), i;
	struct err err = ERR_INIT;
	char key[48];

	for (i = 0; i < 200; i++) {
		memset(key, 'k', sizeof(key));
		key[0] = (char)(20 + i % 50);
		key[24] = (char)(100 - i % 50);
		key[1] = (char)(20 + i / 50);
		key[25] = (char)(100 - i / 50);
		pairs_add(pairs, key, sizeof(key), "v", 1);
		if (i == 165)
			written(pairs);
	}
	ck_assert_int_eq(gdbm_write(fd, "test", pairs, &err), -1);
	ck_assert_str_eq(err.text, "write test: more than 166 keys have the "
	    "same hash");
	ck_assert_int_eq(err.kind, ERR_LIMIT);
	close(fd);
	pairs_free(pairs);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("gdbm_write");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc,
	    the_library_reads_and_changes_any_number_of_pairs);
	tcase_add_test(tc, short_keys_and_large_values_fit);
	tcase_add_test(tc, too_many_keys_with_one_hash_are_an_error);
	return unit_run("gdbm_write", tc);
}
