/*
 * look.c - the long options that look back: undo, trash, purge, journal
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/postsuper/bulk.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_select.h"
#include "lib/queue/queue_trash.h"
#include "lib/queue/queue_undo.h"

static void
put_time(struct buf *out, int64_t when)
{
	time_t t = (time_t)when;
	char text[32] = "?";
	struct tm tm;

	if (localtime_r(&t, &tm) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	buf_adds(out, text);
}

static void
put_member(struct buf *out, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	buf_adds(out, ", ");
	json_member(out, name, text);
}

/* What the journal and the trash tell of an action, as JSON members. */
static void
json_action(struct buf *out, const struct queue_journal_action *a)
{
	buf_adds(out, "\"v\": 1");
	put_member(out, "token", a->token);
	buf_addf(out, ", \"time\": %lld", (long long)a->time);
	put_member(out, "action", a->action);
	put_member(out, "user", a->user);
	put_member(out, "command", a->command);
	put_member(out, "select", a->select);
	put_member(out, "note", a->note);
	put_member(out, "of", a->of);
	put_member(out, "archive", a->archive);
	buf_addf(out, ", \"messages\": %lld, \"bytes\": %lld",
	    (long long)a->messages, (long long)a->bytes);
}

/* ---- undo ---- */

struct undo_talk {
	const struct bulk *b;
	size_t		 count;
};

static bool
tell_undo(const struct queue_undo_step *s, void *ctx)
{
	struct undo_talk *t = ctx;
	struct buf line = BUF_INIT;

	t->count++;
	if (t->b->wants_json) {
		buf_adds(&line, "{\"event\": \"result\", \"v\": 1, \"action\": "
		    "\"undo\"");
		put_member(&line, "id", s->m->what.id);
		put_member(&line, "queue", s->queue);
		put_member(&line, "result", queue_result_name(s->result));
		put_member(&line, "new_id", s->new_id);
		put_member(&line, "why", s->why);
		buf_adds(&line, "}\n");
		fputs(line.ptr, stdout);
	} else if (t->b->is_dry && s->result <= QUEUE_RESULT_NOTHING) {
		printf("%s %s\n", s->m->what.id, s->queue);
	} else if (s->new_id[0] != '\0') {
		printf("%s is %s now\n", s->m->what.id, s->new_id);
	}
	if (s->result > QUEUE_RESULT_NOTHING)
		fprintf(stderr, "postsuper: %s: %s: %s\n", s->m->what.id,
		    queue_result_name(s->result), s->why);
	buf_done(&line);
	return bulk_stop == 0;
}

static bool
count_undo(const struct queue_undo_step *s, void *ctx)
{
	*(size_t *)ctx += s->result == QUEUE_RESULT_DONE;
	return true;
}

static enum bulk_status
undo_failed(const struct err *err)
{
	log_error("--undo: %s", err->text);
	return err->kind == ERR_NOT_FOUND ? BULK_NOTHING : BULK_FATAL;
}

static void
report_undo(const struct bulk *b, const struct queue_act_report *r)
{
	if (b->wants_json) {
		printf("{\"event\": \"end\", \"v\": 1, \"action\": \"undo\", "
		    "\"of\": \"%s\"", r->token);
		bulk_json_counts(r->counts);
	} else {
		bulk_print_counts(b->is_dry ? "would be restored" :
		    "restored", r->counts);
	}
}

