/*
 * stream_test.c - does stream.h keep its word?
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/stream.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "t/unit/unit.h"

enum kind { BLOCKING_SOCKET, NONBLOCKING_SOCKET, BLOCKING_PIPE,
	NONBLOCKING_PIPE, KINDS };

/* fd[0] is read from, fd[1] is written to */
static void
make_pair(enum kind kind, int fd[2])
{
	int i;

	if (kind == BLOCKING_SOCKET || kind == NONBLOCKING_SOCKET)
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	else
		ck_assert_int_eq(pipe(fd), 0);
	if (kind == NONBLOCKING_SOCKET || kind == NONBLOCKING_PIPE)
		for (i = 0; i < 2; i++)
			fcntl(fd[i], F_SETFL, O_NONBLOCK);
}

START_TEST(lines_arrive_whole_whatever_the_descriptor)
{
	struct buf b = BUF_INIT;
	struct stream *in, *out;
	int fd[2];

	make_pair(_i, fd);
	in = stream_new(fd[0], 5);
	out = stream_new(fd[1], 5);
	stream_puts(out, "one\r\n");
	stream_printf(out, "%s %d\n", "two", 2);
	stream_puts(out, "three");
	ck_assert_int_eq(stream_flush(out), 0);
	stream_free(out);

	ck_assert_int_eq(stream_getline(in, &b, 100), 1);
	ck_assert_str_eq(b.ptr, "one\r\n");
	buf_reset(&b);
	ck_assert_int_eq(stream_getline(in, &b, 100), 1);
	ck_assert_str_eq(b.ptr, "two 2\n");
	buf_reset(&b);
	ck_assert_int_eq(stream_getline(in, &b, 100), -1);
	ck_assert_str_eq(b.ptr, "three");
	ck_assert_int_eq(stream_status(in), STREAM_EOF);
	stream_free(in);
	buf_done(&b);
}
END_TEST

START_TEST(a_long_line_comes_in_pieces)
{
	struct buf b = BUF_INIT;
	struct stream *in;
	int fd[2];

	make_pair(BLOCKING_SOCKET, fd);
	in = stream_new(fd[0], 5);
	ck_assert_int_eq(write(fd[1], "abcdefgh\nx\n", 11), 11);
	ck_assert_int_eq(stream_getline(in, &b, 3), 0);
	ck_assert_str_eq(b.ptr, "abc");
	ck_assert_int_eq(stream_getline(in, &b, 5), 0);
	ck_assert_str_eq(b.ptr, "abcdefgh");
	ck_assert_int_eq(stream_getline(in, &b, 5), 1);
	ck_assert_str_eq(b.ptr, "abcdefgh\n");
	buf_reset(&b);
	ck_assert_int_eq(stream_getline(in, &b, 2), 1);
	ck_assert_str_eq(b.ptr, "x\n");
	close(fd[1]);
	stream_free(in);
	buf_done(&b);
}
END_TEST

START_TEST(waiting_too_long_is_a_timeout)
{
	struct stream *in;
	int64_t start = clock_mono_ms();
	int fd[2];
	char c;

	make_pair(_i, fd);
	in = stream_new(fd[0], 1);
	ck_assert_int_eq(stream_getc(in), -1);
	ck_assert_int_eq(stream_status(in), STREAM_TIMEOUT);
	ck_assert_int_ge(clock_mono_ms() - start, 990);
	/* sticky until cleared, and then usable */
	ck_assert_int_eq(write(fd[1], "a", 1), 1);
	ck_assert_int_eq(stream_getc(in), -1);
	stream_clear(in);
	ck_assert_int_eq(stream_read(in, &c, 1), 0);
	ck_assert_int_eq(c, 'a');
	close(fd[1]);
	stream_free(in);
}
END_TEST

START_TEST(a_deadline_ends_a_wait_before_the_timeout)
{
	struct stream *in;
	int64_t start = clock_mono_ms();
	int fd[2];

	make_pair(_i, fd);
	in = stream_new(fd[0], 100);
	stream_set_deadline(in, start + 50);
	ck_assert_int_eq(stream_getc(in), -1);
	ck_assert_int_eq(stream_status(in), STREAM_TIMEOUT);
	ck_assert_int_ge(clock_mono_ms() - start, 49);
	ck_assert_int_lt(clock_mono_ms() - start, 20000);
	close(fd[1]);
	stream_free(in);
}
END_TEST

START_TEST(a_reader_that_never_reads_is_a_timeout)
{
	struct stream *out;
	char block[65536];
	int fd[2], i;

	make_pair(_i, fd);
	memset(block, 'x', sizeof(block));
	out = stream_new(fd[1], 1);
	for (i = 0; i < 1000; i++)
		if (stream_write(out, block, sizeof(block)) == -1)
			break;
	ck_assert_int_lt(i, 1000);
	ck_assert_int_eq(stream_status(out), STREAM_TIMEOUT);
	ck_assert_int_eq(stream_flush(out), -1);
	close(fd[0]);
	stream_free(out);
}
END_TEST

