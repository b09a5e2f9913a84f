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
#include <sys/stat.h>
#include <sys/time.h>

struct err;

enum queue_message_want {
	QUEUE_MESSAGE_ENVELOPE	= 1,
	QUEUE_MESSAGE_REASONS	= 2,	/* the defer log; implies the envelope */
	QUEUE_MESSAGE_HEADERS	= 4	/* the header lines; implies the envelope */
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
	const char	*reason, *dsn, *relay;
};

/* One entry of the defer log, in its order. */
struct queue_message_entry {
	const char	*shown;		/* recipient as stored: external form */
	const char	*reason, *dsn, *action;
};

struct queue_message {
	const char	*queue, *id;	/* the caller's; id is copied */
	struct stat	 st;
	unsigned	 has;		/* QUEUE_MESSAGE_* that were read */
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

	const char	*headers;	/* lines ended by LF, NUL kept out */
	size_t		 headers_len;

	struct queue_message_memory *memory;
};

void	queue_message_init(struct queue_message *m);
void	queue_message_done(struct queue_message *m);

/*
 * queue_message_read - read QUEUE/ID
 *
 * queue	kept by reference
 * want		QUEUE_MESSAGE_*
 *
 * Returns 1; 0 when it is gone or not ready (12.1); -1 with err when the file
 * is damaged or cannot be opened: then m holds what came before the damage.
 */
int	queue_message_read(struct queue_message *m, const char *queue,
	    const char *id, unsigned want, struct err *err);

/*
 * queue_message_was_logged - is this recipient among the log's entries?
 *
 * shown	external form
 */
bool	queue_message_was_logged(const struct queue_message *m,
	    const char *shown);

#endif
