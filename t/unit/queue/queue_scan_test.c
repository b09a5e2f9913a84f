/*
 * queue_scan_test.c - every message once, wherever it goes meanwhile
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_scan.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/conf/params.h"
#include "lib/queue/queue_message.h"
#include "t/unit/unit.h"

static char spool[64];

static void
setup(void)
{
	snprintf(spool, sizeof(spool), "/tmp/posthorn-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(spool));
	ck_assert_int_eq(chdir(spool), 0);
	ck_assert_int_eq(mkdir("active", 0700), 0);
	ck_assert_int_eq(mkdir("deferred", 0700), 0);
	params.hash_queue_names = "deferred";
	params.hash_queue_depth = 1;
}

static void
teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", spool);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(system(command), 0);
}

static void
touch(const char *path, mode_t mode)
{
	int fd = open(path, O_CREAT | O_WRONLY, mode);

	ck_assert_int_ne(fd, -1);
	close(fd);
}

START_TEST(a_message_that_moves_is_seen_once)
{
	static const char *const queues[] = { "active", "deferred",
	    "nowhere", NULL };
	struct queue_scan *qs;
	struct queue_message m;
	char path[64];
	int i, n = 0;

	mkdir("deferred/A", 0700);
	for (i = 0; i < 10000; i++) {
		snprintf(path, sizeof(path), "%s/A%07d", i % 2 == 0 ?
		    "active" : "deferred/A", i);
		touch(path, 0700);
	}
	touch("active/B0000001", 0600);
	touch("active/1.2", 0700);
	ck_assert_int_eq(symlink("A0000000", "active/B0000002"), 0);
	queue_message_init(&m);
	qs = queue_scan_open(queues, false);
	while (queue_scan_next(qs, &m)) {
		if (n++ == 10)	/* some went on meanwhile */
			for (i = 0; i < 10000; i += 2) {
				char to[64];

				snprintf(path, sizeof(path), "active/A%07d",
				    i);
				snprintf(to, sizeof(to), "deferred/A/A%07d",
				    i);
				rename(path, to);
			}
		ck_assert_int_eq(m.id[0], 'A');
		ck_assert(S_ISREG(m.st.st_mode));
	}
	/* Those that went before they were met are met later. */
	ck_assert_int_eq(n, 10000);
	ck_assert_uint_eq(queue_scan_unreadable(qs), 1);
	queue_scan_close(qs);
	qs = queue_scan_open(queues, true);
	for (n = 0; queue_scan_next(qs, &m); )
		n++;
	ck_assert_int_eq(n, 10001);
	queue_scan_close(qs);
	queue_message_done(&m);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_scan");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_message_that_moves_is_seen_once);
	return unit_run("queue_scan", tc);
}
