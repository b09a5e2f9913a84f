/*
 * query.c - the long options: select, format, sort, count, group
 *
 *	source --- look, in several threads ---+--> text of rows, as they come
 *	(queue, showq,   (select, format,      +--> keys, sorted, rows
 *	 snapshot)        count)               +--> groups, merged
 *
 * Who may not read the queue asks the showq service, and is told what could
 * not be judged for want of it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/postqueue/classic.h"
#include "cmd/postqueue/outfile.h"
#include "cmd/postqueue/query_internal.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_enter.h"
#include "lib/queue/queue_scan.h"

bool
query_format_find(const char *name, enum query_format *out)
{
	static const char *const names[] = { "", "classic", "table", "jsonl",
	    "csv", "tsv", "ids", "ids0" };
	size_t i;

	for (i = 1; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0) {
			*out = (enum query_format)i;
			return true;
		}
	return false;
}

/* ---- in the calling thread ---- */

bool
query_write_text(struct buf *out, void *ctx)
{
	struct run *r = ctx;

	/* Each message begins with the end of the line before. */
	if (r->q->format == FORMAT_CLASSIC && !r->has_begun) {
		classic_head(&r->parts[0].classic, &r->out);
		output_write(&r->out);
	}
	r->has_begun = true;
	output_write(out);
	return true;
}

/* With --limit rows are made here, where they are counted. */
static bool
take_row(struct queue_message *m, void *ctx)
{
	struct run *r = ctx;

	if (r->shown >= r->q->limit)
		return false;
	r->main.c.m = m;
	query_put_message(&r->main, &r->out);
	if (r->out.len > 0)
		r->shown++;
	if (r->q->format == FORMAT_CLASSIC) {
		struct buf text = BUF_INIT;

		buf_swap(&text, &r->out);
		query_write_text(&text, r);
		buf_done(&text);
	} else {
		output_write(&r->out);
	}
	return r->shown < r->q->limit;
}

static void
show_sorted(struct run *r)
{
	struct queue_message m;
	struct buf row = BUF_INIT;
	int rc;

	queue_message_init(&m);
	r->main.c.m = &m;
	sorter_sort(r->sorter);
	while (!source_interrupted && (r->q->limit < 0 ||
	    r->shown < r->q->limit) &&
	    (rc = sorter_next(r->sorter, &m, &row)) != 0) {
		if (rc == 2)
			query_put_message(&r->main, &row);
		if (row.len > 0) {
			r->shown++;
			query_write_text(&row, r);
		}
	}
	queue_message_done(&m);
	buf_done(&row);
}

void
query_count(struct run *r, struct part *sum)
{
	unsigned i;

	sum->matched = sum->unknown = sum->damaged = 0;
	sum->classic.messages = r->main.classic.messages;
	sum->classic.bytes = r->main.classic.bytes;
	for (i = 0; i < r->part_count; i++) {
		sum->matched += r->parts[i].matched;
		sum->unknown += r->parts[i].unknown;
		sum->damaged += r->parts[i].damaged;
		sum->classic.messages += r->parts[i].classic.messages;
		sum->classic.bytes += r->parts[i].classic.bytes;
	}
}

void
query_merge(struct run *r, struct queue_groups **out)
{
	struct queue_groups *copy;
	unsigned i;
	size_t k;

	for (k = 0; k < r->plan_count; k++) {
		copy = queue_groups_new(&r->plans[k]);
		for (i = 0; i < r->part_count; i++) {
			pthread_mutex_lock(&r->parts[i].lock);
			queue_groups_copy(copy, r->parts[i].groups[k]);
			pthread_mutex_unlock(&r->parts[i].lock);
		}
		out[k] = copy;
	}
}

/* ---- setting up ---- */

/* Files that the caller names are opened with the caller's rights. */
void
query_as_caller(bool is_so)
{
	static gid_t before;

	if (!command_is_unsafe())
		return;
	if (is_so)
		before = getegid();
	if (setegid(is_so ? getgid() : before) == -1)
		log_fatal("setegid: %s", strerror(errno));
}

