/*
 * bulk.c - the long options: plan, guards, question, action, report
 *
 * Standard output gets results, standard error the plan and the talk. The
 * classic log lines go to the log alone: a hundred thousand of them are no
 * answer to anybody at a terminal.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postsuper/bulk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/postsuper/archive.h"
#include "cmd/postsuper/edit.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_select.h"
#include "lib/queue/queue_trash.h"

#define ASK_NUMBER	25	/* more than this: the number is typed, not y */
#define PROGRESS_MS	200

atomic_int bulk_stop;

void
bulk_prepare(struct bulk *b)
{
	struct buf user = BUF_INIT;
	struct err err = ERR_INIT;

	b->now = clock_now();
	queue_journal_user(&user);
	snprintf(b->user, sizeof(b->user), "%s", user.ptr);
	buf_done(&user);
	if (queue_select_setup(getenv("HOME"), &err) == -1)
		log_fatal("%s", err.text);
	if (b->select != NULL) {
		b->selection = queue_select_parse(b->select, b->now, &err);
		if (b->selection == NULL)
			log_fatal("--select: %s", err.text);
	}
	if (b->ids_file != NULL) {
		b->ids_fd = strcmp(b->ids_file, "-") == 0 ? dup(STDIN_FILENO) :
		    open(b->ids_file, O_RDONLY | O_CLOEXEC);
		if (b->ids_fd == -1)
			log_fatal("--ids: open %s: %s", b->ids_file,
			    strerror(errno));
	}
	if (!b->is_dry)
		bulk_copy_prepare(b);
	export_prepare(b);
	import_prepare(b);
}

void
bulk_done(struct bulk *b)
{
	queue_select_free(b->selection);
}

void
bulk_options(const struct bulk *b, struct queue_act_options *out)
{
	*out = (struct queue_act_options){ .user = b->user,
	    .command = "postsuper", .select = b->select, .note = b->note,
	    .reason = b->reason, .wants_undo = !b->has_no_undo,
	    .rate = b->rate, .batch = b->batch, .pause_ms = b->pause_ms };
}

/* ---- the question ---- */

bool
bulk_confirm(const struct bulk *b, const char *what, size_t count)
{
	char want[32], answer[64];

	if (b->is_sure)
		return true;
	if (b->ids_fd != -1 && strcmp(b->ids_file, "-") == 0) {
		log_error("refused: standard input holds the IDs, so --yes is "
		    "needed");
		return false;
	}
	if (!isatty(STDIN_FILENO)) {
		log_error("refused: standard input is no terminal, so --yes "
		    "is needed");
		return false;
	}
	/* What was typed before the question is not its answer. */
	tcflush(STDIN_FILENO, TCIFLUSH);
	if (count <= ASK_NUMBER) {
		snprintf(want, sizeof(want), "y");
		fprintf(stderr, "%s? y to do it: ", what);
	} else {
		snprintf(want, sizeof(want), "%zu", count);
		fprintf(stderr, "%s? Type the number of messages to do it: ",
		    what);
	}
	fflush(stderr);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		answer[0] = '\0';
	answer[strcspn(answer, "\r\n")] = '\0';
	if (strcmp(answer, want) == 0 || (want[0] == 'y' &&
	    strcmp(answer, "Y") == 0))
		return true;
	log_error("refused: nothing was done");
	return false;
}

/* ---- plans ---- */

static void
show_plan(const struct bulk *b, const struct queue_plan *plan)
{
	struct queue_act_options o;
	struct buf text = BUF_INIT;

	bulk_options(b, &o);
	if (b->wants_json) {
		buf_adds(&text, "{\"event\": \"plan\", ");
		queue_plan_json(plan, &text);
		buf_adds(&text, "}\n");
		fputs(text.ptr, stdout);
		fflush(stdout);
	} else {
		queue_plan_print(plan, &text);
		queue_act_promise(plan, &o, b->now, &text);
		fputs(text.ptr, b->is_dry ? stdout : stderr);
	}
	if (queue_plan_action(plan) == QUEUE_ACT_EDIT)
		edit_preview(b, plan);
	buf_done(&text);
}

