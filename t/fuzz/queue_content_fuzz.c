/*
 * queue_content_fuzz.c - fuzz the decoded view of a message: tree, headers,
 * parts, text; LF ends a line, SOH a piece of one
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_content.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
count(void *ctx, const char *data, size_t len)
{
	(void)data;
	*(off_t *)ctx += (off_t)len;
	return true;
}

static int
queue_file(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT;
	size_t i, start = 0;
	int fd = memfd_create("queue", 0);

	queue_rec_put(&out, QUEUE_REC_MESG, "", 0);
	for (i = 0; i < size; i++)
		if (data[i] == '\n' || data[i] == 1) {
			queue_rec_put(&out, data[i] == 1 ? QUEUE_REC_PART :
			    QUEUE_REC_TEXT, data + start, i - start);
			start = i + 1;
		}
	queue_rec_put(&out, QUEUE_REC_XTRA, "", 0);
	if (write(fd, out.ptr, out.len) != (ssize_t)out.len)
		__builtin_trap();
	buf_done(&out);
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct queue_file *qf = queue_file_new(queue_file(data, size), "fuzz",
	    QUEUE_FILE_NORMAL);
	struct queue_content *c = queue_content_read(qf, NULL);
	const struct queue_content_part *p;
	struct buf out = BUF_INIT;
	off_t bytes;
	size_t i, found;

	for (i = 0; (p = queue_content_part(c, i)) != NULL; i++) {
		/* What was counted is what comes out, and a number names one part. */
		bytes = 0;
		if (queue_content_get(c, i, CONTENT_RAW, count, &bytes,
		    NULL) == -1 || bytes != p->encoded_bytes)
			__builtin_trap();
		bytes = 0;
		queue_content_get(c, i, CONTENT_DECODED, count, &bytes, NULL);
		if (bytes != p->decoded_bytes)
			__builtin_trap();
		queue_content_get(c, i, CONTENT_TEXT, count, &bytes, NULL);
		buf_reset(&out);
		queue_content_number(c, i, &out);
		if (i < 50 && (!queue_content_find(c, out.ptr, &found) ||
		    found != i))
			__builtin_trap();
	}
	for (i = 0; queue_content_header(c, i) != NULL; i++)
		queue_content_header_text(queue_content_header(c, i), &out);
	queue_content_text(c, 100000, &out, NULL);
	queue_content_free(c);
	queue_file_close(qf);
	buf_done(&out);
	return 0;
}
