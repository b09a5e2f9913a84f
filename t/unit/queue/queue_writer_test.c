/*
 * queue_writer_test.c - new queue files, with and without O_TMPFILE
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_writer.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "t/unit/folder.h"
#include "t/unit/forbid.h"
#include "t/unit/unit.h"

static void
setup(void)
{
	unit_folder_enter("maildrop incoming active deferred hold");
	params.hash_queue_names = "deferred, defer";
	params.hash_queue_depth = 1;
	params.enable_long_queue_ids = false;
}

/* One that cannot name a file that has no name yet. */
static void
forbid_links(void)
{
	forbid_call(SCMP_SYS(linkat), EPERM);
}

START_TEST(a_written_file_has_its_name_mode_and_bytes)
{
	struct err err = ERR_INIT;
	struct queue_writer *w;
	struct queue_file *qf;
	struct buf path = BUF_INIT, big = BUF_INIT;
	struct stat st;
	const char *value;
	char id[64];
	size_t n;
	uint64_t inode;
	off_t where;
	int type, i;

	params.enable_long_queue_ids = (_i & 1) != 0;
	if ((_i & 2) != 0)
		forbid_links();
	for (i = 0; i < 70000; i++)
		buf_addc(&big, 'x');
	w = queue_writer_create("incoming", 0, &err);
	ck_assert_msg(w != NULL, "%s", err.text);
	snprintf(id, sizeof(id), "%s", queue_writer_id(w));
	ck_assert(queue_id_is_long(id) == ((_i & 1) != 0));
	ck_assert_int_eq(queue_writer_rec(w, 'S', "ann", 3), 0);
	where = queue_writer_tell(w);
	ck_assert_int_eq(where, 5);
	ck_assert_int_eq(queue_writer_rec(w, 'R', "bob", 3), 0);
	ck_assert_int_eq(queue_writer_patch(w, 2, "eva", 3), 0);
	ck_assert_int_eq(queue_writer_rec(w, 'N', big.ptr, big.len), 0);
	ck_assert_int_eq(queue_writer_rec(w, 'N', big.ptr, big.len), 0);
	ck_assert_int_eq(queue_writer_patch(w, where + 2, "kim", 3), 0);
	/* Unfinished: nobody may open it. */
	ck_assert_int_eq(queue_file_may_open("incoming", id, &st, &err), 0);
	ck_assert_int_eq(queue_writer_move(w, "deferred", &err), 0);
	ck_assert_int_eq(queue_writer_commit(w, &err), 0);

	queue_path(&path, "deferred", id);
	ck_assert_int_eq(stat(path.ptr, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ck_assert(queue_id_inode(id, &inode));
	ck_assert_uint_eq(inode, st.st_ino);
	qf = queue_file_open("deferred", id, QUEUE_FILE_NORMAL, &err);
	ck_assert_msg(qf != NULL, "%s", err.text);
	ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err), 1);
	ck_assert_str_eq(value, "eva");
	ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err), 1);
	ck_assert_str_eq(value, "kim");
	ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err), 1);
	ck_assert_uint_eq(n, 70000);
	ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err), 1);
	ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err), 0);
	queue_file_close(qf);
	buf_done(&path);
	buf_done(&big);
}
END_TEST

static void
ck_nothing_is_in(const char *queue)
{
	struct err err = ERR_INIT;
	struct queue_dir *qd = queue_dir_open(queue, &err);

	ck_assert_int_eq(queue_dir_step(qd), QUEUE_DIR_END);
	queue_dir_close(qd);
}

START_TEST(an_aborted_file_leaves_nothing)
{
	struct err err = ERR_INIT;
	struct queue_writer *w;

	if (_i == 1)
		forbid_links();
	w = queue_writer_create("incoming", 0, &err);
	queue_writer_rec(w, 'S', "ann", 3);
	queue_writer_abort(w);
	ck_nothing_is_in("incoming");
}
END_TEST

START_TEST(a_file_over_the_size_limit_is_refused_and_gone)
{
	struct rlimit limit = { 1000, 1000 };
	struct err err = ERR_INIT;
	struct queue_writer *w;
	char data[2000] = "";

	if (_i == 1)
		forbid_links();
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	w = queue_writer_create("incoming", 0, &err);
	ck_assert_ptr_nonnull(w);
	queue_writer_rec(w, 'N', data, sizeof(data));
	ck_assert_int_eq(queue_writer_commit(w, &err), -1);
	ck_assert_int_eq(err.errnum, EFBIG);
	ck_nothing_is_in("incoming");
}
END_TEST

