/*
 * mailbox.c - put a message into an mbox file or a maildir
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/serve/agent.h"
#include "daemon/serve/message_copy.h"
#include "daemon/serve/rights.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

enum { LOCK_FLOCK = 1, LOCK_FCNTL = 2, LOCK_DOT = 4 };

static const struct {
	const char	*name;
	unsigned	 bit;
} lock_names[] = {
	{ "flock", LOCK_FLOCK }, { "fcntl", LOCK_FCNTL },
	{ "dotlock", LOCK_DOT },
};

#define LOCK_COUNT	(sizeof(lock_names) / sizeof(lock_names[0]))

static unsigned
parse_locks(const char *locks, char **unknown)
{
	char *copy = xstrdup(locks), *rest = copy, *word;
	unsigned bits = 0;
	size_t i;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		for (i = 0; i < LOCK_COUNT; i++)
			if (strcmp(word, lock_names[i].name) == 0)
				break;
		if (i < LOCK_COUNT)
			bits |= lock_names[i].bit;
		else if (unknown != NULL && *unknown == NULL)
			*unknown = xstrdup(word);
	}
	free(copy);
	return bits;
}

char *
mailbox_check_locks(const char *locks)
{
	char *unknown = NULL;

	parse_locks(locks, &unknown);
	return unknown;
}

/* ---- locks ---- */

/* Wait deliver_lock_delay before the next of deliver_lock_attempts. */
static void
lock_pause(void)
{
	struct timespec ts = { params.deliver_lock_delay, 0 };

	nanosleep(&ts, NULL);
}

static bool
lock_fd_once(int fd, unsigned bits)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if ((bits & LOCK_FLOCK) != 0 && flock(fd, LOCK_EX | LOCK_NB) == -1)
		return false;
	if ((bits & LOCK_FCNTL) != 0 && fcntl(fd, F_SETLK, &fl) == -1) {
		flock(fd, LOCK_UN);
		return false;
	}
	return true;
}

static bool
lock_fd(int fd, unsigned bits)
{
	int i;

	for (i = 0; i < params.deliver_lock_attempts; i++) {
		if (i > 0)
			lock_pause();
		if (lock_fd_once(fd, bits))
			return true;
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return false;
	}
	return false;
}

/*
 * Make PATH.lock. One that nobody removed for stale_lock_time is taken over.
 * Returns 0, or -1 with errno; EEXIST when somebody holds it to the end.
 */
static int
dotlock(const char *lock)
{
	struct stat st;
	int i, fd;

	for (i = 0; i < params.deliver_lock_attempts; i++) {
		if (i > 0)
			lock_pause();
		fd = open(lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
		if (fd != -1) {
			close(fd);
			return 0;
		}
		if (errno != EEXIST)
			return -1;
		if (stat(lock, &st) == 0 && st.st_ctime <
		    clock_now() - params.stale_lock_time && unlink(lock) == -1)
			return -1;
	}
	errno = EEXIST;
	return -1;
}

/* ---- mbox ---- */

/* What open found is what the name says, and a plain file of one name. */
static const char *
why_unsafe(const struct mailbox *m, int fd, struct stat *st)
{
	struct stat by_name;

	if (fstat(fd, st) == -1 || lstat(m->path, &by_name) == -1)
		return "it changed while being opened";
	if (S_ISLNK(by_name.st_mode)) {
		/*
		 * The administrator's links are followed; the recipient's own
		 * only with the recipient's rights. Anybody else's is a trap.
		 */
		if (by_name.st_uid != 0 && (by_name.st_uid != m->uid ||
		    m->work_uid != m->uid))
			return "file is a symbolic link";
		if (stat(m->path, &by_name) == -1)
			return "it changed while being opened";
	}
	if (by_name.st_dev != st->st_dev || by_name.st_ino != st->st_ino)
		return "it changed while being opened";
	if (S_ISDIR(st->st_mode))
		return "file is a directory";
	if (S_ISREG(st->st_mode) && st->st_nlink != 1)
		return "file has multiple hard links";
	return NULL;
}

static int
open_mbox(const struct mailbox *m)
{
	int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(m->path, flags);

	if (fd != -1 || errno != ENOENT)
		return fd;
	fd = open(m->path, flags | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd == -1 && errno == EEXIST)
		return open(m->path, flags);
	if (fd != -1 && geteuid() == 0 && m->uid != 0 &&
	    fchown(fd, m->uid, m->gid) == -1) {
		int saved = errno;

		close(fd);
		unlink(m->path);
		errno = saved;
		return -1;
	}
	return fd;
}

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
		delivery_system(d, EFBIG, "%serror writing message",
		    m->failure);
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
		delivery_system(d, saved, "%serror writing message",
		    m->failure);
}

