/*
 * classic.h - the layouts of postqueue -p and -j (spec/services.md 4.6, 4.7)
 */
#ifndef CMD_POSTQUEUE_CLASSIC_H
#define CMD_POSTQUEUE_CLASSIC_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct buf;
struct queue_listing_message;

/* What one thread needs to lay out messages; begin with zeroes. */
struct classic {
	bool		 has_long_ids;	/* layout: enable_long_queue_ids */
	int64_t		 messages, bytes;	/* so far */
	time_t		 quarter;	/* the quarter of an hour that tm begins */
	struct tm	 tm;
};

/* classic_head - append the headings, without the end of their line: each message begins with one */
void	classic_head(const struct classic *c, struct buf *out);
/* classic_text - append one message of -p; own is a struct classic */
void	classic_text(const struct queue_listing_message *m, struct buf *out,
	    void *own);
/* classic_tail - append the summary, or that the queue is empty */
void	classic_tail(int64_t messages, int64_t bytes, struct buf *out);
/* classic_json - append one line of -j */
void	classic_json(const struct queue_listing_message *m, struct buf *out,
	    void *own);

#endif
