/*
 * queue_snapshot.h - all messages of the queue, in memory, as of a moment ago
 *
 *	scan, service or file --> rounds --> rows --> views, groups, totals
 *
 * A row is of fixed size, its texts are interned, and it stays where it is
 * for as long as its message is seen: whoever remembers a row's slot and
 * serial number means that message and no other. A round looks at everything
 * once; what it does not see is gone, and the differences between rounds are
 * the rates. Used by qtop.
 *
 * One thread fills while others read: all functions but _new, _free, _lock
 * and _memory want the lock to be held, and hold it for short.
 */
#ifndef LIB_QUEUE_QUEUE_SNAPSHOT_H
#define LIB_QUEUE_QUEUE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "lib/base/intern.h"

struct buf;
struct queue_message;
struct queue_snapshot;

/* Queues by number, in the order of queue_snapshot_queues. */
enum queue_number {
	QUEUE_MAILDROP, QUEUE_INCOMING, QUEUE_ACTIVE, QUEUE_DEFERRED,
	QUEUE_HOLD, QUEUE_CORRUPT, QUEUE_COUNT
};
extern const char *const queue_snapshot_queues[QUEUE_COUNT + 1];

struct queue_row_rcpt {
	intern_ref	 address;	/* internal form */
	intern_ref	 orig;		/* 0: as address */
	intern_ref	 domain;	/* lower case */
	uint32_t	 reason;	/* for queue_snapshot_reason; 0: none */
	uint32_t	 notify;	/* DSN_NOTIFY_* */
};

/* What one reason says, worked out once for all that wait for it. */
struct queue_row_reason {
	intern_ref	 text, dsn, mta;
	intern_ref	 signature, relay, relay_addr;
	uint32_t	 next, held;	/* hash chain; how many name it */
	uint16_t	 code;		/* SMTP reply code, 0: none */
	uint8_t		 class;		/* enum queue_reason_class */
	bool		 is_suspended;
};

struct queue_row {
	uint64_t	 inode, dev;	/* 0 of a message that a service told of */
	int64_t		 arrival, mtime;
	int64_t		 bytes;		/* of the file */
	int64_t		 size;		/* as listed */
	uint32_t	 arrival_us;
	uint32_t	 created_after;	/* create_time - arrival, 0 when earlier */
	intern_ref	 id, dir;	/* dir/id is its path */
	intern_ref	 sender, sender_domain;
	intern_ref	 facts;
	uint32_t	 rcpt_count, done_count;
	uint32_t	 data_offset;	/* 0: not known */
	uint32_t	 mode;
	uint32_t	 serial;	/* 0: no message here */
	uint32_t	 changed;	/* version at which it last did */
	uint32_t	 round;		/* that last saw it */
	uint32_t	 next;		/* hash chain */
	uint16_t	 sendopts, trace_flags;
	uint8_t		 queue;		/* enum queue_number */
	bool		 is_told : 1, is_snapshot : 1, is_damaged : 1, is_tagged : 1;
	bool		 is_arriving : 1;	/* still being written: no envelope */
	union {
		struct queue_row_rcpt	 one;
		struct queue_row_rcpt	*many;	/* when rcpt_count > 1 */
	} rcpts;
};

struct queue_snapshot	*queue_snapshot_new(void);
void	queue_snapshot_free(struct queue_snapshot *s);
/* queue_snapshot_lock - wait for the other thread; not to be taken twice */
void	queue_snapshot_lock(struct queue_snapshot *s);
void	queue_snapshot_unlock(struct queue_snapshot *s);

/* ---- filling ---- */

/* queue_snapshot_begin - a new round */
void	queue_snapshot_begin(struct queue_snapshot *s);
/*
 * queue_snapshot_see - is this message, of which the entry was read, known as
 * it is? Then this round has seen it
 */
bool	queue_snapshot_see(struct queue_snapshot *s,
	    const struct queue_message *m);
/*
 * queue_snapshot_see_dir - nothing in this directory has changed: this round
 * has seen all that is known to be in it
 */
void	queue_snapshot_see_dir(struct queue_snapshot *s, const char *dir);
/*
 * queue_snapshot_put - take over what was read of a message (or told)
 *
 * The envelope and the reasons must be there, as far as they can be.
 */
void	queue_snapshot_put(struct queue_snapshot *s,
	    const struct queue_message *m);
/*
 * queue_snapshot_unseen - the next row, from *slot on, that this round has
 * not seen; false when there is none
 */
bool	queue_snapshot_unseen(const struct queue_snapshot *s, uint32_t *slot);
/*
 * queue_snapshot_end - the round is over
 *
 * is_whole	it went to its end: what was not seen is gone. Otherwise
 *		everything stays
 * now		for the rates
 */
