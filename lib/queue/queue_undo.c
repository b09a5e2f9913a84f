/*
 * queue_undo.c - take an action back, as far as its messages are there
 *
 * What the trash holds comes from there. For the rest the journal tells each
 * message's former queue, times and mode; only what the action did is taken
 * back, and only while it is still so: a message that was held, released by
 * somebody, and is being delivered is left alone.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_undo.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/log_json.h"
#include "lib/queue/queue_edit.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_imported.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_select.h"

#define TRIES		5

/* ---- which ---- */

#define NOTE_SIZE	256	/* as much of it as a warning shows */

struct find {
	const char	*token;		/* NULL: the last one */
	char		 out[QUEUE_TOKEN_SIZE], action[QUEUE_UNDO_NAME];
	char		 archive[64], note[NOTE_SIZE];
	bool		 is_found, is_final;
};

static void
note_found(struct find *f, const struct queue_journal_action *a)
{
	f->is_found = true;
	snprintf(f->out, sizeof(f->out), "%s", a->token);
	snprintf(f->action, sizeof(f->action), "%s", a->action);
	snprintf(f->archive, sizeof(f->archive), "%s", a->archive);
	snprintf(f->note, sizeof(f->note), "%s", a->note);
}

/* Does that action leave something to take back? */
static bool
is_undoable(const char *action)
{
	enum queue_action a = queue_action_find(action);

	return strcmp(action, "repair") == 0 ||
	    (a != QUEUE_ACT_COUNT && queue_action_can_undo(a));
}

static bool
find_action(const struct queue_journal_action *a, void *ctx)
{
	struct find *f = ctx;

	if (f->token != NULL ? strcmp(a->token, f->token) != 0 :
	    a->is_undone || a->is_final || !is_undoable(a->action))
		return true;
	note_found(f, a);
	f->is_final = a->is_final;
	return true;		/* the last one counts */
}

/* The journal may be lost or rotated away while the trash is there. */
static bool
find_in_trash(const struct queue_trash_entry *e, void *ctx)
{
	struct find *f = ctx;

	if (f->token != NULL && strcmp(e->action.token, f->token) != 0)
		return true;
	if (e->files == 0)
		return true;
	note_found(f, &e->action);
	return true;		/* the last one counts */
}

static int
find(struct find *f, const char *token, struct err *err)
{
	f->token = strcmp(token, "last") == 0 ? NULL : token;
	if (f->token != NULL && !queue_token_is_valid(f->token))
		return err_set(err, ERR_SYNTAX, "%.40s is no token", token);
	if (queue_journal_each(0, find_action, f, NULL, err) == -1)
		return -1;
	if (!f->is_found && queue_trash_each(find_in_trash, f, err) == -1)
		return -1;
	if (!f->is_found)
		return err_set(err, ERR_NOT_FOUND, f->token != NULL ?
		    "no action has the token %.40s" :
		    "there is no action to undo", token);
	if (f->is_final || !is_undoable(f->action))
		return err_set(err, ERR_DENIED, "%.30s cannot be undone",
		    f->is_final && is_undoable(f->action) ?
		    "a deletion for good" : f->action);
	return 0;
}

int
queue_undo_find(const char *token, char out[QUEUE_TOKEN_SIZE],
    char action[QUEUE_UNDO_NAME], struct err *err)
{
	struct find f = { .token = NULL };

	if (find(&f, token, err) == -1)
		return -1;
	snprintf(out, QUEUE_TOKEN_SIZE, "%s", f.out);
	if (action != NULL)
		snprintf(action, QUEUE_UNDO_NAME, "%s", f.action);
	return 0;
}

/* What is in an archive as well may be on its way, from here or elsewhere. */
static int
check_archive(const struct find *f, struct queue_act_report *report,
    struct err *err)
{
	int was;

	if (f->archive[0] == '\0')
		return 0;
	if ((was = queue_imported_was(f->archive, err)) == -1)
		return -1;
	if (was)
		return err_set(err, ERR_DENIED, "its messages are here from "
		    "their archive (%s): they would be here twice", f->note);
	snprintf(report->warning, sizeof(report->warning), "the messages are "
	    "in an archive, too (%s): from now on it must not be imported "
	    "anywhere", f->note);
	return 0;
}

/* ---- from the journal ---- */

struct undo {
	enum queue_action action;	/* that is undone */
	const struct queue_select *select;
	bool		 is_dry;
	queue_undo_fn	 fn;
	void		*ctx;
	time_t		 now;
	struct queue_journal_action a;	/* the undo itself */
	struct buf	 lines;
	struct queue_act_report *report;
};

