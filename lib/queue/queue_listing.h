/*
 * queue_listing.h - the messages of the queue, as showq lists them
 */
#ifndef LIB_QUEUE_QUEUE_LISTING_H
#define LIB_QUEUE_QUEUE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct queue_message;

struct queue_listing_rcpt {
	const char	*orig;		/* NULL: not told (before 3.11) */
	const char	*address;
	const char	*log_class;	/* "defer", "bounce", ""; NULL: not told */
	const char	*reason;	/* "" when there is none */
};

struct queue_listing_message {
	const char	*queue, *id;
	int64_t		 arrival, size;
	bool		 is_expired;
	const char	*sender;
	const struct queue_listing_rcpt *rcpts;
	size_t		 rcpt_count;
};

typedef void (*queue_listing_fn)(const struct queue_listing_message *m, void *ctx);

enum queue_listing_result {
	LISTING_DONE,
	LISTING_DENIED,		/* showq exists and may not be reached */
	LISTING_DOWN,		/* nobody listens */
	LISTING_GARBLED		/* the stream was none */
};

/* queue_listing_from_showq - ask the service; err holds the reason unless done */
enum queue_listing_result	queue_listing_from_showq(queue_listing_fn fn, void *ctx,
			    struct err *err);

/* Where the recipients of one message are gathered; begin with zeroes. */
struct queue_listing_room {
	struct queue_listing_rcpt *list;
	size_t		 count, size;
};
void	queue_listing_room_done(struct queue_listing_room *room);
/*
 * queue_listing_of - what showq would tell of a message whose reasons were read
 *
 * out	borrows of from and of room
 */
void	queue_listing_of(const struct queue_message *from,
	    struct queue_listing_room *room,
	    struct queue_listing_message *out);

struct queue_listing_job {
	/* In a worker: append the text of one message. */
	void		(*put)(const struct queue_listing_message *m,
			    struct buf *out, void *own);
	/* In the calling thread: text of some messages; false ends the listing. */
	bool		(*text)(struct buf *out, void *ctx);
	void		*ctx;
	unsigned	 threads;	/* 0: queue_scan_threads() */
	void		*own;		/* array, one element a thread */
	size_t		 own_size;
};
/*
 * queue_listing_from_queue - read the queue directory, which is the working directory
 *
 * In the order of the directories, by several threads. What is odd about a
 * file is warned about.
 */
void	queue_listing_from_queue(const struct queue_listing_job *job);
/*
 * queue_listing_tell - make m the message that a service told of (is_told)
 *
 * Strings are copied.
 */
void	queue_listing_tell(const struct queue_listing_message *from,
	    struct queue_message *m);

#endif
