/*
 * original.h - the message that a notice reports on, from its queue file
 */
#ifndef DAEMON_BOUNCE_ORIGINAL_H
#define DAEMON_BOUNCE_ORIGINAL_H

#include <sys/types.h>

#include "daemon/bounce/compose.h"
#include "lib/base/buf.h"

struct notice;
struct queue_file;

struct original {
	struct compose_original view;
	struct queue_file *file;	/* NULL: it cannot be read */
	off_t		 content;	/* where its first content record is */
	long		 size;		/* of the content */
	struct buf	 sender, message_id;
};

/* original_open - never fails: what cannot be read is left out, with a warning */
void	original_open(struct original *o, const struct notice *n);
void	original_close(struct original *o);

#endif
