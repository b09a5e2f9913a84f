/*
 * sanitizer.c - what sanitizers do in a program of a SAN build
 *
 * Linked into every program of such a build, and into no other. A daemon has
 * no standard error that anybody reads, may change files hardly anywhere, and
 * gets an environment with next to nothing in it: so the file for reports,
 * SAN_REPORTS, is named when the program is built and opened before main. Who
 * runs programs creates it (t/exec.sh does); where it is missing, reports
 * go to standard error.
 *
 * SPDX-License-Identifier: ISC
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>

/*
 * Above what tests count. gcc's libraries for addresses and for undefined behaviour
 * have each a state of their own, and the second, when it has something to
 * say for the first time, closes what the first one has.
 */
#define REPORT_FD	1000u
#define REPORT_FDS	2u

const char	*__ubsan_default_options(void);

/*
 * Thread-local data of libraries that are loaded later is not followed: with
 * those of LDAP gcc's search for leaks falls over its own records of them.
 */
const char *
__asan_default_options(void)
{
	return "strict_string_checks=1:print_suppressions=0:"
	    "intercept_tls_get_addr=0";
}

/* What libraries lose or never give back: TLS of LDAP, a login there, screens. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libldap\nleak:libdigestmd5\nleak:libtinfo\n";
}

const char *
__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

/*
 * Leaks are looked for by a thread that traces its own process, which takes that
 * all its user and group IDs agree, and that reads /proc/self. A sandboxed role
 * may not do the one, one that changed its root cannot do the other: it would end
 * with a failure of the search.
 */
int
__lsan_is_turned_off(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();

	return prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER ||
	    access("/proc/self/maps", R_OK) == -1 ||
	    setresuid(uid, uid, uid) == -1 || setresgid(gid, gid, gid) == -1;
}

/*
 * A command ends with what it holds: main returns, and what its frames and those
 * of its helpers pointed to is no leak. So main runs below a gap that
 * what comes after it does not reach the end of, and what it leaves there counts.
 */
#define GAP_BYTES	(64 * 1024)
#define FRAMES_BYTES	(64 * 1024)

#pragma weak __lsan_register_root_region	/* SAN=undefined knows no leaks */

int	__real_main(int argc, char **argv, char **envp);
int	__wrap_main(int argc, char **argv, char **envp);

__attribute__((noinline, no_sanitize("address"))) int
__wrap_main(int argc, char **argv, char **envp)
{
	volatile char gap[GAP_BYTES];
	uintptr_t frames = (uintptr_t)gap - FRAMES_BYTES;
	int status;

	gap[0] = 0;
	if (__lsan_register_root_region != NULL)
		__lsan_register_root_region((const void *)frames,
		    FRAMES_BYTES);
	status = __real_main(argc, argv, envp);
	gap[1] = 0;
	return status;
}

/* A program that closes all it knows nothing of keeps these. */
int
close_range(unsigned int first, unsigned int last, int flags)
{
	if (first < REPORT_FD && syscall(SYS_close_range, first,
	    last < REPORT_FD ? last : REPORT_FD - 1, flags) == -1)
		return -1;
	if (first < REPORT_FD + REPORT_FDS)
		first = REPORT_FD + REPORT_FDS;
	return last < first ? 0 :
	    (int)syscall(SYS_close_range, first, last, flags);
}

static void	(*set_of_ubsan)(void *fd);

/* Also in a process that is forked: it would open a file of its own. */
static void
set_reports(void)
{
	__sanitizer_set_report_fd((void *)(intptr_t)REPORT_FD);
	if (set_of_ubsan != NULL)
		set_of_ubsan((void *)(intptr_t)(REPORT_FD + 1));
}

__attribute__((constructor)) static void
open_reports(void)
{
	int low = open(SAN_REPORTS, O_WRONLY | O_APPEND | O_CLOEXEC);
	void *ubsan = dlopen("libubsan.so.1", RTLD_LAZY | RTLD_NOLOAD);

	if (low == -1)
		return;
	if (ubsan != NULL)
		*(void **)&set_of_ubsan =
		    dlsym(ubsan, "__sanitizer_set_report_fd");
	if (dup3(low, REPORT_FD, O_CLOEXEC) != -1 &&
	    dup3(low, REPORT_FD + 1, O_CLOEXEC) != -1) {
		set_reports();
		pthread_atfork(NULL, NULL, set_reports);
	}
	close(low);
}
