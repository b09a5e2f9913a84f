/*
 * column.h - the columns of the message list
 */
#ifndef CMD_QTOP_COLUMN_H
#define CMD_QTOP_COLUMN_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "cmd/qtop/grid.h"

struct buf;
struct queue_row;
struct queue_snapshot;

enum column {
	COLUMN_ID, COLUMN_QUEUE, COLUMN_AGE, COLUMN_NEXT, COLUMN_SIZE,
	COLUMN_RCPTS, COLUMN_SENDER, COLUMN_RCPT, COLUMN_CLASS, COLUMN_REASON,
	/* Not shown unless asked for. */
	COLUMN_ARRIVED, COLUMN_DONE, COLUMN_SASL, COLUMN_CLIENT, COLUMN_ADDR,
	COLUMN_RELAY, COLUMN_DSN, COLUMN_DOMAIN, COLUMN_FLAGS,
	COLUMN_SUBJECT, COLUMN_COUNT
};

#define COLUMN_BIT(c)	(1u << (c))
#define COLUMNS_USUAL	((1u << (COLUMN_REASON + 1)) - 1)

struct column_info {
	const char	*name;		/* in settings and ":sort" */
	const char	*title;
	int		 least, usual;	/* columns of the screen */
	int		 grows;		/* share of what is left over */
	int		 goes;		/* dropped in this order, 1 first; 0: never */
	bool		 is_right;
	bool		 is_number;	/* sorts as one */
	bool		 is_down;	/* largest first when chosen */
	enum cut	 cut;
};
extern const struct column_info columns[COLUMN_COUNT];

/* column_sorts - can messages be sorted by it? Subjects are not read for all of them */
static inline bool
column_sorts(enum column c)
{
	return c != COLUMN_SUBJECT;
}

/* column_find - by name; COLUMN_COUNT when there is none */
enum column	column_find(const char *name);

/* column_text - append what a row shows there, nothing for a subject (subjects.h); the snapshot's lock is held */
void	column_text(enum column c, const struct queue_snapshot *s,
	    const struct queue_row *row, time_t now, struct buf *out);

/* What to sort by: numbers in key[0], the beginning of a text in all. */
#define COLUMN_KEY_WORDS	4
void	column_key(enum column c, const struct queue_snapshot *s,
	    const struct queue_row *row, uint64_t key[COLUMN_KEY_WORDS]);

/*
 * column_layout - which of the shown ones fit into so many columns, and how wide
 *
 * shown	COLUMN_BITs
 * keep		is never dropped: what they are sorted by
 * widths	out, 0: not there
 */
void	column_layout(unsigned shown, enum column keep, int width,
	    int widths[COLUMN_COUNT]);

/* column_duration - "2h14m", at most 6 columns; column_size - "4.1K" */
void	column_duration(struct buf *out, int64_t seconds);
void	column_size(struct buf *out, int64_t bytes);
/* column_number - "48 210": groups of three */
void	column_number(struct buf *out, uint64_t n);
/* column_has_next - is the time of its next attempt known? A service does not tell it */
bool	column_has_next(const struct queue_row *row);
/* column_is_waiting - has it a next attempt in the future? */
bool	column_is_waiting(const struct queue_row *row, time_t now);

#endif
