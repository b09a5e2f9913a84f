/*
 * cleanup_edit.h - a message between what it was and what filters make of it
 *
 *	cleanup_edit.c		headers and body, seen and changed
 *	cleanup_rewrite.c	the envelope, and writing the message anew
 */
#ifndef DAEMON_CLEANUP_CLEANUP_EDIT_H
#define DAEMON_CLEANUP_CLEANUP_EDIT_H

#include "daemon/cleanup/cleanup_internal.h"
#include "daemon/cleanup/milter.h"

/* Records, from the unfinished file or from a copy of it. */
struct cleanup_reader {
	struct queue_writer *w;		/* NULL: fd */
	int		 fd;
	off_t		 at, end;
	struct buf	 in;
	size_t		 used;
};

struct message_header {
	char		*text;		/* lines joined by '\n' */
	size_t		 name_len;	/* 0: it is no header */
	bool		 is_hidden;	/* our own Received: */
};

/*
 * sender, envid, ret: of CHGFROM; added: recipients, each with its dsn_orig_rcpt
 * and its notify_flags as text, removed: addresses (NUL after each); carry:
 * body on its way to a filter; body_line, body_recs: on its way from one;
 * old_filter, old_redirect: what checks had found before.
 */
#define CLEANUP_EDIT_BUFS(X) \
	X(sender) X(envid) X(ret) X(added) X(removed) X(carry) X(body_line) \
	X(body_recs) X(old_filter) X(old_redirect)

struct cleanup_edit {
	struct cleanup	*c;
	CLEANUP_EDIT_BUFS(CLEANUP_BUF_FIELD)
	struct message_header *headers;
	size_t		 header_count, header_room;
	struct cleanup_reader reader;
	bool		 is_changed, has_sender;
	int		 new_body;	/* -1: the old one stays */
	off_t		 new_body_len;
	bool		 has_cr;	/* behind body_line: an LF may follow */
	off_t		 old_end;	/* of all old records */
	size_t		 old_bcc;	/* bytes of what checks had found before */
};

void	cleanup_reader_start(struct cleanup_reader *r, struct queue_writer *w,
	    int fd, off_t from, off_t to);
/* cleanup_reader_next - data is valid until the next call; false: the end */
bool	cleanup_reader_next(struct cleanup_reader *r, int *type,
	    struct span *data);

/* cleanup_edit_envelope - remember a change of sender or recipients */
void	cleanup_edit_envelope(struct cleanup_edit *e,
	    const struct milter_answer *a);
/* cleanup_edit_rewrite - all records anew, from the old ones in this file */
void	cleanup_edit_rewrite(struct cleanup_edit *e, int old);

#endif
