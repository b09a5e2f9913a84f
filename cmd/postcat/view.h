/*
 * view.h - the long options: one queue file seen in many ways
 *
 * A view prints one message. What comes from a message reaches a terminal only
 * through view_put, which makes it visible; into a pipe go the true bytes.
 */
#ifndef CMD_POSTCAT_VIEW_H
#define CMD_POSTCAT_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>

#include "lib/base/buf.h"

struct err;
struct queue_attempts;
struct queue_content;
struct queue_file;

struct view_options {
	const char	*const *headers;	/* --header, NULL-terminated */
	const char	*part;
	const char	*output;		/* NULL: standard output */
	bool		 is_raw, is_decoded, has_crlf, has_auto_name, is_redacted;
	int		 cwd;			/* where --auto-name puts files */
	struct queue_attempts *attempts;	/* of --timeline; NULL: not asked */
};

struct view_rcpt {
	char		 type;		/* R D / */
	char		*address, *orig, *dsn_orcpt;
	unsigned	 notify;
	off_t		 offset;
	char		*reason, *dsn;	/* of the defer log; "" */
};

struct view_attr {
	char		*name, *value;
};

/* What the envelope says, read once. */
struct view_facts {
	bool		 is_read;
	char		*damage;	/* why it could not be read to the end, or NULL */
	char		*sender;	/* NULL: none */
	char		*fullname, *filter, *redirect, *verp;
	struct view_attr *attrs;
	size_t		 attr_count;
	struct view_rcpt *rcpts;
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

struct view {
	const struct view_options *o;
	const char	*name;		/* path, as it is shown */
	const char	*queue, *id;	/* NULL: a file from elsewhere */
	struct queue_file *qf;		/* in normal mode */
	struct stat	 st;
	FILE		*out;
	bool		 is_terminal;
	bool		 has_color;
	struct view_facts facts;
	struct queue_content *content;
};

/* view_facts - the envelope of v, read at the first call */
const struct view_facts	*view_facts(struct view *v);
/* view_attr - value of a named attribute, "" when there is none */
const char	*view_attr(const struct view_facts *f, const char *name);
/* view_content - the decoded view of the content; NULL with err */
struct queue_content	*view_content(struct view *v, struct err *err);
void	view_done(struct view *v);

/* view_put - print text from a stranger; on a terminal everything but '\n' and '\t' is made visible */
void	view_put(struct view *v, const char *text, size_t len);
void	view_puts(struct view *v, const char *text);
/* view_color - begin (an SGR number) or end (0) emphasis, where there is colour */
void	view_color(struct view *v, int sgr);
/* view_time - append a time as people read it, in local time, and how far away it is */
void	view_time(struct buf *out, time_t t);
/* view_size - append bytes in binary units */
void	view_size(struct buf *out, off_t bytes);

/*
 * A view: 1 when it has shown something, 0 when there was nothing to show, -1
 * with err.
 */
typedef int	(*view_fn)(struct view *v, struct err *err);
int	view_summary(struct view *v, struct err *err);
int	view_timeline(struct view *v, struct err *err);
int	view_headers(struct view *v, struct err *err);
int	view_header(struct view *v, struct err *err);
int	view_mime(struct view *v, struct err *err);
int	view_part(struct view *v, struct err *err);
int	view_text(struct view *v, struct err *err);
int	view_eml(struct view *v, struct err *err);
int	view_json(struct view *v, struct err *err);
int	view_records(struct view *v, struct err *err);
/* view_schema - append the JSON schema of view_json */
void	view_schema(struct buf *out);
/* view_listing - append envelope, header fields and text as lines, to be compared */
int	view_listing(struct view *v, struct buf *out, struct err *err);

/*
 * redact_file - a copy of the queue file in memory without what is private
 *
 * Local parts, names, subjects, file names and text are replaced; the same by
 * the same. Returns a descriptor, or -1 with err.
 */
int	redact_file(int fd, const char *name, struct err *err);
/*
 * redact_text, redact_address - append what a log says: its addresses, and
 * words that are local parts seen before, are replaced in the same way
 */
void	redact_text(struct buf *out, const char *text);
void	redact_address(struct buf *out, const char *external);

#endif
