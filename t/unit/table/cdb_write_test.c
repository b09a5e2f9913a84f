/*
 * cdb_write_test.c - our constant databases are those of the library, byte for byte
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/cdb_write.h"

#include <cdb.h>
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "t/unit/unit.h"

static const int counts[] = { 0, 1, 2, 300, 20000 };

START_TEST(files_are_those_of_the_library)
{
	int ours = memfd_create("ours", 0), theirs = memfd_create("theirs", 0);
	struct cdb_writer *w = cdb_writer_new(ours, "ours");
	struct cdb_make make;
	struct stat a, b;
	char key[32], value[401], *x, *y;
	bool null;
	int i, k, v;

	cdb_make_start(&make, theirs);
	srand(1);
	for (i = 0; i < counts[_i]; i++) {
		k = i == 7 ? 0 : snprintf(key, sizeof(key), "%d key", i);
		v = rand() % 400;
		memset(value, 'a' + i % 26, sizeof(value));
		null = i % 3 == 0;
		ck_assert_int_eq(cdb_writer_add(w, key, (size_t)k, value,
		    (size_t)v, null, NULL), 0);
		if (null)
			key[k] = value[v] = '\0';
		ck_assert_int_eq(cdb_make_add(&make, key,
		    (unsigned)k + null, value, (unsigned)v + null), 0);
	}
	ck_assert_int_eq(cdb_make_finish(&make), 0);
	ck_assert_int_eq(cdb_writer_finish(w, NULL), 0);
	cdb_writer_free(w);
	ck_assert_int_eq(fstat(ours, &a), 0);
	ck_assert_int_eq(fstat(theirs, &b), 0);
	ck_assert_int_eq(a.st_size, b.st_size);
	x = mmap(NULL, (size_t)a.st_size, PROT_READ, MAP_SHARED, ours, 0);
	y = mmap(NULL, (size_t)b.st_size, PROT_READ, MAP_SHARED, theirs, 0);
	ck_assert_int_eq(memcmp(x, y, (size_t)a.st_size), 0);
	close(ours);
	close(theirs);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_named)
{
	struct cdb_writer *w = cdb_writer_new(-1, "name");
	struct err err = ERR_INIT;

	ck_assert_int_eq(cdb_writer_finish(w, &err), -1);
	ck_assert_str_eq(err.text, "write name: Bad file descriptor");
	cdb_writer_free(w);
}
END_TEST

/* 64 records of 64 MiB are 4 GiB and do not fit; the last of 63 leaves room. */
START_TEST(what_would_exceed_the_format_is_refused)
{
	int fd = open("/dev/null", O_WRONLY);
	struct cdb_writer *w = cdb_writer_new(fd, "large");
	size_t last;
	struct err err = ERR_INIT;
	void *zeros = mmap(NULL, 65 << 20, PROT_READ,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int i;

	ck_assert_ptr_ne(zeros, MAP_FAILED);
	for (i = 0; i < 63; i++)
		ck_assert_int_eq(cdb_writer_add(w, "", 0, zeros,
		    64 << 20, true, &err), 0);
	/* The tables' 16 bytes a record count, too: one byte is too many. */
	last = UINT32_MAX - 2048 - 63 * ((size_t)(64 << 20) + 10) -
	    64 * 16 - 10 + 1;
	ck_assert_int_eq(cdb_writer_add(w, "", 0, zeros, last, true,
	    &err), -1);
	ck_assert_str_eq(err.text,
	    "write large: the format has at most 4 GiB");
	cdb_writer_free(w);
	munmap(zeros, 65 << 20);
	close(fd);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("cdb_write");

	UNIT_LOOP(tc, files_are_those_of_the_library, counts);
	tcase_add_test(tc, a_file_that_cannot_be_written_is_named);
	tcase_add_test(tc, what_would_exceed_the_format_is_refused);
	tcase_set_timeout(tc, 60);
	return unit_run("cdb_write", tc);
}
