/*
 * mailbox.h - put a message into an mbox file or a maildir
 *
 * local and virtual share this, and the rules for trusting the file they find;
 * so it stands here with the agents' common work and not in a room of lib,
 * which knows nothing of delivery requests. The caller has taken the rights
 * to work with (rights.h) before and reports the outcome after.
 *
 * An mbox: lock and open (lib/mail/mbox_lock.h), append with the recipient's
 * rights, flush to disk, unlock; when something fails it is cut back to where
 * it ended. A maildir: tmp/, flush, rename to new/, flush.
 */
#ifndef DAEMON_SERVE_MAILBOX_H
#define DAEMON_SERVE_MAILBOX_H

#include <stdbool.h>
#include <sys/types.h>

struct agent_request;
struct delivery;
struct message_copy;

struct mailbox {
	const char	*path;
	uid_t		 uid;		/* the recipient */
	gid_t		 gid;
	uid_t		 work_uid;	/* rights to open, lock and write with */
	gid_t		 work_gid;
	unsigned	 locks;		/* MBOX_LOCK_*, of mailbox_delivery_lock or virtual_mailbox_lock */
	long		 size_limit;	/* bytes; 0: none */
	bool		 must_be_owned;	/* by uid (strict_mailbox_ownership) */
	bool		 may_be_any_file; /* a /file destination: /dev/null, or where FILE.lock cannot be made */
	bool		 may_be_mended;	/* what cannot be opened defers the mail, it does not bounce it */
	const char	*failure;	/* "cannot update mailbox P for user U. " in front of reasons */
};

/* mailbox_mbox - append; d gets the outcome, its reason empty on success */
void	mailbox_mbox(struct agent_request *rq, const struct mailbox *m,
	    const struct message_copy *how, struct delivery *d);

/* mailbox_maildir - deliver into path, a directory with or without its trailing '/' */
void	mailbox_maildir(struct agent_request *rq, const struct mailbox *m,
	    const struct message_copy *how, struct delivery *d);

#endif
