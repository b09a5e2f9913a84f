/*
 * queue_imported.h - which archives of messages were imported here
 *
 * $data_directory/imports.jsonl: what was exported must not come twice.
 */
#ifndef LIB_QUEUE_QUEUE_IMPORTED_H
#define LIB_QUEUE_QUEUE_IMPORTED_H

#include <stdbool.h>

struct err;
struct queue_manifest;

/*
 * queue_imported_open - what is written there of this archive
 *
 * archive	name of its file, for messages
 * m		its messages get the names that an interrupted import gave them
 * *was_begun	out: there was one
 *
 * Locked until it is closed: two imports take turns. A descriptor, or -1:
 * ERR_DENIED when this archive was imported before.
 */
int	queue_imported_open(const char *archive, struct queue_manifest *m,
	    bool *was_begun, struct err *err);
/* queue_imported_add - "begin" or "end", on stable storage or not there at all */
int	queue_imported_add(int fd, const char *event,
	    const struct queue_manifest *m, struct err *err);

/* queue_imported_was - was the archive of that ID imported here, or begun to be? 1, 0, or -1 with err */
int	queue_imported_was(const char *archive, struct err *err);

#endif