static bool
is_selected(const struct undo *u, const struct queue_found *f)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_message m;
	bool is_so;

	if (u->select == NULL)
		return true;
	queue_message_init(&m);
	queue_message_begin(&m, f->queue, f->id, f->path.ptr, &f->st);
	c.m = &m;
	c.now = u->now;
	is_so = queue_select_eval(u->select, &c) == SELECT_YES;
	queue_field_context_done(&c);
	queue_message_done(&m);
	return is_so;
}

static enum queue_result
restore_mode(const struct queue_journal_message *m, struct queue_found *f,
    struct err *err)
{
	if ((m->mode & S_IXGRP) != 0 || (f->st.st_mode & S_IXGRP) == 0)
		return QUEUE_RESULT_NOTHING;
	if (fchmod(f->fd, f->st.st_mode & 07777 & ~(mode_t)S_IXGRP) == 0)
		return QUEUE_RESULT_DONE;
	err_sys(err, "change mode of %s", f->path.ptr);
	return QUEUE_RESULT_FAILED;
}

static enum queue_result
restore_queue(const struct queue_journal_message *m, struct queue_found *f,
    struct err *err)
{
	const char *to = strcmp(m->what.queue, "active") == 0 ? "incoming" :
	    m->what.queue;
	struct timespec times[2] = { { .tv_sec = (time_t)m->mtime } };
	enum queue_result result;

	if (strcmp(f->queue, to) == 0)
		return QUEUE_RESULT_NOTHING;
	result = queue_identity_move(f, to, err);
	if (result != QUEUE_RESULT_DONE)
		return result;
	times[1] = times[0];
	if (f->st.st_mtime != m->mtime && futimens(f->fd, times) == -1) {
		err_sys(err, "reset times of %s", f->path.ptr);
		return QUEUE_RESULT_FAILED;
	}
	return result;
}

/* Is the message still as the action left it? */
static bool
is_still_so(enum queue_action action, const char *queue)
{
	switch (action) {
	case QUEUE_ACT_HOLD:
		return strcmp(queue, "hold") == 0;
	case QUEUE_ACT_REQUEUE:
		return strcmp(queue, "maildrop") == 0;
	case QUEUE_ACT_RELEASE:
	case QUEUE_ACT_EXPIRE_RELEASE:
		return strcmp(queue, "maildrop") != 0;
	default:
		return true;
	}
}

static enum queue_result
restore(const struct undo *u, const struct queue_journal_message *m,
    struct queue_found *f, struct err *err)
{
	enum queue_result mode = QUEUE_RESULT_NOTHING, result;

	if (!is_still_so(u->action, f->queue))
		return QUEUE_RESULT_NOTHING;
	if (u->is_dry)
		return QUEUE_RESULT_DONE;
	if (u->action == QUEUE_ACT_EXPIRE ||
	    u->action == QUEUE_ACT_EXPIRE_RELEASE)
		mode = restore_mode(m, f, err);
	if (u->action == QUEUE_ACT_EXPIRE || mode == QUEUE_RESULT_FAILED ||
	    (u->action == QUEUE_ACT_EXPIRE_RELEASE &&
	    strcmp(m->what.queue, "hold") != 0))
		return mode;
	result = restore_queue(m, f, err);
	return result == QUEUE_RESULT_NOTHING ? mode : result;
}

static void
count_step(struct undo *u, const struct queue_undo_step *s)
{
	struct log_json e;

	u->report->counts[s->result]++;
	if (u->is_dry)
		return;
	if (s->result != QUEUE_RESULT_DONE || s->new_id[0] != '\0')
		queue_journal_put_result(&u->lines, u->a.token, s->m->what.id,
		    queue_result_name(s->result), s->why, s->new_id);
	if (s->result != QUEUE_RESULT_DONE)
		return;
	if (s->new_id[0] != '\0')
		log_info("%s: restored to %s as %s", s->m->what.id, s->queue,
		    s->new_id);
	else
		log_info("%s: restored to %s", s->m->what.id, s->queue);
	if (log_json_begin(&e, "restored")) {
		log_json_text(&e, "queue_id", s->m->what.id);
		log_json_some(&e, "child_queue_id", s->new_id);
		log_json_end(&e);
	}
}

static bool
undo_message(const struct queue_journal_message *m, void *ctx)
{
	struct undo *u = ctx;
	struct queue_undo_step s = { .m = m, .new_id = "", .why = "" };
	struct queue_found f = QUEUE_FOUND_INIT;
	struct err err = ERR_INIT;
	bool is_meant = true;
	int tries = TRIES;

	if (strcmp(m->result, "done") != 0)
		return true;
	do {
		s.result = queue_identity_open(&m->what, &f, &err);
		if (s.result != QUEUE_RESULT_DONE)
			break;
		is_meant = is_selected(u, &f);
		if (is_meant)
			s.result = restore(u, m, &f, &err);
		s.queue = f.queue;
		queue_found_close(&f);
	} while (is_meant && --tries > 0 && (s.result == QUEUE_RESULT_GONE ||
	    s.result == QUEUE_RESULT_CHANGED));
	queue_found_close(&f);
	/* A selection cannot be put to what is gone. */
	if (!is_meant || (u->select != NULL && s.result == QUEUE_RESULT_GONE))
		return true;
	s.why = s.result == QUEUE_RESULT_GONE ? "is gone" :
	    s.result == QUEUE_RESULT_CHANGED ? "another message has its name" :
	    s.result == QUEUE_RESULT_NOTHING ? "has moved on since" : err.text;
	count_step(u, &s);
	return u->fn == NULL || u->fn(&s, u->ctx);
}

