/*
 * counters_test.c - daemon/serve/counters.h: many count at once, some are killed
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/counters.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/conf/params.h"
#include "t/unit/folder.h"
#include "t/unit/unit.h"

#define CHILDREN	4
#define ROUNDS		5000
#define LABELS		40

static void
setup(void)
{
	unit_folder_enter("");
	params.data_directory = unit_folder;
	counters_create();
	counters_open("smtp", "inet");
}

/* Each label gets its share; the same ones are claimed by all at the same time. */
static void
count(long rounds)
{
	char label[16];
	long i;

	for (i = 0; i < rounds; i++) {
		snprintf(label, sizeof(label), "%ld", i % LABELS);
		counters_add(COUNT_DEFERRED, 1, label, NULL, NULL);
	}
}

static pid_t
child(long rounds)
{
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		count(rounds);
		_exit(0);
	}
	return pid;
}

/* The sum of all samples of the family, and how many there are. */
static long
sum(int *samples)
{
	static const char name[] = "posthorn_deferred_attempts_total{";
	struct buf text = BUF_INIT;
	const char *p;
	long total = 0;

	*samples = 0;
	counters_print(&text);
	for (p = text.ptr; (p = strstr(p, name)) != NULL; p++) {
		total += atol(strchr(p, ' ') + 1);
		++*samples;
	}
	buf_done(&text);
	return total;
}

START_TEST(nothing_is_lost_where_many_count)
{
	int i, samples, status;

	for (i = 0; i < CHILDREN; i++)
		child(ROUNDS);
	for (i = 0; i < CHILDREN; i++)
		wait(&status);
	ck_assert_int_eq(sum(&samples), CHILDREN * ROUNDS);
	ck_assert_int_eq(samples, LABELS);
}
END_TEST

START_TEST(who_is_killed_leaves_nothing_behind)
{
	int i, samples, status;
	long before;
	pid_t pid;

	for (i = 0; i < 50; i++) {
		pid = child(1000000000);
		usleep((useconds_t)(i * 20));
		kill(pid, SIGKILL);
		wait(&status);
	}
	before = sum(&samples);
	count(ROUNDS);
	ck_assert_int_eq(sum(&samples) - before, ROUNDS);
	ck_assert_int_eq(samples, LABELS);
}
END_TEST

START_TEST(labels_cannot_break_the_text)
{
	struct buf text = BUF_INIT;

	counters_add(COUNT_REJECTED, 3, "a\"b\\c\n", "550", "policy");
	counters_set(GAUGE_PROCESSES, "25", "inet", 7);
	counters_set(GAUGE_PROCESSES, "25", "inet", 2);
	counters_rejected("RCPT", "no digits");
	counters_print(&text);
	ck_assert_ptr_nonnull(strstr(text.ptr, "\nposthorn_rejected_total{"
	    "service=\"smtp/inet\",stage=\"a_b_c_\",code=\"550\","
	    "class=\"policy\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(text.ptr,
	    "\nposthorn_processes{service=\"25/inet\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(text.ptr, "code=\"none\""));
	buf_done(&text);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("counters");

	tcase_add_checked_fixture(tc, setup, unit_folder_leave);
	tcase_add_test(tc, nothing_is_lost_where_many_count);
	tcase_add_test(tc, who_is_killed_leaves_nothing_behind);
	tcase_add_test(tc, labels_cannot_break_the_text);
	return unit_run("counters", tc);
}
