/*
 * stream.c - buffered byte stream over a descriptor, with time limits
 *
 * One system call per wait is the aim. On a blocking socket the kernel keeps
 * the time (SO_RCVTIMEO, SO_SNDTIMEO; set only when the limit changes), so a
 * reply costs one recv(2). Everything else (pipes, non-blocking descriptors,
 * and any stream while a deadline is set) tries first where that cannot
 * block, and polls. Buffers come with the first byte that needs them.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

#define IN_SIZE		16384
#define OUT_SIZE	16384
#define KERNEL_UNSET	(-1)	/* no SO_*TIMEO of ours is in force */

struct stream {
	int		fd;
	bool		is_known;	/* the next two were found out */
	bool		is_socket;
	bool		is_blocking;
	int		timeout_s;	/* 0: none */
	int		kernel_in_s;	/* what SO_RCVTIMEO says */
	int		kernel_out_s;
	int64_t		deadline_ms;	/* monotonic, 0: none */
	enum stream_status status;
	int		errnum;
	char		*in;		/* in[in_pos, in_len) is unread */
	size_t		in_pos, in_len;
	char		*out;
	size_t		out_len;
	struct stream_io io;		/* read is NULL without TLS */
};

struct stream *
stream_new(int fd, int timeout_s)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	s->fd = fd;
	s->timeout_s = timeout_s;
	s->kernel_in_s = s->kernel_out_s = KERNEL_UNSET;
	return s;
}

void
stream_is_socket(struct stream *s)
{
	s->is_known = s->is_socket = s->is_blocking = true;
}

void
stream_free(struct stream *s)
{
	if (s == NULL)
		return;
	if (s->io.close != NULL)
		s->io.close(s->io.ctx);
	if (s->fd >= 0)
		close(s->fd);
	free(s->in);
	free(s->out);
	free(s);
}

static void
kernel_timeout(int fd, int option, int *have, int want)
{
	struct timeval tv = { .tv_sec = want };

	if (*have == want || (*have == KERNEL_UNSET && want == 0))
		return;
	if (setsockopt(fd, SOL_SOCKET, option, &tv, sizeof(tv)) == 0)
		*have = want;
}

int
stream_fd(const struct stream *s)
{
	return s->fd;
}

void
stream_set_timeout(struct stream *s, int timeout_s)
{
	s->timeout_s = timeout_s;
}

void
stream_set_deadline(struct stream *s, int64_t mono_ms)
{
	s->deadline_ms = mono_ms;
}

void
stream_set_io(struct stream *s, const struct stream_io *io)
{
	s->io = *io;
}

enum stream_status
stream_status(const struct stream *s)
{
	return s->status;
}

int
stream_errno(const struct stream *s)
{
	return s->errnum;
}

void
stream_clear(struct stream *s)
{
	s->status = STREAM_OK;
	s->errnum = 0;
}

static int
stream_fail(struct stream *s, int errnum)
{
	s->status = errnum == ETIMEDOUT ? STREAM_TIMEOUT : STREAM_ERROR;
	s->errnum = errnum;
	s->out_len = 0;
	return -1;
}