/* An edit has its own way back, from both messages. */
static bool
undo_edit(const struct queue_journal_message *m, void *ctx)
{
	struct undo *u = ctx;
	struct queue_undo_step s = { .m = m, .new_id = "", .why = "",
	    .queue = m->what.queue };
	struct buf new_id = BUF_INIT;
	struct err err = ERR_INIT;
	bool goes_on;

	if (strcmp(m->result, "done") != 0)
		return true;
	s.result = queue_edit_undo(u->a.of, m, u->is_dry, &new_id, &err);
	s.new_id = new_id.ptr;
	if (s.result != QUEUE_RESULT_DONE)
		s.why = s.result == QUEUE_RESULT_NOTHING ? "has moved on since" :
		    err.text;
	count_step(u, &s);
	goes_on = u->fn == NULL || u->fn(&s, u->ctx);
	buf_done(&new_id);
	return goes_on;
}

static bool
trash_message(const struct queue_undo_step *s, void *ctx)
{
	struct undo *u = ctx;

	count_step(u, s);
	return u->fn == NULL || u->fn(s, u->ctx);
}

/* ---- the whole ---- */

static int
take_back(struct undo *u, const char *token, struct err *err)
{
	struct err why = ERR_INIT;

	if (u->action == QUEUE_ACT_EDIT)
		return u->select == NULL ? queue_journal_messages(token,
		    undo_edit, u, err) : err_set(err, ERR_DENIED,
		    "an edit is undone for all its messages or none");
	/* First what the trash holds; an action that never used it has none. */
	if (queue_trash_undo(token, u->select, u->is_dry, trash_message, u,
	    &why) == 0)
		return 0;
	if (why.kind != ERR_NOT_FOUND) {
		if (err != NULL)
			*err = why;
		return -1;
	}
	if (u->action == QUEUE_ACT_DELETE || u->action == QUEUE_ACT_DROP ||
	    u->action == QUEUE_ACT_COUNT)
		return err_set(err, ERR_NOT_FOUND, "nothing of %s is in the "
		    "trash any more", token);
	return queue_journal_messages(token, undo_message, u, err);
}

int
queue_undo_run(const char *token, const struct queue_select *select,
    bool is_dry, const struct queue_act_options *options, queue_undo_fn fn,
    void *ctx, struct queue_act_report *report, struct err *err)
{
	struct find f = { .token = NULL };
	char own[QUEUE_TOKEN_SIZE];
	struct undo u = { .select = select, .is_dry = is_dry, .fn = fn,
	    .ctx = ctx, .now = clock_now(), .lines = BUF_INIT,
	    .report = report };
	int i, rc;

	memset(report, 0, sizeof(*report));
	if (find(&f, token, err) == -1 || check_archive(&f, report, err) ==
	    -1)
		return -1;
	snprintf(report->token, sizeof(report->token), "%s", f.out);
	u.action = queue_action_find(f.action);
	queue_token_make(own, u.now);
	u.a = (struct queue_journal_action){ .token = own, .action = "undo",
	    .user = options->user, .command = options->command,
	    .select = options->select, .note = options->note, .of = f.out,
	    .time = u.now };
	queue_journal_put_begin(&u.lines, &u.a);
	rc = take_back(&u, f.out, err);
	if (rc == 0 && !is_dry) {
		u.a.ended = clock_now();
		for (i = 0; i < QUEUE_RESULT_COUNT; i++)
			u.a.counts[i] = (int64_t)report->counts[i];
		queue_journal_put_end(&u.lines, &u.a);
		if (queue_journal_append(&u.lines, err) == -1)
			snprintf(report->warning, sizeof(report->warning),
			    "not in the journal: %.400s", err != NULL ?
			    err->text : "");
		log_info("%s: action=undo, of=%s, messages=%zu, user=%s", own,
		    f.out, report->counts[QUEUE_RESULT_DONE],
		    options->user != NULL ? options->user : "?");
		if (report->counts[QUEUE_RESULT_DONE] > 0)
			queue_act_wake("qmgr", "I");
	}
	buf_done(&u.lines);
	return rc;
}
