/*
 * sort.h - messages that wait until all are known, to be put in order
 *
 * Of each message its keys are kept, and its row as long as there are few of
 * them. Later the file is read again for its row; messages whose file we may
 * not read leave it in a scratch file.
 */
#ifndef CMD_POSTQUEUE_SORT_H
#define CMD_POSTQUEUE_SORT_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct queue_field_context;
struct queue_message;
struct sorter;

/*
 * sorter_new - by a comma list of fields, "-field" from the end
 *
 * parts	threads that keep messages, each in its own part
 */
struct sorter	*sorter_new(const char *list, unsigned parts,
		    struct err *err);
/* sorter_wants_row - is there still room for rows? */
bool	sorter_wants_row(const struct sorter *s, unsigned part,
	    const struct queue_message *m);
/* sorter_keep - this message; row as long as sorter_wants_row says so, else NULL */
void	sorter_keep(struct sorter *s, unsigned part,
	    struct queue_field_context *c, const struct buf *row);
/* sorter_sort - when all parts are complete */
void	sorter_sort(struct sorter *s);
/*
 * sorter_only_equal - when it is sorted: keep what has its first key in common
 * with another, the most numerous first; without a value it has none
 */
void	sorter_only_equal(struct sorter *s);
/* sorter_is_first - has what sorter_next gave last another first key than the one before? */
bool	sorter_is_first(const struct sorter *s);
/*
 * sorter_next - the next one in order
 *
 * m	begun, for a message that is to be read again
 * row	out: its row, when it is known
 *
 * Returns 1 with a row, 2 with m, 0 at the end. Messages that went meanwhile
 * are passed over.
 */
int	sorter_next(struct sorter *s, struct queue_message *m,
	    struct buf *row);
void	sorter_free(struct sorter *s);

#endif
