/*
 * queue_message.h - what a lister needs to know of a message
 *
 * One read of the queue file gives the envelope; the defer log and the
 * headers are read only when they were asked for. One struct serves message
 * after message and keeps its memory. Used by showq, postqueue, postsuper,
 * qtop.
 */
#ifndef LIB_QUEUE_QUEUE_MESSAGE_H
#define LIB_QUEUE_QUEUE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "lib/queue/queue_reason.h"

struct buf;
struct err;
struct queue_field;
struct queue_file;
struct queue_log;

enum queue_message_want {
	QUEUE_MESSAGE_ENVELOPE	= 1,	/* implies the entry */
	QUEUE_MESSAGE_REASONS	= 2,	/* the defer log; implies the envelope */
	QUEUE_MESSAGE_HEADERS	= 4,	/* the header lines; implies the envelope */
	QUEUE_MESSAGE_ENTRY	= 8,	/* st, is_expired */
	QUEUE_MESSAGE_PARTS	= 16,	/* how the content is built; implies the envelope */
	QUEUE_MESSAGE_BODY	= 32	/* its text, and the fingerprint; implies the parts */
};

/* One recipient that is still to do, in the order of the queue file. */
struct queue_message_rcpt {
	const char	*address;	/* internal form */
	const char	*shown;		/* external form, printable */
	const char	*orig;		/* O record, or address */
	const char	*dsn_orcpt;
	unsigned	 dsn_notify;
	off_t		 offset;
	/* From the defer log; "" without an entry. */
	const char	*reason, *dsn, *mta;
	unsigned char	 class_known;	/* its class and one: queue_message_class */
};

/* One entry of the defer log, in its order. */
struct queue_message_entry {
	const char	*shown;		/* recipient as stored: external form */
	const char	*reason, *dsn, *action;
	const char	*mta;		/* remote host, or "" */
};

/* A value that whoever told of the message had looked up (queue_field.h). */
struct queue_message_told {
	const struct queue_field *field;
	size_t		 nth;
	const char	*text;		/* NULL: a number */
	int64_t		 number;
	bool		 is_absent;	/* there is none */
};

#define QUEUE_MESSAGE_TRACE_PROBE	256	/* in trace_flags: address verification */
#define QUEUE_MESSAGE_SMTPUTF8		1	/* in sendopts */

struct queue_message {
	const char	*queue, *id;	/* the caller's; id is copied */
	const char	*path;		/* where it was found */
	struct stat	 st;		/* with QUEUE_MESSAGE_ENTRY */
	unsigned	 has;		/* QUEUE_MESSAGE_* that were read */
	bool		 is_told;	/* by somebody: the file cannot be read */
	bool		 is_snapshot;	/* told, by one who had read all but headers and content */
	bool		 is_gone;	/* it went away while we looked */
	bool		 may_arrive;	/* one that is still being written is not as good as gone: its envelope is not known */
	bool		 is_damaged;	/* its records cannot be read to the end */
	bool		 is_tagged;	/* in a browser */
	const char	*note;		/* what is odd about the file, or NULL */

	bool		 has_sender;
	const char	*sender;	/* internal form */
	const char	*sender_shown;	/* external, printable; $empty_address_recipient */
	struct timeval	 arrival;	/* T; the file's mtime without one */
	time_t		 created;	/* create_time, else arrival */
	long		 size;		/* as listed: field 1, or of the file */
	long		 data_offset, data_size; /* 0: not known */
	long		 sendopts;
	time_t		 warn_at;	/* W; 0 without, -1 sent */
	bool		 is_expired;	/* forced expiration requested */
	bool		 has_end;	/* the end record was seen */

	/* Envelope facts; "" when absent. */
	const char	*fullname, *filter, *redirect, *verp, *envid, *encoding;
	const char	*client_name, *client_addr, *helo, *proto, *origin;
	const char	*sasl_user, *sasl_method, *sasl_sender, *context;
	const char	*submitter;
	int		 trace_flags;

	struct queue_message_rcpt *rcpts;
	size_t		 rcpt_count;
	size_t		 done_count;	/* D and / records */
	struct queue_message_entry *entries;
	size_t		 entry_count;
	bool		 was_logged;	/* told of a defer log */
	struct queue_message_told *told;
	size_t		 told_count;

