/*
 * journal.h - what was done to the queue, and by whom: screen 8
 */
#ifndef CMD_QTOP_JOURNAL_H
#define CMD_QTOP_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/queue/queue_journal.h"

struct journal_list;
struct model;

struct journal_row {
	char		 token[QUEUE_TOKEN_SIZE];
	char		*action, *user, *command, *select, *note;
	int64_t		 time, messages, done, others;	/* others: not done */
	bool		 is_ended, is_undone, is_undo;
};

/* journal_load - read it anew, by a worker */
void	journal_load(struct model *m);
size_t	journal_count(const struct journal_list *j);
/* journal_row - the newest first; NULL behind the last */
const struct journal_row	*journal_row(const struct journal_list *j,
			    size_t i);
/* journal_error - why it could not be read, or "" */
const char	*journal_error(const struct journal_list *j);
void	journal_free(struct journal_list *j);

#endif
