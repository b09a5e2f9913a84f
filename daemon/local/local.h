/*
 * local.h - what the files of local share
 *
 * A recipient on its way is a struct local_state. Each step (an alias, a
 * .forward file, a list file) makes a copy, changes what the step changes,
 * and sends the copy on; nothing is changed in place, so a step cannot leak
 * its rights into the next.
 *
 *	local_recipient --> alias.c --+--> local_destination --> command, file, list, address
 *	       |                      |         ^                                     |
 *	       |         forward.c ---+---------+          local_recipient again, or  |
 *	       v                                           a new message (resend.c) <-+
 *	     user.c: .forward, mailbox, transports, unknown users
 */
#ifndef DAEMON_LOCAL_LOCAL_H
#define DAEMON_LOCAL_LOCAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "daemon/local/destination.h"
#include "daemon/serve/delivered_to.h"
#include "daemon/serve/message_copy.h"
#include "lib/queue/queue_log.h"

struct agent_request;
struct buf;
struct maps;
struct passwd;

enum local_source { LOCAL_FROM_MAIL, LOCAL_FROM_ALIAS, LOCAL_FROM_FORWARD,
	LOCAL_FROM_INCLUDE };

struct local_text {		/* a growing list of strings */
	char	**list;
	size_t	 count;
};

struct local_resend_rcpt {
	char			*address, *orig, *dsn_orcpt;
	unsigned		 dsn_notify;
};

struct local_resend {		/* addresses that go out as one new message */
	char			*sender, *delivered;
	struct local_resend_rcpt *rcpts;
	size_t			 rcpt_count;
};

/* One delivery request. */
struct local_request {
	struct agent_request	*rq;
	const char		*service;
	struct local_text	 seen;		/* what was done already */
	struct local_text	 busy;		/* .forward files being expanded */
	struct delivered_to	 loops;
	bool			 was_passed;	/* another agent marks this recipient done */
	struct local_resend	*resends;
	size_t			 resend_count;
};

/* The aliases that led here, the innermost first. */
struct local_chain {
	const char			*name;
	const struct local_chain	*up;
};

/* An account, kept: getpwnam's memory is the next caller's. */
struct local_user {
	char	*name, *home, *shell;
	uid_t	 uid;
	gid_t	 gid;
};

struct local_state {
	struct local_request	*lr;
	struct queue_rcpt	 rcpt;		/* address: of this step */
	const char		*sender;	/* an owner- alias changes it */
	const char		*delivered;	/* for Delivered-To */
	const char		*local;		/* local part, folded, without '\' */
	const char		*user;		/* the same without extension */
	const char		*extension;	/* "" for none */
	const char		*domain;
	const struct local_chain *aliases;	/* being expanded, NULL: none */
	const char		*unmatched;	/* extension to append to addresses, or "" */
	enum local_source	 source;
	int			 level;
	bool			 is_verbatim;
	bool			 resends;	/* other users' mail goes out as a new message */
	bool			 has_rights;
	uid_t			 uid;		/* for commands, files and lists */
	gid_t			 gid;
	const struct local_user	*account;	/* the user's, where one is known */
};

/* Tables, open for the life of the process. */
struct local_tables {
	struct maps	*aliases, *mailbox_transport, *mailbox_command,
			*fallback_transport;
};
extern struct local_tables local_tables;
extern unsigned local_mailbox_locks;	/* MBOX_LOCK_* */

/*
 * Each of these disposes of the recipient by agent_* and returns true, or
 * returns false when something of it must be tried again.
 */
bool	local_recipient(struct local_state *st);		/* local.c */
bool	local_destination(const struct local_state *st,
	    const struct destination *d);			/* expand.c */
/* local_list - every destination in text; *count how many there were */
bool	local_list(const struct local_state *st, const char *text,
	    int *count);
/* local_pass_on - in a new message, once */
bool	local_pass_on(const struct local_state *st, const char *address);
bool	local_user(struct local_state *st);			/* user.c */
bool	local_command(const struct local_state *st, const char *line,
	    bool is_mailbox_command);				/* command.c */
bool	local_file(const struct local_state *st, const char *path);	/* user.c */
bool	local_pass(const struct local_state *st, const char *transport); /* pass.c */

/* The same, but false only says that this step was not the recipient's; *done is the answer. */
bool	local_alias(struct local_state *st, bool *done);	/* alias.c */
bool	local_forward(const struct local_state *st, bool *done); /* forward.c */

/* local_is_probed - sendmail -bv: tell what would be done, by local_probed, instead of doing it */
bool	local_is_probed(const struct local_state *st);
bool	local_probed(const struct local_state *st, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/*
 * local_expand_begin, local_expand_end - around what an alias or .forward
 * file stands for: who asked to be told of success is told of the expansion,
 * and not of what becomes of each address (RFC 3461 5.2.7.3)
 *
 * next		the state of the addresses
 * is_list	there is an owner: for the sender it was delivered
 */
void	local_expand_begin(struct local_state *next);
void	local_expand_end(const struct local_state *st, bool is_list);

/* local_report - the end of one destination of the recipient's */
bool	local_report(const struct local_state *st, const struct delivery *d);
bool	local_fail(const struct local_state *st, const char *status,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* local_seen - was this done for the request already? Remembers it */
bool	local_seen(struct local_request *lr, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* resend.c */
void	local_resend_add(const struct local_state *st, const char *address);
/* local_resend_all - send what was collected; local_resend_drop - forget it */
bool	local_resend_all(const struct local_state *st);
void	local_resend_drop(struct local_request *lr);

/* local_account - look a user up: 1 found, 0 no such user, -1 ask again later; local_user_free for the result */
int	local_account(const char *name, struct local_user **out);
void	local_user_free(struct local_user *u);
/* local_default_privs - the rights of default_privs */
void	local_default_privs(uid_t *uid, gid_t *gid);

/*
 * local_expand - append text with $user, $home, ... of this recipient
 *
 * filter	characters that may stand in a value, others become '_'
 *
 * Returns 0, or -1 with the mistake logged.
 */
int	local_expand(struct buf *out, const char *text, const char *filter,
	    const struct local_state *st);

/* local_text_add, local_text_has - letter case counts; local_text_drop takes the last one off */
void	local_text_add(struct local_text *t, const char *s);
void	local_text_drop(struct local_text *t);
bool	local_text_has(const struct local_text *t, const char *s);
void	local_text_done(struct local_text *t);

/* local_read_file - a whole small file, opened with the state's rights; 0, or -1 with errno */
int	local_read_file(const struct local_state *st, const char *path,
	    struct buf *out, uid_t *owner, mode_t *mode);

#endif
