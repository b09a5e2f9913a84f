/*
 * queue_enter.c - go to the queue directory, with no more rights than its owner
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_enter.h"

#include <grp.h>
#include <unistd.h>

#include "lib/base/account.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"

int
queue_enter(struct err *err)
{
	if (chdir(params.queue_directory) == -1)
		return err_sys(err, "chdir %s", params.queue_directory);
	return 0;
}

int
queue_become_owner(struct err *err)
{
	struct passwd *pw;

	if (geteuid() != 0)
		return 0;
	if ((pw = account_named(params.mail_owner)) == NULL)
		return err_set(err, ERR_CONFIG, "unknown mail_owner: %s",
		    params.mail_owner);
	if (pw->pw_uid == 0)
		return 0;
	if (initgroups(pw->pw_name, pw->pw_gid) == -1 ||
	    setgid(pw->pw_gid) == -1 || setuid(pw->pw_uid) == -1)
		return err_sys(err, "become %s", pw->pw_name);
	if (setuid(0) == 0)
		return err_set(err, ERR_DENIED,
		    "root rights came back after becoming %s", pw->pw_name);
	return 0;
}
