/*
 * file_out.c - bytes that go out to a file in large pieces
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/file_out.h"

#include <fcntl.h>

#include "lib/base/err.h"
#include "lib/base/file.h"

#define PIECE_BYTES	(64 * 1024)	/* stays in the processor's cache */
#define START_BYTES	(256 * 1024)	/* for the disk */

void
file_out_init(struct file_out *out, int fd, const char *path, uint64_t from)
{
	out->fd = fd;
	out->path = path;
	out->end = out->started = from;
	buf_init(&out->pending);
	buf_reserve(&out->pending, PIECE_BYTES + 4096);
}

void
file_out_done(struct file_out *out)
{
	buf_done(&out->pending);
}

static int
put(struct file_out *out, uint64_t start_bytes, struct err *err)
{
	uint64_t from = out->end - out->pending.len;

	if (file_pwrite_all(out->fd, out->pending.ptr, out->pending.len,
	    (off_t)from) == -1)
		return err_sys(err, "write %s", out->path);
	buf_reset(&out->pending);
	if (out->end - out->started >= start_bytes) {
		sync_file_range(out->fd, (off_t)out->started,
		    (off_t)(out->end - out->started), SYNC_FILE_RANGE_WRITE);
		out->started = out->end;
	}
	return 0;
}

int
file_out_flush(struct file_out *out, struct err *err)
{
	return put(out, 1, err);
}

int
file_out_push(struct file_out *out, struct err *err)
{
	return out->pending.len < PIECE_BYTES ? 0 :
	    put(out, START_BYTES, err);
}
