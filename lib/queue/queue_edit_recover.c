/*
 * queue_edit_recover.c - bring edits that were interrupted to an end
 *
 * The journal names every pair before anything is done to it. What is there of
 * the two tells how far the edit came:
 *
 *	OLD anywhere, NEW nowhere	nothing was changed yet: OLD goes on
 *	OLD and NEW			not finished: NEW goes away, OLD goes on
 *	NEW on hold, OLD not in a queue	finished but for the release: NEW goes on
 *	NEW elsewhere			finished
 *
 * Changes in place are completed: each byte is one write, and the journal
 * knows which.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_edit_internal.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_trash.h"

struct recovery {
	const struct queue_edit_options *o;
	queue_edit_recovery_fn fn;
	void		*ctx;
	struct edit_text busy, open;	/* tokens */
	const char	*token;		/* the one at hand */
	size_t		 failed;
	int64_t		 counts[QUEUE_RESULT_COUNT];
	struct buf	 lines;
	bool		 wakes, wakes_pickup;
};

/* ---- type bytes ---- */

static int
mark(int fd, const struct edit_decision *d, struct err *err)
{
	size_t i;
	char type;

	for (i = 0; i < d->count; i++) {
		if (d->rcpts[i].type == QUEUE_REC_RCPT)
			continue;
		if (pread(fd, &type, 1, d->rcpts[i].offset) != 1)
			return err_sys(err, "read at offset %lld",
			    (long long)d->rcpts[i].offset);
		if (type == QUEUE_REC_RCPT && file_pwrite_all(fd,
		    &d->rcpts[i].type, 1, d->rcpts[i].offset) == -1)
			return err_sys(err, "write at offset %lld",
			    (long long)d->rcpts[i].offset);
	}
	return 0;
}

/* Its time is that of the next attempt, whatever was written. */
int
edit_keep_times(int fd, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	return futimens(fd, times) == 0 && fsync(fd) == 0 ? 0 : -1;
}

int
edit_mark(const char *path, const struct stat *st,
    const struct edit_decision *d, struct err *err)
{
	struct stat now;
	int fd, rc = -1;

	fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return err_sys(err, "open %s", path);
	if (fstat(fd, &now) == -1)
		err_sys(err, "fstat %s", path);
	else if (now.st_dev != st->st_dev || now.st_ino != st->st_ino)
		err_set(err, ERR_NOT_FOUND, "%s is another file now", path);
	else if ((rc = mark(fd, d, err)) == -1)
		err_prefix(err, "%s: ", path);
	else if (edit_keep_times(fd, st) == -1)
		rc = err_sys(err, "flush %s", path);
	close(fd);
	return rc;
}

int
edit_requeue(const char *id, struct err *err)
{
	struct timespec now[2] = { { .tv_sec = clock_now() } };
	struct buf path = BUF_INIT;
	int rc = queue_move(id, "hold", "maildrop", err);

	now[1] = now[0];
	if (rc == -1)
		err_prefix(err, "%s stays on hold: ", id);
	queue_path(&path, "maildrop", id);
	if (rc == 0 && utimensat(AT_FDCWD, path.ptr, now,
	    AT_SYMLINK_NOFOLLOW) == -1 && errno != ENOENT)
		rc = err_sys(err, "reset times of %s", path.ptr);
	buf_done(&path);
	return rc;
}

void
edit_read_offsets(const char *text, struct edit_decision *d)
{
	char *end;
	long long at;

	while (*text != '\0') {
		at = strtoll(text, &end, 10);
		if (end == text || at <= 0 || (*end != QUEUE_REC_DONE &&
		    *end != QUEUE_REC_CANCELED))
			return;
		d->rcpts = xreallocarray(d->rcpts, d->count + 1,
		    sizeof(*d->rcpts));
		d->rcpts[d->count].offset = at;
		d->rcpts[d->count].type = *end;
		d->rcpts[d->count++].mapped = NULL;
		text = end + 1 + (end[1] == ' ');
	}
}

bool
edit_is_split(const struct queue_journal_message *m)
{
	return m->new_id[0] != '\0' && strcmp(m->result, "done") == 0 &&
	    m->why[0] != '\0';
}

/* ---- one message ---- */

