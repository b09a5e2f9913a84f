/*
 * file.c - files: whole reads and writes, locks, safe opens
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define READ_CHUNK	65536

int
file_read_fd(int fd, struct buf *out, size_t max, struct err *err)
{
	size_t total = 0, want;
	struct stat st;
	ssize_t n;

	want = fstat(fd, &st) == 0 && st.st_size < READ_CHUNK ?
	    (size_t)st.st_size + 1 : READ_CHUNK;
	for (;; want = READ_CHUNK) {
		buf_reserve(out, want);
		n = read(fd, out->ptr + out->len, want);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(err, "read");
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		out->ptr[out->len] = '\0';
		total += (size_t)n;
		if (total > max)
			return err_set(err, ERR_LIMIT,
			    "more than %zu bytes", max);
	}
}

int
file_read(const char *path, struct buf *out, size_t max, struct err *err)
{
	int fd, rc;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return err_sys(err, "open %s", path);
	if ((rc = file_read_fd(fd, out, max, err)) == -1)
		err_prefix(err, "%s: ", path);
	close(fd);
	return rc;
}

int
file_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
file_pwrite_all(int fd, const void *data, size_t len, off_t at)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = pwrite(fd, p, len, at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int
file_pread_all(int fd, void *data, size_t len, off_t at)
{
	char *p = data;
	ssize_t n;

	while (len > 0) {
		n = pread(fd, p, len, at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		p += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int
file_lock(int fd, int how)
{
	int rc;

	while ((rc = flock(fd, how)) == -1 && errno == EINTR)
		;
	return rc;
}

int
file_open_log(const char *path, mode_t mode, int flags)
{
	int fd, why;

	flags |= O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY;
	/* Two that make it at once: one does, and the other finds it. */
	fd = open(path, flags | O_CREAT | O_EXCL, 0600);
	if (fd == -1 && errno == EEXIST)
		return open(path, flags | O_CREAT, mode);	/* a link, too, to where nothing is */
	if (fd != -1 && fchmod(fd, mode) == -1) {
		why = errno;
		close(fd);
		errno = why;
		return -1;
	}
	return fd;
}

int
file_safe_open(int dirfd, const char *path, int flags, struct stat *st,
    struct err *err)
{
	struct stat by_name;
	int fd;

	fd = openat(dirfd, path, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
	if (fd == -1 && errno == ELOOP)
		return err_set(err, ERR_DENIED, "file is a symbolic link");
	if (fd == -1)
		return err_sys(err, "open %s", path);
	if (fstat(fd, st) == -1) {
		err_sys(err, "fstat %s", path);
	} else if (S_ISDIR(st->st_mode)) {
		err_set(err, ERR_DENIED, "file is a directory");
	} else if (st->st_nlink != 1) {
		err_set(err, ERR_DENIED, "file has %ld hard links",
		    (long)st->st_nlink);
	} else if (fstatat(dirfd, path, &by_name, AT_SYMLINK_NOFOLLOW) == -1) {
		err_sys(err, "status of %s", path);
	} else if (by_name.st_dev != st->st_dev ||
	    by_name.st_ino != st->st_ino || by_name.st_nlink != 1 ||
	    by_name.st_mode != st->st_mode) {
		err_set(err, ERR_DENIED, "file status changed unexpectedly");
	} else {
		return fd;
	}
	close(fd);
	return -1;
}

int
file_sync_dir(const char *dir, struct err *err)
{
	int rc = 0, fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1 || fsync(fd) == -1)
		rc = err_sys(err, "flush directory %s", dir);
	if (fd != -1)
		close(fd);
	return rc;
}

int
file_sync_parent(const char *path, struct err *err)
{
	char *dir = xstrdup(path), *slash = strrchr(dir, '/');
	int rc;

	if (slash != NULL)
		slash[slash == dir] = '\0';
	rc = file_sync_dir(slash != NULL ? dir : ".", err);
	free(dir);
	return rc;
}

static int
replace(const char *path, const void *data, size_t len, mode_t mode,
    uid_t uid, gid_t gid, bool flushes, struct err *err)
{
	struct buf tmp = BUF_INIT;
	int fd, rc = -1;

	buf_setf(&tmp, "%s.XXXXXX", path);
	if ((fd = mkostemp(tmp.ptr, O_CLOEXEC)) == -1) {
		err_sys(err, "create file %s", tmp.ptr);
		buf_done(&tmp);
		return -1;
	}
	if (file_write_all(fd, data, len) == -1 ||
	    ((uid != (uid_t)-1 || gid != (gid_t)-1) &&
	    fchown(fd, uid, gid) == -1) ||
	    fchmod(fd, mode) == -1 || (flushes && fsync(fd) == -1))
		err_sys(err, "write file %s", tmp.ptr);
	else if (rename(tmp.ptr, path) == -1)
		err_sys(err, "rename %s to %s", tmp.ptr, path);
	else
		rc = flushes ? file_sync_parent(path, err) : 0;
	if (close(fd) == -1 && rc == 0)
		rc = err_sys(err, "close %s", path);
	if (rc == -1)
		unlink(tmp.ptr);
	buf_done(&tmp);
	return rc;
}

int
file_replace(const char *path, const void *data, size_t len, mode_t mode,
    uid_t uid, gid_t gid, struct err *err)
{
	return replace(path, data, len, mode, uid, gid, true, err);
}

int
file_replace_unflushed(const char *path, const void *data, size_t len,
    mode_t mode, struct err *err)
{
	return replace(path, data, len, mode, (uid_t)-1, (gid_t)-1, false,
	    err);
}

int
file_mkdirs(const char *path, mode_t mode, struct err *err)
{
	char *copy = xstrdup(path), *p;
	int rc = 0;

	/* At each slash behind a name, then the whole. */
	for (p = copy; p != NULL && rc == 0;) {
		p += strspn(p, "/");
		p = strchr(p, '/');
		if (p != NULL)
			*p = '\0';
		if (mkdir(copy, mode) == -1 && errno != EEXIST)
			rc = err_sys(err, "mkdir %s", copy);
		if (p != NULL)
			*p = '/';
	}
	free(copy);
	return rc;
}
