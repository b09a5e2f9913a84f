/*
 * queue_content.h - the message in a queue file as people see it
 *
 * One pass over the content gives the header fields, the tree of MIME parts
 * and where in the file each part stands; a second one gives a part's bytes,
 * as a stream. Memory holds header fields and the tree, each bounded, never
 * the content. Nothing in a message is trusted: what is wrong with it is noted
 * and gone around.
 *
 *	0	multipart/mixed		parts are numbered as IMAP does, and
 *	1	  text/plain		what only holds others has a 0 at the
 *	2	  message/rfc822	end of its number
 *	2.1	    text/html
 */
#ifndef LIB_QUEUE_QUEUE_CONTENT_H
#define LIB_QUEUE_QUEUE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct err;
struct queue_content;
struct queue_file;

#define QUEUE_CONTENT_PARTS_MAX	4096	/* what is beyond belongs to its container */
#define QUEUE_CONTENT_DEPTH_MAX	100
#define QUEUE_CONTENT_HEADERS_MAX 1048576 /* bytes of header fields that are kept */

/* What is wrong with a part; the first four are enum transfer_defect. */
enum queue_content_defect {
	CONTENT_BAD_BASE64	= 1,
	CONTENT_CUT_BASE64	= 2,
	CONTENT_MORE_BASE64	= 4,
	CONTENT_BAD_QP		= 8,
	CONTENT_BAD_ENCODING	= 16,	/* unknown Content-Transfer-Encoding */
	CONTENT_ENCODED_PARTS	= 32,	/* an encoded multipart or message */
	CONTENT_NO_BOUNDARY	= 64,	/* a multipart that names none */
	CONTENT_NO_PARTS	= 128,	/* its boundary never comes */
	CONTENT_NOT_CLOSED	= 256,	/* its last boundary never comes */
	CONTENT_BAD_CHARSET	= 512,	/* a character set unknown here */
	CONTENT_TOO_DEEP	= 1024,	/* over a limit above: not looked into */
	CONTENT_8BIT		= 2048,	/* 8-bit bytes in what says 7bit */
	CONTENT_NUL		= 4096,
	CONTENT_CUT_HEADERS	= 8192	/* over a limit above: not all are kept */
};

struct queue_content_header {
	const char	*name;
	const char	*raw;		/* whole field, its lines joined by '\n'; NUL as blank */
	size_t		 len;		/* of raw */
};

struct queue_content_part {
	size_t		 parent;	/* its own index for the first */
	size_t		 ordinal;	/* 1, 2, ... among the parent's parts */
	unsigned	 depth;
	bool		 is_multipart;
	bool		 is_message;	/* the top of a message: headers of a whole one */
	/* In lower case, UTF-8, with what the standard says when nothing is said; else "". */
	const char	*type;		/* "text/plain" */
	const char	*charset, *encoding, *disposition;
	const char	*file_name;	/* as sent: never a path to write to */
	const char	*id, *description;
	off_t		 encoded_bytes, decoded_bytes;	/* line ends as one byte */
	size_t		 lines;
	unsigned	 defects;
	size_t		 first_header, header_count;
};

/*
 * queue_content_read - take in the content of a queue file
 *
 * qf		in normal mode; borrowed, and moved about; must outlive the result
 *
 * NULL with err when there is no content at all (no M record). Damage within
 * it ends the reading: queue_content_damage.
 */
struct queue_content	*queue_content_read(struct queue_file *qf,
			    struct err *err);
/* queue_content_open - of the file at path, by the rules of 12.1 */
struct queue_content	*queue_content_open(const char *path, struct err *err);
void	queue_content_free(struct queue_content *c);
/* queue_content_damage - why the content could not be read to its end, or NULL */
const char	*queue_content_damage(const struct queue_content *c);
/* queue_content_bytes - of the whole message, headers too, line ends as one byte */
off_t	queue_content_bytes(const struct queue_content *c);

/* queue_content_part - parts in the order of the message, the whole first; NULL behind the last */
const struct queue_content_part	*queue_content_part(
			    const struct queue_content *c, size_t i);
/*
 * queue_content_lines - where a part of a multipart stands: its lines, headers
 * included, boundaries not
 *
 * from, to	out, in bytes of content, line ends as one byte
 */
void	queue_content_lines(const struct queue_content *c, size_t i,
	    off_t *from, off_t *to);
/* queue_content_number - append a part's number */
void	queue_content_number(const struct queue_content *c, size_t i,
	    struct buf *out);
/* queue_content_find - the part with this number; false when there is none */
bool	queue_content_find(const struct queue_content *c, const char *number,
	    size_t *i);
/* queue_content_leaves - parts that are not only there to hold others */
size_t	queue_content_leaves(const struct queue_content *c);
/* queue_content_attachment - the nth part that has a file name or says it is one; NULL behind the last */
const struct queue_content_part	*queue_content_attachment(
			    const struct queue_content *c, size_t nth);
/* queue_content_defect - words for the lowest of these bits, which is cleared; NULL for none */
const char	*queue_content_defect(unsigned *defects);

/* queue_content_header - the ith field of all parts, in their order; NULL behind the last */
const struct queue_content_header	*queue_content_header(
			    const struct queue_content *c, size_t i);
/* queue_content_header_text - append its value unfolded, with encoded words decoded */
void	queue_content_header_text(const struct queue_content_header *h,
	    struct buf *out);

enum queue_content_form {
	CONTENT_RAW,		/* as it stands in the message */
	CONTENT_DECODED,	/* without its Content-Transfer-Encoding */
	CONTENT_TEXT		/* and as UTF-8 */
};
/* A sink for a part's bytes; false: no more are wanted. */
typedef bool	(*queue_content_fn)(void *ctx, const char *data, size_t len);

/* queue_content_get - hand a part's bytes to fn; 0, or -1 with err when the file cannot be read */
int	queue_content_get(struct queue_content *c, size_t i,
	    enum queue_content_form form, queue_content_fn fn, void *ctx,
	    struct err *err);

/*
 * queue_content_message - hand the whole message, header fields too, to fn
 *
 * qf	in normal mode; read from its beginning
 * name	for err
 *
 * A line and its end ("\n") come in separate calls. 0, or -1 with err when
 * the file is damaged or cannot be read.
 */
int	queue_content_message(struct queue_file *qf, const char *name,
	    queue_content_fn fn, void *ctx, struct err *err);

/*
 * queue_content_text - append what a person would read of the message, as UTF-8
 *
 * max		bytes of text that are enough
 *
 * text/plain, else text/html reduced to text; of alternatives the plain one;
 * what is attached is left out. Returns 1, 0 when there is nothing to read,
 * -1 with err.
 */
int	queue_content_text(struct queue_content *c, size_t max,
	    struct buf *out, struct err *err);

#endif
