/*
 * queue_edit_apply.c - change one message, so that nothing is ever lost or doubled
 *
 *	look, decide
 *	draft the new file (its inode makes the new ID)
 *	journal: OLD, NEW, where it was	-- from here on recovery knows of it
 *	hold OLD, wait for who delivers it, decide again
 *	write NEW, its logs, flush, name it hold/NEW
 *	read NEW again, compare
 *	OLD to the trash, with its logs
 *	release NEW
 *
 * A change of type bytes only needs no new file, and is done in place. Not for
 * a message that was active: its queue manager knows the ID, and has a list of
 * recipients of its own. Under a new ID it is another message, and the old
 * list leads to a file that is not there.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/log_json.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_edit_internal.h"
#include "lib/queue/queue_edit_session.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_trash.h"
#include "lib/queue/queue_writer.h"

#define TRIES		5	/* looks for a message that keeps moving */
#define NAP_US		20000	/* between looks at a lock */

/* One message on its way. */
struct job {
	struct queue_edit_session *s;
	const struct queue_identity *what;
	struct queue_edit_result *r;
	struct queue_found f;		/* the original, open */
	const char	*home;		/* the queue it was in */
	bool		 is_ours;	/* nobody delivers it any more */
	bool		 stays;		/* on hold, half done: recovery finishes it */
	struct queue_journal_message entry;
	struct edit_decision d;
	struct queue_writer *w;		/* the draft; NULL: in place */
	struct edit_offsets offsets;
};

/* ---- steps ---- */

static enum queue_result
failed(struct job *j, const char *verb)
{
	err_sys(j->r->err, "%s %s", verb, j->f.path.ptr);
	return QUEUE_RESULT_FAILED;
}

/* Read the message as it is now and decide. */
static enum queue_result
decide(struct job *j)
{
	struct queue_edit_session *s = j->s;

	edit_decision_done(&j->d);
	queue_message_begin(&s->m, j->f.queue, j->what->id, j->f.path.ptr,
	    &j->f.st);
	if (edit_decide(s->e, &s->c, &j->d, j->r->err) == -1)
		return s->m.is_gone ? QUEUE_RESULT_GONE :
		    QUEUE_RESULT_FAILED;
	buf_reset(&j->r->lines);
	buf_add(&j->r->lines, j->d.lines.ptr, j->d.lines.len);
	return j->d.needs_file || j->d.changed > 0 ? QUEUE_RESULT_DONE :
	    QUEUE_RESULT_NOTHING;
}

static enum queue_result
draft(struct job *j)
{
	struct stat st;

	j->w = queue_writer_draft("hold", &st, j->r->err);
	if (j->w == NULL)
		return QUEUE_RESULT_FAILED;
	queue_id_renew(&j->r->new_id, j->what->id, st.st_ino);
	return QUEUE_RESULT_DONE;
}

/* The recipients whose type byte changes, for whoever finishes or undoes it. */
static void
put_offsets(const struct edit_decision *d, struct buf *out)
{
	size_t i;

	for (i = 0; i < d->count; i++)
		if (d->rcpts[i].type != QUEUE_REC_RCPT)
			buf_addf(out, "%s%lld%c", out->len > 0 ? " " : "",
			    (long long)d->rcpts[i].offset, d->rcpts[i].type);
}

/* Write down what is going to be done. */
static enum queue_result
announce(struct job *j)
{
	struct queue_edit_session *s = j->s;
	struct buf why = BUF_INIT;
	int rc = 0;

	j->entry.what = *j->what;
	j->entry.what.queue = j->home;
	j->entry.what.path = NULL;
	j->entry.mtime = j->f.st.st_mtime;
	j->entry.mode = j->f.st.st_mode & 07777;
	j->entry.new_id = j->r->new_id.ptr;
	j->entry.rcpts = (int64_t)j->d.left;
	/* The journal tells where it is to be in the end, the trash where it was. */
	if (s->o->keeps_held)
		j->entry.what.queue = "hold";
	queue_journal_put_message(&s->lines, s->token, &j->entry);
	j->entry.what.queue = j->home;
	if (j->w == NULL || j->d.splits) {
		put_offsets(&j->d, &why);
		queue_journal_put_result(&s->lines, s->token, j->what->id,
		    "done", why.ptr, j->r->new_id.ptr);
		buf_done(&why);
	} else {
		queue_trash_announce(s->trash, &j->entry);
		rc = queue_trash_sync(s->trash, j->r->err);
	}
	if (rc == 0)
		rc = queue_journal_append(&s->lines, j->r->err);
	buf_reset(&s->lines);
	return rc == 0 ? QUEUE_RESULT_DONE : QUEUE_RESULT_FAILED;
}

