/*
 * message_copy.h - a queued message as mailboxes and commands want it
 *
 * local, virtual and pipe hand over the same bytes with different lines in
 * front: "From sender date", Return-Path, X-Original-To, Delivered-To. This is
 * the one place that writes them. Also what such a delivery ends in.
 */
#ifndef DAEMON_SERVE_MESSAGE_COPY_H
#define DAEMON_SERVE_MESSAGE_COPY_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/mail/dsn.h"

struct agent_request;
struct err;
struct queue_rcpt;

enum message_copy_flags {
	COPY_FROM		= 1,	/* "From sender date" in front, mbox style */
	COPY_QUOTE_FROM		= 2,	/* ">" before a line that starts with "From " */
	COPY_BLANK_END		= 4,	/* an empty line after the message */
	COPY_RETURN_PATH	= 8,
	COPY_ORIGINAL_TO	= 16,
	COPY_DELIVERED_TO	= 32,
	COPY_DOT		= 64,	/* "." before a line that starts with "." */
	COPY_MBOX = COPY_FROM | COPY_QUOTE_FROM | COPY_BLANK_END
};

struct message_copy {
	unsigned	 flags;
	const char	*sender;	/* internal form */
	const char	*null_sender;	/* for the From line of a null sender; NULL: MAILER-DAEMON */
	const char	*original;	/* internal forms; empty: no such header */
	const char	*delivered;
	const char	*eol;		/* NULL: "\n" */
};

enum message_copy_end {
	COPY_DONE,
	COPY_FAILED,		/* fd would not take it: errno */
	COPY_CORRUPT		/* the queue file is damaged */
};

/* message_copy_next - append the next piece of output; see message_copy_start */
struct message_copier {
	struct agent_request		*rq;
	const struct message_copy	*how;
	bool				 at_start;	/* of a line */
	bool				 is_done;
};

/*
 * message_copy_start - go to the content of rq's file and append the lines in front to out
 * message_copy_more - append some more of the message to out
 *
 * The second returns 1 while there may be more, 0 when the message is
 * complete, -1 when the queue file is damaged.
 */
int	message_copy_start(struct message_copier *c, struct agent_request *rq,
	    const struct message_copy *how, struct buf *out);
int	message_copy_more(struct message_copier *c, struct buf *out);

/* message_copy - write the whole message to fd */
enum message_copy_end	message_copy(struct agent_request *rq,
	    const struct message_copy *how, int fd);

/* ---- how one delivery ended ---- */

enum outcome_kind { OUTCOME_SENT, OUTCOME_DEFERRED, OUTCOME_BOUNCED,
	OUTCOME_CORRUPT };

struct delivery {
	enum outcome_kind kind;
	char		 status[DSN_STATUS_SIZE];
	struct buf	 reason;
	const char	*action;	/* of a success, for reports: "delivered", "relayed", "expanded" */
	struct buf	 diagnostic;	/* what a command said, for reports; empty: the reason */
};

#define DELIVERY_INIT { OUTCOME_SENT, "2.0.0", BUF_INIT, "delivered", BUF_INIT }

/* delivery_set - kind follows the first digit of status */
void	delivery_set(struct delivery *d, const char *status, const char *fmt,
	    ...) __attribute__((format(printf, 3, 4)));
void	delivery_done(struct delivery *d);
/*
 * delivery_report - say how it ended by agent_sent, agent_bounced, ...
 *
 * Returns true when the recipient is disposed of.
 */
bool	delivery_report(struct agent_request *rq,
	    const struct queue_rcpt *rcpt, const char *relay,
	    const struct delivery *d);

#endif
