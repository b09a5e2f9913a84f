/*
 * queue_trash_undo.c - messages on their way out of the trash
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_trash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_select.h"
#include "lib/queue/queue_trash_internal.h"

struct undo {
	const char	*token;
	const struct queue_identity *edited;	/* only this; where it is to be */
	const struct queue_select *select;
	bool		 is_dry;
	queue_undo_fn	 fn;
	void		*ctx;
	time_t		 now;
	size_t		 found;		/* messages that were there */
};

/* What active held is taken up again from incoming; elsewhere it goes back. */
static const char *
queue_back(const char *was)
{
	return strcmp(was, "active") == 0 ? "incoming" : was;
}

/* Has this copy got another name in a queue? */
static bool
is_restored(const struct queue_journal_message *m)
{
	return m->new_id[0] != '\0' && strcmp(m->why, TRASH_RESTORED) == 0;
}

/* Put a log back; when there is a new one by now, behind what that has. */
static void
undo_log(const char *from, const char *to)
{
	if (queue_rename_new(from, to) == 0 || errno == ENOENT)
		return;
	if (errno == EEXIST)
		queue_trash_append(from, to);
	else if (errno == EXDEV)
		queue_trash_copy_over(from, to, NULL);
}

static void
undo_logs(const struct undo *u, const char *id, const char *new_id)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	size_t i;

	for (i = 0; queue_logs[i] != NULL; i++) {
		trash_path(&from, u->token, id, queue_logs[i]);
		queue_path(&to, queue_logs[i], new_id);
		undo_log(from.ptr, to.ptr);
	}
	buf_done(&from);
	buf_done(&to);
}

/* Does the file in trash still have somebody to go to? */
static bool
has_recipients(const char *id, const char *path, const struct stat *st)
{
	struct queue_message m;
	bool has;

	queue_message_init(&m);
	queue_message_begin(&m, TRASH, id, path, st);
	queue_message_want(&m, QUEUE_MESSAGE_ENVELOPE, NULL);
	has = m.rcpt_count > 0 || m.is_damaged || m.done_count == 0;
	queue_message_done(&m);
	return has;
}

static bool
is_selected(const struct undo *u, const char *id, const char *path,
    const struct stat *st)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_message m;
	bool is_so;

	if (u->select == NULL)
		return true;
	queue_message_init(&m);
	queue_message_begin(&m, TRASH, id, path, st);
	c.m = &m;
	c.now = u->now;
	is_so = queue_select_eval(u->select, &c) == SELECT_YES;
	queue_field_context_done(&c);
	queue_message_done(&m);
	return is_so;
}

/* Is its original there? What is not ready is a copy that was never finished. */
static bool
is_in_queue(const char *id, struct buf *path)
{
	struct stat st;
	size_t i;

	for (i = 0; queue_message_queues[i] != NULL; i++) {
		queue_path(path, queue_message_queues[i], id);
		if (lstat(path->ptr, &st) == 0 &&
		    (st.st_mode & S_IRWXU) == S_IRWXU)
			return true;
	}
	return false;
}

