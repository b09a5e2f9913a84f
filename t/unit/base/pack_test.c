/*
 * pack_test.c - what was compressed comes back; what is damaged does not
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/pack.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "t/unit/unit.h"

static int
scratch(void)
{
	char path[] = "/tmp/posthorn-unit.XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ne(fd, -1);
	unlink(path);
	return fd;
}

static void
fill(struct buf *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf_addc(b, "abc\n\0xyz"[(i * i / 7) % 8]);
}

/* All that comes of fd; -1 with errno. */
static int
read_all(int fd, struct buf *out)
{
	struct unpack *u;
	char piece[1000];
	ssize_t n;
	int why;

	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	u = unpack_new(fd, "scratch", NULL);
	while ((n = unpack_read(u, piece, sizeof(piece))) > 0)
		buf_add(out, piece, (size_t)n);
	why = errno;
	unpack_free(u);
	errno = why;
	return (int)n;
}

static const char *const names[] = { "x.jsonl", "x.gz", "x.zst" };
static const size_t sizes[] = { 0, 1, 3, 65535, 65536, 1000000 };

START_TEST(what_was_written_is_read)
{
	struct buf text = BUF_INIT, got = BUF_INIT;
	struct pack *p;
	size_t i, at, n;
	int fd;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		buf_reset(&text);
		buf_reset(&got);
		fill(&text, sizes[i]);
		fd = scratch();
		p = pack_new(fd, names[_i]);
		for (at = 0; at < text.len; at += n) {
			n = text.len - at < 7777 ? text.len - at : 7777;
			ck_assert_int_eq(pack_write(p, text.ptr + at, n), 0);
		}
		ck_assert_int_eq(pack_finish(p), 0);
		if (_i > 0 && sizes[i] > 1000)
			ck_assert_int_lt(lseek(fd, 0, SEEK_END),
			    (off_t)sizes[i] / 2);
		ck_assert_int_eq(read_all(fd, &got), 0);
		ck_assert_uint_eq(got.len, text.len);
		ck_assert_mem_eq(got.ptr, text.ptr, text.len);
		close(fd);
	}
	buf_done(&text);
	buf_done(&got);
}
END_TEST

START_TEST(several_in_one_file_are_read_as_one)
{
	struct buf got = BUF_INIT;
	struct pack *p;
	int fd = scratch(), i;

	for (i = 0; i < 3; i++) {
		p = pack_new(fd, names[_i]);
		ck_assert_int_eq(pack_write(p, "part\n", 5), 0);
		ck_assert_int_eq(pack_finish(p), 0);
	}
	ck_assert_int_eq(read_all(fd, &got), 0);
	ck_assert_str_eq(got.ptr, "part\npart\npart\n");
	buf_done(&got);
	close(fd);
}
END_TEST

START_TEST(what_is_cut_off_or_damaged_is_an_error)
{
	struct buf text = BUF_INIT, got = BUF_INIT;
	struct pack *p;
	int fd = scratch();
	off_t end;

	fill(&text, 200000);
	p = pack_new(fd, names[_i]);
	ck_assert_int_eq(pack_write(p, text.ptr, text.len), 0);
	ck_assert_int_eq(pack_finish(p), 0);
	end = lseek(fd, 0, SEEK_END);
	ck_assert_int_eq(ftruncate(fd, end - 5), 0);
	ck_assert_int_eq(read_all(fd, &got), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_int_eq(pwrite(fd, "\xff\xff\xff\xff\xff\xff", 6, 8), 6);
	ck_assert_int_eq(read_all(fd, &got), -1);
	buf_done(&text);
	buf_done(&got);
	close(fd);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("pack");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, what_was_written_is_read, 0, 3);
	tcase_add_loop_test(tc, several_in_one_file_are_read_as_one, 0, 3);
	tcase_add_loop_test(tc, what_is_cut_off_or_damaged_is_an_error, 1, 3);
	return unit_run("pack", tc);
}
