/*
 * queue_identity.h - this message and no other: act on what was looked at
 *
 * A short queue ID may be another message's a second later, and a message may
 * change queues at any time. So whoever acts on a listing keeps an identity,
 * finds the file that has it, wherever it is by now, and keeps it open while
 * acting: as long as it is open its inode cannot be given to another file.
 *
 *	struct queue_found f = QUEUE_FOUND_INIT;
 *
 *	if (queue_identity_open(&what, &f, &err) == QUEUE_RESULT_DONE)
 *		result = queue_identity_move(&f, "hold", &err);
 *	queue_found_close(&f);
 *
 * Paths are relative to the queue directory, which is the working directory.
 */
#ifndef LIB_QUEUE_QUEUE_IDENTITY_H
#define LIB_QUEUE_QUEUE_IDENTITY_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>

#include "lib/base/buf.h"

struct err;
struct queue_message;

/* What became of one message. */
enum queue_result {
	QUEUE_RESULT_DONE,
	QUEUE_RESULT_NOTHING,	/* it was so already */
	QUEUE_RESULT_GONE,	/* delivered, or somebody else was faster */
	QUEUE_RESULT_CHANGED,	/* another message has its name: not touched */
	QUEUE_RESULT_FAILED,	/* err says why */
	QUEUE_RESULT_COUNT
};
/* queue_result_name - "done", "nothing", "gone", "changed", "failed" */
const char	*queue_result_name(enum queue_result result);

struct queue_identity {
	const char	*queue;		/* where it was seen; not copied */
	const char	*id;		/* not copied */
	const char	*path;		/* NULL: where the hash parameters say */
	dev_t		 dev;
	ino_t		 inode;
	struct timeval	 arrival;	/* of the T record; tv_sec 0: not known */
	off_t		 bytes;		/* of the file */
};

/*
 * queue_identity_of - the identity of a message that was read
 *
 * Its texts are the message's: copy them to keep them. Reads the envelope,
 * for the arrival, if that was not done.
 */
void	queue_identity_of(struct queue_message *m, struct queue_identity *out);

/* A message's file, open. */
struct queue_found {
	int		 fd;		/* for reading */
	const char	*queue;		/* where it is now */
	const char	*id;		/* not copied */
	struct buf	 path;
	struct stat	 st;
};
#define QUEUE_FOUND_INIT { -1, NULL, NULL, BUF_INIT, { 0 } }
void	queue_found_close(struct queue_found *f);

/*
 * queue_identity_open - find this very message and open it
 *
 * Looks where it was seen, then in the other queues, corrupt included.
 * Returns DONE; GONE; CHANGED when a file of that name is another message;
 * FAILED with err.
 */
enum queue_result	queue_identity_open(const struct queue_identity *what,
			    struct queue_found *f, struct err *err);

/*
 * queue_identity_move - rename the open message, and look again
 *
 * to		a queue, or a path: one that has a '/'
 *
 * Never replaces a file. When the name turns out to have been another
 * message's, that one is put back: CHANGED. f follows.
 */
enum queue_result	queue_identity_move(struct queue_found *f,
			    const char *to, struct err *err);

/* queue_identity_find_new - the queue where a file has this name and the inode that it tells; NULL: none */
const char	*queue_identity_find_new(const char *id);

/* queue_identity_is - is this open file that message? */
bool	queue_identity_is(const struct queue_identity *what, int fd,
	    const struct stat *st);

#endif