enum bulk_status
bulk_undo(const struct bulk *b)
{
	struct undo_talk talk = { b, 0 };
	struct queue_act_options o;
	struct queue_act_report r;
	struct buf question = BUF_INIT;
	struct err err = ERR_INIT;
	char token[QUEUE_TOKEN_SIZE], action[QUEUE_UNDO_NAME];
	char told[sizeof(r.warning)] = "";
	size_t count = 0;
	bool is_sure, is_counted;
	int rc;

	if (queue_undo_find(b->undo, token, action, &err) == -1)
		return undo_failed(&err);
	bulk_options(b, &o);
	is_counted = !b->is_dry && !b->is_sure && isatty(STDIN_FILENO);
	if (is_counted) {
		if (queue_undo_run(token, b->selection, true, &o, count_undo,
		    &count, &r, &err) == -1)
			return undo_failed(&err);
		if (r.warning[0] != '\0')
			log_warning("%s", r.warning);
		snprintf(told, sizeof(told), "%s", r.warning);
	}
	if (!b->is_dry) {
		buf_setf(&question, "undo %s %s: restore %zu message%s",
		    action, token, count, count == 1 ? "" : "s");
		/* When there is nothing to restore the reasons are the answer. */
		is_sure = (is_counted && count == 0) ||
		    bulk_confirm(b, question.ptr, count);
		buf_done(&question);
		if (!is_sure)
			return BULK_REFUSED;
	}
	params_log(0, true);
	rc = queue_undo_run(token, b->selection, b->is_dry, &o, tell_undo,
	    &talk, &r, &err);
	params_log(LOG_TO_STDERR, true);
	if (rc == -1)
		return undo_failed(&err);
	report_undo(b, &r);
	if (r.warning[0] != '\0' && strcmp(r.warning, told) != 0)
		log_warning("%s", r.warning);
	if (talk.count == 0)
		return BULK_NOTHING;
	return bulk_stop != 0 || bulk_is_partly(r.counts) ? BULK_PARTLY :
	    BULK_DONE;
}

/* ---- trash ---- */

struct listing {
	const struct bulk *b;
	size_t		 count;
};

static bool
show_trash(const struct queue_trash_entry *e, void *ctx)
{
	struct listing *l = ctx;
	struct buf line = BUF_INIT, size = BUF_INIT;

	if (l->b->wants_json) {
		buf_addc(&line, '{');
		json_action(&line, &e->action);
		buf_addf(&line, ", \"files\": %zu, \"bytes_now\": %lld, "
		    "\"until\": %lld, \"busy\": %s}\n", e->files,
		    (long long)e->bytes, (long long)e->until, e->is_busy ?
		    "true" : "false");
	} else {
		if (l->count == 0)
			printf("%-21s %-13s %8s %10s  %-20s %s\n", "TOKEN",
			    "ACTION", "MESSAGES", "ON DISK", "KEPT UNTIL", "BY");
		buf_addf(&line, "%-21s %-13s %8zu ", e->action.token,
		    e->action.action[0] != '\0' ? e->action.action : "?",
		    e->files);
		queue_plan_put_bytes(&size, e->bytes);
		buf_addf(&line, "%10s  ", size.ptr);
		put_time(&line, e->until);
		buf_adds(&line, "  ");
		text_visible(&line, e->action.user, 0);
		if (e->action.note[0] != '\0') {
			buf_adds(&line, ": ");
			text_visible(&line, e->action.note, 0);
		}
		buf_adds(&line, e->is_busy ? " (in use)\n" : "\n");
	}
	fputs(line.ptr, stdout);
	l->count++;
	buf_done(&line);
	buf_done(&size);
	return bulk_stop == 0;
}

enum bulk_status
bulk_trash(const struct bulk *b)
{
	struct listing l = { b, 0 };
	struct err err = ERR_INIT;

	if (queue_trash_each(show_trash, &l, &err) == -1)
		log_fatal("%s", err.text);
	if (l.count == 0 && !b->wants_json)
		puts("the trash is empty");
	return l.count == 0 ? BULK_NOTHING : BULK_DONE;
}

struct weight {
	const struct bulk *b;
	size_t		 files;
	int64_t		 bytes;
};

static bool
weigh_purge(const struct queue_trash_entry *e, void *ctx)
{
	struct weight *w = ctx;

	if (!e->is_busy && e->action.time + (w->b->older_s >= 0 ?
	    w->b->older_s : 0) <= w->b->now) {
		w->files += e->files;
		w->bytes += e->bytes;
	}
	return true;
}

static void
record_purge(const struct bulk *b, size_t files, int64_t bytes)
{
	char token[QUEUE_TOKEN_SIZE];
	struct queue_journal_action a = { .token = token, .action = "purge",
	    .user = b->user, .command = "postsuper", .select = "",
	    .note = b->note, .of = "", .time = b->now,
	    .messages = (int64_t)files, .bytes = bytes };
	struct buf lines = BUF_INIT;
	struct err err = ERR_INIT;

	queue_token_make(token, b->now);
	queue_journal_put_begin(&lines, &a);
	a.ended = b->now;
	a.counts[QUEUE_RESULT_DONE] = (int64_t)files;
	queue_journal_put_end(&lines, &a);
	if (queue_journal_append(&lines, &err) == -1)
		log_warning("not in the journal: %s", err.text);
	buf_done(&lines);
}

