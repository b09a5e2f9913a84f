/*
 * index_tmp.c - the temporary file of a build, and how it gets its name
 *
 * The file is opened, locked, and only then compared with its name: whoever
 * waited for the lock may hold an inode that the winner has renamed away, and
 * starts over. A file that a crashed build left is used again.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/index_tmp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/table/index.h"

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static int
open_dir_of(const char *path)
{
	const char *base = base_name(path);
	char *dir = base == path ? xstrdup(".") :
	    xstrndup(path, (size_t)(base - path));
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	free(dir);
	return fd;
}

/* Where nobody but root can make, rename or remove a name. */
static bool
is_roots_alone(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && st.st_uid == 0 &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The index is the user's; when there is none yet, the source beside it is. */
static bool
is_users_place(int dir, const char *index, const char *source)
{
	struct stat st;

	if (fstatat(dir, base_name(index), &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    (errno != ENOENT || fstatat(dir, base_name(source), &st,
	    AT_SYMLINK_NOFOLLOW) == -1))
		return false;
	return S_ISREG(st.st_mode) && st.st_uid == geteuid();
}

/*
 * Where root acts for the user, b->root_dir becomes that directory. Otherwise
 * our rights must do: a file that a crash left can be opened where it cannot
 * be renamed.
 */
static int
find_rights(struct index_build *b, const char *source, struct err *err)
{
	int dir = open_dir_of(b->path), rc = 0;

	if (dir == -1)
		return err_sys(err, "open database %s", b->tmp);
	if (getuid() == 0 && geteuid() != 0 && is_roots_alone(dir) &&
	    is_users_place(dir, b->path, source)) {
		b->root_dir = dir;
		return 0;
	}
	if (faccessat(dir, ".", W_OK, AT_EACCESS) == -1)
		rc = err_sys(err, "open database %s", b->tmp);
	close(dir);
	return rc;
}

/* Root's rights for one step, where they are needed; the way back must not fail. */
static uid_t
rights_begin(const struct index_build *b)
{
	uid_t user = geteuid();

	if (b->root_dir != AT_FDCWD && seteuid(0) == -1)
		log_panic("cannot regain root rights: %s", strerror(errno));
	return user;
}

static void
rights_end(uid_t user)
{
	int saved = errno;

	if (geteuid() != user && seteuid(user) == -1)
		log_panic("cannot drop root rights: %s", strerror(errno));
	errno = saved;
}

/* A name as the rights of the moment see it: in root's directory, or a path. */
static const char *
name_in(const struct index_build *b, const char *path)
{
	return b->root_dir != AT_FDCWD ? base_name(path) : path;
}

static int
open_file(const struct index_build *b)
{
	uid_t user = rights_begin(b);
	int fd = openat(b->root_dir, name_in(b, b->tmp),
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	rights_end(user);
	return fd;
}

static int
unlink_file(const struct index_build *b)
{
	uid_t user = rights_begin(b);
	int rc = unlinkat(b->root_dir, name_in(b, b->tmp), 0);

	rights_end(user);
	return rc;
}

static int
chown_file(const struct index_build *b, int fd, uid_t uid, gid_t gid)
{
	uid_t user = rights_begin(b);
	int rc = fchown(fd, uid, gid);

	rights_end(user);
	return rc;
}

/* Is what we hold still found by its name? */
static bool
has_name(const struct index_build *b, const struct stat *st)
{
	struct stat named;

	return st->st_nlink > 0 && fstatat(b->root_dir, name_in(b, b->tmp),
	    &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_dev == st->st_dev && named.st_ino == st->st_ino;
}

/*
 * Empty a locked file and make it ours. What root has just made, or left, is
 * handed over. A file that somebody else made is not used: he may hold it
 * open. With its lock in our hands no build is at work on it, so it can go
 * away.
 *
 * Returns 1, 0 to start over, -1 with err.
 */
static int
make_ours(const struct index_build *b, int fd, const struct stat *st,
    struct err *err)
{
	bool is_handed = b->root_dir != AT_FDCWD && st->st_uid == 0;

	if (st->st_uid != geteuid() && !is_handed) {
		if (unlink_file(b) == 0)
			return 0;
		return err_sys(err, "remove %s, which user %ld owns", b->tmp,
		    (long)st->st_uid);
	}
	if (ftruncate(fd, 0) == -1 ||
	    (is_handed && chown_file(b, fd, geteuid(), getegid()) == -1) ||
	    fchmod(fd, 0600) == -1)		/* until it is complete */
		return err_sys(err, "truncate %s", b->tmp);
	return 1;
}

static int
open_ours(struct index_build *b, struct err *err)
{
	struct stat st;
	int fd, rc = 0;

	do {
		if ((fd = open_file(b)) == -1)
			return err_sys(err, "open database %s", b->tmp);
		if (file_lock(fd, LOCK_EX) == -1 || fstat(fd, &st) == -1)
			rc = err_sys(err, "lock %s", b->tmp);
		else if (!S_ISREG(st.st_mode))
			rc = err_set(err, ERR_DENIED,
			    "open database %s: not a regular file", b->tmp);
		else if (has_name(b, &st))
			rc = make_ours(b, fd, &st, err);
		if (rc != 1)
			close(fd);
	} while (rc == 0);
	return rc == 1 ? fd : -1;
}

int
index_tmp_open(struct index_build *b, const char *source, struct err *err)
{
	if (find_rights(b, source, err) == -1)
		return -1;
	b->fd = open_ours(b, err);
	return b->fd == -1 ? -1 : 0;
}

int
index_tmp_set_owner(struct index_build *b, struct err *err)
{
	struct stat old;
	uid_t uid;

	/* Only root can give files away; others simply own what they make. */
	if (b->root_dir == AT_FDCWD && geteuid() != 0)
		return 0;
	if (fstatat(b->root_dir, name_in(b, b->path), &old, 0) == -1)
		return errno == ENOENT ? 0 :
		    err_sys(err, "status of %s", b->path);
	/* What is made for a user stays his, whatever stands there. */
	uid = b->root_dir == AT_FDCWD ? old.st_uid : geteuid();
	if (chown_file(b, b->fd, uid, old.st_gid) == 0)
		return 0;
	return err_sys(err, "change owner of %s", b->tmp);
}

int
index_tmp_rename(struct index_build *b, struct err *err)
{
	uid_t user = rights_begin(b);
	int rc = renameat(b->root_dir, name_in(b, b->tmp), b->root_dir,
	    name_in(b, b->path));

	rights_end(user);
	return rc == 0 ? 0 : err_sys(err, "rename database from %s to %s",
	    b->tmp, b->path);
}

void
index_tmp_done(struct index_build *b)
{
	if (b->fd != -1 && b->tmp != NULL)
		unlink_file(b);
	if (b->root_dir != AT_FDCWD)
		close(b->root_dir);
}
