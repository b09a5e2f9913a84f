/*
 * account.c - users and groups, also where nobody has given us a name
 *
 * The system's answer comes first; ours only fills in for what it lacks.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/account.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char nothing[] = "";

/* The caller's record, for which there is none. */
static struct passwd *
own_account(void)
{
	static char name[24], shell[] = "/bin/sh", root[] = "/";
	static struct passwd pw;
	char *home = getenv("HOME");

	snprintf(name, sizeof(name), "%lu", (unsigned long)geteuid());
	pw = (struct passwd){ .pw_name = name, .pw_passwd = nothing,
	    .pw_uid = geteuid(), .pw_gid = getegid(), .pw_gecos = nothing,
	    .pw_dir = home != NULL && home[0] == '/' ? home : root,
	    .pw_shell = shell };
	return &pw;
}

static struct group *
own_group(void)
{
	static char name[24];
	static char *members[] = { NULL };
	static struct group gr;

	snprintf(name, sizeof(name), "%lu", (unsigned long)getegid());
	gr = (struct group){ .gr_name = name, .gr_passwd = nothing,
	    .gr_gid = getegid(), .gr_mem = members };
	return &gr;
}

struct passwd *
account_of(uid_t uid)
{
	struct passwd *pw = getpwuid(uid);

	if (pw != NULL || uid == 0 || uid != geteuid())
		return pw;
	return own_account();
}

struct passwd *
account_named(const char *name)
{
	struct passwd *pw = getpwnam(name), *own;

	if (pw != NULL || geteuid() == 0 || name[0] < '0' || name[0] > '9')
		return pw;
	own = own_account();
	return strcmp(name, own->pw_name) == 0 && getpwuid(geteuid()) == NULL ?
	    own : NULL;
}

struct group *
account_group_of(gid_t gid)
{
	struct group *gr = getgrgid(gid);

	if (gr != NULL || geteuid() == 0 || gid != getegid())
		return gr;
	return own_group();
}

struct group *
account_group_named(const char *name)
{
	struct group *gr = getgrnam(name), *own;

	if (gr != NULL || geteuid() == 0 || name[0] < '0' || name[0] > '9')
		return gr;
	own = own_group();
	return strcmp(name, own->gr_name) == 0 && getgrgid(getegid()) == NULL ?
	    own : NULL;
}
