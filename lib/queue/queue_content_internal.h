/*
 * queue_content_internal.h - what reading a message leaves for asking about it
 */
#ifndef LIB_QUEUE_QUEUE_CONTENT_INTERNAL_H
#define LIB_QUEUE_QUEUE_CONTENT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/mail/transfer.h"
#include "lib/queue/queue_content.h"

/* A part with what only the reading needs. */
struct node {
	struct queue_content_part part;
	size_t		 level;		/* open multiparts, its own included; 0: opened none */
	bool		 is_closed;	/* its last boundary came */
	size_t		 kids;
	off_t		 body_at;	/* record to begin with, -1: there is no body */
	off_t		 body_pos;	/* that in bytes of content */
	off_t		 from, to;	/* its lines, likewise */
};

struct queue_content {
	struct queue_file *qf;
	bool		 is_owner;	/* of qf */
	struct node	*nodes;
	size_t		 count, room;
	struct queue_content_header *headers;
	size_t		 header_count, header_room, header_bytes;
	struct err	 damage;
	off_t		 bytes;

	/* While it is read. */
	size_t		 now;		/* innermost open part */
	bool		 is_ignoring;	/* now is over a limit: what comes is not looked into */
	bool		 in_headers;	/* of now: its body has not begun */
	bool		 has_no_blank;	/* the headers ran into the body, which follows */
	bool		 ran_on;	/* they did so */
	bool		 in_boundary;	/* the line is one */
	bool		 owes_newline;	/* one byte of the body, unless a boundary follows */
	off_t		 rec_pos, rec_at;	/* the record: in bytes of content, in the file */
	off_t		 next_pos;
	struct transfer	 transfer;
	struct buf	 decoded;
};

/* content_is_composite - is it there to hold other parts? */
bool	content_is_composite(const struct queue_content_part *p);
/* content_part_init - nothing is known of it yet */
void	content_part_init(struct queue_content_part *p);
void	content_part_done(struct queue_content_part *p);
/*
 * content_part_fill - its header_count fields are read: what do they say?
 *
 * up	the part that holds it; itself, for the first
 */
void	content_part_fill(struct queue_content_part *p,
	    const struct queue_content_part *up,
	    const struct queue_content_header *fields);
/*
 * content_part_hold_others - the engine takes it for one that holds others
 *
 * It looks at a field no further than to a NUL byte, and at a type without its
 * second half: then ours follows.
 */
void	content_part_hold_others(struct queue_content_part *p,
	    const char *type);
/* content_find - go behind M, where the content begins */
int	content_find(struct queue_file *qf, struct err *err);

#endif
