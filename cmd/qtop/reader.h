/*
 * reader.h - one message, opened: its tabs are made by a worker
 */
#ifndef CMD_QTOP_READER_H
#define CMD_QTOP_READER_H

#include <stdbool.h>
#include <time.h>

#include "cmd/qtop/model.h"

struct queue_attempts;
struct queue_message;

/* reader_open - show the message under the cursor; false when there is none */
bool	reader_open(struct model *m);
void	reader_close(struct model *m);
/* reader_step - the next (1) or previous (-1) message of the list */
void	reader_step(struct model *m, int step);
/* reader_search - scroll what is read, also a page of help, to the next line that holds what is searched */
void	reader_search(struct model *m, int step, bool is_here);

/* reader_log - where the mail log should be */
const char	*reader_log(void);
/* reader_find - look for the file, wherever it is now, and begin m with it; false when it is gone. For workers */
bool	reader_find(struct queue_message *m);

/*
 * reader_make - all tabs of a message but those of the log
 *
 * tabs		TAB_COUNT buffers, filled with lines of text: not yet harmless,
 *		which the grid makes them
 */
void	reader_make(struct queue_message *message, time_t now,
	    struct buf *tabs);
/*
 * reader_make_log - the others: a large log takes its time
 *
 * log_fd	mail log, or -1; attempts: the same and what rotation left of it
 */
void	reader_make_log(const struct queue_message *message, int log_fd,
	    struct queue_attempts *attempts, struct buf *tabs);

#endif
