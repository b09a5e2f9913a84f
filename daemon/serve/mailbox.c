/*
 * mailbox.c - put a message into an mbox file or a maildir
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/serve/agent.h"
#include "daemon/serve/message_copy.h"
#include "daemon/serve/rights.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/mail/mbox_lock.h"

/* ---- outcomes ---- */

/* Trouble of this machine passes; a file that cannot be written does not. */
static const char *
status_of(int errnum)
{
	switch (errnum) {
	case EDQUOT:
	case EFBIG:
		return "5.2.2";
	case ENOSPC:
		return "4.3.0";
	case EAGAIN:
	case EINTR:
	case EIO:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EROFS:	/* a disk failed: nobody's mail is to bounce for that */
	case ESTALE:
	case ETIMEDOUT:
		return "4.2.0";
	default:
		return "5.2.0";
	}
}

static void
not_written(const struct mailbox *m, int errnum, struct delivery *d)
{
	delivery_set(d, status_of(errnum), "%serror writing message: %s",
	    m->failure, strerror(errnum));
}

static void
not_opened(const struct mailbox *m, const struct err *why, struct delivery *d)
{
	const char *status = why->kind == ERR_RETRY || m->may_be_mended ?
	    "4.2.0" : status_of(why->errnum);

	delivery_set(d, status, "%s%s", m->failure, why->text);
}

/* ---- mbox ---- */

static void
append(struct agent_request *rq, const struct mailbox *m,
    const struct message_copy *how, int fd, const struct stat *st,
    struct delivery *d)
{
	enum message_copy_end end;
	bool is_file = S_ISREG(st->st_mode);
	struct stat now;
	int saved;

	if (is_file && m->size_limit > 0 && st->st_size >= m->size_limit) {
		not_written(m, EFBIG, d);
		return;
	}
	end = message_copy(rq, how, fd);
	saved = errno;
	if (end == COPY_DONE && is_file && fsync(fd) == -1) {
		saved = errno;
		end = COPY_FAILED;
	}
	if (end == COPY_DONE && is_file && m->size_limit > 0 &&
	    fstat(fd, &now) == 0 && now.st_size > m->size_limit) {
		saved = EFBIG;
		end = COPY_FAILED;
	}
	if (end == COPY_DONE)
		return;
	/* Nobody may find half a message. */
	if (is_file && ftruncate(fd, st->st_size) == -1)
		log_warning("%s: cannot remove a partial message: %s",
		    m->path, strerror(errno));
	if (end == COPY_CORRUPT)
		d->kind = OUTCOME_CORRUPT;
	else
		not_written(m, saved, d);
}

/* The file is open and locked, and nobody else appends to it. */
static void
write_mbox(struct agent_request *rq, const struct mailbox *m,
    const struct message_copy *how, int fd, struct delivery *d)
{
	struct stat st;

	if (fstat(fd, &st) == -1) {
		not_written(m, errno, d);
	} else if (!m->may_be_any_file && !S_ISREG(st.st_mode)) {
		delivery_set(d, m->may_be_mended ? "4.2.0" : "5.2.0",
		    "%sdestination %s is not a regular file", m->failure,
		    m->path);
	} else if (m->must_be_owned && S_ISREG(st.st_mode) &&
	    st.st_uid != m->uid) {
		log_warning("specify \"strict_mailbox_ownership = no\" to "
		    "ignore mailbox ownership mismatch");
		delivery_set(d, "4.2.0", "%sdestination %s is not owned by "
		    "recipient", m->failure, m->path);
	} else {
		append(rq, m, how, fd, &st, d);
	}
}

void
mailbox_mbox(struct agent_request *rq, const struct mailbox *m,
    const struct message_copy *how, struct delivery *d)
{
	struct mbox_lock_how lock_how = { .styles = m->locks,
	    .attempts = params.deliver_lock_attempts,
	    .delay_s = params.deliver_lock_delay,
	    .stale_s = params.stale_lock_time,
	    .may_lack_dotlock = m->may_be_any_file,
	    .uid = m->uid, .gid = m->gid };
	struct mbox_lock lock;
	struct err err = ERR_INIT;

	delivery_set(d, "2.0.0", "%s", "");
	rights_become(m->work_uid, m->work_gid);
	if (mbox_lock_open(&lock, m->path, &lock_how, &err) == -1) {
		not_opened(m, &err, d);
	} else {
		/* Root made it where only root can; the recipient's quota counts. */
		rights_become(m->uid, m->gid);
		write_mbox(rq, m, how, lock.fd, d);
		rights_become(m->work_uid, m->work_gid);
		mbox_lock_close(&lock);
	}
	rights_restore();
}

/* ---- maildir ---- */

static int
make_maildir(const char *path)
{
	static const char *const subdirs[] = { "tmp", "new", "cur" };
	struct buf dir = BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; i < 3 && rc == 0; i++) {
		buf_setf(&dir, "%s%s", path, subdirs[i]);
		rc = file_mkdirs(dir.ptr, 0700, NULL);
	}
	buf_done(&dir);
	return rc;
}

