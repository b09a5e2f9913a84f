/*
 * confine_test.c - what can be changed in a confined process, and what cannot
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/confine.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t/unit/folder.h"
#include "t/unit/unit.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* in/ and in2/ may be changed, fifo/ be written to, out/ nothing. */
static const struct confine_path paths[] = {
	{ "in", CONFINE_CHANGE }, { "in2", CONFINE_CHANGE },
	{ "fifo", CONFINE_WRITE }, { "log", CONFINE_CHANGE },
	{ "not there", CONFINE_CHANGE }
};

static void
make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ne(fd, -1);
	close(fd);
}

static int
can_write(const char *path, int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0600);

	if (fd != -1)
		close(fd);
	return fd == -1 ? errno : 0;
}

/* False: this kernel has none, and nothing more is to be shown. */
static bool
enter(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return confine(paths, COUNT(paths));
}

START_TEST(files_are_changed_where_they_may_be)
{
	enter();
	ck_assert_int_eq(can_write("in/new", O_CREAT), 0);
	ck_assert_int_eq(can_write("in/old", O_TRUNC), 0);
	ck_assert_int_eq(mkdir("in/A", 0700), 0);
	ck_assert_int_eq(rename("in/new", "in/A/new"), 0);
	ck_assert_int_eq(rename("in/A/new", "in2/new"), 0);
	ck_assert_int_eq(unlink("in2/new"), 0);
	ck_assert_int_eq(rmdir("in/A"), 0);
	ck_assert_int_eq(can_write("log", O_APPEND), 0);
	ck_assert_int_eq(can_write("fifo/old", 0), 0);
}
END_TEST

START_TEST(and_nowhere_else)
{
	if (!enter())
		return;
	ck_assert_int_eq(can_write("out/new", O_CREAT), EACCES);
	ck_assert_int_eq(can_write("out/old", 0), EACCES);
	ck_assert_int_eq(truncate("out/old", 0) == -1 ? errno : 0, EACCES);
	ck_assert_int_eq(unlink("out/old") == -1 ? errno : 0, EACCES);
	ck_assert_int_eq(mkdir("out/dir", 0700) == -1 ? errno : 0, EACCES);
	ck_assert_int_ne(rename("in/old", "out/moved"), 0);
	ck_assert_int_ne(link("in/old", "out/linked"), 0);
	ck_assert_int_eq(can_write("fifo/new", O_CREAT), EACCES);
	ck_assert_int_eq(unlink("fifo/old") == -1 ? errno : 0, EACCES);
	/* Not even where files may be made. */
	ck_assert_int_ne(symlink("../out/old", "in/link"), 0);
	ck_assert_int_ne(mkfifo("in/pipe", 0600), 0);
}
END_TEST

START_TEST(everything_can_be_read)
{
	int fd;

	enter();
	ck_assert_int_ne(fd = open("out/old", O_RDONLY | O_CLOEXEC), -1);
	close(fd);
}
END_TEST

START_TEST(what_was_open_stays_so)
{
	int fd;

	ck_assert_int_ne(fd = open("before", O_RDWR | O_CREAT | O_CLOEXEC,
	    0600), -1);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	confine(NULL, 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
}
END_TEST

/* Once, and not in the processes of the tests, which could not remove it. */
static void
setup(void)
{
	unit_folder_enter("in real out fifo");
	ck_assert_int_eq(symlink("real", "in2"), 0);
	make("in/old");
	make("out/old");
	make("fifo/old");
	make("log");
}

int
main(void)
{
	TCase *tc = tcase_create("confine");

	tcase_add_unchecked_fixture(tc, setup, unit_folder_leave);
	tcase_add_test(tc, files_are_changed_where_they_may_be);
	tcase_add_test(tc, and_nowhere_else);
	tcase_add_test(tc, everything_can_be_read);
	tcase_add_test(tc, what_was_open_stays_so);
	return unit_run("confine", tc);
}
