/*
 * foreground_test.c - commands and editors that get the terminal
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/foreground.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "t/unit/folder.h"
#include "t/unit/unit.h"

static void
setup(void)
{
	unit_folder_enter("");
	setenv("TMPDIR", unit_folder, 1);
}

static void
teardown(void)
{
	unit_folder_leave();
}

START_TEST(a_command_ends_with_its_status)
{
	struct err err = ERR_INIT;
	int fd;

	ck_assert_int_eq(foreground_run("exit 7", NULL, -1, -1, &err), 7);
	ck_assert_int_eq(foreground_run("kill -TERM $$", NULL, -1, -1, &err),
	    128 + SIGTERM);
	ck_assert_int_eq(foreground_run("test \"$1\" = 'a b'", "a b", -1, -1,
	    &err), 0);
	/* Its folder and its input are what was asked for. */
	ck_assert_int_ne(fd = open("/", O_RDONLY | O_DIRECTORY), -1);
	ck_assert_int_eq(foreground_run("test \"$PWD\" = / || "
	    "test \"$(pwd)\" = /", NULL, fd, -1, &err), 0);
	close(fd);
	ck_assert_int_ne(fd = open("/dev/null", O_RDONLY), -1);
	ck_assert_int_eq(foreground_run("test -z \"$(cat)\"", NULL, -1, fd,
	    &err), 0);
	close(fd);
}
END_TEST

START_TEST(an_interrupt_that_is_meant_for_it_does_not_end_us)
{
	struct err err = ERR_INIT;

	/* As a terminal does: all of the foreground gets it. */
	ck_assert_int_eq(foreground_run("kill -INT $PPID $$", NULL, -1, -1,
	    &err), 128 + SIGINT);
}
END_TEST

START_TEST(an_editor_changes_the_file_or_fails)
{
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	char *path;

	buf_sets(&text, "one\n");
	path = foreground_file("edit", &text, &err);
	ck_assert_ptr_nonnull(path);
	ck_assert_int_eq(strncmp(path, unit_folder, strlen(unit_folder)), 0);
	unsetenv("VISUAL");
	setenv("EDITOR", "sed -i s/one/two/", 1);
	ck_assert_int_eq(foreground_edit(path, &err), 0);
	buf_reset(&text);
	ck_assert_int_eq(file_read(path, &text, 100, &err), 0);
	ck_assert_str_eq(text.ptr, "two\n");
	setenv("VISUAL", "false", 1);
	ck_assert_int_eq(foreground_edit(path, &err), -1);
	ck_assert_str_eq(err.text, "the editor failed, status 1");
	free(path);
	buf_done(&text);
	setenv("TMPDIR", "/nonexistent", 1);
	ck_assert_ptr_null(foreground_file("edit", &text, &err));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("foreground");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_command_ends_with_its_status);
	tcase_add_test(tc, an_interrupt_that_is_meant_for_it_does_not_end_us);
	tcase_add_test(tc, an_editor_changes_the_file_or_fails);
	return unit_run("foreground", tc);
}