static void
with_open(struct agent_request *rq, const struct mailbox *m,
    const struct message_copy *how, int fd, unsigned locks, struct delivery *d)
{
	struct stat st;
	const char *why;

	if ((why = why_unsafe(m, fd, &st)) != NULL) {
		delivery_set(d, "5.2.0", "%s%s", m->failure, why);
		return;
	}
	if (!m->may_be_any_file && !S_ISREG(st.st_mode)) {
		delivery_set(d, "5.2.0", "%sdestination %s is not a regular "
		    "file", m->failure, m->path);
		return;
	}
	if (m->must_be_owned && S_ISREG(st.st_mode) && st.st_uid != m->uid) {
		log_warning("specify \"strict_mailbox_ownership = no\" to "
		    "ignore mailbox ownership mismatch");
		delivery_set(d, "4.2.0", "%sdestination %s is not owned by "
		    "recipient", m->failure, m->path);
		return;
	}
	if (S_ISREG(st.st_mode)) {
		if (!lock_fd(fd, locks)) {
			delivery_set(d, "4.2.0", "%sunable to lock for "
			    "exclusive access: %s", m->failure,
			    strerror(errno));
			return;
		}
		/* It may have grown while we waited. */
		if (fstat(fd, &st) == -1) {
			delivery_system(d, errno, "%sfstat", m->failure);
			return;
		}
	}
	append(rq, m, how, fd, &st, d);
}

/* Without PATH.lock the other locks must do, where the directory is not ours. */
static void
no_dotlock(const struct mailbox *m, const char *lock, int errnum,
    bool has_others, struct delivery *d)
{
	if (errnum == EEXIST)
		delivery_set(d, "4.2.0", "%sunable to lock for exclusive "
		    "access: %s exists", m->failure, lock);
	else if (errnum != EACCES || !has_others ||
	    access(m->path, W_OK) == -1) {
		log_warning("unable to create lock file %s: %s", lock,
		    strerror(errnum));
		delivery_system(d, errnum, m->may_be_any_file ?
		    "%scannot create file exclusively" :
		    "%sunable to create lock file %s", m->failure, lock);
	}
}

void
mailbox_mbox(struct agent_request *rq, const struct mailbox *m,
    const struct message_copy *how, struct delivery *d)
{
	unsigned locks = parse_locks(m->locks, NULL);
	struct buf lock = BUF_INIT;
	struct stat st;
	int fd;

	delivery_set(d, "2.0.0", "%s", "");
	rights_become(m->work_uid, m->work_gid);
	buf_setf(&lock, "%s.lock", m->path);
	/* A device needs no lock, and has none beside it. */
	if (stat(m->path, &st) == 0 && !S_ISREG(st.st_mode))
		locks = 0;
	if ((locks & LOCK_DOT) != 0 && dotlock(lock.ptr) == -1) {
		no_dotlock(m, lock.ptr, errno, (locks & ~LOCK_DOT) != 0, d);
		locks &= ~(unsigned)LOCK_DOT;
	}
	if (d->kind == OUTCOME_SENT) {
		if ((fd = open_mbox(m)) == -1)
			delivery_system(d, errno, "%scannot open file",
			    m->failure);
		else {
			with_open(rq, m, how, fd, locks, d);
			close(fd);
		}
		if ((locks & LOCK_DOT) != 0 && unlink(lock.ptr) == -1)
			log_warning("remove %s: %s", lock.ptr,
			    strerror(errno));
	}
	rights_restore();
	buf_done(&lock);
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

/* tmp/NAME is on disk: move it to new/, under a name that inode and time make unique. */
static int
publish(const char *path, const struct buf *tmp, const struct stat *st,
    const char *host)
{
	struct timeval tv = clock_timeval();
	struct buf new = BUF_INIT;
	int rc, saved;

	buf_setf(&new, "%snew/%ld.V%lxI%lxM%ld.%s", path, (long)tv.tv_sec,
	    (unsigned long)st->st_dev, (unsigned long)st->st_ino,
	    (long)tv.tv_usec, host);
	/* Never over what is there, where the file system can promise that. */
	rc = renameat2(AT_FDCWD, tmp->ptr, AT_FDCWD, new.ptr,
	    RENAME_NOREPLACE);
	if (rc == -1 && (errno == EINVAL || errno == ENOSYS))
		rc = rename(tmp->ptr, new.ptr);
	if (rc == 0) {
		buf_setf(&new, "%snew", path);
		rc = sync_directory(new.ptr);
	}
	saved = errno;
	buf_done(&new);
	errno = saved;
	return rc;
}

static void
no_maildir(const struct mailbox *m, const char *tmp, int errnum,
    struct delivery *d)
{
	delivery_system(d, errnum, "%screate maildir file %s", m->failure,
	    tmp);
	if (errnum != EACCES)
		return;
	log_warning("maildir access problem for UID/GID=%ld/%ld: create "
	    "maildir file %s: %s", (long)m->uid, (long)m->gid, tmp,
	    strerror(errnum));
	log_warning("perhaps you need to create the maildirs in advance");
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
		no_maildir(m, tmp.ptr, errno, d);
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
	if (end == COPY_DONE && publish(path, &tmp, &st, host) == -1)
		end = COPY_FAILED;
	if (end == COPY_CORRUPT)
		d->kind = OUTCOME_CORRUPT;
	else if (end == COPY_FAILED)
		delivery_system(d, errno, "%scannot write maildir file %s",
		    m->failure, tmp.ptr);
	close(fd);
	if (end != COPY_DONE)
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
