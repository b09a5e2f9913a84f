/*
 * serve_single.c - one client at a time; one datagram at a time
 *
 * Idle processes of a service all wait for its listeners, and the kernel
 * wakes one of them for a client (EPOLLEXCLUSIVE). A process that was woken
 * and leaves instead, because a table changed, has used up that wake-up. Our
 * own master looks after the client then; under a foreign one the others look
 * for themselves once a second.
 *
 * Per client that is: epoll_wait, accept, "busy", the work, "free". When the
 * next client is there already, "free" and "busy" are both left out.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/role.h"
#include "daemon/serve/serve.h"
#include "daemon/serve/serve_internal.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/net/stream.h"

#define sv serve_state

#define SLICE_MS		1000	/* see above */
#define DATAGRAM_MAX		4096	/* spec/services.md 3.13 */
#define DATAGRAM_BURST		256	/* then look at the status channel */

#define STATUS_CLOSED		(-1)
#define NOTHING			(-2)

static int epoll_fd;

static void
watch(int fd, unsigned events, int key)
{
	struct epoll_event ev = { .events = events, .data.u32 = (unsigned)key };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) == -1)
		log_fatal("epoll_ctl: %s", strerror(errno));
}

static void
watch_all(void)
{
	int i;

	if ((epoll_fd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		log_fatal("epoll_create: %s", strerror(errno));
	watch(SERVE_FD_STATUS, EPOLLIN, sv.listeners);
	for (i = 0; i < sv.listeners; i++)
		watch(SERVE_FD_LISTEN + i, EPOLLIN | EPOLLEXCLUSIVE, i);
}

/* Index of a listener with work, STATUS_CLOSED, or NOTHING after ms. */
static int
wait_for_work(int ms)
{
	struct epoll_event ev[8];
	int i, n, got = NOTHING;

	n = epoll_wait(epoll_fd, ev, 8, ms);
	if (n == -1 && errno != EINTR)
		log_fatal("epoll_wait: %s", strerror(errno));
	serve_alive();
	for (i = 0; i < n; i++) {
		if ((int)ev[i].data.u32 == sv.listeners)
			return STATUS_CLOSED;
		got = (int)ev[i].data.u32;
	}
	return got;
}

/* A sibling may have left with our wake-up. */
static int
look_myself(void)
{
	struct pollfd p = { .events = POLLIN };
	int i;

	for (i = 0; i < sv.listeners; i++) {
		p.fd = SERVE_FD_LISTEN + i;
		if (poll(&p, 1, 0) == 1)
			return i;
	}
	return NOTHING;
}

/* The next listener with work; ends the process when it is time to. */
static int
next_work(bool may_have_siblings)
{
	int64_t now = clock_mono_ms(), idle_until, left;
	int got, slice;

	idle_until = sv.max_idle_s > 0 ? now + sv.max_idle_s * 1000LL : 0;
	for (;;) {
		left = idle_until > 0 ? idle_until - now : -1;
		if (idle_until > 0 && left <= 0)
			serve_end();
		slice = left > INT32_MAX ? INT32_MAX : (int)left;
		if (may_have_siblings && (slice < 0 || slice > SLICE_MS))
			slice = SLICE_MS;
		got = wait_for_work(slice);
		if (got == NOTHING && may_have_siblings)
			got = look_myself();
		if (got == STATUS_CLOSED || sv.is_stopping)
			serve_end();
		if (got != NOTHING)
			return got;
		now = clock_mono_ms();
	}
}

static void
greet(struct stream *s)
{
	struct buf b = BUF_INIT;

	attr_put_greeting(&b, sv.role->greeting);
	stream_write(s, b.ptr, b.len);
	buf_done(&b);
}

static void
serve_client(struct stream *s)
{
	sv.used++;
	if ((sv.role->needs & ROLE_DELAYED_ACCEPT) != 0 &&
	    params.in_flow_delay > 0 && !serve_flow_token_get())
		sleep((unsigned)params.in_flow_delay);
	if (sv.role->greeting != NULL)
		greet(s);
	sv.role->serve(s, sv.service, sv.operands);
	stream_flush(s);
	stream_free(s);
}

void
serve_single_loop(void)
{
	int64_t retire = sv.retire_s > 0 ?
	    clock_mono_ms() + sv.retire_s * 1000LL : 0;
	struct stream *stream;
	int i, fd;

	watch_all();
	for (;;) {
		i = sv.is_busy ? wait_for_work(0) : NOTHING;
		if (i == STATUS_CLOSED)
			serve_end();
		if (i == NOTHING) {
			serve_free();
			i = next_work(!sv.is_sole && !sv.is_watched_over);
		}
		if (serve_tables_changed())
			serve_end();
		if ((fd = serve_accept(i)) == -1)
			continue;
		serve_busy();
		stream = stream_new(fd, params.ipc_timeout);
		if (sv.transport != SERVE_PASS)
			stream_is_socket(stream);
		serve_client(stream);
		if (serve_should_stop() ||
		    (retire > 0 && clock_mono_ms() >= retire))
			serve_end();
	}
}

/* ---------------------------------------------- on stdin and stdout (-S) */

static long
standard_io(int fd, short events, void *data, size_t len, int64_t deadline_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = deadline_ms > 0 ? deadline_ms - clock_mono_ms() : -1;
	int n;

	if (deadline_ms > 0 && left < 0)
		left = 0;
	while ((n = poll(&p, 1, (int)left)) == -1 && errno == EINTR)
		;
	if (n == 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	return events == POLLIN ? read(fd, data, len) : write(fd, data, len);
}

static long
standard_read(void *ctx, void *data, size_t len, int64_t deadline_ms)
{
	(void)ctx;
	return standard_io(STDIN_FILENO, POLLIN, data, len, deadline_ms);
}

static long
standard_write(void *ctx, const void *data, size_t len, int64_t deadline_ms)
{
	(void)ctx;
	return standard_io(STDOUT_FILENO, POLLOUT, (void *)(uintptr_t)data,
	    len, deadline_ms);
}

static void
standard_close(void *ctx)
{
	(void)ctx;
}

void
serve_single_standalone(void)
{
	static const struct stream_io io = { standard_read, standard_write,
	    standard_close, NULL, NULL };
	struct stream *s = stream_new(dup(STDIN_FILENO), params.ipc_timeout);

	stream_set_io(s, &io);
	sv.peer_len = sizeof(sv.peer);
	if (getpeername(STDIN_FILENO, (struct sockaddr *)&sv.peer,
	    &sv.peer_len) == -1)
		sv.peer_len = 0;
	serve_client(s);
	serve_end();
}

/* ------------------------------------------------------------ datagrams */

void
serve_datagram_loop(void)
{
	char data[DATAGRAM_MAX + 1];
	ssize_t n;
	int i, burst;

	watch_all();
	for (;;) {
		i = next_work(false);
		if (serve_tables_changed())
			serve_end();
		serve_busy();
		for (burst = 0; burst < DATAGRAM_BURST; burst++) {
			n = recv(SERVE_FD_LISTEN + i, data, DATAGRAM_MAX,
			    MSG_DONTWAIT);
			if (n == -1)
				break;
			data[n] = '\0';
			sv.used++;
			sv.role->datagram(data, (size_t)n);
		}
		if (sv.role->datagrams_done != NULL)
			sv.role->datagrams_done();
		serve_free();
		if (serve_should_stop())
			serve_end();
	}
}
