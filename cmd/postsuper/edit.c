/*
 * edit.c - --edit: change queued messages
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postsuper/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/foreground.h"
#include "lib/base/json.h"
#include "lib/base/line_diff.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"

#define PREVIEWS	5		/* messages whose changes are shown */
#define FORM_MAX	(32u << 20)	/* what an editor is given */

void
edit_order(struct bulk_edit *be, enum queue_edit_op op, const char *arg)
{
	be->orders = xreallocarray(be->orders, be->count + 1,
	    sizeof(*be->orders));
	be->orders[be->count].op = op;
	be->orders[be->count++].arg = arg;
}

void
edit_prepare(struct bulk_edit *be)
{
	struct err err = ERR_INIT;
	size_t i;

	be->e = queue_edit_new();
	for (i = 0; i < be->count; i++)
		if (queue_edit_add(be->e, be->orders[i].op, be->orders[i].arg,
		    &err) == -1)
			log_fatal("--%s", err.text);
	if (be->count == 0 && !be->has_editor)
		log_fatal("--edit: what is to be changed? --set-sender, "
		    "--drop-rcpt, --set-header, ...; see --help");
}

void
edit_done(struct bulk_edit *be)
{
	queue_edit_free(be->e);
	free(be->orders);
}

/* Begin a message of the plan in c. */
static void
begin(struct queue_field_context *c, const struct queue_plan_item *item)
{
	queue_message_begin(c->m, item->what.queue, item->what.id,
	    item->what.path, NULL);
}

/* "    sender: <a> -> <b>", every line of it */
static void
put_indented(FILE *out, const char *lines)
{
	size_t n;

	for (; *lines != '\0'; lines += n + (lines[n] == '\n')) {
		n = strcspn(lines, "\n");
		fprintf(out, "    %.*s\n", (int)n, lines);
	}
}

void
edit_preview(const struct bulk *b, const struct queue_plan *plan)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	const struct queue_plan_item *item;
	FILE *out = b->is_dry ? stdout : stderr;
	struct buf lines = BUF_INIT;
	struct queue_message m;
	struct err err = ERR_INIT;
	size_t i;

	if (b->edit->has_editor || b->wants_json)
		return;
	queue_message_init(&m);
	c.m = &m;
	c.now = b->now;
	for (i = 0; i < PREVIEWS &&
	    (item = queue_plan_at(plan, i)) != NULL; i++) {
		begin(&c, item);
		buf_reset(&lines);
		switch (queue_edit_preview(b->edit->e, &c, &lines, &err)) {
		case QUEUE_RESULT_DONE:
			break;
		case QUEUE_RESULT_NOTHING:
			buf_sets(&lines, "nothing to change\n");
			break;
		default:
			buf_sets(&lines, err.text);
			buf_addc(&lines, '\n');
			break;
		}
		fprintf(out, "%s\n", item->what.id);
		put_indented(out, lines.ptr);
	}
	if (queue_plan_count(plan) > PREVIEWS)
		fprintf(out, "... and %zu more\n", queue_plan_count(plan) -
		    PREVIEWS);
	buf_done(&lines);
	queue_message_done(&m);
	queue_field_context_done(&c);
}

/* ---- the editor ---- */

static void
show_diff(const struct buf *before, const struct buf *after)
{
	struct buf diff = BUF_INIT;

	line_diff(span_buf(before), span_buf(after), 3, &diff);
	fputs(diff.ptr, stderr);
	buf_done(&diff);
}

/* What the operator made of the form; false: nothing is to be done. */
static bool
read_back(const struct bulk *b, const char *path, const struct buf *before)
{
	struct buf after = BUF_INIT;
	struct err err = ERR_INIT;
	bool is_good = false;

	if (file_read(path, &after, FORM_MAX, &err) == -1 ||
	    queue_edit_read_form(b->edit->e, before, &after, &err) == -1) {
		log_error("%s: %s", path, err.text);
		log_error("nothing was done; your text is still there");
		buf_done(&after);
		return false;
	}
	if (queue_edit_is_empty(b->edit->e)) {
		log_info("nothing was changed");
	} else {
		show_diff(before, &after);
		is_good = bulk_confirm(b, "edit 1 message", 1);
	}
	unlink(path);
	buf_done(&after);
	return is_good;
}

bool
edit_with_editor(const struct bulk *b, const struct queue_plan *plan)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct buf before = BUF_INIT;
	struct queue_message m;
	struct err err = ERR_INIT;
	char *path;
	bool is_good = false;

	if (queue_plan_count(plan) != 1) {
		log_error("--editor is for one message, not for %zu",
		    queue_plan_count(plan));
		return false;
	}
	queue_message_init(&m);
	c.m = &m;
	c.now = b->now;
	begin(&c, queue_plan_at(plan, 0));
	if (queue_edit_form(&c, FORM_MAX, &before, &err) == -1) {
		log_error("%s: %s", m.id, err.text);
	} else {
		path = foreground_file("postsuper", &before, &err);
		if (path == NULL || foreground_edit(path, &err) == -1)
			log_error("%s: nothing was done", err.text);
		else
			is_good = read_back(b, path, &before);
		free(path);
	}
	buf_done(&before);
	queue_message_done(&m);
	queue_field_context_done(&c);
	return is_good;
}

