/*
 * queue_field.h - what can be asked of a queued message, field by field
 *
 * One table names every field with its type, with how much must be read to
 * know it, and with the function that gets it. Selections, sorting, grouping,
 * columns and JSON all go through it, so that a field means the same to each.
 */
#ifndef LIB_QUEUE_QUEUE_FIELD_H
#define LIB_QUEUE_QUEUE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/base/buf.h"

struct queue_message;
struct queue_totals;

enum queue_field_type {
	FIELD_ADDRESS,		/* letter case ignored; "" is the null sender */
	FIELD_DOMAIN,
	FIELD_TEXT,
	FIELD_NUMBER,
	FIELD_SIZE,		/* bytes */
	FIELD_DURATION,		/* seconds */
	FIELD_TIME,		/* seconds since 1970 */
	FIELD_IP,
	FIELD_QUEUE,		/* names of queues */
	FIELD_CLASS,		/* names of reason classes */
	FIELD_FLAG
};

/* How much must be read. */
enum queue_field_tier {
	TIER_ENTRY,		/* directory entry and stat */
	TIER_ENVELOPE,
	TIER_LOG,		/* defer log */
	TIER_HEADERS,
	TIER_CONTENT		/* all of it */
};

enum queue_value_kind {
	VALUE_UNKNOWN,		/* cannot be known from what we may read */
	VALUE_ABSENT,		/* there is none, or no more */
	VALUE_TEXT,
	VALUE_NUMBER
};

struct queue_value {
	enum queue_value_kind kind;
	const char	*text;	/* borrowed until the next queue_field_get */
	int64_t		 number;
};

/* One thread's view of a message; what it keeps for the next one goes with queue_field_context_done. */
struct queue_field_context {
	struct queue_message *m;
	time_t		 now;
	struct buf	 scratch;
	void		*match;		/* of queue_select_eval: PCRE2's match data */
	const struct queue_totals *totals;	/* asked instead of m (queue_total.h) */
};
#define QUEUE_FIELD_CONTEXT_INIT { NULL, 0, BUF_INIT, NULL, NULL }
/* queue_field_context_done - also of one that was never used */
void	queue_field_context_done(struct queue_field_context *c);

#define QUEUE_FIELD_TOLD	1	/* a listing service tells it too */
#define QUEUE_FIELD_NAMED	2	/* where a name stands, in which directory, is enough */
#define QUEUE_FIELD_REPEATS	4	/* there may be more than one value */
#define QUEUE_FIELD_OF_DAMAGED	8	/* known of a damaged file, too */

struct queue_field {
	const char	*name;
	const char	*inner;		/* its name inside "any rcpt (...)"; NULL: not of a recipient */
	enum queue_field_type type;
	enum queue_field_tier tier;
	unsigned	 flags;		/* QUEUE_FIELD_* */
	const char	*meaning;	/* for --help */
	void		(*get)(struct queue_field_context *c, size_t rcpt,
			    size_t nth, struct queue_value *out);
	bool		 is_total;	/* one of queue_total.h: no get, but */
	size_t		 total;
};

/* queue_field_find - by name; inner: a name inside a quantifier is meant first. NULL when unknown */
const struct queue_field	*queue_field_find(const char *name, bool inner);
/* queue_field_nearest - the name that is least different, NULL when none is near */
const char	*queue_field_nearest(const char *name);
/* queue_field_type_name - "address", "size", ...: for people */
const char	*queue_field_type_name(enum queue_field_type type);
/* queue_field_at - the table row by row, NULL at the end */
const struct queue_field	*queue_field_at(size_t i);

/*
 * queue_field_get - the value of a field
 *
 * rcpt		which recipient, for fields of recipients
 * nth		0 first; fields with one value are absent from 1 on
 *
 * Reads what it needs of the message. UNKNOWN when that is not possible.
 */
void	queue_field_get(const struct queue_field *f,
	    struct queue_field_context *c, size_t rcpt, size_t nth,
	    struct queue_value *out);

/* queue_field_header - the nth header field called name, decoded */
void	queue_field_header(struct queue_field_context *c, const char *name,
	    size_t nth, struct queue_value *out);

/* queue_field_text - append the value as people read it ("2h05m", "4.1K") */
void	queue_field_text(const struct queue_field *f,
	    const struct queue_value *v, struct buf *out);

#endif
