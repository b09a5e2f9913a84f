/*
 * classic.h - the layouts of postqueue -p and -j (spec/services.md 4.6, 4.7)
 */
#ifndef CMD_POSTQUEUE_CLASSIC_H
#define CMD_POSTQUEUE_CLASSIC_H

#include <stdint.h>
#include <stdio.h>

#include "lib/queue/queue_listing.h"

struct classic {
	FILE		*out;
	bool		 has_long_ids;	/* layout: enable_long_queue_ids */
	int64_t		 messages, bytes;
};

/* classic_text - one message of -p; ctx is a struct classic */
void	classic_text(const struct queue_listing_message *m, void *ctx);
/* classic_text_end - the summary, or that the queue is empty */
void	classic_text_end(struct classic *c);
/* classic_json - one line of -j */
void	classic_json(const struct queue_listing_message *m, void *ctx);

#endif
