/*
 * forbid.h - from here on a system call fails in this process
 *
 *	forbid_call(SCMP_SYS(fsync), EIO);	a disk that is failing
 *	forbid_call(SCMP_SYS(linkat), EPERM);	no file without a name gets one
 *
 * A test of libcheck is a process of its own, so nothing has to be undone.
 */
#ifndef T_UNIT_FORBID_H
#define T_UNIT_FORBID_H

#include <check.h>
#include <errno.h>
#include <seccomp.h>

static inline void
forbid_call(int call, int why)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	ck_assert_ptr_nonnull(filter);
	ck_assert_int_eq(seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)why),
	    call, 0), 0);
	ck_assert_int_eq(seccomp_load(filter), 0);
	seccomp_release(filter);
}

#endif