enum bulk_status
bulk_purge(const struct bulk *b)
{
	struct weight w = { b, 0, 0 };
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	bool is_sure;

	if (queue_trash_each(weigh_purge, &w, &err) == -1)
		log_fatal("%s", err.text);
	buf_setf(&text, "remove %zu message%s (", w.files, w.files == 1 ? "" :
	    "s");
	queue_plan_put_bytes(&text, w.bytes);
	buf_adds(&text, " on disk) from the trash for good");
	if (b->is_dry) {
		printf("would %s\n", text.ptr);
		buf_done(&text);
		return w.files > 0 ? BULK_DONE : BULK_NOTHING;
	}
	is_sure = w.files == 0 || bulk_confirm(b, text.ptr, w.files);
	if (!is_sure) {
		buf_done(&text);
		return BULK_REFUSED;
	}
	if (queue_trash_purge(b->now, b->older_s >= 0 ? b->older_s : 0,
	    &w.files, &w.bytes, &err) == -1)
		log_fatal("%s", err.text);
	if (w.files > 0)
		record_purge(b, w.files, w.bytes);
	buf_reset(&text);
	queue_plan_put_bytes(&text, w.bytes);
	if (b->wants_json)
		printf("{\"event\": \"end\", \"v\": 1, \"action\": \"purge\", "
		    "\"done\": %zu, \"bytes\": %lld}\n", w.files,
		    (long long)w.bytes);
	else
		printf("purged: %zu message%s, %s\n", w.files, w.files == 1 ?
		    "" : "s", text.ptr);
	buf_done(&text);
	return w.files > 0 ? BULK_DONE : BULK_NOTHING;
}

/* ---- journal ---- */

static bool
json_line(struct span line, void *ctx)
{
	struct listing *l = ctx;

	l->count++;
	fwrite(line.ptr, 1, line.len, stdout);
	return putchar('\n') != EOF && bulk_stop == 0;
}

static void
text_journal(const struct queue_journal_action *a)
{
	struct buf line = BUF_INIT;
	int i;

	put_time(&line, a->time);
	buf_addf(&line, "  %-21s  %s", a->token, a->action);
	if (a->of[0] != '\0')
		buf_addf(&line, " of %s", a->of);
	if (!a->is_ended)
		buf_addf(&line, ": %lld planned, did not come to its end",
		    (long long)a->messages);
	else
		buf_addf(&line, ": %lld", (long long)
		    a->counts[QUEUE_RESULT_DONE]);
	for (i = QUEUE_RESULT_NOTHING; a->is_ended && i < QUEUE_RESULT_COUNT;
	    i++)
		if (a->counts[i] > 0)
			buf_addf(&line, ", %s %lld", queue_result_name(
			    (enum queue_result)i), (long long)a->counts[i]);
	buf_adds(&line, "  by ");
	text_visible(&line, a->user, 0);
	if (a->select[0] != '\0') {
		buf_adds(&line, "  select: ");
		text_visible(&line, a->select, 0);
	}
	if (a->note[0] != '\0') {
		buf_adds(&line, "  note: ");
		text_visible(&line, a->note, 0);
	}
	buf_adds(&line, a->is_undone ? "  (undone)\n" : "\n");
	fputs(line.ptr, stdout);
	buf_done(&line);
}

static bool
show_action(const struct queue_journal_action *a, void *ctx)
{
	struct listing *l = ctx;

	text_journal(a);
	l->count++;
	return bulk_stop == 0 && fflush(stdout) == 0;
}

enum bulk_status
bulk_journal(const struct bulk *b)
{
	struct listing l = { b, 0 };
	struct err err = ERR_INIT;
	size_t damaged = 0;
	time_t since = 0;

	if (b->since != NULL && !queue_select_time(b->since, b->now, &since))
		log_fatal("--since: \"%s\" is no time such as 2h, today, "
		    "2026-11-21T14:00", b->since);
	if ((b->wants_json ? queue_journal_lines(since, json_line, &l,
	    &damaged, &err) : queue_journal_each(since, show_action, &l,
	    &damaged, &err)) == -1)
		log_fatal("%s", err.text);
	if (damaged > 0)
		log_warning("%zu damaged line%s in the journal", damaged,
		    damaged == 1 ? "" : "s");
	return l.count == 0 ? BULK_NOTHING : BULK_DONE;
}