/* A draft that has no name yet: it stands in hold under its writer's number. */
static void
remove_draft(const char *id)
{
	struct dirent *de;
	struct stat st;
	uint64_t inode;
	DIR *dir;

	if (!queue_id_inode(id, &inode) || (dir = opendir("hold")) == NULL)
		return;
	while ((de = readdir(dir)) != NULL)
		if (de->d_ino == inode && strchr("0123456789",
		    de->d_name[0]) != NULL && strchr(de->d_name, '.') != NULL &&
		    fstatat(dirfd(dir), de->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == inode &&
		    (st.st_mode & S_IRWXU) != S_IRWXU)
			unlinkat(dirfd(dir), de->d_name, 0);
	closedir(dir);
}

static void
tell(struct recovery *r, const struct queue_journal_message *m,
    enum queue_result result, const char *what)
{
	struct queue_edit_recovery one = { r->token, m->what.id, m->new_id,
	    result, what };

	r->counts[result]++;
	if (result == QUEUE_RESULT_FAILED)
		r->failed++;
	if (result != QUEUE_RESULT_NOTHING) {
		queue_journal_put_result(&r->lines, r->token, m->what.id,
		    queue_result_name(result), what, m->new_id);
		log_info("%s: recovered: %s%s%s", m->what.id, what,
		    m->new_id[0] != '\0' ? ", new_queue_id=" : "", m->new_id);
	}
	if (r->fn != NULL)
		r->fn(&one, r->ctx);
}

/* From hold to where it was; true when it went, or is to stay. */
static bool
go_on(struct recovery *r, const char *id, const char *home, struct err *err)
{
	const char *to = edit_release_queue(home);

	if (strcmp(home, "hold") == 0)
		return true;
	if (queue_move(id, "hold", to, err) == -1)
		return false;
	r->wakes |= strcmp(to, "incoming") == 0;
	return true;
}

static void
recover_old(struct recovery *r, const struct queue_journal_message *m,
    struct queue_found *f, bool has_new)
{
	struct err err = ERR_INIT;
	bool was_moved = strcmp(f->queue, "hold") == 0 &&
	    strcmp(m->what.queue, "hold") != 0;

	if (has_new)
		queue_remove(m->new_id, "hold", NULL);
	remove_draft(m->new_id);
	edit_logs_remove(m->new_id);
	if (was_moved && !go_on(r, m->what.id, m->what.queue, &err))
		tell(r, m, QUEUE_RESULT_FAILED, err.text);
	else if (has_new || was_moved)
		tell(r, m, QUEUE_RESULT_DONE, "the edit was not finished: "
		    "the original goes on");
	else
		tell(r, m, QUEUE_RESULT_NOTHING, "the edit had not begun");
}

static void
recover_new(struct recovery *r, const struct queue_journal_message *m,
    const char *queue, bool has_name)
{
	struct err err = ERR_INIT;

	/* OLD is in the trash; its logs may be on their way, or another's by now. */
	if (queue != NULL && !has_name)
		edit_logs_remove(m->what.id);
	if (queue == NULL)
		tell(r, m, QUEUE_RESULT_NOTHING, "neither is in a queue");
	else if (strcmp(queue, "hold") != 0 ||
	    strcmp(m->what.queue, "hold") == 0)
		tell(r, m, QUEUE_RESULT_NOTHING, "the edit was finished");
	else if (go_on(r, m->new_id, m->what.queue, &err))
		tell(r, m, QUEUE_RESULT_DONE, "the edit was finished: the "
		    "new message goes on");
	else
		tell(r, m, QUEUE_RESULT_FAILED, err.text);
}

static void
recover_in_place(struct recovery *r, const struct queue_journal_message *m,
    struct queue_found *f)
{
	struct edit_decision d = { .lines = BUF_INIT };
	struct err err = ERR_INIT;

	edit_read_offsets(m->why, &d);
	if (strcmp(f->queue, "hold") != 0 || d.count == 0)
		tell(r, m, QUEUE_RESULT_NOTHING, "the edit was finished, or "
		    "had not begun");
	else if (edit_mark(f->path.ptr, &f->st, &d, &err) == -1 ||
	    edit_logs_rewrite(m->what.id, &d, &err) == -1 ||
	    !go_on(r, m->what.id, m->what.queue, &err))
		tell(r, m, QUEUE_RESULT_FAILED, err.text);
	else
		tell(r, m, QUEUE_RESULT_DONE, "the edit is finished now");
	edit_decision_done(&d);
}

/*
 * A split. Where NEW is there it is complete: OLD loses the recipients that
 * are NEW's, and both go on. Where it is not, it was never made, or requeued
 * already; OLD went on before.
 */
static void
recover_split(struct recovery *r, const struct queue_journal_message *m,
    struct queue_found *f, bool has_old, const char *queue)
{
	struct edit_decision d = { .lines = BUF_INIT };
	bool has_new = queue != NULL && strcmp(queue, "hold") == 0;
	bool waits = has_old && strcmp(f->queue, "hold") == 0;
	struct err err = ERR_INIT;

	edit_read_offsets(m->why, &d);
	if (!has_new)
		remove_draft(m->new_id);
	if (has_new && waits && (edit_mark(f->path.ptr, &f->st, &d, &err) ==
	    -1 || edit_logs_rewrite(m->what.id, &d, &err) == -1))
		tell(r, m, QUEUE_RESULT_FAILED, err.text);
	else if ((waits && !go_on(r, m->what.id, m->what.queue, &err)) ||
	    (has_new && edit_requeue(m->new_id, &err) == -1))
		tell(r, m, QUEUE_RESULT_FAILED, err.text);
	else if (has_new)
		tell(r, m, QUEUE_RESULT_DONE, "the recipients are requeued "
		    "now");
	else if (waits && strcmp(m->what.queue, "hold") != 0)
		tell(r, m, QUEUE_RESULT_DONE, "the original goes on");
	else
		tell(r, m, QUEUE_RESULT_NOTHING, "the edit was finished, or "
		    "had not begun");
	r->wakes_pickup |= has_new;
	edit_decision_done(&d);
}

static bool
recover_message(const struct queue_journal_message *m, void *ctx)
{
	struct recovery *r = ctx;
	struct queue_found f = QUEUE_FOUND_INIT;
	struct err err = ERR_INIT;
	const char *queue = queue_identity_find_new(m->new_id);
	enum queue_result old = queue_identity_open(&m->what, &f, &err);

	/* A byte that was written has changed it. */
	f.st.st_mtim.tv_sec = (time_t)m->mtime;
	f.st.st_mtim.tv_nsec = 0;
	if (old == QUEUE_RESULT_FAILED)
		tell(r, m, QUEUE_RESULT_FAILED, err.text);
	else if (edit_is_split(m))
		recover_split(r, m, &f, old == QUEUE_RESULT_DONE, queue);
	else if (old == QUEUE_RESULT_DONE && m->new_id[0] == '\0')
		recover_in_place(r, m, &f);
	else if (old == QUEUE_RESULT_DONE && queue != NULL &&
	    strcmp(queue, "hold") != 0)
		tell(r, m, QUEUE_RESULT_FAILED, "somebody released the new "
		    "message, and the original is there, too: delete one");
	else if (old == QUEUE_RESULT_DONE)
		recover_old(r, m, &f, queue != NULL);
	else
		recover_new(r, m, queue, old == QUEUE_RESULT_CHANGED);
	queue_found_close(&f);
	return true;
}

/* ---- which edits ---- */

static bool
note_busy(const struct queue_trash_entry *e, void *ctx)
{
	struct recovery *r = ctx;

	if (e->is_busy)
		edit_text_add(&r->busy, e->action.token);
	return true;
}

static bool
note_open(const struct queue_journal_action *a, void *ctx)
{
	struct recovery *r = ctx;
	size_t i;

	if (a->is_ended || strcmp(a->action, EDIT_ACTION) != 0)
		return true;
	for (i = 0; i < r->busy.count; i++)
		if (strcmp(r->busy.items[i], a->token) == 0)
			return true;
	edit_text_add(&r->open, a->token);
	return true;
}

static int
recover_action(struct recovery *r, const char *token, struct err *err)
{
	struct queue_journal_action end = { .token = token,
	    .ended = clock_now() };

	r->token = token;
	memset(r->counts, 0, sizeof(r->counts));
	if (queue_journal_messages(token, recover_message, r, err) == -1)
		return -1;
	memcpy(end.counts, r->counts, sizeof(end.counts));
	if (r->counts[QUEUE_RESULT_FAILED] == 0)
		queue_journal_put_end(&r->lines, &end);
	return r->lines.len == 0 ? 0 : queue_journal_append(&r->lines, err);
}

static void
free_texts(struct edit_text *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		free(t->items[i]);
	free(t->items);
}

int
queue_edit_recover(const struct queue_edit_options *options,
    queue_edit_recovery_fn fn, void *ctx, size_t *failed, struct err *err)
{
	struct recovery r = { .o = options, .fn = fn, .ctx = ctx,
	    .lines = BUF_INIT };
	size_t i;
	int rc = 0;

	if (queue_trash_each(note_busy, &r, err) == -1 ||
	    queue_journal_each(0, note_open, &r, NULL, err) == -1)
		rc = -1;
	for (i = 0; rc == 0 && i < r.open.count; i++) {
		rc = recover_action(&r, r.open.items[i], err);
		buf_reset(&r.lines);
	}
	if (r.wakes)
		queue_act_wake("qmgr", "I");
	if (r.wakes_pickup)
		queue_act_wake("pickup", "W");
	if (failed != NULL)
		*failed = r.failed;
	free_texts(&r.busy);
	free_texts(&r.open);
	buf_done(&r.lines);
	return rc;
}
