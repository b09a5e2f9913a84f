/*
 * queue_archive_test.c - what was put into an archive comes out; all else is refused
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_archive.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "t/unit/folder.h"
#include "t/unit/unit.h"

#define BLOCK	512

static void
setup(void)
{
	unit_folder_enter("");
}

static int
make(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ne(fd, -1);
	return fd;
}

/* One with members "a" (empty), "b" (600 bytes) and "c" (one block). */
static int
make_archive(void)
{
	char text[2 * BLOCK], sum[QUEUE_ARCHIVE_SUM];
	int fd = make("archive"), from = make("from");

	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(file_write_all(from, text, 600), 0);
	ck_assert_int_eq(queue_archive_put_text(fd, "c", text, BLOCK, 7,
	    NULL), 0);
	ck_assert_int_eq(queue_archive_put(fd, "b", from, 600, 7, sum, NULL),
	    0);
	ck_assert_int_eq(queue_archive_put_text(fd, "a", "", 0, 7, NULL), 0);
	ck_assert_int_eq(queue_archive_end(fd, NULL), 0);
	close(from);
	return fd;
}

START_TEST(what_was_put_is_found_sorted)
{
	struct queue_archive_member *m;
	char sum[QUEUE_ARCHIVE_SUM];
	struct err err = ERR_INIT;
	int fd = make_archive(), to = make("to");
	struct buf out = BUF_INIT;
	size_t count;

	ck_assert_msg(queue_archive_index(fd, "archive", &m, &count, &err) ==
	    0, "%s", err.text);
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(m[0].name, "a");
	ck_assert_int_eq(m[0].size, 0);
	ck_assert_int_eq(m[1].size, 600);
	ck_assert_ptr_eq(queue_archive_find(m, count, "c"), &m[2]);
	ck_assert_ptr_null(queue_archive_find(m, count, "d"));
	ck_assert_int_eq(queue_archive_copy(fd, &m[1], to, sum, &err), 0);
	/* sha256sum of 600 times x */
	ck_assert_str_eq(sum, "5130b33e6b87fbf5316ed9049e98924eb110800bcbaaad8050f642fba6df37c9");
	ck_assert_int_eq(file_read("to", &out, 10000, NULL), 0);
	ck_assert_uint_eq(out.len, 600);
	buf_done(&out);
	free(m);
	close(fd);
	close(to);
}
END_TEST

/* tar itself finds the same in it. */
START_TEST(any_tar_reads_it)
{
	close(make_archive());
	ck_assert_int_eq(system("tar xf archive && cmp b from && "
	    "[ $(tar tf archive | wc -l) = 3 ]"), 0);
}
END_TEST

START_TEST(what_does_not_fit_a_header_is_refused)
{
	char name[QUEUE_ARCHIVE_NAME + 1], sum[QUEUE_ARCHIVE_SUM];
	struct err err = ERR_INIT;
	int fd = make("archive"), from = make("from");

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(queue_archive_put_text(fd, name, "", 0, 0, &err),
	    -1);
	ck_assert_int_eq(err.kind, ERR_LIMIT);
	ck_assert_int_eq(queue_archive_put(fd, "n", from, (off_t)1 << 34, 0,
	    sum, &err), -1);
	/* A file that became shorter meanwhile. */
	ck_assert_int_eq(queue_archive_put(fd, "n", from, 1, 0, sum, &err),
	    -1);
	close(fd);
	close(from);
}
END_TEST