/* The question's words: "delete 12 messages, then hold 3 messages". */
static size_t
word_question(struct queue_plan *const *plans, size_t count, struct buf *out)
{
	size_t i, n, most = 0;

	for (i = 0; i < count; i++) {
		n = queue_plan_count(plans[i]);
		buf_addf(out, "%s%s %zu message%s", i > 0 ? ", then " : "",
		    queue_actions[queue_plan_action(plans[i])].name, n,
		    n == 1 ? "" : "s");
		if (n > most)
			most = n;
	}
	return most;
}

/* ---- acting ---- */

struct progress {
	const struct bulk *b;
	enum queue_action action;
	bool		 is_shown;
	int64_t		 next_ms;
};

static void
show_progress(struct progress *p, const struct queue_act_step *s)
{
	int64_t now = clock_mono_ms();

	if (now < p->next_ms)
		return;
	p->next_ms = now + PROGRESS_MS;
	p->is_shown = true;
	fprintf(stderr, "\r%s %zu of %zu ", queue_actions[p->action].name,
	    s->item != NULL ? s->index + 1 : s->index, s->total);
}

static void
hide_progress(struct progress *p)
{
	if (p->is_shown)
		fputs("\r\033[K", stderr);
	p->is_shown = false;
}

static void
json_step(enum queue_action action, const struct queue_act_step *s)
{
	struct buf line = BUF_INIT;

	buf_adds(&line, "{\"event\": \"result\", \"v\": 1, ");
	json_member(&line, "action", queue_actions[action].name);
	buf_adds(&line, ", ");
	json_member(&line, "id", s->item->what.id);
	buf_adds(&line, ", ");
	json_member(&line, "queue", s->item->what.queue);
	buf_adds(&line, ", ");
	json_member(&line, "result", queue_result_name(s->result));
	if (s->why[0] != '\0') {
		buf_adds(&line, ", ");
		json_member(&line, "why", s->why);
	}
	buf_adds(&line, "}\n");
	fputs(line.ptr, stdout);
	buf_done(&line);
}

static bool
tell_step(const struct queue_act_step *s, void *ctx)
{
	struct progress *p = ctx;

	if (s->item != NULL && p->b->wants_json)
		json_step(p->action, s);
	if (s->item != NULL && s->result > QUEUE_RESULT_NOTHING) {
		hide_progress(p);
		/* Named on the terminal; the journal has it for later. */
		fprintf(stderr, "postsuper: %s: %s: %s\n", s->item->what.id,
		    queue_result_name(s->result), s->why);
	}
	if (isatty(STDERR_FILENO))
		show_progress(p, s);
	return bulk_stop == 0;
}

void
bulk_print_counts(const char *done, const size_t counts[QUEUE_RESULT_COUNT])
{
	int i;

	printf("%s: %zu message%s", done, counts[QUEUE_RESULT_DONE],
	    counts[QUEUE_RESULT_DONE] == 1 ? "" : "s");
	for (i = QUEUE_RESULT_NOTHING; i < QUEUE_RESULT_COUNT; i++)
		if (counts[i] > 0)
			printf(", %s: %zu",
			    queue_result_name((enum queue_result)i),
			    counts[i]);
	putchar('\n');
}

void
bulk_json_counts(const size_t counts[QUEUE_RESULT_COUNT])
{
	int i;

	for (i = 0; i < QUEUE_RESULT_COUNT; i++)
		printf(", \"%s\": %zu", queue_result_name(
		    (enum queue_result)i), counts[i]);
	puts("}");
}

bool
bulk_is_partly(const size_t counts[QUEUE_RESULT_COUNT])
{
	return counts[QUEUE_RESULT_GONE] > 0 ||
	    counts[QUEUE_RESULT_CHANGED] > 0 ||
	    counts[QUEUE_RESULT_FAILED] > 0;
}

static void
report_text(enum queue_action action, const struct queue_act_report *r,
    bool can_undo)
{
	bulk_print_counts(queue_actions[action].done, r->counts);
	if (can_undo && r->counts[QUEUE_RESULT_DONE] > 0)
		printf("undo: postsuper --undo %s\n", r->token);
}

