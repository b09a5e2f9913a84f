/*
 * view.h - what of the snapshot is shown, in which order: made by a thread
 *
 *	snapshot + request --> worker --> result, taken by whoever draws
 *
 * Filtering, sorting and grouping a million rows takes longer than a key may
 * wait, so a worker does it and hands over a finished result. When the
 * snapshot changes, only rows that did are judged and merged into the order
 * there is.
 */
#ifndef CMD_QTOP_VIEW_H
#define CMD_QTOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "cmd/qtop/column.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_snapshot.h"

struct views;

enum view_kind { VIEW_MESSAGES, VIEW_GROUPS, VIEW_OVERVIEW };

enum group_by {
	BY_DOMAIN, BY_SENDER, BY_SENDER_DOMAIN, BY_SASL, BY_CLIENT, BY_REASON,
	BY_RELAY, BY_CLASS, BY_COUNT
};
struct group_by_info {
	const char	*title;		/* "Recipient domain" */
	const char	*field;		/* of the selection language */
};
extern const struct group_by_info group_bys[BY_COUNT];

enum group_sort { GROUP_KEY, GROUP_MESSAGES, GROUP_RCPTS, GROUP_BYTES,
	GROUP_OLDEST, GROUP_DUE, GROUP_SORT_COUNT };

#define VIEW_AGES	7	/* buckets: 1m 15m 1h 4h 1d 2d and above */

struct view_request {
	enum view_kind	 kind;
	const char	*filter;	/* an expression, or "" */
	bool		 tagged_only;
	enum column	 sort;		/* of messages */
	enum group_sort	 group_sort;
	bool		 is_down;
	enum group_by	 by;
	bool		 wants_parents;	/* domains: parents too */
	const char	*unfolded;	/* reasons: keys of nodes, each ended by '\n' */
};

struct view_entry {
	uint32_t	 slot, serial;
};

/* One row of a group screen. Texts belong to the view. */
struct group {
	const char	*key;		/* value, or of a reason: its path, "\x1f" between */
	const char	*label;
	const char	*note;		/* advice, last answer, ...; "" */
	int		 depth;		/* in the tree of reasons */
	bool		 is_unfolded;
	uint32_t	 messages, rcpts, due, tagged, suspended;
	uint32_t	 dated;		/* whose next attempt, or that there is none, is known */
	uint64_t	 bytes;
	int64_t		 oldest, next;	/* next: first attempt to come, 0 none */
	uint32_t	 ages[VIEW_AGES];
	uint8_t		 top_class;	/* enum queue_reason_class */
};

#define VIEW_TOP	8
struct overview {
	uint32_t	 messages[QUEUE_COUNT], due[QUEUE_COUNT];
	uint32_t	 dated[QUEUE_COUNT]; /* whose next attempt is known */
	uint64_t	 rcpts[QUEUE_COUNT], bytes[QUEUE_COUNT];
	int64_t		 oldest[QUEUE_COUNT];	/* 0: none */
	struct group	 top[4][VIEW_TOP];	/* senders, domains, classes, logins */
	size_t		 top_count[4];
	uint32_t	 expiring;		/* within six hours */
	uint32_t	 local_trouble;
	uint32_t	 damaged;
};

struct view {
	unsigned	 number;	/* of the request it answers */
	enum view_kind	 kind;
	struct view_entry *entries;
	size_t		 count;		/* shown: entries or groups */
	size_t		 matched;	/* messages that the filter lets pass */
	size_t		 total;		/* messages there were */
	size_t		 unknown;	/* could not be judged */
	bool		 is_filling;	/* the first round is not over */
	struct group	*groups;
	bool		 is_cut;	/* more groups than are kept */
	struct overview	 overview;
	int64_t		 oldest;	/* of all messages, never filtered; 0 none */
	char		 error[256];	/* the filter is none: nothing is filtered */
	char		*texts;		/* of the groups */
};

/*
 * views_new - the worker over s
 *
 * wake		called from the worker when a result is ready
 * load		percent of a processor it may use without being asked
 */
struct views	*views_new(struct queue_snapshot *s, void (*wake)(void *),
		    void *ctx, int load);
void	views_free(struct views *v);
/* views_ask - from now on this is wanted; returns the request's number. Texts are copied */
unsigned	views_ask(struct views *v, const struct view_request *r);
/* views_take - the newest result not taken yet, or NULL; to be freed with view_free */
struct view	*views_take(struct views *v);
void	view_free(struct view *view);
/* views_wait - until the request has been answered from this version of the snapshot or a later one; for --batch and tests */
struct view	*views_wait(struct views *v, unsigned number);

#endif
