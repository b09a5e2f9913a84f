/*
 * file_out.c - bytes that go out to a file in large pieces
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/file_out.h"

#include <fcntl.h>

#include "lib/base/err.h"
#include "lib/base/file.h"

#define PIECE_BYTES	(256 * 1024)

void
file_out_init(struct file_out *out, int fd, const char *path, uint64_t from)
{
	out->fd = fd;
	out->path = path;
	out->end = from;
	buf_init(&out->pending);
}

void
file_out_done(struct file_out *out)
{
	buf_done(&out->pending);
}

int
file_out_flush(struct file_out *out, struct err *err)
{
	off_t from = (off_t)(out->end - out->pending.len);

	if (file_pwrite_all(out->fd, out->pending.ptr, out->pending.len,
	    from) == -1)
		return err_sys(err, "write %s", out->path);
	sync_file_range(out->fd, from, (off_t)out->pending.len,
	    SYNC_FILE_RANGE_WRITE);
	buf_reset(&out->pending);
	return 0;
}

int
file_out_push(struct file_out *out, struct err *err)
{
	return out->pending.len < PIECE_BYTES ? 0 : file_out_flush(out, err);
}