static void
report_json(enum queue_action action, const struct queue_act_report *r,
    bool can_undo)
{
	printf("{\"event\": \"end\", \"v\": 1, \"action\": \"%s\", "
	    "\"token\": \"%s\", \"undo\": %s, \"stopped\": %s",
	    queue_actions[action].name, r->token, can_undo ? "true" : "false",
	    r->was_stopped ? "true" : "false");
	bulk_json_counts(r->counts);
}

static enum bulk_status
run_plan(const struct bulk *b, const struct queue_plan *plan)
{
	struct progress p = { .b = b, .action = queue_plan_action(plan),
	    .next_ms = clock_mono_ms() + 1000 };
	struct queue_act_report r;
	struct queue_act_options o;
	struct err err = ERR_INIT;
	bool can_undo;
	int rc;

	bulk_options(b, &o);
	params_log(0, true);
	rc = p.action == QUEUE_ACT_EDIT ?
	    edit_run(b, plan, tell_step, &p, &r, &err) :
	    queue_act_run(plan, &o, tell_step, &p, &r, &err);
	params_log(LOG_TO_STDERR, true);
	hide_progress(&p);
	if (rc == -1) {
		log_error("%s: %s", queue_actions[p.action].name, err.text);
		if (p.action == QUEUE_ACT_DELETE)
			log_error("nothing was deleted; --no-undo needs "
			    "neither trash nor journal");
		return BULK_FATAL;
	}
	if (r.warning[0] != '\0')
		log_warning("%s", r.warning);
	can_undo = queue_action_can_undo(p.action) && !r.is_unrecorded &&
	    (!b->has_no_undo || (p.action != QUEUE_ACT_DELETE &&
	    p.action != QUEUE_ACT_DROP));
	if (b->wants_json)
		report_json(p.action, &r, can_undo);
	else
		report_text(p.action, &r, can_undo);
	if (r.was_stopped)
		log_warning("stopped: not all was done");
	return r.was_stopped || bulk_is_partly(r.counts) ? BULK_PARTLY :
	    BULK_DONE;
}

static enum bulk_status
run_plans(const struct bulk *b, struct queue_plan *const *plans)
{
	enum bulk_status status = BULK_DONE, one;
	size_t i;

	for (i = 0; i < b->action_count && bulk_stop == 0; i++) {
		if (queue_plan_count(plans[i]) == 0)
			continue;
		one = run_plan(b, plans[i]);
		if (one == BULK_FATAL)
			return one;
		if (one != BULK_DONE)
			status = one;
	}
	return bulk_stop != 0 ? BULK_PARTLY : status;
}

/* ---- the whole ---- */

/* Guards and question; BULK_DONE: go on. */
static enum bulk_status
may_run(const struct bulk *b, struct queue_plan *const *plans)
{
	struct buf question = BUF_INIT;
	struct err err = ERR_INIT;
	size_t i, most;
	bool is_sure;

	for (i = 0; i < b->action_count; i++)
		if (queue_plan_check(plans[i], &b->guards, &err) == -1) {
			log_error("refused: %s", err.text);
			return BULK_REFUSED;
		}
	if (b->is_dry)
		return BULK_DONE;
	most = word_question(plans, b->action_count, &question);
	if (most > 0 && b->edit != NULL && b->edit->has_editor)
		is_sure = edit_with_editor(b, plans[0]);
	else
		is_sure = most == 0 || bulk_confirm(b, question.ptr, most);
	buf_done(&question);
	return is_sure ? BULK_DONE : BULK_REFUSED;
}

static void
tell_picked(const struct bulk_picked *picked)
{
	if (picked->unknown > 0)
		log_warning("%zu message%s could not be judged by the "
		    "selection, and %s left alone", picked->unknown,
		    picked->unknown == 1 ? "" : "s",
		    picked->unknown == 1 ? "is" : "are");
	if (picked->unreadable > 0)
		log_warning("%zu file%s could not be read",
		    picked->unreadable, picked->unreadable == 1 ? "" : "s");
}

/* A plan for each action, and one of all messages when they are to be copied. */
static size_t
make_plans(const struct bulk *b, bool is_shown, struct queue_plan **plans)
{
	struct err err = ERR_INIT;
	size_t i, count = b->action_count + (b->copy_to != NULL);

	for (i = 0; i < count; i++) {
		plans[i] = queue_plan_new(i < b->action_count ?
		    b->actions[i] : QUEUE_ACT_DELETE, b->now, is_shown);
		if (b->order != NULL && queue_plan_order(plans[i], b->order,
		    &err) == -1)
			log_fatal("--order: %s", err.text);
	}
	return count;
}

