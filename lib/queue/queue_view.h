/*
 * queue_view.h - one queue file, as people read it
 *
 * A view prints what it is about: one screen that sums it up, what happened
 * when, header fields, parts, text, records. What comes from a message reaches
 * a terminal only through queue_view_put, which makes it visible; into a pipe
 * go the true bytes. Used by postcat and by qtop's opened message.
 */
#ifndef LIB_QUEUE_QUEUE_VIEW_H
#define LIB_QUEUE_QUEUE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>

#include "lib/base/buf.h"

struct err;
struct queue_attempts;
struct queue_content;
struct queue_content_header;
struct queue_file;

struct queue_view_rcpt {
	char		 type;		/* R D / */
	char		*address, *orig, *dsn_orcpt;
	unsigned	 notify;
	off_t		 offset;
	char		*reason, *dsn;	/* of the defer log; "" */
};

struct queue_view_attr {
	char		*name, *value;
};

/* What the envelope says, read once. */
struct queue_view_facts {
	bool		 is_read;
	char		*damage;	/* why it could not be read to the end, or NULL */
	char		*sender;	/* NULL: none */
	char		*fullname, *filter, *redirect, *verp;
	struct queue_view_attr *attrs;
	size_t		 attr_count;
	struct queue_view_rcpt *rcpts;
	size_t		 rcpt_count, rcpt_room;
	size_t		 to_do, done, cancelled;
	char		*size_text;
	long		 content_size, data_offset, claimed_rcpts, qmgr_flags;
	long		 content_length, sendopts;
	int		 size_fields;
	struct timeval	 arrival;
	time_t		 created, warn_at;
	bool		 has_warn, has_end;
};

/* What hides private things in what logs say. */
struct queue_view_redact {
	void		(*text)(struct buf *out, const char *text);
	void		(*address)(struct buf *out, const char *external);
};

struct queue_view {
	const char	*name;		/* path, as it is shown */
	const char	*queue, *id;	/* NULL: a file from elsewhere */
	struct queue_file *qf;		/* in normal mode; closed by queue_view_done */
	struct stat	 st;
	FILE		*out;
	bool		 is_terminal;	/* strangers' text is made visible */
	bool		 has_color;
	bool		 is_raw;	/* header fields as they are */
	struct queue_attempts *attempts;	/* of the timeline; NULL: no log */
	const struct queue_view_redact *redact;	/* NULL: nothing is hidden */
	const void	*own;		/* the caller's */
	/* What was read so far. */
	struct queue_view_facts facts;
	struct queue_content *content;
};

/* queue_view_facts - the envelope of v, read at the first call */
const struct queue_view_facts	*queue_view_facts(struct queue_view *v);
/* queue_view_attr - value of a named attribute, "" when there is none */
const char	*queue_view_attr(const struct queue_view_facts *f,
		    const char *name);
/* queue_view_content - the decoded view of the content; NULL with err */
struct queue_content	*queue_view_content(struct queue_view *v,
			    struct err *err);
void	queue_view_done(struct queue_view *v);

/* queue_view_put - print text from a stranger; on a terminal everything but '\n' and '\t' is made visible */
void	queue_view_put(struct queue_view *v, const char *text, size_t len);
void	queue_view_puts(struct queue_view *v, const char *text);
/* queue_view_color - begin (an SGR number) or end (0) emphasis, where there is colour */
void	queue_view_color(struct queue_view *v, int sgr);
/* queue_view_time - append a time as people read it, in local time, and how far away it is */
void	queue_view_time(struct buf *out, time_t t);
/* queue_view_size - append bytes in binary units */
void	queue_view_size(struct buf *out, off_t bytes);

/*
 * Views: 1 when it has shown something, 0 when there was nothing to show, -1
 * with err.
 */
int	queue_view_summary(struct queue_view *v, struct err *err);
int	queue_view_timeline(struct queue_view *v, struct err *err);
int	queue_view_headers(struct queue_view *v, struct err *err);
int	queue_view_mime(struct queue_view *v, struct err *err);
int	queue_view_text(struct queue_view *v, struct err *err);
int	queue_view_records(struct queue_view *v, struct err *err);

/* queue_view_header - one header field, decoded and folded, or raw */
void	queue_view_header(struct queue_view *v,
	    const struct queue_content_header *h);

#endif
