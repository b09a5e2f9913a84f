/*
 * message.h - one message in the active queue: what its envelope says
 *
 * Reading follows spec/queue-format.md 7.2: recipients come in batches, so
 * that a message with a million of them costs no more memory than others.
 * No scheduling here, and no decision about the message.
 */
#ifndef DAEMON_QMGR_MESSAGE_H
#define DAEMON_QMGR_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>
#include <uthash.h>

struct ask;
struct err;
struct job;
struct queue_file;

struct recipient {		/* texts owned; "" may be shared, see recipient_done */
	char	*address;	/* R; the resolver may replace it */
	char	*orig;		/* O */
	char	*dsn_orcpt;
	unsigned dsn_notify;
	off_t	 offset;	/* of the R record */
};

/* recipient_set - replace one of these texts */
void	recipient_set(char **text, const char *value);
void	recipient_done(struct recipient *r);

#define MESSAGE_BATCH_MAX	5000	/* recipients read at once (7.2) */

struct message {
	UT_hash_handle	 hh;		/* by id */
	char		*id;

	/* the envelope */
	long		 data_offset, data_size;	/* C: fields 2 and 1 */
	long		 content_length;		/* field 5 */
	long		 rcpt_count, qmgr_flags, sendopts;
	struct timeval	 arrival;
	time_t		 created;	/* create_time; lifetime counts from here */
	off_t		 warn_offset;	/* of the W record's data, 0: none */
	time_t		 warn_time;
	char		*sender;	/* NULL until seen */
	char		*verp_delimiters, *encoding, *filter, *redirect,
			*envelope_id;
	int		 ret_flags, trace_flags;
	off_t		 trace_offset;	/* of A trace_flags=1024, 0: none */
	char		*client_name, *client_addr, *client_port,
			*client_proto, *client_helo, *sasl_method,
			*sasl_username, *sasl_sender, *log_ident,
			*rewrite_context;

	/* recipients: where to go on reading, and the batch just read */
	long		 unread;
	off_t		 next_offset;
	bool		 has_all_other;	/* every record that is not a recipient was seen */
	struct recipient *batch;
	size_t		 batch_count, batch_room;

	/* life in the active queue */
	struct timeval	 active;
	struct job	*jobs;
	int		 entries;	/* waiting or at agents */
	int64_t		 read_ms;	/* when a batch was last read */
	bool		 is_forced;	/* mode 0010: expire now */
	bool		 wants_unthrottle; /* mode 0040 */
	bool		 is_flush;	/* taken while F was in force: defer_transports do not count */
	bool		 has_failed;	/* some recipient remains */
	bool		 has_bounced;	/* some recipient did, this time */
	bool		 is_expired;	/* what remained has been returned */
	bool		 must_stay;	/* a report could not be sent: not even expiry removes it */
	bool		 is_counted_probe;	/* in qmgr->probe_count */
	bool		 is_damaged;	/* a later part cannot be read: aside at the end */
	bool		 is_finishing;	/* in report.c: nothing more to schedule */
	size_t		 resolving, placed_count; /* while the rewrite service is asked */
	struct message	*next_resolving;
};

struct message	*message_new(const char *id);
void		 message_free(struct message *m);

/*
 * message_read - (message_read.c) read the envelope, or the next batch of recipients
 *
 * qf		QUEUE_FILE_PLAIN reader
 * limit	recipients to read at most
 *
 * Returns 0 with m->batch filled, or -1: the file is damaged; what is wrong
 * has been logged as the peer does (12.4).
 */
int	message_read(struct message *m, struct queue_file *qf, size_t limit);

/* message_more - recipients remain unread in the file */
bool	message_more(const struct message *m);

#endif