static void
parse_selection(struct run *r)
{
	struct err err = ERR_INIT;

	query_as_caller(true);
	if (queue_select_setup(command_is_unsafe() ? NULL : getenv("HOME"),
	    &err) == -1)
		log_fatal("%s", err.text);
	if (r->q->select != NULL) {
		r->select = queue_select_parse(r->q->select, r->now, &err);
		if (r->select == NULL)
			log_fatal("--%s: %s", r->q->mode == MODE_FLUSH ?
			    "flush-select" : "select", err.text);
	}
	query_as_caller(false);
}

static void
open_source(struct run *r)
{
	struct query *q = r->q;
	struct err err = ERR_INIT;

	r->source.kind = q->is_direct ? SOURCE_QUEUE : SOURCE_SHOWQ;
	if (q->queue_dir != NULL)
		r->source.kind = SOURCE_QUEUE;
	else if (q->from != NULL)
		r->source.kind = SOURCE_SNAPSHOT;
	else if (q->is_direct && queue_become_owner(&err) == -1)
		log_fatal("%s", err.text);
	q->is_direct = r->source.kind == SOURCE_QUEUE;
	if (r->source.kind == SOURCE_SHOWQ && isatty(STDERR_FILENO))
		log_info("source: the %s service, for want of rights to read "
		    "%s", params.showq_service_name, params.queue_directory);
	if (r->select != NULL && queue_select_uses(r->select, "arriving"))
		r->source.flags = QUEUE_SCAN_ARRIVING;
}

static void
prepare_output(struct run *r)
{
	struct query *q = r->q;
	struct err err = ERR_INIT;
	bool is_terminal = isatty(STDOUT_FILENO);
	const char *columns = q->columns;

	if (q->format == FORMAT_DEFAULT)
		q->format = is_terminal || r->plan_count > 0 ?
		    FORMAT_TABLE : FORMAT_JSONL;
	r->has_color = q->format == FORMAT_TABLE &&
	    (q->color == COLOR_ALWAYS || (q->color == COLOR_AUTO &&
	    is_terminal && getenv("NO_COLOR") == NULL));
	r->output.format = q->format;
	r->output.has_events = q->watch_s >= 0;
	if (q->mode == MODE_DUPLICATES) {
		q->sort = DUPLICATES_ORDER;
		if (columns == NULL)
			columns = q->format == FORMAT_JSONL ? "fingerprint" :
			    DUPLICATES_COLUMNS;
	}
	/* Without a choice objects have no more than they always have. */
	if (columns == NULL && (q->format == FORMAT_JSONL ||
	    q->mode == MODE_SAVE))
		columns = "";
	if (output_set_columns(&r->output, columns, q->format == FORMAT_TABLE ?
	    query_terminal_width() : 0, r->has_color, &err) == -1)
		log_fatal("--columns: %s", err.text);
	if (q->sort != NULL && (r->sorter = sorter_new(q->sort,
	    r->part_count, &err)) == NULL)
		log_fatal("--sort: %s", err.text);
}

static void
prepare_parts(struct run *r)
{
	unsigned i;
	size_t k;

	r->part_count = r->source.kind == SOURCE_QUEUE ?
	    queue_scan_threads() : 1;
	r->parts = xcalloc(r->part_count, sizeof(*r->parts));
	for (i = 0; i <= r->part_count; i++) {
		struct part *p = i < r->part_count ? &r->parts[i] : &r->main;

		p->run = r;
		p->c.now = r->now;
		buf_init(&p->c.scratch);
		p->classic.has_long_ids = params.enable_long_queue_ids;
		pthread_mutex_init(&p->lock, NULL);
		for (k = 0; k < r->plan_count; k++)
			p->groups[k] = queue_groups_new(&r->plans[k]);
	}
}

/* Is the envelope of each message that is meant read whatever else is? */
static bool
reads_envelope(const struct run *r)
{
	size_t k;

	for (k = 0; k < r->plan_count; k++)
		if ((r->plans[k].facts & (QUEUE_GROUP_BY_ENTRY |
		    QUEUE_GROUP_BY_NAME)) == 0)
			return true;
	return r->q->mode == MODE_SAVE || (r->q->mode == MODE_ROWS &&
	    (r->q->format == FORMAT_JSONL || r->q->format == FORMAT_CLASSIC));
}