void	queue_snapshot_end(struct queue_snapshot *s, bool is_whole, time_t now);

/* ---- reading ---- */

/* queue_snapshot_version - changes whenever a row does */
uint32_t	queue_snapshot_version(const struct queue_snapshot *s);
/* queue_snapshot_rounds - whole rounds so far */
uint32_t	queue_snapshot_rounds(const struct queue_snapshot *s);
/* queue_snapshot_count - rows that are there now */
size_t	queue_snapshot_count(const struct queue_snapshot *s);
/* queue_snapshot_slots - rows are at 0 up to this */
uint32_t	queue_snapshot_slots(const struct queue_snapshot *s);
/* queue_snapshot_row - NULL when there is no message at that slot */
struct queue_row	*queue_snapshot_row(const struct queue_snapshot *s,
			    uint32_t slot);
/* queue_snapshot_find - by queue ID; false when it is not known */
bool	queue_snapshot_find(const struct queue_snapshot *s, const char *id,
	    uint32_t *slot);

const struct queue_row_rcpt	*queue_snapshot_rcpts(
			    const struct queue_row *row);
/* queue_snapshot_reason - of a recipient; all empty when it has none */
const struct queue_row_reason	*queue_snapshot_reason(
			    const struct queue_snapshot *s,
			    const struct queue_row_rcpt *r);
/* queue_snapshot_text - valid while the row that names it is there and the lock is held */
const char	*queue_snapshot_text(const struct queue_snapshot *s,
		    intern_ref ref);

/* What else the envelope says, kept in one text. */
enum queue_fact {
	QUEUE_FACT_CLIENT, QUEUE_FACT_CLIENT_ADDR, QUEUE_FACT_HELO,
	QUEUE_FACT_PROTO, QUEUE_FACT_SASL, QUEUE_FACT_SASL_METHOD,
	QUEUE_FACT_SASL_SENDER, QUEUE_FACT_FILTER, QUEUE_FACT_REDIRECT,
	QUEUE_FACT_VERP, QUEUE_FACT_ENVID, QUEUE_FACT_ENCODING,
	QUEUE_FACT_FULLNAME, QUEUE_FACT_COUNT
};
const char	*queue_snapshot_fact(const struct queue_snapshot *s,
		    const struct queue_row *row, enum queue_fact fact);

/*
 * queue_snapshot_message - make m the message of that row again
 *
 * Texts are copied: the lock need not be held afterwards. Envelope and
 * reasons count as read; headers can still be wanted, if the file can be read.
 */
void	queue_snapshot_message(const struct queue_snapshot *s,
	    const struct queue_row *row, struct queue_message *m);

/* queue_snapshot_tag - returns whether that changed anything */
bool	queue_snapshot_tag(struct queue_snapshot *s, uint32_t slot,
	    bool is_tagged);
/* queue_snapshot_tagged - how many are; *gone: how many tagged ones went away since tags were last all cleared */
size_t	queue_snapshot_tagged(const struct queue_snapshot *s, size_t *gone);
/* queue_snapshot_untag_all - no row is tagged, and none has gone */
void	queue_snapshot_untag_all(struct queue_snapshot *s);

struct queue_snapshot_totals {
	uint32_t	 messages[QUEUE_COUNT];
	uint64_t	 rcpts[QUEUE_COUNT];
	uint64_t	 bytes[QUEUE_COUNT];
};
/* queue_snapshot_total - sums by queue, kept while rows come and go: cheap */
void	queue_snapshot_total(const struct queue_snapshot *s,
	    struct queue_snapshot_totals *out);

/* Comings and goings, the newest last. */
#define QUEUE_HISTORY_SIZE	60
struct queue_history {
	uint32_t	 arrived[QUEUE_HISTORY_SIZE];
	uint32_t	 left[QUEUE_HISTORY_SIZE];
	uint32_t	 known;		/* how many, at the end, were observed */
};
struct queue_snapshot_rates {
	double		 arrived, left;	/* a second, over the last minute */
	bool		 is_known;	/* there were two rounds at least */
	uint32_t	 last_arrived, last_left, last_moved; /* in the last round */
	struct queue_history minutes;	/* 10 s each: ten minutes */
	struct queue_history day;	/* 24 min each: a day */
};
/* queue_snapshot_rate - how many came and went, by the differences between rounds */
void	queue_snapshot_rate(struct queue_snapshot *s, time_t now,
	    struct queue_snapshot_rates *out);

/* queue_snapshot_memory - bytes in use */
size_t	queue_snapshot_memory(struct queue_snapshot *s);

#endif