static int
create_tmp(const char *path, const struct buf *tmp)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(tmp->ptr, flags, 0600);

	if (fd == -1 && errno == ENOENT && make_maildir(path) == 0)
		fd = open(tmp->ptr, flags, 0600);
	return fd;
}

static int
sync_directory(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	/* One may be allowed to write there and not to read: the mail is in. */
	if (fd == -1)
		return errno == EACCES ? 0 : -1;
	rc = fsync(fd);
	/* Some file systems have nothing to flush there. */
	if (rc == -1 && (errno == EINVAL || errno == ENOTSUP))
		rc = 0;
	close(fd);
	return rc;
}

/* Never over what is there, where the file system can promise that. */
static int
move(const char *tmp, const char *new)
{
	int rc = renameat2(AT_FDCWD, tmp, AT_FDCWD, new, RENAME_NOREPLACE);

	if (rc == -1 && (errno == EINVAL || errno == ENOSYS))
		rc = rename(tmp, new);
	return rc;
}

static void
not_created(const struct mailbox *m, const char *file, int errnum,
    struct delivery *d)
{
	struct err err = ERR_INIT;

	errno = errnum;
	err_sys(&err, "create maildir file %s", file);
	not_opened(m, &err, d);
	if (errnum != EACCES)
		return;
	log_warning("maildir access problem for UID/GID=%ld/%ld: %s",
	    (long)m->uid, (long)m->gid, err.text);
	log_warning("perhaps you need to create the maildirs in advance");
}

/*
 * tmp is on disk: move it to new/, under a name that inode and time make
 * unique. False with the outcome set when it is not there for good.
 */
static bool
publish(const struct mailbox *m, const char *path, const char *tmp,
    const struct stat *st, const char *host, struct delivery *d)
{
	struct timeval tv = clock_timeval();
	struct buf new = BUF_INIT, dir = BUF_INIT;
	int rc;

	buf_setf(&new, "%snew/%ld.V%lxI%lxM%ld.%s", path, (long)tv.tv_sec,
	    (unsigned long)st->st_dev, (unsigned long)st->st_ino,
	    (long)tv.tv_usec, host);
	rc = move(tmp, new.ptr);
	if (rc == -1 && errno == ENOENT && make_maildir(path) == 0)
		rc = move(tmp, new.ptr);
	if (rc == -1) {
		not_created(m, new.ptr, errno, d);
	} else {
		buf_setf(&dir, "%snew", path);
		if ((rc = sync_directory(dir.ptr)) == -1) {
			not_written(m, errno, d);
			unlink(new.ptr);
		}
	}
	buf_done(&new);
	buf_done(&dir);
	return rc == 0;
}

static void
fill_maildir(struct agent_request *rq, const struct mailbox *m,
    const struct message_copy *how, const char *path, struct delivery *d)
{
	struct buf tmp = BUF_INIT;
	const char *host = params.myhostname;
	enum message_copy_end end;
	struct stat st;
	char label[65];
	int fd;

	gethostname(label, sizeof(label));
	label[sizeof(label) - 1] = '\0';
	if (label[0] != '\0' && strchr(label, '/') == NULL)
		host = label;
	buf_setf(&tmp, "%stmp/%ld.P%ldM%ld.%s", path, (long)clock_now(),
	    (long)getpid(), (long)clock_timeval().tv_usec, host);
	if ((fd = create_tmp(path, &tmp)) == -1) {
		not_created(m, tmp.ptr, errno, d);
		buf_done(&tmp);
		return;
	}
	end = message_copy(rq, how, fd);
	if (end == COPY_DONE && (fsync(fd) == -1 || fstat(fd, &st) == -1))
		end = COPY_FAILED;
	if (end == COPY_DONE && m->size_limit > 0 &&
	    st.st_size > m->size_limit) {
		errno = EFBIG;
		end = COPY_FAILED;
	}
	if (end == COPY_CORRUPT)
		d->kind = OUTCOME_CORRUPT;
	else if (end == COPY_FAILED)
		not_written(m, errno, d);
	close(fd);
	if (end != COPY_DONE || !publish(m, path, tmp.ptr, &st, host, d))
		unlink(tmp.ptr);
	buf_done(&tmp);
}

void
mailbox_maildir(struct agent_request *rq, const struct mailbox *m,
    const struct message_copy *how, struct delivery *d)
{
	struct buf path = BUF_INIT;

	delivery_set(d, "2.0.0", "%s", "");
	buf_sets(&path, m->path);
	if (path.len == 0 || path.ptr[path.len - 1] != '/')
		buf_addc(&path, '/');
	rights_become(m->work_uid, m->work_gid);
	fill_maildir(rq, m, how, path.ptr, d);
	rights_restore();
	buf_done(&path);
}
