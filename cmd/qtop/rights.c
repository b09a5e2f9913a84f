/*
 * rights.c - queue files are read with their owner's rights
 *
 * libc's setuid changes all threads; the system call changes one, which is
 * what is wanted here. A bug in reading a hostile file then has no root at
 * hand, and files made while acting belong to whom they should.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/rights.h"

#include <grp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/account.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"

#define GROUPS_MAX	64

static struct {
	uid_t		 uid;
	gid_t		 gid, groups[GROUPS_MAX];
	int		 count;
} owner;

int
rights_prepare(const char *dir, struct err *err)
{
	struct passwd *pw;
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (dir != NULL) {
		if (stat(dir, &st) == -1)
			return err_sys(err, "%s", dir);
		owner.uid = st.st_uid;
		owner.gid = owner.groups[0] = st.st_gid;
		owner.count = 1;
		return 0;
	}
	if ((pw = account_named(params.mail_owner)) == NULL)
		return err_set(err, ERR_CONFIG, "unknown mail_owner: %s",
		    params.mail_owner);
	owner.uid = pw->pw_uid;
	owner.gid = pw->pw_gid;
	owner.count = GROUPS_MAX;
	if (getgrouplist(pw->pw_name, pw->pw_gid, owner.groups,
	    &owner.count) == -1) {
		owner.groups[0] = pw->pw_gid;
		owner.count = 1;
	}
	return 0;
}

int
rights_become_owner(struct err *err)
{
	if (owner.uid == 0)
		return 0;
	if (syscall(SYS_setgroups, owner.count, owner.groups) == -1 ||
	    syscall(SYS_setresgid, owner.gid, owner.gid, owner.gid) == -1 ||
	    syscall(SYS_setresuid, owner.uid, owner.uid, owner.uid) == -1)
		return err_sys(err, "become %s", params.mail_owner);
	return 0;
}