/* What kind of descriptor is it?  Asked once, at the first wait. */
static void
learn_kind(struct stream *s)
{
	int type, flags;
	socklen_t len = sizeof(type);

	flags = fcntl(s->fd, F_GETFL);
	s->is_blocking = flags == -1 || (flags & O_NONBLOCK) == 0;
	s->is_socket = getsockopt(s->fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
	s->is_known = true;
}

/* When does a wait that starts now have to end?  0: never. */
static int64_t
wait_until(const struct stream *s)
{
	int64_t until = 0;

	if (s->timeout_s > 0)
		until = clock_mono_ms() + (int64_t)s->timeout_s * 1000;
	if (s->deadline_ms != 0 && (until == 0 || s->deadline_ms < until))
		until = s->deadline_ms;
	return until;
}

/* true: ready; false: errno says why not, ETIMEDOUT when until has passed */
static bool
wait_for(int fd, short events, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int n;

	for (;;) {
		left = -1;
		if (until != 0) {
			left = until - clock_mono_ms();
			left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
		}
		n = poll(&p, 1, (int)left);
		if (n > 0)
			return true;
		if (n == 0 && until <= clock_mono_ms()) {
			errno = ETIMEDOUT;
			return false;
		}
		if (n == -1 && errno != EINTR)
			return false;
	}
}

static bool
would_block(int errnum)
{
	return errnum == EAGAIN || errnum == EWOULDBLOCK;
}

/* A blocking socket without deadline: the kernel waits and keeps the time. */
static bool
kernel_keeps_time(struct stream *s)
{
	if (!s->is_known)
		learn_kind(s);
	return s->is_socket && s->is_blocking && s->deadline_ms == 0;
}

long
stream_raw_read(struct stream *s, void *data, size_t len)
{
	int64_t until;
	long n;

	if (kernel_keeps_time(s)) {
		kernel_timeout(s->fd, SO_RCVTIMEO, &s->kernel_in_s,
		    s->timeout_s);
		while ((n = recv(s->fd, data, len, 0)) == -1 && errno == EINTR)
			;
		if (n == -1 && would_block(errno))
			errno = ETIMEDOUT;
		return n;
	}
	until = wait_until(s);
	for (;;) {
		if (s->is_socket)
			n = recv(s->fd, data, len, MSG_DONTWAIT);
		else if (s->is_blocking && !wait_for(s->fd, POLLIN, until))
			return -1;
		else
			n = read(s->fd, data, len);
		if (n >= 0)
			return n;
		if (errno == EINTR)
			continue;
		if (!would_block(errno))
			return -1;
		if (!wait_for(s->fd, POLLIN, until))
			return -1;
	}
}

long
stream_raw_write(struct stream *s, const void *data, size_t len)
{
	int64_t until;
	long n;

	if (kernel_keeps_time(s)) {
		kernel_timeout(s->fd, SO_SNDTIMEO, &s->kernel_out_s,
		    s->timeout_s);
		while ((n = send(s->fd, data, len, MSG_NOSIGNAL)) == -1 &&
		    errno == EINTR)
			;
		if (n == -1 && would_block(errno))
			errno = ETIMEDOUT;
		return n;
	}
	until = wait_until(s);
	for (;;) {
		if (s->is_socket)
			n = send(s->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		else if (s->is_blocking && !wait_for(s->fd, POLLOUT, until))
			return -1;
		else	/* a blocking pipe is ready for PIPE_BUF, not for more */
			n = write(s->fd, data,
			    s->is_blocking && len > PIPE_BUF ? PIPE_BUF : len);
		if (n >= 0)
			return n;
		if (errno == EINTR)
			continue;
		if (!would_block(errno))
			return -1;
		if (!wait_for(s->fd, POLLOUT, until))
			return -1;
	}
}

/* Through the layer, if there is one. */
static long
io_read(struct stream *s, void *data, size_t len)
{
	if (s->io.read != NULL)
		return s->io.read(s->io.ctx, data, len, wait_until(s));
	return stream_raw_read(s, data, len);
}

static long
io_write(struct stream *s, const void *data, size_t len)
{
	if (s->io.write != NULL)
		return s->io.write(s->io.ctx, data, len, wait_until(s));
	return stream_raw_write(s, data, len);
}

/* ---- writing ---- */

static int
write_out(struct stream *s, const char *data, size_t len)
{
	long n;

	while (len > 0) {
		n = io_write(s, data, len);
		if (n <= 0)
			return stream_fail(s, n == 0 ? EPIPE : errno);
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static bool
cannot_write(const struct stream *s)
{
	/* After EOF on input the other half of the connection may still live. */
	return s->status == STREAM_TIMEOUT || s->status == STREAM_ERROR;
}

int
stream_flush(struct stream *s)
{
	size_t len = s->out_len;

	if (cannot_write(s))
		return -1;
	if (len == 0)
		return 0;
	s->out_len = 0;
	return write_out(s, s->out, len);
}

int
stream_write(struct stream *s, const void *data, size_t len)
{
	if (cannot_write(s))
		return -1;
	if (len >= OUT_SIZE) {
		if (stream_flush(s) == -1)
			return -1;
		return write_out(s, data, len);
	}
	if (s->out == NULL)
		s->out = xmalloc(OUT_SIZE);
	if (len > OUT_SIZE - s->out_len && stream_flush(s) == -1)
		return -1;
	memcpy(s->out + s->out_len, data, len);
	s->out_len += len;
	return 0;
}

int
stream_puts(struct stream *s, const char *text)
{
	return stream_write(s, text, strlen(text));
}

int
stream_printf(struct stream *s, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;
	char small[512];
	int n, rc;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(small))
		return stream_write(s, small, (size_t)n);
	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	rc = stream_write(s, b.ptr, b.len);
	buf_done(&b);
	return rc;
}

/* ---- reading ---- */

/* Can we go and ask the descriptor for more?  Sends what is pending first. */
static bool
may_read(struct stream *s)
{
	if (s->status != STREAM_OK)
		return false;
	return s->out_len == 0 || stream_flush(s) == 0;
}

/* Nothing is buffered: get more; false at EOF or failure. */
static bool
fill(struct stream *s)
{
	long n;

	if (!may_read(s))
		return false;
	if (s->in == NULL)
		s->in = xmalloc(IN_SIZE);
	s->in_pos = s->in_len = 0;
	n = io_read(s, s->in, IN_SIZE);
	if (n > 0) {
		s->in_len = (size_t)n;
		return true;
	}
	if (n == 0)
		s->status = STREAM_EOF;
	else
		stream_fail(s, errno);
	return false;
}

int
stream_getc(struct stream *s)
{
	if (s->in_pos == s->in_len && !fill(s))
		return -1;
	return (unsigned char)s->in[s->in_pos++];
}

long
stream_read_some(struct stream *s, void *data, size_t len)
{
	size_t have = s->in_len - s->in_pos;
	long n;

	if (have == 0 && len >= IN_SIZE) {	/* no need to copy twice */
		if (!may_read(s))
			return s->status == STREAM_EOF ? 0 : -1;
		n = io_read(s, data, len);
		if (n == 0)
			s->status = STREAM_EOF;
		return n == -1 ? stream_fail(s, errno) : n;
	}
	if (have == 0 && !fill(s))
		return s->status == STREAM_EOF ? 0 : -1;
	have = s->in_len - s->in_pos;
	if (have > len)
		have = len;
	memcpy(data, s->in + s->in_pos, have);
	s->in_pos += have;
	return (long)have;
}

int
stream_read(struct stream *s, void *data, size_t len)
{
	char *p = data;
	long n;

	while (len > 0) {
		n = stream_read_some(s, p, len);
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
stream_getline(struct stream *s, struct buf *out, size_t max)
{
	const char *start, *lf;
	size_t n;

	while (max > 0) {
		if (s->in_pos == s->in_len && !fill(s))
			return -1;
		start = s->in + s->in_pos;
		n = s->in_len - s->in_pos;
		if (n > max)
			n = max;
		if ((lf = memchr(start, '\n', n)) != NULL)
			n = (size_t)(lf - start) + 1;
		buf_add(out, start, n);
		s->in_pos += n;
		max -= n;
		if (lf != NULL)
			return 1;
	}
	return 0;
}

size_t
stream_peek(struct stream *s, const char **data)
{
	*data = s->in_len > s->in_pos ? s->in + s->in_pos : "";
	return s->in_len - s->in_pos;
}

bool
stream_fill(struct stream *s)
{
	return s->in_pos < s->in_len || fill(s);
}

void
stream_skip(struct stream *s, size_t n)
{
	if (n > s->in_len - s->in_pos)
		n = s->in_len - s->in_pos;
	s->in_pos += n;
}

bool
stream_wait_readable(struct stream *s, int ms)
{
	int64_t until = clock_mono_ms() + ms;

	if (s->in_pos < s->in_len)
		return true;
	if (s->status == STREAM_EOF)
		return true;
	if (s->io.pending != NULL && s->io.pending(s->io.ctx))
		return true;
	if (ms > 0 && s->out_len > 0 && stream_flush(s) == -1)
		return false;
	return wait_for(s->fd, POLLIN, until);
}
