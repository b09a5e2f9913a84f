/*
 * queue_writer_internal.h - between queue_writer.c and the file it fills
 */
#ifndef LIB_QUEUE_QUEUE_WRITER_INTERNAL_H
#define LIB_QUEUE_QUEUE_WRITER_INTERNAL_H

#include <sys/types.h>

struct buf;
struct err;

#define WRITER_FILE_TRIES	1000	/* for a name that nobody has (1.6) */

/* writer_file_unnamed - a file without a name; -1 where that cannot be had, or not be named later */
int	writer_file_unnamed(const char *queue, mode_t mode);
/*
 * writer_file_link - name such a file; 0, or -1 with errno
 *
 * Never over an existing file: whatever has this name, it is not ours.
 */
int	writer_file_link(int fd, const char *path);
/*
 * writer_file_temporary - open QUEUE/usec.pid; the dot makes it a name that
 * scanners pass over
 *
 * path		out: that name
 */
int	writer_file_temporary(const char *queue, mode_t mode,
	    struct buf *path, struct err *err);

#endif
