/*
 * endpoint.c - reach a service: connect, trigger
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/ipc/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/pass_fd.h"
#include "lib/net/netaddr.h"
#include "lib/net/stream.h"

#define GREETING_MAX	1024	/* bytes: one short attribute */

static int
connect_path(const char *path, int timeout_s, struct err *err)
{
	int fd = netaddr_connect_unix(path, timeout_s, err);

	if (fd == -1)
		err_prefix(err, "connect to %s: ", path);
	return fd;
}

static void
endpoint_path(struct buf *path, const char *class, const char *name)
{
	buf_setf(path, "%s/%s", class, name);
}

static struct stream *
connect_within(const char *class, const char *name, int timeout_s,
    struct err *err)
{
	struct buf path = BUF_INIT;
	int fd;

	endpoint_path(&path, class, name);
	fd = connect_path(path.ptr, timeout_s, err);
	buf_done(&path);
	return fd == -1 ? NULL : stream_new(fd, timeout_s);
}

struct stream *
endpoint_connect(const char *class, const char *name, struct err *err)
{
	return connect_within(class, name, params.ipc_timeout, err);
}

struct stream *
endpoint_connect_greeted(const char *class, const char *name,
    const char *protocol, int timeout_s, struct err *err)
{
	struct stream *s;
	struct attrs a;
	const char *got;
	int rc;

	if ((s = connect_within(class, name, timeout_s, err)) == NULL)
		return NULL;
	attrs_init(&a);
	rc = attrs_read(s, &a, GREETING_MAX, err);
	if (rc == -1) {
		err_prefix(err, "%s/%s: ", class, name);
	} else if (rc == 0) {
		err_set(err, ERR_EOF, "%s/%s: no greeting", class, name);
	} else if ((got = attrs_get(&a, "protocol", 0)) == NULL ||
	    strcmp(got, protocol) != 0) {
		err_set(err, ERR_SYNTAX,
		    "%s/%s: unexpected greeting '%.100s', expected '%s'",
		    class, name, got != NULL ? got : "", protocol);
		rc = -1;
	}
	attrs_done(&a);
	if (rc == 1)
		return s;
	stream_free(s);
	return NULL;
}

int
endpoint_ask(const char *class, const char *name, const char *protocol,
    const struct buf *request, int timeout_s, size_t max_bytes,
    struct attrs *reply, struct err *err)
{
	struct stream *s;
	int rc;

	attrs_init(reply);
	s = endpoint_connect_greeted(class, name, protocol, timeout_s, err);
	if (s == NULL)
		return -1;
	if (stream_write(s, request->ptr, request->len) == -1)
		rc = err_set(err, ERR_EOF, "connection lost");
	else if ((rc = attrs_read(s, reply, max_bytes, err)) == 0)
		rc = err_set(err, ERR_EOF, "no reply");
	stream_free(s);
	if (rc == -1)
		err_prefix(err, "%s/%s: ", class, name);
	return rc == 1 ? 0 : -1;
}

static int
trigger_fifo(const char *path, const char *bytes, size_t len, struct err *err)
{
	struct stat st;
	int fd, rc = 0;

	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return err_sys(err, "open %s", path);
	if (fstat(fd, &st) == -1 || !S_ISFIFO(st.st_mode) || st.st_nlink != 1)
		rc = err_set(err, ERR_DENIED,
		    "%s is not a single-link fifo", path);
	else if (file_write_all(fd, bytes, len) == -1)
		rc = err_sys(err, "write to %s", path);
	close(fd);
	return rc;
}

static void
await_close(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, ms) == -1 && errno == EINTR)
		;
}

static int
trigger_socket(const char *path, const char *bytes, size_t len, int timeout_s,
    int linger_ms, struct err *err)
{
	struct buf request = BUF_INIT;
	int fd, rc = 0;

	if ((fd = connect_path(path, timeout_s, err)) == -1)
		return -1;
	buf_set(&request, bytes, len);
	if (send(fd, request.ptr, len + 1, MSG_NOSIGNAL) == -1)
		rc = err_sys(err, "write to %s", path);
	else if (linger_ms > 0)
		await_close(fd, linger_ms);
	close(fd);
	buf_done(&request);
	return rc;
}

int
endpoint_trigger(const char *class, const char *name, const char *bytes,
    size_t len, int timeout_s, int linger_ms, struct err *err)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int rc;

	endpoint_path(&path, class, name);
	if (stat(path.ptr, &st) == -1)
		rc = err_sys(err, "unable to look up %s", path.ptr);
	else if (S_ISFIFO(st.st_mode))
		rc = trigger_fifo(path.ptr, bytes, len, err);
	else if (S_ISSOCK(st.st_mode))
		rc = trigger_socket(path.ptr, bytes, len, timeout_s, linger_ms,
		    err);
	else
		rc = err_set(err, ERR_CONFIG,
		    "%s is not a socket or a fifo", path.ptr);
	buf_done(&path);
	return rc;
}

/* Send bytes in a pipe whose read end travels over the socket. */
static int
pass_pipe(int fd, const char *bytes, size_t len, struct err *err)
{
	struct buf request = BUF_INIT;
	int ends[2], rc = 0;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_sys(err, "pipe");
	buf_set(&request, bytes, len);
	if (file_write_all(ends[1], request.ptr, len + 1) == -1)
		rc = err_sys(err, "write to pipe");
	else if (pass_fd_send(fd, ends[0], 0) == -1)
		rc = err_sys(err, "pass descriptor");
	close(ends[0]);
	close(ends[1]);
	buf_done(&request);
	return rc;
}

int
endpoint_trigger_pass(const char *class, const char *name, const char *bytes,
    size_t len, int timeout_s, struct err *err)
{
	struct buf path = BUF_INIT;
	int fd, rc = -1;

	endpoint_path(&path, class, name);
	if ((fd = connect_path(path.ptr, timeout_s, err)) != -1) {
		rc = pass_pipe(fd, bytes, len, err);
		close(fd);
	}
	buf_done(&path);
	return rc;
}
