/*
 * file_out.h - bytes that go out to a file in large pieces
 *
 * For files that are written from front to back, or in a few stretches that
 * are. The disk begins with each piece at once, so that the flush at the end
 * has little left to wait for.
 */
#ifndef LIB_BASE_FILE_OUT_H
#define LIB_BASE_FILE_OUT_H

#include <stdint.h>

#include "lib/base/buf.h"

struct err;

struct file_out {
	int		 fd;
	const char	*path;		/* for errors */
	struct buf	 pending;
	uint64_t	 end;		/* where pending ends in the file */
	uint64_t	 started;	/* up to here the disk is at it */
};

/* file_out_init - begin at an offset of fd, which stays the caller's, as path does */
void	file_out_init(struct file_out *out, int fd, const char *path,
	    uint64_t from);
void	file_out_done(struct file_out *out);

/* file_out_more - room for len more bytes: what is put there is part of the file */
static inline char *
file_out_more(struct file_out *out, size_t len)
{
	struct buf *b = &out->pending;

	if (b->size - b->len <= len)
		buf_reserve(b, len);
	b->len += len;
	out->end += len;
	return b->ptr + b->len - len;
}

/* file_out_flush - write what is pending; 0, or -1 with err */
int	file_out_flush(struct file_out *out, struct err *err);

/* file_out_push - the same once it is a large piece */
int	file_out_push(struct file_out *out, struct err *err);

#endif
