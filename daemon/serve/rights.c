/*
 * rights.c - work as a user for a while, and come back
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/rights.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"

void
rights_become(uid_t uid, gid_t gid)
{
	if (getuid() != 0)
		return;
	if (geteuid() != 0)
		rights_restore();
	log_connect();
	if (setgroups(1, &gid) == -1 || setegid(gid) == -1 ||
	    seteuid(uid) == -1)
		log_fatal("become uid %ld gid %ld: %s", (long)uid, (long)gid,
		    strerror(errno));
}

void
rights_restore(void)
{
	gid_t none = 0;

	if (getuid() != 0)
		return;
	if (seteuid(0) == -1 || setegid(0) == -1 || setgroups(1, &none) == -1)
		log_fatal("become root again: %s", strerror(errno));
}

bool
rights_drop(uid_t uid, gid_t gid)
{
	if (getuid() != 0)
		return true;
	return setgroups(1, &gid) == 0 && setgid(gid) == 0 &&
	    setuid(uid) == 0;
}
