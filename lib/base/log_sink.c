/*
 * log_sink.c - where the objects of log_json.h are written, without waiting
 *
 * A FIFO counts as a file: it is opened without waiting for a reader. Standard
 * output is somebody else's, so its mode is left alone, and a look before each
 * line says whether there is room. A socket whose reader was restarted is
 * connected again at once, anything else after a second.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#define RETRY_MS	1000
#define UNIX_PREFIX	"unix:"

enum kind { TO_NOTHING, TO_FILE, TO_SOCKET, TO_STDOUT };

static struct {
	enum kind	 kind;
	char		*target, *relative;	/* as told, and below the queue directory or NULL */
	const char	*path;			/* in target */
	mode_t		 mode;
	int		 fd;
	int64_t		 retry_ms;		/* not to be opened again before */
	bool		 has_failed;		/* and the log says so */
	bool		 is_torn;		/* the last line has no end */
	unsigned long	 lost;
} sink = { .fd = -1 };

static enum kind
kind_of(const char *target)
{
	if (strcmp(target, "stdout") == 0)
		return TO_STDOUT;
	if (strncmp(target, UNIX_PREFIX "/", sizeof(UNIX_PREFIX)) == 0)
		return TO_SOCKET;
	return *target == '/' ? TO_FILE : TO_NOTHING;
}

bool
log_sink_is_target(const char *target)
{
	return *target == '\0' || kind_of(target) != TO_NOTHING;
}

/* ---- opening ---- */

static int
open_file(const char *path)
{
	int fd = file_open_log(path, sink.mode, O_NONBLOCK);

	/* "postfix logrotate" waits for it; who has none there does as well. */
	if (fd != -1)
		(void)flock(fd, LOCK_SH | LOCK_NB);
	return fd;
}

/* Whoever listens there chose the type. */
static int
open_socket(const char *path)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t i;
	int fd, why;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sun.sun_path, path);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
		if (fd == -1)
			return -1;
		if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
			return fd;
		why = errno;
		close(fd);
		errno = why;
		if (why != EPROTOTYPE)
			return -1;
	}
	return -1;
}

static int
open_path(const char *path)
{
	return sink.kind == TO_FILE ? open_file(path) : open_socket(path);
}

static void
open_target(void)
{
	int why;

	if (sink.kind == TO_STDOUT) {
		sink.fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		return;
	}
	if ((sink.fd = open_path(sink.path)) != -1 || sink.relative == NULL)
		return;
	why = errno;
	if ((sink.fd = open_path(sink.relative)) == -1)
		errno = why;
}

static void
close_target(void)
{
	if (sink.fd != -1)
		close(sink.fd);
	sink.fd = -1;
}

/* ---- trouble ---- */

static void
failed(int why)
{
	sink.retry_ms = clock_mono_ms() + RETRY_MS;
	if (sink.has_failed)
		return;
	sink.has_failed = true;
	log_warning("posthorn_log_json: %s: %s: events are lost", sink.target,
	    strerror(why));
}

static void
works(void)
{
	if (!sink.has_failed)
		return;
	sink.has_failed = false;
	log_warning("posthorn_log_json: %s works again, %lu event%s lost",
	    sink.target, sink.lost, sink.lost == 1 ? " was" : "s were");
	sink.lost = 0;
}

void
log_sink_lost(void)
{
	sink.lost++;
}

/* ---- writing ---- */

static bool
has_room(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0)
		return true;
	errno = EAGAIN;
	return false;
}

/* As write(2), but that it never waits. */
static ssize_t
put(const char *data, size_t len)
{
	ssize_t n;

	if (sink.kind == TO_STDOUT && !has_room(sink.fd))
		return -1;
	do {
		n = sink.kind == TO_SOCKET ?
		    send(sink.fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) :
		    write(sink.fd, data, len);
	} while (n == -1 && errno == EINTR);
	return n;
}

/* A full disk took part of a line: what follows shall not hang on to it. */
static bool
mend(void)
{
	if (sink.is_torn && put("\n", 1) == 1)
		sink.is_torn = false;
	return !sink.is_torn;
}

static bool
write_line(const char *line, size_t len)
{
	ssize_t n;

	if (!mend() || (n = put(line, len)) == -1)
		return false;
	if ((size_t)n == len)
		return true;
	sink.is_torn = true;
	errno = ENOSPC;
	return false;
}

/* Has the other side gone, so that there may be another one? */
static bool
is_gone(int why)
{
	return why == ECONNREFUSED || why == ECONNRESET || why == EPIPE ||
	    why == ENOTCONN;
}

void
log_sink_write(const char *line, size_t len)
{
	bool is_new = sink.fd == -1, ok = false;

	if (is_new && sink.has_failed && clock_mono_ms() < sink.retry_ms) {
		sink.lost++;
		return;
	}
	if (is_new)
		open_target();
	if (sink.fd != -1)
		ok = write_line(line, len);
	if (!ok && sink.fd != -1 && is_gone(errno)) {
		close_target();
		sink.is_torn = false;
		if (!is_new)
			open_target();
		if (sink.fd != -1)
			ok = write_line(line, len);
	}
	if (ok) {
		works();
	} else {
		sink.lost++;
		failed(errno);
	}
}

bool
log_sink_open(const char *target, const char *relative, mode_t mode)
{
	close_target();
	free(sink.target);
	free(sink.relative);
	sink.target = xstrdup(target);
	sink.relative = relative != NULL ? xstrdup(relative) : NULL;
	sink.kind = kind_of(target);
	sink.path = sink.target + (sink.kind == TO_SOCKET ?
	    sizeof(UNIX_PREFIX) - 1 : 0);
	sink.mode = mode;
	sink.has_failed = sink.is_torn = false;
	sink.lost = 0;
	if (sink.kind == TO_NOTHING)
		return false;
	open_target();
	if (sink.fd == -1)
		failed(errno);
	return true;
}
