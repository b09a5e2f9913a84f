/*
 * kill-at.c - kill a program before its Nth system call that may change something
 *
 *	kill-at N command [argument ...]
 *
 * Exits 137 when it was killed, else with the command's status: then N is
 * beyond its last such call. N 0 never kills, and prints how many there were.
 * Calls that only look (read, stat, mmap, ...) do not count: being killed
 * there leaves what the call before left.
 *
 * The kernel asks us at each call (seccomp, user notification), so this works
 * for any program, without tracing it. Exits 125 where the kernel has no such
 * thing, or does not allow it.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANNOT	125

static const int lookers[] = {
	SYS_read, SYS_pread64, SYS_readv, SYS_lseek, SYS_fstat, SYS_newfstatat,
	SYS_statx, SYS_faccessat, SYS_faccessat2, SYS_readlinkat,
	SYS_getdents64, SYS_statfs, SYS_fstatfs, SYS_mmap, SYS_munmap,
	SYS_mprotect, SYS_mremap, SYS_madvise, SYS_brk, SYS_close, SYS_dup,
	SYS_dup3, SYS_fcntl, SYS_ioctl, SYS_ppoll, SYS_getcwd, SYS_uname,
	SYS_sysinfo, SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid,
	SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getgroups, SYS_getrandom,
	SYS_clock_gettime, SYS_clock_nanosleep, SYS_nanosleep,
	SYS_gettimeofday, SYS_prlimit64, SYS_futex, SYS_rt_sigaction,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
	SYS_set_tid_address, SYS_set_robust_list, SYS_rseq, SYS_clone,
	SYS_clone3, SYS_exit, SYS_exit_group, SYS_execve, SYS_sendmsg,
	SYS_sched_getaffinity, SYS_sched_yield,
#ifdef __x86_64__
	SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_poll,
	SYS_arch_prctl, SYS_dup2,
#endif
};
#define LOOKERS	(sizeof(lookers) / sizeof(lookers[0]))

static void
fail(const char *what)
{
	fprintf(stderr, "kill-at: %s: %s\n", what, strerror(errno));
	_exit(CANNOT);
}

/* Ask the listener for everything but the lookers; the listener's descriptor. */
static int
install(void)
{
	struct sock_filter code[2 * LOOKERS + 2];
	struct sock_fprog prog = { 0, code };
	size_t i, n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, nr));
	for (i = 0; i < LOOKERS; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ |
		    BPF_K, (unsigned)lookers[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		    SECCOMP_RET_ALLOW);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_USER_NOTIF);
	prog.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

static void
run(int to_parent, char **argv)
{
	char byte = 0, room[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fd;

	setpgid(0, 0);
	fd = install();

	if (fd == -1)
		fail("seccomp");
	memset(room, 0, sizeof(room));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(to_parent, &msg, 0) != 1)
		fail("sendmsg");
	close(fd);
	close(to_parent);
	execvp(argv[0], argv);
	fail(argv[0]);
}

static int
receive(int from_child)
{
	char byte, room[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = room, .msg_controllen = sizeof(room) };
	int fd = -1;

	if (recvmsg(from_child, &msg, 0) == 1 && CMSG_FIRSTHDR(&msg) != NULL)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* Let calls through and count them; kill before the limit-th. */
static long
watch(int listener, pid_t child, long limit)
{
	struct pollfd pfd = { listener, POLLIN, 0 };
	struct seccomp_notif req;
	struct seccomp_notif_resp resp;
	long count = 0;

	for (;;) {
		if (poll(&pfd, 1, -1) == -1 && errno != EINTR)
			fail("poll");
		if ((pfd.revents & POLLIN) == 0) {
			if (pfd.revents != 0)
				return count;	/* the last process is gone */
			continue;
		}
		memset(&req, 0, sizeof(req));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) == -1)
			continue;
		if (++count == limit)
			kill(-child, SIGKILL);	/* with what it started */
		memset(&resp, 0, sizeof(resp));
		resp.id = req.id;
		resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		/* One that is dead by now cannot be let through. */
		if (count != limit)
			ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
}

int
main(int argc, char **argv)
{
	int pair[2], listener, status;
	long limit, count;
	pid_t child;

	if (argc < 3) {
		fprintf(stderr, "usage: kill-at N command [argument ...]\n");
		return CANNOT;
	}
	limit = atol(argv[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		fail("socketpair");
	if ((child = fork()) == -1)
		fail("fork");
	if (child == 0) {
		close(pair[0]);
		run(pair[1], argv + 2);
	}
	close(pair[1]);
	if ((listener = receive(pair[0])) == -1) {
		waitpid(child, NULL, 0);
		return CANNOT;
	}
	close(pair[0]);
	count = watch(listener, child, limit);
	if (waitpid(child, &status, 0) == -1)
		fail("waitpid");
	if (limit == 0)
		fprintf(stderr, "%ld\n", count);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}