	const char	*headers;	/* lines ended by LF, NUL kept out */
	size_t		 headers_len;

	bool		 has_content;	/* it could be read as far as was asked */
	size_t		 part_count;	/* parts that are not only there to hold others */
	const char	*attachments;	/* file names, each ended by NUL, an empty one behind the last */
	const char	*body;		/* text for people, UTF-8; the first megabyte */
	const char	*fingerprint;	/* equal for messages that say the same from and to the same */

	struct queue_message_memory *memory;
	struct queue_message_reader *reader;	/* NULL: files are read with memory of their own */
};

/* What reading files takes, for one message after the other; begin with zeroes. */
struct queue_message_reader {
	struct queue_file *file;
	struct queue_log *log;
};
void	queue_message_reader_done(struct queue_message_reader *r);

void	queue_message_init(struct queue_message *m);
void	queue_message_done(struct queue_message *m);

/*
 * queue_message_begin - make m a message of which nothing was read yet
 *
 * queue	kept by reference
 * path		where a walk has found it; NULL: where the hash parameters say;
 *		"" for a message that a service told of
 * st		what lstat says of the file; NULL: ask it now
 */
void	queue_message_begin(struct queue_message *m, const char *queue,
	    const char *id, const char *path, const struct stat *st);

/*
 * queue_message_meet - begin with a name that a directory holds and no more
 *
 * Only st.st_ino is known of st until QUEUE_MESSAGE_ENTRY is wanted.
 */
void	queue_message_meet(struct queue_message *m, const char *queue,
	    const char *id, const char *path, ino_t inode);

/*
 * queue_message_want - read what is wanted and was not read before
 *
 * Returns 1; 0 when it is gone or not ready (12.1); -1 with err when the file
 * is damaged or cannot be opened: then m holds what came before the damage.
 */
int	queue_message_want(struct queue_message *m, unsigned want,
	    struct err *err);

/* queue_message_is_arriving - with may_arrive: its writer has not completed it */
bool	queue_message_is_arriving(struct queue_message *m);
/* queue_message_is_ready - a regular file that its writer has completed (12.1)? */
bool	queue_message_is_ready(struct queue_message *m);

/* queue_message_read - begin, and want */
int	queue_message_read(struct queue_message *m, const char *queue,
	    const char *id, unsigned want, struct err *err);

/*
 * queue_message_tell - add a recipient that a service told of
 *
 * address	internal form
 *
 * For messages with is_told; reason "" when there is none. Strings are copied.
 * Returns the recipient, valid until the next one, to add what else is known.
 */
struct queue_message_rcpt	*queue_message_tell(struct queue_message *m,
				    const char *address, const char *reason);
/* queue_message_tell_sender - set the sender, given in internal form */
void	queue_message_tell_sender(struct queue_message *m,
	    const char *sender);
/*
 * queue_message_tell_shown - the same with external forms, as a listing has them
 *
 * sender	NULL: a recipient is told
 */
void	queue_message_tell_shown(struct queue_message *m, const char *sender,
	    const char *rcpt, const char *reason);
/* queue_message_tell_value - add a value; its text is copied */
void	queue_message_tell_value(struct queue_message *m,
	    const struct queue_message_told *value);
/* queue_message_bytes - memory that m holds for this message */
size_t	queue_message_bytes(const struct queue_message *m);
/*
 * queue_message_class - the class of this recipient's reason (queue_reason.h)
 *
 * Found once: to match many patterns is what costs most of a message.
 */
enum queue_reason_class	queue_message_class(struct queue_message *m,
			    size_t rcpt);
/* queue_message_keep - copy a string into m's memory */
const char	*queue_message_keep(struct queue_message *m, const char *text);

/*
 * queue_message_was_logged - is this recipient among the log's entries?
 *
 * shown	external form
 */
bool	queue_message_was_logged(const struct queue_message *m,
	    const char *shown);

/*
 * queue_message_header - the nth (0 first) header field of that name
 *
 * Appends its value, unfolded and with encoded words (RFC 2047) decoded to
 * UTF-8. False when there is none. QUEUE_MESSAGE_HEADERS must have been read.
 */
bool	queue_message_header(const struct queue_message *m, const char *name,
	    size_t nth, struct buf *out);

#endif