/* ---- doing it ---- */

static void
put_result(const struct bulk *b, const struct queue_plan_item *item,
    const struct queue_edit_result *r)
{
	struct buf line = BUF_INIT;

	if (b->wants_json) {
		buf_adds(&line, "{\"event\": \"edited\", \"v\": 1, ");
		json_member(&line, "id", item->what.id);
		buf_adds(&line, ", ");
		json_member(&line, "new_id", r->new_id.ptr);
		buf_adds(&line, ", ");
		json_member(&line, "queue", r->queue.ptr);
		buf_adds(&line, ", ");
		json_member(&line, "changes", r->lines.ptr);
		buf_adds(&line, "}\n");
		fputs(line.ptr, stdout);
		buf_done(&line);
		return;
	}
	if (r->new_id.len > 0)
		printf("%s -> %s (%s)\n", item->what.id, r->new_id.ptr,
		    r->queue.ptr);
	else
		printf("%s (%s)\n", item->what.id, r->queue.ptr);
	put_indented(stdout, r->lines.ptr);
}

int
edit_run(const struct bulk *b, const struct queue_plan *plan,
    queue_act_fn fn, void *ctx, struct queue_act_report *report,
    struct err *err)
{
	struct queue_edit_options o = { .user = b->user,
	    .command = "postsuper", .select = b->select, .note = b->note,
	    .keeps_held = b->edit->keeps_held,
	    .wait_s = (int)b->edit->wait_s };
	struct err why = ERR_INIT;
	struct queue_edit_result r = { .new_id = BUF_INIT, .queue = BUF_INIT,
	    .lines = BUF_INIT, .err = &why };
	struct queue_act_step step = { .total = queue_plan_count(plan) };
	struct queue_edit_session *s;

	memset(report, 0, sizeof(*report));
	s = queue_edit_begin(b->edit->e, &o, step.total, err);
	if (s == NULL)
		return -1;
	snprintf(report->token, sizeof(report->token), "%s",
	    queue_edit_token(s));
	for (; (step.item = queue_plan_at(plan, step.index)) != NULL;
	    step.index++) {
		queue_edit_apply(s, &step.item->what, &r);
		report->counts[r.result]++;
		if (r.result == QUEUE_RESULT_DONE)
			put_result(b, step.item, &r);
		step.result = r.result;
		step.why = why.text;
		if (!fn(&step, ctx)) {
			report->was_stopped = step.index + 1 < step.total;
			break;
		}
	}
	buf_done(&r.new_id);
	buf_done(&r.queue);
	buf_done(&r.lines);
	if (queue_edit_end(s, &why) == -1)
		snprintf(report->warning, sizeof(report->warning),
		    "not in the journal: %.400s", why.text);
	return 0;
}

/* ---- after a crash ---- */

struct recovery {
	bool		 wants_json;
	size_t		 count;
};

static void
tell_recovered(const struct queue_edit_recovery *r, void *ctx)
{
	struct recovery *all = ctx;
	struct buf line = BUF_INIT;

	all->count++;
	if (all->wants_json) {
		buf_adds(&line, "{\"event\": \"recovered\", \"v\": 1, ");
		json_member(&line, "token", r->token);
		buf_adds(&line, ", ");
		json_member(&line, "id", r->old_id);
		buf_adds(&line, ", ");
		json_member(&line, "new_id", r->new_id);
		buf_adds(&line, ", ");
		json_member(&line, "result", queue_result_name(r->result));
		buf_adds(&line, ", ");
		json_member(&line, "what", r->what);
		buf_adds(&line, "}\n");
	} else {
		buf_addf(&line, "%s%s%s: ", r->old_id,
		    r->new_id[0] != '\0' ? " -> " : "", r->new_id);
		text_visible(&line, r->what, 0);
		buf_addc(&line, '\n');
	}
	fputs(line.ptr, stdout);
	buf_done(&line);
}

enum bulk_status
edit_recover(const struct bulk *b)
{
	struct queue_edit_options o = { .user = b->user,
	    .command = "postsuper" };
	struct recovery all = { .wants_json = b->wants_json };
	struct err err = ERR_INIT;
	size_t failed;

	if (queue_edit_recover(&o, tell_recovered, &all, &failed, &err) ==
	    -1) {
		log_error("--recover: %s", err.text);
		return BULK_FATAL;
	}
	if (all.count == 0 && !b->wants_json)
		puts("no edit was interrupted");
	return failed > 0 ? BULK_PARTLY : BULK_DONE;
}
