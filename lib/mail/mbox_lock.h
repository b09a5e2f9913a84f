/*
 * mbox_lock.h - the locks that mail programs agree on for a mailbox file
 *
 * "fcntl" and "flock" lock the open file; "dotlock" makes FILE.lock beside
 * it. Kernel locks are taken first, in the order of the bits, and a failure
 * gives back what was taken.
 */
#ifndef LIB_MAIL_MBOX_LOCK_H
#define LIB_MAIL_MBOX_LOCK_H

struct err;

enum mbox_lock_style {
	MBOX_LOCK_FLOCK		= 1,
	MBOX_LOCK_FCNTL		= 2,
	MBOX_LOCK_DOTLOCK	= 4
};

struct mbox_lock_limits {
	int	attempts;	/* deliver_lock_attempts */
	int	delay_s;	/* deliver_lock_delay */
	int	stale_s;	/* stale_lock_time: an older FILE.lock is removed */
};

/*
 * mbox_lock_styles - "fcntl, dotlock" as bits
 *
 * title	the parameter's name, for the message: unknown TITLE value "foo" in "LIST"
 *
 * Returns the bits, or 0 with err.
 */
unsigned	mbox_lock_styles(const char *title, const char *list,
		    struct err *err);

/*
 * mbox_lock - lock fd, which is open on path, in all styles
 *
 * Returns 0, or -1 with ERR_RETRY when somebody else has it and ERR_SYSTEM
 * when the lock cannot be made at all.
 */
int		mbox_lock(int fd, const char *path, unsigned styles,
		    const struct mbox_lock_limits *limits, struct err *err);

/* mbox_unlock - give back all styles; call before fd is closed */
void		mbox_unlock(int fd, const char *path, unsigned styles);

#endif