static bool
fill_plans(const struct bulk *b, struct queue_plan **plans, size_t count,
    bool is_shown, struct bulk_picked *picked)
{
	bool has_work = false;
	size_t i;

	bulk_pick(b, plans, count, is_shown, picked);
	for (i = 0; i < count; i++) {
		if (b->limit >= 0)
			queue_plan_limit(plans[i], (size_t)b->limit);
		else if (b->order != NULL)
			queue_plan_sort(plans[i]);
		has_work |= queue_plan_count(plans[i]) > 0;
		if (is_shown && bulk_stop == 0 && i < b->action_count)
			show_plan(b, plans[i]);
	}
	return has_work;
}

static enum bulk_status
copy_and_run(const struct bulk *b, struct queue_plan **plans)
{
	if (b->copy_to != NULL && !bulk_copy(b, plans[b->action_count])) {
		log_error("not all could be copied: nothing else was done");
		return BULK_FATAL;
	}
	return run_plans(b, plans);
}

enum bulk_status
bulk_act(const struct bulk *b)
{
	struct queue_plan *plans[QUEUE_ACT_COUNT + 1];
	bool is_shown = b->is_dry || b->wants_json ||
	    (!b->is_sure && isatty(STDIN_FILENO));
	size_t i, count = make_plans(b, is_shown, plans);
	struct bulk_picked picked;
	enum bulk_status status;
	bool has_work = fill_plans(b, plans, count, is_shown, &picked);

	tell_picked(&picked);
	status = bulk_stop != 0 ? BULK_PARTLY : may_run(b, plans);
	if (status == BULK_DONE && !has_work)
		status = BULK_NOTHING;
	else if (status == BULK_DONE && !b->is_dry)
		status = copy_and_run(b, plans);
	for (i = 0; i < count; i++)
		queue_plan_free(plans[i]);
	if (status == BULK_NOTHING && !b->wants_json)
		log_info("nothing matched");
	if ((status == BULK_DONE || status == BULK_NOTHING) &&
	    (picked.unknown > 0 || picked.changed > 0 ||
	    picked.unreadable > 0 || (picked.missing > 0 && has_work)))
		return BULK_PARTLY;
	return status;
}

/* ---- what is not one of the library's actions ---- */

enum bulk_status
bulk_pick_checked(const struct bulk *b, const char *name,
    struct queue_plan **plan, struct bulk_picked *picked)
{
	struct queue_plan_totals t;
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	bool is_sure;

	*plan = queue_plan_new(QUEUE_ACT_DELETE, b->now, false);
	if (b->order != NULL && queue_plan_order(*plan, b->order, &err) == -1)
		log_fatal("--order: %s", err.text);
	fill_plans(b, plan, 1, false, picked);
	tell_picked(picked);
	if (bulk_stop != 0)
		return BULK_PARTLY;
	if (queue_plan_check(*plan, &b->guards, &err) == -1) {
		log_error("refused: %s", err.text);
		return BULK_REFUSED;
	}
	queue_plan_total(*plan, &t);
	if (t.messages == 0) {
		if (!b->wants_json)
			log_info("nothing matched");
		return BULK_NOTHING;
	}
	if (b->is_dry && b->wants_json) {
		printf("{\"event\": \"plan\", \"v\": 1, \"action\": \"%s\", "
		    "\"messages\": %zu, \"bytes\": %lld}\n", name,
		    t.messages, (long long)t.bytes);
	} else if (b->is_dry) {
		buf_addf(&text, "%s %zu message%s, ", name, t.messages,
		    t.messages == 1 ? "" : "s");
		queue_plan_put_bytes(&text, t.bytes);
		puts(text.ptr);
	}
	buf_setf(&text, "%s %zu message%s", name, t.messages,
	    t.messages == 1 ? "" : "s");
	is_sure = b->is_dry || bulk_confirm(b, text.ptr, t.messages);
	buf_done(&text);
	return is_sure ? BULK_DONE : BULK_REFUSED;
}