static void
fix_sum(int fd, off_t at)
{
	unsigned char block[BLOCK];
	unsigned sum = 0;
	size_t i;

	ck_assert_int_eq(pread(fd, block, BLOCK, at), BLOCK);
	memset(block + 148, ' ', 8);
	for (i = 0; i < BLOCK; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
	ck_assert_int_eq(pwrite(fd, block, BLOCK, at), BLOCK);
}

/* Each is one change to the archive: c at 0, b at 1024, a at 2560, end at 3072. */
static const struct {
	const char	*what;
	off_t		 at;		/* of the bytes that are changed */
	const char	*bytes;
	size_t		 len;
	off_t		 header;	/* whose sum is put right; -1: none */
	off_t		 size;		/* of the file then; 0: as it was */
	const char	*why;
} hostile[] = {
	{ "a sum", 0, "z", 1, -1, 0, "offset 0: wrong checksum" },
	{ "no magic", 257, "usta", 5, 0, 0, "offset 0: no ustar header" },
	{ "a path", 1024, "/etc/passwd", 11, 1024, 0,
	    "offset 1024: a name with a directory" },
	{ "a path inside", 1024, "a/../../b", 9, 1024, 0,
	    "offset 1024: a name with a directory" },
	{ "a prefix", 345, "etc", 3, 0, 0, "a name with a directory" },
	{ "a name with a dot first", 1024, "..", 2, 1024, 0, "a bad name" },
	{ "a symbolic link", 156, "2", 1, 0, 0, "offset 0: a link" },
	{ "a hard link", 156, "1", 1, 0, 0, "offset 0: a link" },
	{ "a directory", 156, "5", 1, 0, 0, "offset 0: a directory" },
	{ "a device", 156, "3", 1, 0, 0, "offset 0: no plain file" },
	{ "another form of tar", 156, "x", 1, 0, 0, "no plain file" },
	{ "a twin", 1024, "c", 1, 1024, 0, "c: is there twice" },
	{ "a negative size", 124, "-0000000001", 11, 0, 0, "a bad size" },
	{ "a size in base 256", 124, "\200\0\0\0\0\0\0\0\0\0\0\1", 12, 0, 0,
	    "a bad size" },
	{ "too large a size", 124, "77777777777", 11, 0, 0, "is wrong" },
	{ "something behind the end", 4095, "x", 1, -1, 0, "behind the end" },
	{ "half an end", 0, "", 0, -1, 3072 + BLOCK, "the archive is cut" },
	{ "no end", 0, "", 0, -1, 3072, "the archive is cut" },
	{ "no whole block", 0, "", 0, -1, 4000, "the archive is cut" },
	{ "cut in a member", 0, "", 0, -1, 1700, "the archive is cut" },
	{ "nothing", 0, "", 0, -1, -1, "the archive is cut" },
};

START_TEST(what_could_not_have_been_written_here_is_refused)
{
	struct queue_archive_member *m;
	struct err err = ERR_INIT;
	size_t count;
	int fd = make_archive();

	ck_assert_int_eq(lseek(fd, 0, SEEK_END), 4096);
	ck_assert_int_eq(pwrite(fd, hostile[_i].bytes, hostile[_i].len,
	    hostile[_i].at), (ssize_t)hostile[_i].len);
	if (hostile[_i].header != -1)
		fix_sum(fd, hostile[_i].header);
	if (hostile[_i].size != 0)
		ck_assert_int_eq(ftruncate(fd, hostile[_i].size == -1 ? 0 :
		    hostile[_i].size), 0);
	ck_assert_msg(queue_archive_index(fd, "archive", &m, &count, &err) ==
	    -1, "%s is taken", hostile[_i].what);
	ck_assert_int_eq(err.kind, ERR_SYNTAX);
	ck_assert_msg(strstr(err.text, hostile[_i].why) != NULL, "%s: %s",
	    hostile[_i].what, err.text);
	ck_assert_ptr_null(m);
	close(fd);
}
END_TEST

START_TEST(only_a_regular_file_is_an_archive)
{
	struct queue_archive_member *m;
	struct err err = ERR_INIT;
	size_t count;
	int fd = open(".", O_RDONLY);

	ck_assert_int_eq(queue_archive_index(fd, ".", &m, &count, &err), -1);
	ck_assert_str_eq(err.text, ".: is no regular file");
	close(fd);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_archive");

	tcase_add_checked_fixture(tc, setup, unit_folder_leave);
	tcase_add_test(tc, what_was_put_is_found_sorted);
	tcase_add_test(tc, any_tar_reads_it);
	tcase_add_test(tc, what_does_not_fit_a_header_is_refused);
	UNIT_LOOP(tc, what_could_not_have_been_written_here_is_refused,
	    hostile);
	tcase_add_test(tc, only_a_regular_file_is_an_archive);
	return unit_run("queue_archive", tc);
}
