/*
 * confine.c - where a role may change files, by Landlock
 *
 * Only changes are confined. What a role reads besides its queue files is the
 * administrator's to choose (tables, certificates) or the C library's (DNS,
 * users, time zones), and nobody could list it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/log.h"

/* Without it (ABI 1), no file could go from one queue to another. */
#define ABI_RENAMES	2
#define ABI_TRUNCATES	3

/* Headers may be older than the kernel. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER	(1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE	(1ULL << 14)
#endif

#define WRITE_RIGHTS	(LANDLOCK_ACCESS_FS_WRITE_FILE | \
			LANDLOCK_ACCESS_FS_TRUNCATE)
#define CHANGE_RIGHTS	(WRITE_RIGHTS | LANDLOCK_ACCESS_FS_REFER | \
			LANDLOCK_ACCESS_FS_MAKE_REG | \
			LANDLOCK_ACCESS_FS_MAKE_DIR | \
			LANDLOCK_ACCESS_FS_REMOVE_FILE | \
			LANDLOCK_ACCESS_FS_REMOVE_DIR)
/* Refused everywhere, since no rule gives it. */
#define NEVER_RIGHTS	(LANDLOCK_ACCESS_FS_MAKE_CHAR | \
			LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
			LANDLOCK_ACCESS_FS_MAKE_FIFO | \
			LANDLOCK_ACCESS_FS_MAKE_SOCK | \
			LANDLOCK_ACCESS_FS_MAKE_SYM)

/* The C library has no names for these calls. */
static int
create_ruleset(const struct landlock_ruleset_attr *attr, size_t size,
    unsigned flags)
{
	return (int)syscall(SYS_landlock_create_ruleset, attr, size, flags);
}

static int
add_rule(int ruleset, const struct landlock_path_beneath_attr *attr)
{
	return (int)syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, attr, 0);
}

/* 0, also for what is not there or out of reach; -1 with errno. */
static int
allow(int ruleset, const struct confine_path *p, __u64 handled)
{
	struct landlock_path_beneath_attr attr = {
		.allowed_access = (p->right == CONFINE_CHANGE ? CHANGE_RIGHTS :
		    WRITE_RIGHTS) & handled
	};
	struct stat st;
	int rc, saved;

	attr.parent_fd = open(p->path, O_PATH | O_CLOEXEC);
	if (attr.parent_fd == -1)
		return errno == ENOENT || errno == ENOTDIR ||
		    errno == EACCES ? 0 : -1;
	if ((rc = fstat(attr.parent_fd, &st)) == 0) {
		if (!S_ISDIR(st.st_mode))
			attr.allowed_access &= WRITE_RIGHTS;
		rc = add_rule(ruleset, &attr);
	}
	/* A pipe behind a name (/dev/stdout) is in no tree, and never confined. */
	if (rc == -1 && errno == EBADFD)
		rc = 0;
	saved = errno;
	close(attr.parent_fd);
	errno = saved;
	return rc;
}

bool
confine(const struct confine_path *paths, size_t count)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = CHANGE_RIGHTS | NEVER_RIGHTS
	};
	int abi, ruleset, rc = 0;
	size_t i;

	abi = create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < ABI_RENAMES) {
		log_debug("files are not confined: %s", abi == -1 ?
		    strerror(errno) : "this kernel's Landlock is too old");
		return false;
	}
	if (abi < ABI_TRUNCATES)
		attr.handled_access_fs &= ~(__u64)LANDLOCK_ACCESS_FS_TRUNCATE;
	ruleset = create_ruleset(&attr, sizeof(attr.handled_access_fs), 0);
	if (ruleset == -1)
		rc = -1;
	for (i = 0; i < count && rc == 0; i++)
		if ((rc = allow(ruleset, &paths[i],
		    attr.handled_access_fs)) == -1)
			log_warning("files are not confined: %s: %s",
			    paths[i].path, strerror(errno));
	if (rc == 0 && (rc = (int)syscall(SYS_landlock_restrict_self, ruleset,
	    0)) == -1)
		log_warning("files are not confined: %s", strerror(errno));
	if (ruleset != -1)
		close(ruleset);
	return rc == 0;
}
