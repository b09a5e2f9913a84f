/*
 * cdb_write_test.c - our constant databases are those of the library, byte for byte
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/cdb_write.h"

#include <cdb.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/table/pairs.h"
#include "t/unit/unit.h"

static const int counts[] = { 0, 1, 2, 300, 20000 };

START_TEST(files_are_those_of_the_library)
{
	int ours = memfd_create("ours", 0), theirs = memfd_create("theirs", 0);
	struct pairs *p = pairs_new();
	struct cdb_make make;
	struct stat a, b;
	char key[32], value[400], *x, *y;
	unsigned null;
	struct pair *pair;
	int i, k, v;

	cdb_make_start(&make, theirs);
	srand(1);
	for (i = 0; i < counts[_i]; i++) {
		k = i == 7 ? 0 : snprintf(key, sizeof(key), "%d key", i);
		v = rand() % (int)sizeof(value);
		memset(value, 'a' + i % 26, sizeof(value));
		pair = pairs_add(p, key, (size_t)k, value, (size_t)v);
		pair->is_raw = i % 3 != 0;
		null = !pair->is_raw;
		ck_assert_int_eq(cdb_make_add(&make, pair->key,
		    pair->key_len + null, pair->value,
		    pair->value_len + null), 0);
	}
	ck_assert_int_eq(cdb_make_finish(&make), 0);
	ck_assert_int_eq(cdb_write(ours, "ours", p, NULL), 0);
	ck_assert_int_eq(fstat(ours, &a), 0);
	ck_assert_int_eq(fstat(theirs, &b), 0);
	ck_assert_int_eq(a.st_size, b.st_size);
	x = mmap(NULL, (size_t)a.st_size, PROT_READ, MAP_SHARED, ours, 0);
	y = mmap(NULL, (size_t)b.st_size, PROT_READ, MAP_SHARED, theirs, 0);
	ck_assert_int_eq(memcmp(x, y, (size_t)a.st_size), 0);
	pairs_free(p);
	close(ours);
	close(theirs);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_named)
{
	struct pairs *p = pairs_new();
	struct err err = ERR_INIT;

	ck_assert_int_eq(cdb_write(-1, "name", p, &err), -1);
	ck_assert_str_eq(err.text, "write name: Bad file descriptor");
	pairs_free(p);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("cdb_write");

	UNIT_LOOP(tc, files_are_those_of_the_library, counts);
	tcase_add_test(tc, a_file_that_cannot_be_written_is_named);
	return unit_run("cdb_write", tc);
}