START_TEST(reading_sends_what_is_pending)
{
	struct stream *a, *b;
	int fd[2];

	make_pair(BLOCKING_SOCKET, fd);
	a = stream_new(fd[0], 5);
	b = stream_new(fd[1], 1);
	stream_puts(a, "question\n");
	stream_set_deadline(a, clock_mono_ms() + 10);
	ck_assert_int_eq(stream_getc(a), -1);	/* no answer, but asked */
	ck_assert_int_eq(stream_getc(b), 'q');
	stream_free(a);
	stream_free(b);
}
END_TEST

START_TEST(a_gone_reader_is_an_error_and_no_signal)
{
	struct stream *out;
	int fd[2];

	make_pair(_i, fd);
	close(fd[0]);
	out = stream_new(fd[1], 5);
	stream_puts(out, "hello\n");
	ck_assert_int_eq(stream_flush(out), -1);
	ck_assert_int_eq(stream_status(out), STREAM_ERROR);
	ck_assert_int_eq(stream_errno(out), EPIPE);
	ck_assert_int_eq(stream_puts(out, "more"), -1);
	stream_free(out);
}
END_TEST

static void *
writer(void *arg)
{
	struct stream *out = arg;
	struct buf b = BUF_INIT;
	int i;

	for (i = 0; i < 20000; i++)
		stream_printf(out, "line %d\n", i);
	buf_reserve(&b, 200000);
	memset(b.ptr, 'z', 200000);
	stream_write(out, b.ptr, 200000);
	stream_flush(out);
	stream_free(out);
	buf_done(&b);
	return NULL;
}

START_TEST(much_data_comes_through_unchanged)
{
	struct buf b = BUF_INIT;
	struct stream *in;
	pthread_t th;
	char want[32], *big = malloc(200000);
	size_t got = 0;
	long n;
	int fd[2], i;

	make_pair(_i, fd);
	in = stream_new(fd[0], 10);
	pthread_create(&th, NULL, writer, stream_new(fd[1], 10));
	for (i = 0; i < 20000; i++) {
		buf_reset(&b);
		snprintf(want, sizeof(want), "line %d\n", i);
		ck_assert_int_eq(stream_getline(in, &b, 100), 1);
		ck_assert_str_eq(b.ptr, want);
	}
	while ((n = stream_read_some(in, big, 200000)) > 0) {
		ck_assert_int_eq(big[n - 1], 'z');
		got += (size_t)n;
	}
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(got, 200000);
	pthread_join(th, NULL);
	stream_free(in);
	buf_done(&b);
	free(big);
}
END_TEST

START_TEST(peek_shows_what_has_come_already)
{
	struct stream *in;
	const char *p;
	int fd[2];

	make_pair(BLOCKING_SOCKET, fd);
	in = stream_new(fd[0], 5);
	ck_assert_uint_eq(stream_peek(in, &p), 0);
	ck_assert(!stream_wait_readable(in, 0));
	ck_assert_int_eq(write(fd[1], "abc", 3), 3);
	ck_assert(stream_wait_readable(in, 1000));
	ck_assert_int_eq(stream_getc(in), 'a');
	ck_assert_uint_eq(stream_peek(in, &p), 2);
	ck_assert(memcmp(p, "bc", 2) == 0);
	ck_assert(stream_wait_readable(in, 0));
	close(fd[1]);
	stream_free(in);
}
END_TEST

static long
upper_write(void *ctx, const void *data, size_t len, int64_t deadline_ms)
{
	ck_assert(deadline_ms > 0);
	buf_add(ctx, data, len);
	return (long)len;
}

static long
fixed_read(void *ctx, void *data, size_t len, int64_t deadline_ms)
{
	(void)ctx, (void)deadline_ms;
	ck_assert_uint_ge(len, 5);
	memcpy(data, "reply", 5);
	return 5;
}

START_TEST(replaced_io_carries_the_bytes)
{
	struct buf sent = BUF_INIT;
	struct stream_io io = { fixed_read, upper_write, NULL, &sent, NULL };
	struct stream *s;
	int fd[2];

	make_pair(BLOCKING_SOCKET, fd);
	s = stream_new(fd[0], 5);
	stream_set_io(s, &io);
	stream_puts(s, "hello");
	ck_assert_int_eq(stream_getc(s), 'r');
	ck_assert_str_eq(sent.ptr, "hello");
	stream_free(s);
	close(fd[1]);
	buf_done(&sent);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stream");

	signal(SIGPIPE, SIG_IGN);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, lines_arrive_whole_whatever_the_descriptor, 0,
	    KINDS);
	tcase_add_test(tc, a_long_line_comes_in_pieces);
	tcase_add_loop_test(tc, waiting_too_long_is_a_timeout, 0, KINDS);
	tcase_add_loop_test(tc, a_deadline_ends_a_wait_before_the_timeout, 0,
	    KINDS);
	tcase_add_loop_test(tc, a_reader_that_never_reads_is_a_timeout, 0,
	    KINDS);
	tcase_add_test(tc, reading_sends_what_is_pending);
	tcase_add_loop_test(tc, a_gone_reader_is_an_error_and_no_signal, 0,
	    KINDS);
	tcase_add_loop_test(tc, much_data_comes_through_unchanged, 0, KINDS);
	tcase_add_test(tc, peek_shows_what_has_come_already);
	tcase_add_test(tc, replaced_io_carries_the_bytes);
	return unit_run("stream", tc);
}