static void
run_done(struct run *r)
{
	unsigned i;
	size_t k;

	for (i = 0; i <= r->part_count; i++) {
		struct part *p = i < r->part_count ? &r->parts[i] : &r->main;

		for (k = 0; k < r->plan_count; k++)
			queue_groups_free(p->groups[k]);
		queue_field_context_done(&p->c);
		queue_listing_room_done(&p->room);
		pthread_mutex_destroy(&p->lock);
	}
	free(r->parts);
	sorter_free(r->sorter);
	queue_select_free(r->select);
	buf_done(&r->out);
}

/* ---- answers ---- */

void
query_scan(struct run *r, struct queue_scan_job *job)
{
	const char *queues[QUEUE_SELECT_QUEUES];

	queue_select_queues(r->select, queues);
	query_scan_queues(r, job, queues);
}

void
query_scan_queues(struct run *r, struct queue_scan_job *job,
    const char *const *queues)
{
	job->threads = r->part_count;
	job->look = query_look;
	if (job->ctx == NULL)
		job->ctx = r;
	job->own = r->parts;
	job->own_size = sizeof(*r->parts);
	job->stop = &source_interrupted;
	r->unreadable += source_run(&r->source, queues, job);
}

int
query_status(struct run *r, bool wants_match)
{
	struct part sum;

	query_count(r, &sum);
	if (sum.unknown > 0)
		log_warning("%lld message%s could not be judged%s",
		    (long long)sum.unknown, sum.unknown == 1 ? "" : "s",
		    r->source.kind == SOURCE_SHOWQ ?
		    ": needs direct access to the queue" :
		    r->source.kind == SOURCE_SNAPSHOT ?
		    ": the snapshot does not hold what was asked for" : "");
	if (source_interrupted)
		log_warning("interrupted: this is what was found so far");
	return sum.unknown > 0 || sum.damaged > 0 || r->unreadable > 0 ?
	    QUERY_PARTLY : sum.matched == 0 && wants_match ? QUERY_NOTHING :
	    QUERY_DONE;
}

static int
answer_rows(struct run *r)
{
	struct queue_scan_job job = { .text = query_write_text, .take = take_row };
	struct part sum;

	output_head(&r->output, &r->out);
	output_write(&r->out);
	if (r->q->limit != 0)
		query_scan(r, &job);
	if (r->sorter != NULL)
		show_sorted(r);
	if (r->q->format == FORMAT_CLASSIC) {
		query_count(r, &sum);
		classic_tail(sum.classic.messages, sum.classic.bytes, &r->out);
		output_write(&r->out);
	}
	return query_status(r, true);
}

static int
answer(struct run *r)
{
	if (r->q->watch_s >= 0)
		return watch_run(r);
	switch (r->q->mode) {
	case MODE_EXPLAIN:
		return explain_selection(r);
	case MODE_WHY:
		return explain_message(r);
	case MODE_SAVE:
		return save_run(r);
	case MODE_FLUSH:
		return flush_run(r);
	case MODE_DUPLICATES:
		return duplicates_run(r);
	case MODE_ROWS:
		return answer_rows(r);
	default:
		return groups_run(r);
	}
}

/*
 * A copied spool is the caller's: it is read with no more rights than his.
 * Until here names of files are relative to where the caller is.
 */
static void
enter(const struct query *q)
{
	struct err err = ERR_INIT;

	if (q->from != NULL)
		return;
	if (q->queue_dir == NULL) {
		if (queue_enter(&err) == -1)
			log_fatal("%s", err.text);
		return;
	}
	query_as_caller(true);
	if (chdir(q->queue_dir) == -1)
		log_fatal("--queue-dir: %s: %s", q->queue_dir,
		    strerror(errno));
}

static void
begin_outfile(const struct query *q)
{
	query_as_caller(true);
	if (q->mode == MODE_SAVE && strcmp(q->save, "-") != 0)
		outfile_begin(q->save, 0600, true);
	if (q->output != NULL)
		outfile_begin(q->output, 0644, false);
	query_as_caller(false);
}

int
query_run(struct query *q)
{
	struct run r = { .q = q, .out = BUF_INIT };
	int rc;

	r.now = clock_now();
	parse_selection(&r);
	if (q->from != NULL)
		snapshot_open(&r);
	begin_outfile(q);
	source_catch_interrupt();
	enter(q);
	open_source(&r);
	groups_prepare(&r);
	prepare_parts(&r);
	prepare_output(&r);
	r.reads_envelope = reads_envelope(&r);
	rc = answer(&r);
	run_done(&r);
	return rc;
}
