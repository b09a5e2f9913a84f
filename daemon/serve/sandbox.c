/*
 * sandbox.c - what a role that talks to strangers can no longer ask of the kernel
 *
 * The list names what no mail system does, not what ours does today: tables
 * come with client libraries of their own, and must go on working. Foremost
 * is execve: who takes a role over finds no shell.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>

#include "lib/base/log.h"

static const int refused[] = {
	/* other programs, other processes */
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp), SCMP_SYS(personality),
	/* other views of the system */
	SCMP_SYS(chroot), SCMP_SYS(pivot_root), SCMP_SYS(unshare),
	SCMP_SYS(setns), SCMP_SYS(mount), SCMP_SYS(umount2),
	SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen),
	SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(mount_setattr),
	SCMP_SYS(open_by_handle_at),
	/* the system itself */
	SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon),
	SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(quotactl),
	SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
	SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(iopl),
	SCMP_SYS(ioperm), SCMP_SYS(syslog),
	/* parts of the kernel where holes were found, and that mail does not need */
	SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup)
};

void
sandbox_enter(void)
{
	scmp_filter_ctx filter;
	int rc = -ENOMEM;
	size_t i;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if ((filter = seccomp_init(SCMP_ACT_ALLOW)) != NULL) {
		for (i = 0, rc = 0; i < sizeof(refused) / sizeof(refused[0]) &&
		    rc == 0; i++)
			rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
			    refused[i], 0);
		if (rc == 0)
			rc = seccomp_load(filter);
		seccomp_release(filter);
	}
	if (rc < 0)
		log_debug("no system call filter: %s", strerror(-rc));
}
