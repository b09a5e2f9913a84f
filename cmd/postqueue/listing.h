/*
 * listing.h - the messages of the queue, one after the other
 */
#ifndef CMD_POSTQUEUE_LISTING_H
#define CMD_POSTQUEUE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct listing_rcpt {
	const char	*orig;		/* NULL: not told (before 3.11) */
	const char	*address;
	const char	*log_class;	/* "defer", "bounce", ""; NULL: not told */
	const char	*reason;	/* "" when there is none */
};

struct listing_message {
	const char	*queue, *id;
	int64_t		 arrival, size;
	bool		 is_expired;
	const char	*sender;
	const struct listing_rcpt *rcpts;
	size_t		 rcpt_count;
};

typedef void (*listing_fn)(const struct listing_message *m, void *ctx);

enum listing_result {
	LISTING_DONE,
	LISTING_DENIED,		/* showq exists and may not be reached */
	LISTING_DOWN,		/* nobody listens */
	LISTING_GARBLED		/* the stream was none */
};

/* listing_from_showq - ask the service; err holds the reason unless done */
enum listing_result	listing_from_showq(listing_fn fn, void *ctx,
			    struct err *err);
/* listing_from_queue - read the queue directory, which is the working directory */
void	listing_from_queue(listing_fn fn, void *ctx);

#endif
