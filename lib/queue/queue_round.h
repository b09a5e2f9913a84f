/*
 * queue_round.h - fill a snapshot, and keep it true
 *
 *	first round	queue_scan_run: everything, by several threads
 *	later rounds	directories that have not changed are passed over; of
 *			files that are known as they are only the entry is read
 *
 * Now and then a round looks at every entry, since a file can change in place
 * without its directory noticing. A message that changes queues meanwhile is
 * looked for before it counts as gone.
 */
#ifndef LIB_QUEUE_QUEUE_ROUND_H
#define LIB_QUEUE_QUEUE_ROUND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct err;
struct queue_round;
struct queue_snapshot;

/*
 * queue_round_new - rounds that fill s
 *
 * stop		ends a round when not 0
 */
struct queue_round	*queue_round_new(struct queue_snapshot *s,
			    const atomic_int *stop);
void	queue_round_free(struct queue_round *r);

/*
 * queue_round_scan - a round through the queue directory, which is the
 * working directory
 *
 * is_thorough	look at every entry
 *
 * 0; -1 with err when no queue at all could be opened; then the snapshot
 * stays as it was.
 */
int	queue_round_scan(struct queue_round *r, bool is_thorough,
	    struct err *err);
/*
 * queue_round_ask - a round by asking the showq service
 *
 * 0, or -1 with err: then the snapshot stays as it was, but for what was told
 * before the service broke off. ERR_DENIED: it is not for us.
 */
int	queue_round_ask(struct queue_round *r, struct err *err);
/*
 * queue_round_load - a round by reading lines of JSON (queue_jsonl.h)
 *
 * name		for messages
 *
 * 0; -1 with err when it could not be read to its end. Lines that make no
 * sense count as unreadable.
 */
int	queue_round_load(struct queue_round *r, int fd, const char *name,
	    struct err *err);

/* queue_round_dir - the directories that rounds after the first have found, by number; NULL at the end */
const char	*queue_round_dir(const struct queue_round *r, size_t i);
/* queue_round_touch - something in that directory has changed: the next round reads it */
void	queue_round_touch(struct queue_round *r, size_t i);

/* queue_round_progress - messages looked at in the running round; *total: how many there are to be, 0: not known. From any thread */
size_t	queue_round_progress(const struct queue_round *r, size_t *total);
/* queue_round_unreadable - files and directories that the last round could not look at */
size_t	queue_round_unreadable(const struct queue_round *r);

#endif
