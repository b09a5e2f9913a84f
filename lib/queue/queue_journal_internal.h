/*
 * queue_journal_internal.h - the files of the journal, for who writes and who reads
 */
#ifndef LIB_QUEUE_QUEUE_JOURNAL_INTERNAL_H
#define LIB_QUEUE_QUEUE_JOURNAL_INTERNAL_H

struct buf;

#define JOURNAL_KEPT	4	/* older files */

/* journal_path - out = name of the nth older file; 0 is the one being written */
void	journal_path(struct buf *out, int nth);

#endif