START_TEST(what_the_disk_does_not_hold_is_not_accepted)
{
	struct err err = ERR_INIT;
	struct queue_writer *w;

	if (_i == 1)
		forbid_links();
	w = queue_writer_create("incoming", 0, &err);
	ck_assert_ptr_nonnull(w);
	queue_writer_rec(w, 'S', "ann", 3);
	forbid_call(SCMP_SYS(fsync), EIO);
	ck_assert_int_eq(queue_writer_commit(w, &err), -1);
	ck_assert_int_eq(err.errnum, EIO);
	ck_nothing_is_in("incoming");
}
END_TEST

START_TEST(a_patch_may_reach_over_the_end_of_what_was_written)
{
	struct err err = ERR_INIT;
	struct queue_writer *w = queue_writer_create("incoming", 0, &err);
	struct queue_file *qf;
	const char *value;
	char id[64];
	size_t n;
	int type;

	snprintf(id, sizeof(id), "%s", queue_writer_id(w));
	queue_writer_rec(w, 'S', "ann", 3);
	ck_assert_int_eq(queue_writer_flush(w), 0);
	queue_writer_rec(w, 'R', "bob", 3);
	/* The last byte of the first and the first of the second. */
	ck_assert_int_eq(queue_writer_patch(w, 4, "aD", 2), 0);
	ck_assert_int_eq(queue_writer_commit(w, &err), 0);
	qf = queue_file_open("incoming", id, QUEUE_FILE_PLAIN, &err);
	ck_assert_ptr_nonnull(qf);
	ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err), 1);
	ck_assert_str_eq(value, "ana");
	ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err), 1);
	ck_assert_int_eq(type, 'D');
	ck_assert_str_eq(value, "bob");
	queue_file_close(qf);
}
END_TEST

/* A queue manager whose clock is behind would not look at it for so long. */
START_TEST(a_file_from_the_future_gets_our_time)
{
	struct err err = ERR_INIT;
	struct buf path = BUF_INIT;
	struct queue_writer *w;
	struct stat st;

	clock_set(time(NULL) - 3600);
	w = queue_writer_create("incoming", 0, &err);
	queue_path(&path, "incoming", queue_writer_id(w));
	queue_writer_rec(w, 'S', "ann", 3);
	ck_assert_int_eq(queue_writer_commit(w, &err), 0);
	ck_assert_int_eq(stat(path.ptr, &st), 0);
	ck_assert_int_eq(st.st_mtime, clock_now());
	buf_done(&path);
}
END_TEST

START_TEST(a_missing_queue_directory_is_an_error)
{
	struct err err = ERR_INIT;

	ck_assert_ptr_null(queue_writer_create("nowhere", 0, &err));
	ck_assert_int_eq(err.errnum, ENOENT);
}
END_TEST

START_TEST(a_name_that_is_taken_is_never_replaced)
{
	struct err err = ERR_INIT;
	struct queue_writer *w = queue_writer_create("incoming", 0, &err);
	struct buf path = BUF_INIT;
	struct stat st;
	FILE *f;

	queue_path(&path, "incoming", queue_writer_id(w));
	f = fopen(path.ptr, "wx");
	ck_assert_ptr_nonnull(f);
	fputs("somebody else's", f);
	fclose(f);
	queue_writer_rec(w, 'S', "ann", 3);
	ck_assert_int_eq(queue_writer_commit(w, &err), -1);
	ck_assert_int_eq(err.errnum, EEXIST);
	ck_assert_int_eq(stat(path.ptr, &st), 0);
	ck_assert_int_eq(st.st_size, 15);
	buf_done(&path);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_writer");

	tcase_add_checked_fixture(tc, setup, unit_folder_leave);
	tcase_add_loop_test(tc, a_written_file_has_its_name_mode_and_bytes,
	    0, 4);
	tcase_add_loop_test(tc, an_aborted_file_leaves_nothing, 0, 2);
	tcase_add_loop_test(tc,
	    a_file_over_the_size_limit_is_refused_and_gone, 0, 2);
	tcase_add_loop_test(tc,
	    what_the_disk_does_not_hold_is_not_accepted, 0, 2);
	tcase_add_test(tc,
	    a_patch_may_reach_over_the_end_of_what_was_written);
	tcase_add_test(tc, a_file_from_the_future_gets_our_time);
	tcase_add_test(tc, a_missing_queue_directory_is_an_error);
	tcase_add_test(tc, a_name_that_is_taken_is_never_replaced);
	return unit_run("queue_writer", tc);
}
