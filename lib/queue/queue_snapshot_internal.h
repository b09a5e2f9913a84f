/*
 * queue_snapshot_internal.h - between the parts of queue_snapshot.h
 */
#ifndef LIB_QUEUE_QUEUE_SNAPSHOT_INTERNAL_H
#define LIB_QUEUE_QUEUE_SNAPSHOT_INTERNAL_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/queue/queue_snapshot.h"

#define HISTORY_FINE_S		10		/* steps of the history */
#define HISTORY_COARSE_S	(24 * 60)

struct queue_message;

struct dir {
	intern_ref	 path;
	uint32_t	 round;		/* that saw it unchanged */
};

struct ring {
	struct queue_history sum;
	int64_t		 step;		/* which one is being filled: time / length */
	int		 length_s;
};

struct queue_snapshot {
	pthread_mutex_t	 mutex;
	struct intern	*texts;
	struct queue_row **blocks;
	uint32_t	 slots, free, count;	/* free: list through next */
	uint32_t	*buckets, bucket_count;
	struct queue_row_reason *reasons;	/* 0 is none */
	uint32_t	 reason_count, reason_room, reason_free;
	uint32_t	*reason_buckets, reason_bucket_count;
	struct dir	*dirs;
	size_t		 dir_count;
	uint32_t	 serial, version, round, rounds;
	size_t		 tagged, tagged_gone;
	struct queue_snapshot_totals totals;
	uint32_t	 arrived, left, moved;	/* in this round */
	uint32_t	 last_arrived, last_left, last_moved;
	struct ring	 fine, coarse;
	time_t		 since;			/* end of the first round */
	struct buf	 scratch, other;
	size_t		 rcpt_bytes;
};

/* ---- queue_snapshot_row.c ---- */

/* queue_snapshot_fill_row - all but the place of the row; it holds what it names */
void	queue_snapshot_fill_row(struct queue_snapshot *s,
	    struct queue_row *row, const struct queue_message *m);
/* queue_snapshot_empty_row - let go of all that a row holds */
void	queue_snapshot_empty_row(struct queue_snapshot *s,
	    struct queue_row *row);

/* ---- queue_snapshot_reason.c ---- */

/* queue_snapshot_take_reason - the number of this reason, held once more; 0 is none */
uint32_t	queue_snapshot_take_reason(struct queue_snapshot *s,
		    const char *text, const char *dsn, const char *mta);
void	queue_snapshot_drop_reason(struct queue_snapshot *s, uint32_t i);

/* ---- queue_snapshot_history.c ---- */

/* queue_snapshot_record - what this round saw come and go */
void	queue_snapshot_record(struct queue_snapshot *s, time_t now);

#endif
