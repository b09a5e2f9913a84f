/*
 * queue_listing.h - the messages of the queue, as showq lists them
 */
#ifndef LIB_QUEUE_QUEUE_LISTING_H
#define LIB_QUEUE_QUEUE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
/* queue_listing_from_queue - read the queue directory, which is the working directory */
void	queue_listing_from_queue(queue_listing_fn fn, void *ctx);
/*
 * queue_listing_tell - make m the message that a service told of (is_told)
 *
 * Strings are copied.
 */
void	queue_listing_tell(const struct queue_listing_message *from,
	    struct queue_message *m);

#endif
