/*
 * log_test.c - log.h: no line is lost while the log service is behind
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/log.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/unit/unit.h"

#define SENDERS	40
#define LINES	300

/* More senders than the queue of a datagram socket holds lines. */
START_TEST(senders_that_share_a_full_queue_lose_no_line)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/posthorn-log.XXXXXX", line[4096];
	int fd, i, n, got = 0, status;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.64s/postlog", dir);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	for (i = 0; i < SENDERS; i++) {
		if (fork() != 0)
			continue;
		log_open("sender", LOG_TO_POSTLOG);
		log_postlog(sun.sun_path, NULL, "host.example", NULL);
		for (n = 0; n < LINES; n++)
			log_info("line %d", n);
		_exit(0);
	}
	while (got < SENDERS * LINES) {
		struct timeval tv = { 5, 0 };

		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
		if (recv(fd, line, sizeof(line), 0) <= 0)
			break;
		got++;
	}
	ck_assert_int_eq(got, SENDERS * LINES);
	for (i = 0; i < SENDERS; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	close(fd);
	unlink(sun.sun_path);
	rmdir(dir);
}
END_TEST

START_TEST(who_may_write_the_file_does_not_wait)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/posthorn-log.XXXXXX", path[96], line[4096];
	int fd, i, lines = 0;
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.64s/postlog", dir);
	snprintf(path, sizeof(path), "%.64s/file", dir);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	log_open("supervisor", LOG_TO_POSTLOG);
	log_postlog(sun.sun_path, NULL, "host.example", path);
	for (i = 0; i < LINES; i++)
		log_info("line %d", i);
	while (recv(fd, line, sizeof(line), MSG_DONTWAIT) > 0)
		lines++;
	ck_assert_int_lt(lines, LINES);
	ck_assert_ptr_nonnull(f = fopen(path, "r"));
	while (fgets(line, sizeof(line), f) != NULL)
		lines++;
	ck_assert_int_eq(lines, LINES);
	fclose(f);
	close(fd);
	unlink(sun.sun_path);
	unlink(path);
	rmdir(dir);
}
END_TEST

/* Who calls a set-gid command chooses its argv[0]. */
START_TEST(a_name_given_by_the_caller_is_cut_and_cleaned)
{
	char path[] = "/tmp/posthorn-log.XXXXXX", name[6000], line[8192];
	int ends[2], saved, fd;
	ssize_t n;
	FILE *f;

	memset(name, 'n', sizeof(name) - 1);
	memcpy(name, "\nforged: ", 9);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_ne(fd = mkstemp(path), -1);
	close(fd);
	ck_assert_int_eq(pipe(ends), 0);
	saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	log_open(name, LOG_TO_STDERR | LOG_TO_FILE);
	log_file(path, "host.example");
	log_warning("text");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);

	ck_assert_int_gt(n = read(ends[0], line, sizeof(line) - 1), 0);
	line[n] = '\0';
	ck_assert_int_lt(n, 300);
	ck_assert_uint_eq(strlen(line), (size_t)n);
	ck_assert_ptr_nonnull(strstr(line, "nn: warning: text\n"));
	ck_assert_ptr_nonnull(f = fopen(path, "r"));
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_ptr_nonnull(strstr(line, " host postfix/?forged: nn"));
	ck_assert_ptr_nonnull(strstr(line, "]: warning: text\n"));
	ck_assert_ptr_null(fgets(line, sizeof(line), f));
	fclose(f);
	close(ends[0]);
	unlink(path);
}
END_TEST

START_TEST(a_file_that_is_there_is_opened_at_once)
{
	char path[] = "/tmp/posthorn-log.XXXXXX", line[256];
	int fd;

	ck_assert_int_ne(fd = mkstemp(path), -1);
	log_open("test", LOG_TO_FILE);
	log_file(path, "host.example");
	ck_assert_int_eq(unlink(path), 0);
	log_info("text");
	ck_assert_int_gt(read(fd, line, sizeof(line)), 0);
	ck_assert_int_eq(access(path, F_OK), -1);
	log_to(LOG_TO_STDERR);
	close(fd);
}
END_TEST

static void
keep_last(enum log_severity sev, const char *text, void *ctx)
{
	snprintf(ctx, 64, "%d %s", (int)sev, text);
}

START_TEST(captured_lines_go_to_the_caller_only)
{
	char last[64] = "", byte;
	int ends[2], saved;

	ck_assert_int_eq(pipe(ends), 0);
	saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	log_open("test", LOG_TO_STDERR);
	log_capture(keep_last, last);
	log_warning("a\tb");
	log_capture(NULL, NULL);
	dup2(saved, STDERR_FILENO);
	close(ends[1]);
	ck_assert_str_eq(last, "1 a?b");
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	close(saved);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("log");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, senders_that_share_a_full_queue_lose_no_line);
	tcase_add_test(tc, who_may_write_the_file_does_not_wait);
	tcase_add_test(tc, a_name_given_by_the_caller_is_cut_and_cleaned);
	tcase_add_test(tc, captured_lines_go_to_the_caller_only);
	tcase_add_test(tc, a_file_that_is_there_is_opened_at_once);
	return unit_run("log", tc);
}
