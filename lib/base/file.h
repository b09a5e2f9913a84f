/*
 * file.h - files: whole reads and writes, locks, safe opens
 */
#ifndef LIB_BASE_FILE_H
#define LIB_BASE_FILE_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct buf;
struct err;

/* file_read_fd - append all of fd to out, at most max bytes (ERR_LIMIT) */
int	file_read_fd(int fd, struct buf *out, size_t max, struct err *err);
/* file_read - the same for a path */
int	file_read(const char *path, struct buf *out, size_t max,
	    struct err *err);
/* file_write_all - write all bytes, going on after EINTR and short writes; 0, or -1 with errno */
int	file_write_all(int fd, const void *data, size_t len);
/* file_pwrite_all - the same at an offset; the descriptor's own is left alone */
int	file_pwrite_all(int fd, const void *data, size_t len, off_t at);
/* file_pread_all - read len bytes at an offset; -1 with errno, EIO where the file ends before */
int	file_pread_all(int fd, void *data, size_t len, off_t at);

/*
 * file_lock - flock(2), the lock that Postfix takes on queue files, logs,
 * tables and pid files (fcntl locks are another world on Linux)
 *
 * how		LOCK_SH or LOCK_EX, with LOCK_NB not to wait
 *
 * Returns 0, or -1 with errno EWOULDBLOCK when somebody else has it.
 */
int	file_lock(int fd, int how);

/*
 * file_safe_open - open an existing file that must be exactly what its name says
 *
 * One link, no symbolic link, and the same device, inode, links and mode by
 * name after the open (spec/queue-format.md 12.1).
 *
 * flags	of open(2); no symbolic link is followed, and it is close-on-exec
 * st		out: what the descriptor is
 *
 * Returns a descriptor, or -1 with ERR_SYSTEM or ERR_DENIED.
 */
int	file_safe_open(int dirfd, const char *path, int flags, struct stat *st,
	    struct err *err);

/*
 * file_open_log - open a file to append to, and make it when it is not there
 *
 * mode		of a new file, whatever umask says
 * flags	more of them for open(2)
 *
 * Returns a descriptor, close-on-exec, or -1 with errno.
 */
int	file_open_log(const char *path, mode_t mode, int flags);

/*
 * file_replace - write a file beside path and rename it over path
 *
 * mode		of the new file; owner and group as given, (uid_t)-1 to leave
 *
 * The file and its directory are flushed before this returns 0.
 */
int	file_replace(const char *path, const void *data, size_t len,
	    mode_t mode, uid_t uid, gid_t gid, struct err *err);
/* file_replace_unflushed - the same for what may be lost when the machine stops */
int	file_replace_unflushed(const char *path, const void *data, size_t len,
	    mode_t mode, struct err *err);

/*
 * file_sync_dir, file_sync_parent - flush a directory, or the one that holds
 * path, so that names made, changed or removed there stay so
 */
int	file_sync_dir(const char *dir, struct err *err);
int	file_sync_parent(const char *path, struct err *err);

/* file_mkdirs - mkdir -p, mode (less umask) for what is made; 0, or -1 with ERR_SYSTEM */
int	file_mkdirs(const char *path, mode_t mode, struct err *err);

#endif
