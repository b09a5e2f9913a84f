/*
 * transcript.h - what was said in an SMTP session, for the postmaster
 *
 *	lines and faults are noted ──transcript_flush──▶ mail, or nothing
 *
 * Both the server and the client keep one. When the session ends, or the
 * transcript has grown long, it is mailed if something went wrong that
 * notify_classes names; then it is empty again. Texts: Postfix's.
 */
#ifndef DAEMON_SERVE_TRANSCRIPT_H
#define DAEMON_SERVE_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

enum fault {			/* words of notify_classes */
	FAULT_BOUNCE	= 1,	/* mail that would have bounced */
	FAULT_POLICY	= 2,	/* mail that we do not want */
	FAULT_PROTOCOL	= 4,	/* what is no SMTP */
	FAULT_RESOURCE	= 8,	/* no room, no memory */
	FAULT_SOFTWARE	= 16	/* a mistake of ours */
};

struct transcript {
	struct buf	 lines;		/* "In:  EHLO a", each with its LF */
	int		 count;
	unsigned	 faults;	/* enum fault */
};

/* What a notice says around the lines. */
struct transcript_notice {
	const char	*role;		/* "SMTP server" */
	const char	*peer;		/* "name[address]" */
	bool		 is_server;
	const char	*aborted;	/* "timeout"; NULL: it was not */
};

void	transcript_init(struct transcript *t);
void	transcript_done(struct transcript *t);
/*
 * transcript_add - note what was said
 *
 * label	"In:  " or "Out: "
 * text		one line or several, with LF or CR LF between them
 */
void	transcript_add(struct transcript *t, const char *label,
	    const char *text, size_t len);
/*
 * transcript_flush - mail it if somebody wants to know, and forget it
 *
 * The mail goes to error_notice_recipient, or to bounce_notice_recipient for
 * FAULT_BOUNCE. When it cannot be queued, that is logged.
 */
void	transcript_flush(struct transcript *t,
	    const struct transcript_notice *n);

/* transcript_compose - the text of the mail, line by line; no I/O */
void	transcript_compose(const struct transcript *t,
	    const struct transcript_notice *n,
	    void (*line)(void *ctx, const char *text, size_t len), void *ctx);

#endif
