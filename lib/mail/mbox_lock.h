/*
 * mbox_lock.h - open a mailbox file under the locks that mail programs agree on
 *
 * Local and virtual delivery and postlock share this, so that they exclude
 * each other and every reader that follows the same habits:
 *
 *	make FILE.lock -> open FILE -> is it what its name says? -> flock, fcntl
 *
 * FILE.lock comes first, because others look for it before they open; what
 * fails gives back what was taken before. The caller has the rights to make
 * FILE.lock and must have them again for mbox_lock_close.
 */
#ifndef LIB_MAIL_MBOX_LOCK_H
#define LIB_MAIL_MBOX_LOCK_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct err;

enum mbox_lock_style {
	MBOX_LOCK_FLOCK		= 1,
	MBOX_LOCK_FCNTL		= 2,
	MBOX_LOCK_DOTLOCK	= 4
};

struct mbox_lock_how {
	unsigned styles;	/* of mbox_lock_style; 0: no lock */
	int	 attempts;	/* deliver_lock_attempts, for each style */
	int	 delay_s;	/* deliver_lock_delay: between two of them */
	int	 stale_s;	/* stale_lock_time: an older FILE.lock is removed */
	bool	 may_lack_dotlock; /* warn and go on where FILE.lock cannot be made */
	uid_t	 uid;		/* whom a file belongs to that root makes */
	gid_t	 gid;
};

struct mbox_lock {
	int	 fd;		/* to append to; may not be a regular file: such have no locks */
	char	*dotlock;	/* FILE.lock, or NULL when there is none of ours */
};

/*
 * mbox_lock_styles - "fcntl, dotlock" as bits
 *
 * title	the parameter's name, for the message: unknown TITLE value "foo" in "LIST"
 * styles	out
 *
 * Returns 0, or -1 with ERR_CONFIG.
 */
int	mbox_lock_styles(const char *title, const char *list,
	    unsigned *styles, struct err *err);

/*
 * mbox_lock_open - open path for appending, made with mode 0600 when it is
 * missing, and take all locks
 *
 * A file with more than one link is refused, and so is a symbolic link,
 * unless root made it where only root can (spec/queue-format.md 12.1).
 *
 * Returns 0, or -1 with ERR_RETRY when somebody else holds a lock to the end,
 * ERR_DENIED when the file is not what its name says, or ERR_SYSTEM.
 */
int	mbox_lock_open(struct mbox_lock *lock, const char *path,
	    const struct mbox_lock_how *how, struct err *err);

/* mbox_lock_close - close the file, then remove FILE.lock */
void	mbox_lock_close(struct mbox_lock *lock);

#endif