/* A copy that is NEW already, or nearly: make that ready, and make no other. */
static enum queue_result
complete_copy(const struct undo *u, const struct queue_journal_message *m,
    mode_t mode, struct buf *new_id, struct err *err)
{
	struct queue_found f = QUEUE_FOUND_INIT;
	enum queue_result result = QUEUE_RESULT_DONE;

	if ((f.queue = queue_identity_find_new(m->new_id)) == NULL) {
		err_set(err, ERR_DENIED, "came back as %s before, and that is "
		    "gone: a copy is " TRASH "/%s/%s", m->new_id, u->token,
		    m->what.id);
		return QUEUE_RESULT_FAILED;
	}
	buf_sets(new_id, m->new_id);
	if (u->is_dry)
		return result;
	queue_path(&f.path, f.queue, m->new_id);
	f.fd = open(f.path.ptr, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (f.fd == -1 || fstat(f.fd, &f.st) == -1) {
		err_sys(err, "open %s", f.path.ptr);
		result = QUEUE_RESULT_FAILED;
	} else if ((f.st.st_mode & S_IRWXU) != S_IRWXU) {
		undo_logs(u, m->what.id, m->new_id);
		result = queue_trash_copy_finish(&f, mode, err);
	}
	queue_found_close(&f);
	return result;
}

static enum queue_result
make_copy(const struct undo *u, const struct queue_journal_message *m,
    struct queue_found *f, const char *queue, struct buf *new_id,
    struct err *err)
{
	mode_t mode = f->st.st_mode & 07777;
	struct buf path = BUF_INIT;
	enum queue_result result;

	if (is_in_queue(m->what.id, &path)) {
		err_set(err, ERR_DENIED, "is there, as %s", path.ptr);
		result = QUEUE_RESULT_NOTHING;
	} else if (u->is_dry) {
		result = QUEUE_RESULT_DONE;
	} else {
		result = queue_trash_copy_back(f, queue, new_id, err);
		if (result == QUEUE_RESULT_DONE) {
			undo_logs(u, m->what.id, new_id->ptr);
			result = queue_trash_mark_restored(u->token,
			    m->what.id, new_id->ptr, err) == -1 ?
			    QUEUE_RESULT_FAILED :
			    queue_trash_copy_finish(f, mode, err);
		}
	}
	buf_done(&path);
	return result;
}

/* From another file system, under a new ID. */
static enum queue_result
copy_back(const struct undo *u, const struct queue_journal_message *m,
    struct queue_found *f, const char *queue, struct buf *new_id,
    struct err *err)
{
	struct buf from = BUF_INIT;
	enum queue_result result;

	buf_sets(&from, f->path.ptr);
	if (is_restored(m))
		result = complete_copy(u, m, f->st.st_mode & 07777, new_id,
		    err);
	else
		result = make_copy(u, m, f, queue, new_id, err);
	if (result == QUEUE_RESULT_DONE && !u->is_dry)
		unlink(from.ptr);
	buf_done(&from);
	return result;
}

/* Its copy was cut short: the original comes back as it was. */
static enum queue_result
take_aside(const struct undo *u, struct queue_found *f, const char *queue,
    struct err *err)
{
	struct buf copy = BUF_INIT;
	enum queue_result result = QUEUE_RESULT_DONE;

	if (u->is_dry)
		return result;
	undo_logs(u, f->id, f->id);
	result = queue_identity_move(f, queue, err);
	if (result == QUEUE_RESULT_DONE) {
		trash_path(&copy, u->token, f->id, "");
		unlink(copy.ptr);
		buf_adds(&copy, TRASH_UNFINISHED);
		unlink(copy.ptr);
	}
	buf_done(&copy);
	return result;
}

/* Back into its queue; new_id is filled when it needs another name. */
static enum queue_result
put_back(const struct undo *u, const struct queue_journal_message *m,
    struct queue_found *f, struct buf *new_id, struct err *err)
{
	const char *queue = queue_back(u->edited != NULL ? u->edited->queue :
	    m->what.queue);
	struct buf from = BUF_INIT;
	struct stat st;

	if (!queue_name_is_valid(queue)) {
		err_set(err, ERR_SYNTAX, "bad queue name in manifest: %.100s",
		    queue);
		return QUEUE_RESULT_FAILED;
	}
	/* Both would be delivered: queue_edit_undo knows how. */
	if (m->new_id[0] != '\0' && !is_restored(m) && u->edited == NULL) {
		err_set(err, ERR_DENIED, "was edited, and is %s now",
		    m->new_id);
		return QUEUE_RESULT_FAILED;
	}
	if (strcmp(f->queue, TRASH) != 0)
		return take_aside(u, f, queue, err);
	if (m->what.inode == 0)
		return copy_back(u, m, f, queue, new_id, err);
	if (u->is_dry)
		return QUEUE_RESULT_DONE;
	/* No log may be given to another message. */
	queue_path(&from, queue, m->what.id);
	if (lstat(from.ptr, &st) == 0) {
		err_set(err, ERR_SYSTEM, "another message is %s by now",
		    from.ptr);
		buf_done(&from);
		return QUEUE_RESULT_FAILED;
	}
	buf_done(&from);
	undo_logs(u, m->what.id, m->what.id);
	return queue_identity_move(f, queue, err);
}

/* Its file, in the trash or, of a copy that was cut short, beside its queue. */
static bool
open_trashed(const struct undo *u, const struct queue_journal_message *m,
    struct queue_found *f)
{
	if (m->what.inode == 0 && queue_trash_find_aside(&m->what, f))
		return true;
	f->id = m->what.id;
	f->queue = TRASH;
	trash_path(&f->path, u->token, m->what.id, "");
	f->fd = open(f->path.ptr, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return f->fd != -1 && fstat(f->fd, &f->st) == 0;
}

static bool
undo_message(const struct queue_journal_message *m, void *ctx)
{
	struct undo *u = ctx;
	struct queue_undo_step step = { .m = m, .new_id = "", .why = "",
	    .queue = queue_back(m->what.queue) };
	struct queue_found f = QUEUE_FOUND_INIT;
	struct buf new_id = BUF_INIT;
	struct err err = ERR_INIT;
	bool goes_on = true;

	if (trash_undo_repair(u->token, m, u->is_dry || u->select != NULL,
	    &step.result, &err)) {
		u->found++;
		step.why = err.text;
		/* A selection is about messages. */
		return u->select != NULL || u->fn == NULL ||
		    u->fn(&step, u->ctx);
	}
	if (!queue_id_is_valid(m->what.id) || (u->edited != NULL &&
	    strcmp(u->edited->id, m->what.id) != 0))
		return true;
	/* Never here, or taken back before: it is where it was. */
	if (!open_trashed(u, m, &f))
		goto out;
	u->found++;
	if (!is_selected(u, m->what.id, f.path.ptr, &f.st))
		goto out;
	if (m->what.inode != 0 && f.st.st_ino != m->what.inode) {
		step.result = QUEUE_RESULT_CHANGED;
		step.why = "the file in trash is not the one that was put "
		    "there";
	} else if (!has_recipients(m->what.id, f.path.ptr, &f.st)) {
		step.result = QUEUE_RESULT_FAILED;
		step.why = "all its recipients were delivered after it was "
		    "deleted";
	} else {
		step.result = put_back(u, m, &f, &new_id, &err);
		/* The inode of its original may have been free again. */
		if (new_id.len > 0 && strcmp(new_id.ptr, m->what.id) != 0)
			step.new_id = new_id.ptr;
		step.why = err.text;
	}
	goes_on = u->fn == NULL || u->fn(&step, u->ctx);
out:
	queue_found_close(&f);
	buf_done(&new_id);
	return goes_on;
}

/* Every message of the manifest, nobody else being at it. */
static int
undo_all(struct undo *u, struct err *err)
{
	struct buf path = BUF_INIT;
	int fd, rc;

	if (!queue_token_is_valid(u->token))
		return err_set(err, ERR_SYNTAX, "%.40s is no token", u->token);
	if ((fd = trash_lock(u->token, err)) == -1)
		return -1;
	trash_path(&path, u->token, MANIFEST, "");
	rc = queue_journal_messages_in(path.ptr, u->token, undo_message, u,
	    err);
	if (rc == 0 && !u->is_dry)
		trash_remove_if_empty(u->token);
	close(fd);
	buf_done(&path);
	return rc;
}

int
queue_trash_undo(const char *token, const struct queue_select *select,
    bool is_dry, queue_undo_fn fn, void *ctx, struct err *err)
{
	struct undo u = { .token = token, .select = select, .is_dry = is_dry,
	    .fn = fn, .ctx = ctx, .now = clock_now() };

	return undo_all(&u, err);
}

/* What became of the one message that is meant. */
struct returned {
	enum queue_result result;
	struct buf	*new_id;
	struct err	*err;
};

static bool
note_returned(const struct queue_undo_step *s, void *ctx)
{
	struct returned *r = ctx;

	r->result = s->result;
	buf_sets(r->new_id, s->new_id);
	if (s->result != QUEUE_RESULT_DONE)
		err_set(r->err, ERR_DENIED, "%s", s->why);
	return false;
}

enum queue_result
queue_trash_return(const char *token, const struct queue_identity *what,
    struct buf *new_id, struct err *err)
{
	struct returned r = { QUEUE_RESULT_GONE, new_id, err };
	struct undo u = { .token = token, .edited = what,
	    .fn = note_returned, .ctx = &r, .now = clock_now() };

	return undo_all(&u, err) == -1 ? QUEUE_RESULT_FAILED : r.result;
}
