/*
 * mbox_lock_test.c - who has a mailbox open keeps all others out
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/mbox_lock.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "t/unit/folder.h"
#include "t/unit/unit.h"

static void
setup(void)
{
	unit_folder_enter("safe");
}

static struct mbox_lock_how
once(unsigned styles)
{
	return (struct mbox_lock_how){ .styles = styles, .attempts = 1,
	    .stale_s = 500 };
}

static int
open_once(struct mbox_lock *lock, unsigned styles, struct err *err)
{
	struct mbox_lock_how how = once(styles);

	return mbox_lock_open(lock, "box", &how, err);
}

static const unsigned all = MBOX_LOCK_FLOCK | MBOX_LOCK_FCNTL |
    MBOX_LOCK_DOTLOCK;

/* fcntl locks are between processes: another one tries. */
static int
try_elsewhere(unsigned styles)
{
	struct mbox_lock lock;
	struct err err = ERR_INIT;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (open_once(&lock, styles, &err) == 0)
			mbox_lock_close(&lock);
		_exit(err.kind);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(names_are_read)
{
	struct err err = ERR_INIT;
	unsigned styles = 99;

	ck_assert_int_eq(mbox_lock_styles("x", "fcntl, dotlock", &styles,
	    NULL), 0);
	ck_assert_uint_eq(styles, MBOX_LOCK_FCNTL | MBOX_LOCK_DOTLOCK);
	ck_assert_int_eq(mbox_lock_styles("x", "", &styles, NULL), 0);
	ck_assert_uint_eq(styles, 0);
	ck_assert_int_eq(mbox_lock_styles("x", "flock dot", &styles, &err),
	    -1);
	ck_assert_str_eq(err.text, "unknown x value \"dot\" in \"flock dot\"");
}
END_TEST

START_TEST(each_style_excludes_itself)
{
	unsigned style = 1u << _i;
	struct mbox_lock lock;

	ck_assert_int_eq(open_once(&lock, style, NULL), 0);
	ck_assert_int_eq(try_elsewhere(style), ERR_RETRY);
	ck_assert_int_eq(try_elsewhere(all & ~style), ERR_NONE);
	ck_assert_int_eq(try_elsewhere(all), ERR_RETRY);
	mbox_lock_close(&lock);
	/* What the last one had taken before it failed was given back. */
	ck_assert_int_eq(access("box.lock", F_OK), -1);
	ck_assert_int_eq(open_once(&lock, all, NULL), 0);
	mbox_lock_close(&lock);
}
END_TEST

START_TEST(a_lock_file_is_there_before_the_file_and_while_it_is_open)
{
	struct mbox_lock lock;

	ck_assert_int_eq(mkdir("box", 0700), 0);
	ck_assert_int_eq(open_once(&lock, 0, NULL), -1);
	ck_assert_int_eq(rmdir("box"), 0);
	ck_assert_int_eq(open_once(&lock, MBOX_LOCK_DOTLOCK, NULL), 0);
	ck_assert_str_eq(lock.dotlock, "box.lock");
	ck_assert_int_eq(access("box.lock", F_OK), 0);
	mbox_lock_close(&lock);
	ck_assert_int_eq(access("box.lock", F_OK), -1);
	ck_assert_int_eq(access("box", F_OK), 0);
}
END_TEST

START_TEST(only_a_lock_file_that_nobody_touched_for_long_is_taken_over)
{
	struct mbox_lock_how how = once(MBOX_LOCK_DOTLOCK);
	struct mbox_lock lock;
	struct err err = ERR_INIT;
	struct stat st;

	close(open("box.lock", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	how.attempts = 2;
	ck_assert_int_eq(stat("box.lock", &st), 0);
	clock_set(st.st_ctime + how.stale_s);
	ck_assert_int_eq(mbox_lock_open(&lock, "box", &how, &err), -1);
	ck_assert_int_eq(err.kind, ERR_RETRY);
	ck_assert_str_eq(err.text,
	    "unable to create lock file box.lock: File exists");
	clock_set(st.st_ctime + how.stale_s + 1);
	ck_assert_int_eq(mbox_lock_open(&lock, "box", &how, NULL), 0);
	mbox_lock_close(&lock);
}
END_TEST

START_TEST(a_lock_file_that_cannot_be_made_is_missed_only_on_demand)
{
	struct mbox_lock_how how = once(all);
	struct mbox_lock lock;
	struct err err = ERR_INIT;

	ck_assert_int_eq(mbox_lock_open(&lock, "none/box", &how, &err), -1);
	ck_assert_int_eq(err.kind, ERR_SYSTEM);
	ck_assert_str_eq(err.text, "unable to create lock file none/box.lock: "
	    "No such file or directory");
	err_reset(&err);
	how.may_lack_dotlock = true;
	ck_assert_int_eq(mbox_lock_open(&lock, "none/box", &how, &err), -1);
	ck_assert_str_eq(err.text,
	    "cannot create file exclusively: No such file or directory");
	/* One that somebody else made is never passed by. */
	err_reset(&err);
	close(open("box.lock", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_int_eq(mbox_lock_open(&lock, "box", &how, &err), -1);
	ck_assert_int_eq(err.kind, ERR_RETRY);
	ck_assert_int_eq(access("box", F_OK), -1);
	ck_assert_int_eq(access("box.lock", F_OK), 0);
}
END_TEST

START_TEST(a_file_must_be_what_its_name_says)
{
	struct mbox_lock_how how = once(all);
	struct mbox_lock lock;
	struct err err = ERR_INIT;

	close(open("box", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_int_eq(symlink("box", "link"), 0);
	ck_assert_int_eq(chmod(".", 0777), 0);
	ck_assert_int_eq(mbox_lock_open(&lock, "link", &how, &err), -1);
	ck_assert_int_eq(err.kind, ERR_DENIED);
	ck_assert_str_eq(err.text, "file is a symbolic link");
	err_reset(&err);
	ck_assert_int_eq(link("box", "second"), 0);
	ck_assert_int_eq(mbox_lock_open(&lock, "box", &how, &err), -1);
	ck_assert_int_eq(err.kind, ERR_DENIED);
	ck_assert_str_eq(err.text, "file has 2 hard links");
	ck_assert_int_eq(access("box.lock", F_OK), -1);
	ck_assert_int_eq(unlink("second"), 0);
	if (geteuid() == 0) {
		ck_assert_int_eq(symlink("../box", "safe/link"), 0);
		ck_assert_int_eq(mbox_lock_open(&lock, "safe/link", &how,
		    NULL), 0);
		mbox_lock_close(&lock);
		ck_assert_int_eq(chmod("safe", 01777), 0);
		ck_assert_int_eq(mbox_lock_open(&lock, "safe/link", &how,
		    NULL), -1);
	}
}
END_TEST

START_TEST(a_device_has_no_locks)
{
	struct mbox_lock_how how = once(all);
	struct mbox_lock lock, other;

	ck_assert_int_eq(mbox_lock_open(&lock, "/dev/null", &how, NULL), 0);
	ck_assert_ptr_null(lock.dotlock);
	ck_assert_int_eq(mbox_lock_open(&other, "/dev/null", &how, NULL), 0);
	mbox_lock_close(&lock);
	mbox_lock_close(&other);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("mbox_lock");

	tcase_add_checked_fixture(tc, setup, unit_folder_leave);
	tcase_add_test(tc, names_are_read);
	tcase_add_loop_test(tc, each_style_excludes_itself, 0, 3);
	tcase_add_test(tc,
	    a_lock_file_is_there_before_the_file_and_while_it_is_open);
	tcase_add_test(tc,
	    only_a_lock_file_that_nobody_touched_for_long_is_taken_over);
	tcase_add_test(tc,
	    a_lock_file_that_cannot_be_made_is_missed_only_on_demand);
	tcase_add_test(tc, a_file_must_be_what_its_name_says);
	tcase_add_test(tc, a_device_has_no_locks);
	return unit_run("mbox_lock", tc);
}
