/*
 * file_test.c - files that must be what their names say
 *
 * The second look by name goes through our own fstatat, which tells of a
 * change between the two as another program could make it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/file.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "t/unit/folder.h"
#include "t/unit/unit.h"

static enum change { NONE, DEVICE, INODE, LINKS, MODE, GONE } change;

int
fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	if (change == GONE) {
		errno = ENOENT;
		return -1;
	}
	if (syscall(SYS_newfstatat, dirfd, path, st, flags) == -1)
		return -1;
	st->st_dev += change == DEVICE;
	st->st_ino += change == INODE;
	st->st_nlink += change == LINKS;
	st->st_mode ^= change == MODE ? S_IXGRP : 0;
	return 0;
}

static void
setup(void)
{
	unit_folder_enter("");
	change = NONE;
	ck_assert_int_eq(file_replace("file", "text", 4, 0600, (uid_t)-1,
	    (gid_t)-1, NULL), 0);
}

static void
teardown(void)
{
	unit_folder_leave();
}

START_TEST(a_file_that_is_what_its_name_says_is_opened)
{
	struct err err = ERR_INIT;
	struct stat st;
	int fd;

	ck_assert_int_ne(fd = file_safe_open(AT_FDCWD, "file", O_RDONLY, &st,
	    &err), -1);
	ck_assert_int_eq(st.st_size, 4);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	close(fd);
}
END_TEST

START_TEST(one_that_changes_while_it_is_opened_is_not)
{
	struct err err = ERR_INIT;
	struct stat st;

	for (change = DEVICE; change <= MODE; change++) {
		err_reset(&err);
		ck_assert_int_eq(file_safe_open(AT_FDCWD, "file", O_RDONLY,
		    &st, &err), -1);
		ck_assert_str_eq(err.text,
		    "file status changed unexpectedly");
		ck_assert_int_eq(err.kind, ERR_DENIED);
	}
	ck_assert_int_eq(file_safe_open(AT_FDCWD, "file", O_RDONLY, &st,
	    &err), -1);
	ck_assert_int_eq(err.errnum, ENOENT);
}
END_TEST

START_TEST(nor_is_anything_but_a_file_of_one_name)
{
	struct err err = ERR_INIT;
	struct stat st;

	ck_assert_int_eq(symlink("file", "link"), 0);
	ck_assert_int_eq(file_safe_open(AT_FDCWD, "link", O_RDONLY, &st,
	    &err), -1);
	ck_assert_str_eq(err.text, "file is a symbolic link");
	ck_assert_int_eq(mkdir("folder", 0700), 0);
	ck_assert_int_eq(file_safe_open(AT_FDCWD, "folder", O_RDONLY, &st,
	    &err), -1);
	ck_assert_str_eq(err.text, "file is a directory");
	ck_assert_int_eq(link("file", "other"), 0);
	ck_assert_int_eq(file_safe_open(AT_FDCWD, "file", O_RDONLY, &st,
	    &err), -1);
	ck_assert_str_eq(err.text, "file has 2 hard links");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("file");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_file_that_is_what_its_name_says_is_opened);
	tcase_add_test(tc, one_that_changes_while_it_is_opened_is_not);
	tcase_add_test(tc, nor_is_anything_but_a_file_of_one_name);
	return unit_run("file", tc);
}
