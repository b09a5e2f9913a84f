/*
 * sink.c - where smtpd puts a message: the cleanup module, or postdrop
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_rec.h"

#define SEND_SIZE	49152	/* records are sent in pieces of about this */
#define REPLY_MAX	65536

extern char **environ;

/* ---- the cleanup module ---- */

static struct cleanup *message;	/* a process has one at a time */

static const char *
cleanup_sink_open(void *ctx, unsigned flags, struct err *err)
{
	(void)ctx;
	message = cleanup_open(flags, err);
	return message != NULL ? cleanup_id(message) : NULL;
}

static void
cleanup_sink_flags(void *ctx, unsigned flags)
{
	(void)ctx;
	cleanup_set_flags(message, flags);
}

static void
cleanup_sink_milters(void *ctx, struct milters *milters)
{
	(void)ctx;
	cleanup_set_milters(message, milters);
}

static void
cleanup_sink_rec(void *ctx, int type, const void *data, size_t len)
{
	(void)ctx;
	(void)cleanup_rec(message, type, data, len);	/* commit tells */
}

static unsigned
cleanup_sink_commit(void *ctx, struct buf *reason)
{
	unsigned status = cleanup_commit(message, reason);

	(void)ctx;
	message = NULL;
	return status;
}

static void
cleanup_sink_abort(void *ctx)
{
	(void)ctx;
	cleanup_abort(message);
	message = NULL;
}

void
sink_cleanup(struct sink *out)
{
	*out = (struct sink){ .open = cleanup_sink_open,
	    .set_flags = cleanup_sink_flags,
	    .set_milters = cleanup_sink_milters, .rec = cleanup_sink_rec,
	    .commit = cleanup_sink_commit, .abort = cleanup_sink_abort };
}

/* ---- postdrop ---- */

struct drop {
	pid_t		 pid;
	struct stream	*from;
	int		 to;
	struct buf	 out;
	char		 id[256];
};

static void
drop_end(struct drop *d)
{
	if (d->to != -1)
		close(d->to);
	d->to = -1;
	stream_free(d->from);
	d->from = NULL;
	while (d->pid > 0 && waitpid(d->pid, NULL, 0) == -1 && errno == EINTR)
		;
	d->pid = 0;
}

static int
drop_start(struct drop *d, struct err *err)
{
	struct buf path = BUF_INIT;
	posix_spawn_file_actions_t fa;
	int in[2], out[2], rc;

	if (pipe2(in, O_CLOEXEC) == -1)
		return err_sys(err, "pipe");
	if (pipe2(out, O_CLOEXEC) == -1) {
		close(in[0]);
		close(in[1]);
		return err_sys(err, "pipe");
	}
	buf_setf(&path, "%s/postdrop", params.command_directory);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&fa, out[1], STDOUT_FILENO);
	rc = posix_spawn(&d->pid, path.ptr, &fa, NULL,
	    (char *[]){ path.ptr, NULL }, environ);
	posix_spawn_file_actions_destroy(&fa);
	close(in[0]);
	close(out[1]);
	d->to = in[1];
	d->from = stream_new(out[0], params.daemon_timeout);
	errno = rc;
	rc = rc == 0 ? 0 : err_sys(err, "execute %s", path.ptr);
	buf_done(&path);
	return rc;
}

static const char *
drop_open(void *ctx, unsigned flags, struct err *err)
{
	struct drop *d = ctx;
	struct attrs greeting;
	const char *id = NULL;

	(void)flags;		/* pickup will ask cleanup in its own way */
	attrs_init(&greeting);
	if (drop_start(d, err) == 0 &&
	    attrs_read(d->from, &greeting, REPLY_MAX, err) == 1 &&
	    (id = attrs_get(&greeting, "queue_id", 0)) != NULL &&
	    strlen(id) < sizeof(d->id))
		id = strcpy(d->id, id);
	else
		id = NULL;
	attrs_done(&greeting);
	if (id == NULL) {
		if (err->kind == ERR_NONE)
			err_set(err, ERR_EOF, "postdrop gave no queue ID");
		drop_end(d);
	}
	return id;
}

static void
drop_send(struct drop *d)
{
	if (d->out.len > 0 &&
	    file_write_all(d->to, d->out.ptr, d->out.len) == -1)
		log_warning("write to postdrop: %s", strerror(errno));
	buf_reset(&d->out);
}

static void
drop_rec(void *ctx, int type, const void *data, size_t len)
{
	struct drop *d = ctx;

	queue_rec_put(&d->out, type, data, len);
	if (d->out.len >= SEND_SIZE)
		drop_send(d);
}

static void
drop_flags(void *ctx, unsigned flags)
{
	(void)ctx, (void)flags;	/* no access tables apply to our own user */
}

static unsigned
drop_commit(void *ctx, struct buf *reason)
{
	struct drop *d = ctx;
	struct attrs reply;
	const char *text;
	int32_t status = CLEANUP_WRITE;

	drop_send(d);
	attrs_init(&reply);
	if (attrs_read(d->from, &reply, REPLY_MAX, NULL) == 1) {
		attrs_int(&reply, "status", 0, &status);
		if ((text = attrs_get(&reply, "reason", 0)) != NULL)
			buf_sets(reason, text);
	}
	attrs_done(&reply);
	drop_end(d);
	return (unsigned)status;
}

static void
drop_abort(void *ctx)
{
	struct drop *d = ctx;

	buf_reset(&d->out);
	drop_end(d);		/* no end record: postdrop forgets it */
}

void
sink_postdrop(struct sink *out)
{
	static struct drop drop = { .to = -1, .out = { buf_empty, 0, 0 } };

	*out = (struct sink){ .open = drop_open, .set_flags = drop_flags,
	    .rec = drop_rec, .commit = drop_commit, .abort = drop_abort,
	    .ctx = &drop, .is_local = true };
}
