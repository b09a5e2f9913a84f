/*
 * mime.h - tell headers, part headers, nested headers and body lines apart
 *
 * A streaming engine: text records in (a line, or a piece of one), callbacks
 * out. It needs no message in memory: one header at a time, and the boundaries
 * that are open. RFC 5322 2.2, RFC 2045, RFC 2046 5.1.
 *
 *	mime_reset -> mime_text ... -> mime_end
 *
 *	 PRIMARY --blank--> BODY --"--boundary"--> PART --blank--> BODY
 *	                     |  message/rfc822                      |
 *	                     +------> NESTED --blank--> BODY <------+
 */
#ifndef LIB_MAIL_MIME_H
#define LIB_MAIL_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct mime;

enum mime_class { MIME_PRIMARY = 1, MIME_PART, MIME_NESTED };

enum mime_error {		/* bits; each is reported once a message */
	MIME_ERR_NESTING	= 1,	/* more open multiparts than allowed */
	MIME_ERR_TRUNCATED	= 2,	/* a header was cut at the limit */
	MIME_ERR_8BIT_HEADER	= 4,
	MIME_ERR_8BIT_BODY	= 8,	/* 8-bit text in a body that says 7bit */
	MIME_ERR_ENCODING	= 16,	/* a composite type that is encoded */
	MIME_ERR_HEADER_END	= 32	/* no blank line behind the primary headers; comes before header_end */
};

enum mime_flags {
	MIME_NO_PARTS		= 1,	/* headers, then body: no MIME at all */
	MIME_WANT_8BIT		= 2,	/* look for 8-bit text in 7bit bodies */
	MIME_WANT_ENCODING	= 4,	/* report encoded composite types */
	/*
	 * Turn parts that say 8bit or binary into quoted-printable, and say so
	 * (RFC 2045 6.7); lines come out whole, at most 76 bytes long. Text
	 * that does not say what it is stays as it is.
	 */
	MIME_DOWNGRADE		= 8
};

enum mime_step {
	MIME_STEP_MULTIPART,	/* a multipart was opened */
	MIME_STEP_PART,		/* the line that follows is its boundary, then a part's headers */
	MIME_STEP_LAST,		/* the line that follows is its last boundary */
	MIME_STEP_NESTED	/* the headers of a message inside the message follow */
};

struct mime_ops {
	/* A whole header, its lines joined by '\n'; fn may change text. */
	void	(*header)(void *ctx, enum mime_class class, struct buf *text);
	/* The primary headers are over; what fn writes still belongs to them. */
	void	(*header_end)(void *ctx);
	/*
	 * Part or end of a line outside headers; boundaries and the blank
	 * lines that end headers are lines, too. offset counts bytes from the
	 * start of this body segment.
	 */
	void	(*body)(void *ctx, bool is_partial, const char *data,
		    size_t len, off_t offset);
	void	(*error)(void *ctx, enum mime_error error, const char *text);
	/*
	 * How the entities are nested, for those who build a tree; NULL: not
	 * asked. depth counts the open multiparts, this one included.
	 */
	void	(*step)(void *ctx, enum mime_step step, size_t depth);
};

struct mime_limits {
	size_t	header_size;		/* bytes of one header */
	size_t	nesting;		/* open multiparts */
	size_t	boundary_size;		/* significant bytes of a boundary */
};

struct mime	*mime_new(const struct mime_ops *ops, void *ctx);
void		 mime_free(struct mime *m);
/* mime_reset - start a message */
void		 mime_reset(struct mime *m, const struct mime_limits *limits,
		    unsigned flags);
/*
 * mime_text - feed a text record
 *
 * is_partial	the line goes on in the next record
 */
void		 mime_text(struct mime *m, bool is_partial, const char *data,
		    size_t len);
/* mime_end - the content is over: a pending header and header_end come out */
void		 mime_end(struct mime *m);
/* mime_is_plain - the headers are over and nothing but body lines can follow */
bool		 mime_is_plain(const struct mime *m);

/*
 * mime_is_about_mime - does a header say how to read the content, rather than
 * what it says? All of those of parts do; elsewhere MIME-Version and Content-*
 */
bool		 mime_is_about_mime(enum mime_class class,
		    const struct buf *text);
/* mime_error_text - "MIME nesting exceeds safety limit", ...; dsn gets its status */
const char	*mime_error_text(enum mime_error error, const char **dsn);

#endif