/* Until nobody delivers it any more; new deliveries do not find it. */
static enum queue_result
wait_for_lock(struct job *j)
{
	int64_t end = clock_mono_ms() + (int64_t)j->s->o->wait_s * 1000;

	while (file_lock(j->f.fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return failed(j, "lock");
		if (clock_mono_ms() >= end) {
			err_set(j->r->err, ERR_TIMEOUT, "is still being "
			    "delivered, after %d seconds",
			    j->s->o->wait_s);
			return QUEUE_RESULT_FAILED;
		}
		usleep(NAP_US);
	}
	j->is_ours = true;
	return QUEUE_RESULT_DONE;
}

static enum queue_result
hold(struct job *j)
{
	enum queue_result result = QUEUE_RESULT_DONE;

	if (strcmp(j->home, "hold") != 0)
		result = queue_identity_move(&j->f, "hold", j->r->err);
	return result == QUEUE_RESULT_DONE ? wait_for_lock(j) : result;
}

static enum queue_result
change_in_place(struct job *j)
{
	struct err *err = j->r->err;
	enum queue_result result = QUEUE_RESULT_DONE;

	if (edit_mark(j->f.path.ptr, &j->f.st, &j->d, err) == -1 ||
	    edit_logs_rewrite(j->what->id, &j->d, err) == -1)
		result = QUEUE_RESULT_FAILED;
	return result;
}

/*
 * hold/NEW, complete and on stable storage, and then read again.
 *
 * d	what its recipients become; of a split, another than the job's
 */
static enum queue_result
make_new(struct job *j, const struct edit_decision *d)
{
	struct queue_edit_session *s = j->s;
	struct queue_file *old, *new = NULL;
	struct queue_writer *w = j->w;
	struct err *err = j->r->err;
	int rc = -1;

	old = queue_file_open_path(j->f.path.ptr, QUEUE_FILE_NORMAL, err);
	if (old == NULL)
		return QUEUE_RESULT_FAILED;
	if (edit_write(s->e, d, old, w, &j->offsets, err) == 0 &&
	    (j->d.splits || edit_logs_copy(j->what->id, j->r->new_id.ptr, d,
	    &j->offsets, err) == 0)) {
		j->w = NULL;
		rc = queue_writer_publish(w, j->r->new_id.ptr, &j->f.st, err);
	}
	if (rc == 0) {
		new = queue_file_open("hold", j->r->new_id.ptr,
		    QUEUE_FILE_NORMAL, err);
		if (new == NULL || edit_check(s->e, d, old, new,
		    err) == -1) {
			queue_remove(j->r->new_id.ptr, "hold", NULL);
			rc = -1;
		}
	}
	if (new != NULL)
		queue_file_close(new);
	queue_file_close(old);
	if (rc == -1)
		edit_logs_remove(j->r->new_id.ptr);
	return rc == 0 ? QUEUE_RESULT_DONE : QUEUE_RESULT_FAILED;
}

const char *
edit_release_queue(const char *home)
{
	/* Whoever had it active must read it again. */
	return strcmp(home, "active") == 0 ? "incoming" : home;
}

static enum queue_result
release(struct job *j)
{
	const char *id = j->r->new_id.len > 0 && !j->d.splits ?
	    j->r->new_id.ptr : j->what->id;
	const char *to = edit_release_queue(j->home);

	buf_sets(&j->r->queue, "hold");
	if (j->s->o->keeps_held || strcmp(j->home, "hold") == 0)
		return QUEUE_RESULT_DONE;
	/* The queue manager passes over what is locked. */
	file_lock(j->f.fd, LOCK_UN);
	if (queue_move(id, "hold", to, j->r->err) == -1) {
		err_prefix(j->r->err, "%s stays on hold: ", id);
		return QUEUE_RESULT_FAILED;
	}
	buf_sets(&j->r->queue, to);
	j->s->wakes |= strcmp(to, "incoming") == 0;
	return QUEUE_RESULT_DONE;
}

/*
 * Undo the hold: the original goes back where it was. The active queue waits
 * for it only while somebody delivers it.
 */
static void
put_back(struct job *j)
{
	const char *to = j->is_ours ? edit_release_queue(j->home) : j->home;
	struct err why = ERR_INIT;

	if (strcmp(j->f.queue, j->home) == 0 || j->stays)
		return;
	file_lock(j->f.fd, LOCK_UN);
	if (queue_identity_move(&j->f, to, &why) != QUEUE_RESULT_DONE)
		log_warning("%s: stays in %s: %s", j->what->id, j->f.queue,
		    why.text);
	else
		j->s->wakes |= strcmp(to, "incoming") == 0;
}

/* Once NEW is complete there is no way back for recipients that are cancelled in OLD. */
static enum queue_result
split(struct job *j)
{
	struct edit_decision apart;
	enum queue_result result;

	edit_decision_invert(&j->d, &apart);
	result = make_new(j, &apart);
	edit_decision_done(&apart);
	if (result != QUEUE_RESULT_DONE)
		return result;
	if ((result = change_in_place(j)) != QUEUE_RESULT_DONE) {
		j->stays = true;
		err_prefix(j->r->err, "stays on hold, and so does %s, until "
		    "--recover: ", j->r->new_id.ptr);
	}
	return result;
}

static enum queue_result
change(struct job *j)
{
	enum queue_result result;

	if (j->w == NULL)
		return change_in_place(j);
	if (j->d.splits)
		return split(j);
	if ((result = make_new(j, &j->d)) != QUEUE_RESULT_DONE)
		return result;
	result = queue_trash_put(j->s->trash, &j->f, &j->entry, j->r->err);
	if (result == QUEUE_RESULT_DONE)
		return result;
	/* Two copies, both on hold: the old one is the one that counts. */
	queue_remove(j->r->new_id.ptr, "hold", NULL);
	edit_logs_remove(j->r->new_id.ptr);
	return result;
}

/* Everything for an original that is open. */
static enum queue_result
work(struct job *j)
{
	enum queue_result result;

	if ((result = decide(j)) != QUEUE_RESULT_DONE)
		return result;
	/* Its queue manager has a list of recipients of its own. */
	if (j->d.splits && strcmp(j->home, "active") == 0) {
		err_set(j->r->err, ERR_RETRY, "is active: hold it first");
		return QUEUE_RESULT_FAILED;
	}
	if ((j->d.needs_file || j->d.splits ||
	    strcmp(j->home, "active") == 0) && draft(j) != QUEUE_RESULT_DONE)
		return QUEUE_RESULT_FAILED;
	if (announce(j) != QUEUE_RESULT_DONE)
		return QUEUE_RESULT_FAILED;
	if ((result = hold(j)) == QUEUE_RESULT_DONE) {
		/* Who had it until now may have got rid of recipients. */
		result = decide(j);
		if (result == QUEUE_RESULT_DONE)
			result = change(j);
	}
	if (result != QUEUE_RESULT_DONE) {
		put_back(j);
		return result;
	}
	result = release(j);
	if (!j->d.splits)
		return result;
	if (result == QUEUE_RESULT_DONE && edit_requeue(j->r->new_id.ptr,
	    j->r->err) == -1)
		result = QUEUE_RESULT_FAILED;
	j->stays = result != QUEUE_RESULT_DONE;
	j->s->wakes_pickup |= !j->stays;
	return result;
}

/* ---- one message ---- */

static bool
may_edit(struct job *j)
{
	if (strcmp(j->f.queue, "maildrop") == 0)
		err_set(j->r->err, ERR_RETRY, "is not picked up yet");
	else if (strcmp(j->f.queue, "corrupt") == 0)
		err_set(j->r->err, ERR_SYNTAX, "is in the corrupt queue");
	else if ((j->f.st.st_mode & S_IRWXU) != S_IRWXU)
		err_set(j->r->err, ERR_RETRY, "is not complete");
	else
		return true;
	return false;
}

static enum queue_result
attempt(struct job *j)
{
	enum queue_result result;

	buf_reset(&j->r->new_id);
	buf_reset(&j->r->lines);
	j->offsets.count = 0;
	j->is_ours = j->stays = false;
	result = queue_identity_open(j->what, &j->f, j->r->err);
	if (result == QUEUE_RESULT_DONE) {
		j->home = j->f.queue;
		result = may_edit(j) ? work(j) : QUEUE_RESULT_FAILED;
	}
	if (result != QUEUE_RESULT_DONE && j->w != NULL)
		queue_writer_abort(j->w);
	j->w = NULL;
	return result;
}

static void
tell_programs(const char *id, const char *new_id, const char *words)
{
	struct log_json e;

	if (!log_json_begin(&e, "edited"))
		return;
	log_json_text(&e, "queue_id", id);
	log_json_some(&e, "child_queue_id", new_id);
	log_json_text(&e, "reason", words);
	log_json_end(&e);
}

static void
tell(struct job *j, enum queue_result result)
{
	struct queue_edit_session *s = j->s;
	const char *id = j->what->id, *why = "";
	struct buf offsets = BUF_INIT;

	if (result == QUEUE_RESULT_CHANGED)
		err_set(j->r->err, ERR_NOT_FOUND, "another message has its "
		    "name");
	else if (result == QUEUE_RESULT_GONE)
		err_set(j->r->err, ERR_NOT_FOUND, "is gone");
	if (result != QUEUE_RESULT_DONE) {
		buf_reset(&j->r->new_id);
		why = result == QUEUE_RESULT_NOTHING ? "nothing to change" :
		    j->r->err->text;
	} else if (j->r->new_id.len > 0) {
		log_info("%s: edited, new_queue_id=%s: %s", id,
		    j->r->new_id.ptr, s->words.ptr);
		tell_programs(id, j->r->new_id.ptr, s->words.ptr);
		if (j->d.splits)
			put_offsets(&j->d, &offsets);
		why = offsets.ptr;
	} else {
		put_offsets(&j->d, &offsets);
		why = offsets.ptr;
		log_info("%s: edited: %s", id, s->words.ptr);
		tell_programs(id, "", s->words.ptr);
	}
	/* What recovery needs to know stands there already. */
	if (j->stays)
		s->is_open = true;
	else
		queue_journal_put_result(&s->lines, s->token, id,
		    queue_result_name(result), why, j->r->new_id.ptr);
	s->a.counts[result]++;
	buf_done(&offsets);
}

void
queue_edit_apply(struct queue_edit_session *s,
    const struct queue_identity *what, struct queue_edit_result *r)
{
	struct job j = { .s = s, .what = what, .r = r,
	    .f = QUEUE_FOUND_INIT, .d = { .lines = BUF_INIT } };
	struct err own = ERR_INIT, *callers = r->err;
	int tries = TRIES;

	if (callers == NULL)
		r->err = &own;
	do {
		err_reset(r->err);
		r->result = attempt(&j);
		queue_found_close(&j.f);
		/* It may only have moved while we looked: once more. */
	} while (--tries > 0 && (r->result == QUEUE_RESULT_GONE ||
	    r->result == QUEUE_RESULT_CHANGED));
	tell(&j, r->result);
	edit_decision_done(&j.d);
	free(j.offsets.at);
	r->err = callers;
}
