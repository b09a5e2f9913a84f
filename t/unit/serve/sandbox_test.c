/*
 * sandbox_test.c - what can be done in a role's sandbox, and what cannot
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/sandbox.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "t/unit/unit.h"

#define SECCOMP_IS_OFF	0

/* Each test is a process of its own. A kernel without filters has no more to show. */
static bool
enter(void)
{
	sandbox_enter();
	ck_assert_int_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	return prctl(PR_GET_SECCOMP) != SECCOMP_IS_OFF;
}

START_TEST(no_program_can_be_executed)
{
	int status;
	pid_t pid;

	if (!enter())
		return;
	errno = 0;
	ck_assert_int_eq(execl("/bin/sh", "sh", "-c", "exit 0", NULL), -1);
	ck_assert_int_eq(errno, EPERM);
	/* Nor by a child. */
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exit 0", NULL);
		_exit(errno == EPERM ? 7 : 8);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 7);
}
END_TEST

START_TEST(the_system_is_out_of_reach)
{
	struct timespec now = { 0, 0 };

	if (!enter())
		return;
	ck_assert(unshare(CLONE_NEWUSER) == -1 && errno == EPERM);
	errno = 0;
	ck_assert(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 &&
	    errno == EPERM);
	errno = 0;
	ck_assert(chroot("/") == -1 && errno == EPERM);
	errno = 0;
	ck_assert(clock_settime(CLOCK_REALTIME, &now) == -1 &&
	    errno == EPERM);
}
END_TEST

START_TEST(mail_goes_on)
{
	char name[] = "/tmp/sandbox_test.XXXXXX";
	int fd;

	enter();
	ck_assert_int_ne(fd = mkstemp(name), -1);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_int_eq(fdatasync(fd), 0);
	ck_assert_int_eq(rename(name, name), 0);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_ne(socket(AF_INET, SOCK_STREAM, 0), -1);
	ck_assert_int_ne(socket(AF_UNIX, SOCK_DGRAM, 0), -1);
	ck_assert_ptr_nonnull(getpwuid(0));
	ck_assert_int_eq(seteuid(geteuid()), 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("sandbox");

	tcase_add_test(tc, no_program_can_be_executed);
	tcase_add_test(tc, the_system_is_out_of_reach);
	tcase_add_test(tc, mail_goes_on);
	return unit_run("sandbox", tc);
}
