/*
 * sandbox.h - what a role that talks to strangers can no longer ask of the kernel
 */
#ifndef DAEMON_SERVE_SANDBOX_H
#define DAEMON_SERVE_SANDBOX_H

/*
 * sandbox_enter - no new privileges, no other programs, no system calls that
 * only administration and debuggers need; for good, and for all children
 *
 * Such a call fails with EPERM. A kernel that knows no seccomp filters leaves
 * the process with no new privileges alone, which is logged when verbose.
 */
void	sandbox_enter(void);

#endif
