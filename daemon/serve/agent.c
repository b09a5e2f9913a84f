/*
 * agent.c - one delivery request, start to end
 *
 * The request is read, the message opened and locked, the role's function
 * called, and the queue manager told. What becomes of each recipient is
 * agent_end.c's.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/agent_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "daemon/serve/deliver.h"
#include "daemon/serve/owner.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"

static struct {
	bool	is_ready;
	bool	may_switch;	/* we are root */
	uid_t	owner_uid;
	gid_t	owner_gid;
} ag;

static const struct dsn no_dsn = { "", "", "", "", "", "", "" };

/* ---- rights ---- */

static void
find_owner(void)
{
	struct owner owner;

	if (getuid() != 0)
		return;
	if (!owner_find(&owner))
		log_fatal("unknown user name: mail_owner = %s",
		    params.mail_owner);
	ag.may_switch = owner.uid != 0;
	ag.owner_uid = owner.uid;
	ag.owner_gid = owner.gid;
}

void
agent_init(const char *filter_title, const char *filter_list)
{
	if (ag.is_ready)
		return;
	ag.is_ready = true;
	find_owner();
	agent_end_init(filter_title, filter_list);
}

void
agent_as_owner(void)
{
	agent_init(NULL, NULL);
	if (!ag.may_switch || geteuid() != 0)
		return;
	if (setegid(ag.owner_gid) == -1 || seteuid(ag.owner_uid) == -1)
		log_fatal("become mail_owner: %s", strerror(errno));
}

void
agent_as_root(void)
{
	if (!ag.may_switch || geteuid() == 0)
		return;
	if (seteuid(0) == -1 || setegid(0) == -1)
		log_fatal("become root again: %s", strerror(errno));
}

bool
agent_owner_begin(void)
{
	bool was_root = geteuid() == 0;

	agent_as_owner();
	return was_root;
}

void
agent_owner_end(bool was_root)
{
	if (was_root)
		agent_as_root();
}

/* ---- the request ---- */

void
agent_hop_failed(struct agent_request *rq, const struct dsn *dsn)
{
	dsn_keep(&rq->hop_failure, dsn, rq->hop_text);
}

void
agent_corrupt(struct agent_request *rq)
{
	bool was_root = agent_owner_begin();

	log_warning("corrupted queue file: %s/%s", rq->queue_name,
	    rq->queue_id);
	if (fchmod(rq->file_fd, 0400) == -1)
		log_warning("%s/%s: set mode 0400: %s", rq->queue_name,
		    rq->queue_id, strerror(errno));
	agent_owner_end(was_root);
	rq->is_corrupt = true;
	rq->has_left = true;
}

/* What the request's texts point into. */
struct request_text {
	struct attrs	 head;
	struct attrs	*lists;		/* one a recipient */
	size_t		 count;
	struct buf	 hop;
};

static void
request_text_done(struct request_text *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		attrs_done(&t->lists[i]);
	free(t->lists);
	attrs_done(&t->head);
	buf_done(&t->hop);
}

static int
read_list(struct stream *client, struct attrs *a, size_t max, struct err *err)
{
	int rc = attrs_read(client, a, max, err);

	return rc == 0 ? err_set(err, ERR_EOF, "premature end-of-input") :
	    rc == -1 ? -1 : 0;
}

/* Memory grows with what was really sent, not with the number announced. */
static int
read_request(struct stream *client, struct agent_request *rq,
    struct request_text *t, struct err *err)
{
	size_t expected, room = 0;

	if (read_list(client, &t->head, DELIVER_HEAD_MAX, err) == -1 ||
	    deliver_get_head(rq, &t->head, &expected, err) == -1)
		return -1;
	rq->hop_text = &t->hop;
	rq->hop_failure = no_dsn;
	rq->file_fd = -1;
	while (t->count < expected) {
		if (t->count == room) {
			room = room * 2 + 8;
			t->lists = xreallocarray(t->lists, room,
			    sizeof(t->lists[0]));
			rq->rcpts = xreallocarray(rq->rcpts, room,
			    sizeof(rq->rcpts[0]));
		}
		attrs_init(&t->lists[t->count]);
		t->count++;
		if (read_list(client, &t->lists[t->count - 1],
		    DELIVER_RCPT_MAX, err) == -1 ||
		    deliver_get_rcpt(&rq->rcpts[t->count - 1],
		    &t->lists[t->count - 1], err) == -1)
			return -1;
	}
	rq->rcpt_count = t->count;
	return 0;
}

/* The file, checked as 12.1 says, with the shared lock that agents hold. */
static int
open_message(struct agent_request *rq, struct err *err)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int fd, ok;

	ok = queue_file_may_open(rq->queue_name, rq->queue_id, &st, err);
	if (ok != 1)
		return ok == 0 ? err_set(err, ERR_NOT_FOUND,
		    "%s/%s: no such message", rq->queue_name, rq->queue_id) :
		    -1;
	queue_path(&path, rq->queue_name, rq->queue_id);
	fd = open(path.ptr, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1) {
		err_sys(err, "open %s", path.ptr);
		buf_done(&path);
		return -1;
	}
	if (file_lock(fd, LOCK_SH | LOCK_NB) == -1) {
		err_sys(err, "shared lock %s", path.ptr);
		close(fd);
		buf_done(&path);
		return -1;
	}
	rq->file = queue_file_new(fd, path.ptr, QUEUE_FILE_NORMAL);
	rq->file_fd = fd;
	buf_done(&path);
	return queue_file_seek(rq->file, rq->data_offset, err);
}

static void
reply(struct stream *client, const struct agent_request *rq)
{
	struct buf out = BUF_INIT;

	deliver_put_reply(&out, &rq->hop_failure, rq->has_left);
	if (stream_write(client, out.ptr, out.len) == -1 ||
	    stream_flush(client) == -1)
		log_warning("%s: cannot report to the queue manager",
		    rq->queue_id);
	buf_done(&out);
}

void
agent_serve(struct stream *client, const char *service,
    void (*deliver)(struct agent_request *rq, const char *service, void *ctx),
    void *ctx)
{
	struct request_text text = { .hop = BUF_INIT };
	struct agent_request rq = { .file_fd = -1 };
	struct err err = ERR_INIT;
	bool was_root;
	int rc;

	agent_init(NULL, NULL);
	attrs_init(&text.head);
	if (read_request(client, &rq, &text, &err) == -1) {
		/*
		 * A client that found no work for us just closes, and one
		 * that was killed before it asked has nothing to lose.
		 */
		if (text.head.count > 0 || err.kind == ERR_SYNTAX ||
		    err.kind == ERR_LIMIT)
			log_warning("%s: bad delivery request: %s", service,
			    err.text);
		goto done;
	}
	was_root = agent_owner_begin();
	rc = open_message(&rq, &err);
	agent_owner_end(was_root);
	if (rc == -1) {
		log_warning("%s: %s", service, err.text);
		rq.has_left = true;
	} else {
		if (!agent_time_is_set(rq.times.handoff))
			rq.times.handoff = clock_timeval();
		deliver(&rq, service, ctx);
	}
	/* The lock goes before the reply: the queue manager may open at once. */
	if (rq.file != NULL)
		queue_file_close(rq.file);
	reply(client, &rq);
done:
	free(rq.rcpts);
	request_text_done(&text);
}
