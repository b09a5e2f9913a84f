/*
 * query.c - the long options: select, format, sort, count, group
 *
 *	source --- select ---+--> rows, as they come
 *	(queue or showq)     +--> keys, sorted, rows
 *	                     +--> groups
 *
 * Who may not read the queue asks the showq service, and is told what could
 * not be judged for want of it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/query.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/postqueue/classic.h"
#include "cmd/postqueue/group.h"
#include "lib/queue/queue_listing.h"
#include "cmd/postqueue/output.h"
#include "cmd/postqueue/shape.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_enter.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_group.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_scan.h"
#include "lib/queue/queue_select.h"

#define KEYS_MAX	8	/* fields to sort by */
#define FLUSH_AT	65536	/* bytes of rows that wait */

/* A message that waits to be sorted. */
struct kept {
	char		*text[KEYS_MAX];
	int64_t		 number[KEYS_MAX];
	char		*queue, *id, *path;	/* to read it again */
	char		*row;			/* when that is not possible */
	size_t		 row_len, serial;
};

struct run {
	struct query	*q;
	struct queue_select *select;
	struct queue_field_context c;
	struct output	 output;
	struct queue_group_plan plan;
	struct queue_groups *groups;
	const struct queue_field *keys[KEYS_MAX];
	bool		 is_down[KEYS_MAX];	/* "-field" */
	size_t		 key_count;
	struct kept	*kept;
	size_t		 kept_count, kept_size;
	struct buf	 out;
	int64_t		 matched, shown, unknown, damaged;
	bool		 is_full;	/* --limit was reached */
	struct classic	 classic;
};

static volatile sig_atomic_t interrupted;

static void
note_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

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

/* ---- output ---- */

static void
flush_out(struct run *r)
{
	if (fwrite(r->out.ptr, 1, r->out.len, stdout) != r->out.len ||
	    fflush(stdout) != 0) {
		if (errno == EPIPE)
			exit(QUERY_DONE);
		log_fatal("output write error: %s", strerror(errno));
	}
	buf_reset(&r->out);
}

/* The layout of -p, of a message that was read and not told. */
static void
show_classic(struct run *r)
{
	struct queue_message *from = r->c.m;
	struct queue_listing_message m = { .queue = from->queue, .id = from->id };
	struct queue_listing_rcpt *rcpts;
	size_t i, n = 0;

	queue_message_want(from, QUEUE_MESSAGE_REASONS, NULL);
	m.arrival = from->arrival.tv_sec;
	m.size = from->size;
	m.is_expired = from->is_expired;
	m.sender = from->sender_shown;
	rcpts = xcalloc(from->rcpt_count + from->entry_count + 1,
	    sizeof(*rcpts));
	for (i = 0; i < from->entry_count; i++) {
		rcpts[n].address = from->entries[i].shown;
		rcpts[n++].reason = from->entries[i].reason;
	}
	for (i = 0; i < from->rcpt_count; i++) {
		if (queue_message_was_logged(from, from->rcpts[i].shown))
			continue;
		rcpts[n].address = from->rcpts[i].shown;
		rcpts[n++].reason = from->rcpts[i].reason;
	}
	m.rcpts = rcpts;
	m.rcpt_count = n;
	classic_text(&m, &r->classic);
	free(rcpts);
}

static void
show(struct run *r)
{
	if (r->q->limit >= 0 && r->shown >= r->q->limit)
		return;
	if (r->q->format == FORMAT_CLASSIC) {
		show_classic(r);
		r->shown++;
		return;
	}
	output_message(&r->output, &r->c, &r->out);
	r->shown++;
	/* The first rows at once, the others in large pieces. */
	if (r->shown < 50 || r->out.len >= FLUSH_AT)
		flush_out(r);
}

/* ---- sorting ---- */

static void
keep_for_sorting(struct run *r)
{
	struct queue_message *m = r->c.m;
	struct queue_value v;
	struct kept *k;
	size_t i;

	if (r->kept_count == r->kept_size) {
		r->kept_size = r->kept_size * 2 + 256;
		r->kept = xreallocarray(r->kept, r->kept_size,
		    sizeof(*r->kept));
	}
	k = &r->kept[r->kept_count];
	memset(k, 0, sizeof(*k));
	k->serial = r->kept_count++;
	for (i = 0; i < r->key_count; i++) {
		queue_field_get(r->keys[i], &r->c, 0, 0, &v);
		k->number[i] = v.kind == VALUE_NUMBER ? v.number : INT64_MIN;
		if (v.kind == VALUE_TEXT)
			k->text[i] = xstrdup(v.text);
	}
	if (m->is_told) {
		output_message(&r->output, &r->c, &r->out);
		k->row_len = r->out.len;
		k->row = xmemdup(r->out.ptr, r->out.len + 1);
		buf_reset(&r->out);
		return;
	}
	k->queue = xstrdup(m->queue);
	k->id = xstrdup(m->id);
	k->path = xstrdup(m->path);
}

static const struct run *sorting;	/* qsort has no context argument */

static int
by_keys(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;
	size_t i;
	int order;

	for (i = 0; i < sorting->key_count; i++) {
		if (x->text[i] != NULL || y->text[i] != NULL)
			order = strcasecmp(x->text[i] != NULL ? x->text[i] :
			    "", y->text[i] != NULL ? y->text[i] : "");
		else
			order = (x->number[i] > y->number[i]) -
			    (x->number[i] < y->number[i]);
		if (order != 0)
			return sorting->is_down[i] ? -order : order;
	}
	return x->serial < y->serial ? -1 : 1;
}

static void
show_sorted(struct run *r)
{
	struct kept *k;
	size_t i;

	sorting = r;
	if (r->kept_count > 1)
		qsort(r->kept, r->kept_count, sizeof(*r->kept), by_keys);
	for (i = 0; i < r->kept_count && !interrupted; i++) {
		k = &r->kept[i];
		if (r->q->limit >= 0 && r->shown >= r->q->limit)
			break;
		if (k->row != NULL) {
			buf_add(&r->out, k->row, k->row_len);
			r->shown++;
			continue;
		}
		queue_message_begin(r->c.m, k->queue, k->id, k->path, NULL);
		if (r->c.m->is_gone)
			continue;	/* it went meanwhile */
		show(r);
	}
}

static void
read_sort(struct run *r, const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *word;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		if (r->key_count == KEYS_MAX)
			log_fatal("more than %d fields to sort by", KEYS_MAX);
		r->is_down[r->key_count] = *word == '-';
		word += *word == '-';
		r->keys[r->key_count] = queue_field_find(word, false);
		if (r->keys[r->key_count++] == NULL)
			log_fatal("unknown field \"%s\" to sort by", word);
	}
	free(copy);
}

/* ---- messages ---- */

static void
take(struct run *r)
{
	enum queue_select_result judged = SELECT_YES;

	if (r->plan.facts & QUEUE_GROUP_BY_ENTRY) {
		queue_groups_add(r->groups, &r->c);
		r->matched++;
		return;
	}
	if (r->select != NULL)
		judged = queue_select_eval(r->select, &r->c);
	if (r->c.m->is_gone)
		return;
	if (judged == SELECT_UNKNOWN)
		r->unknown++;
	if (judged != SELECT_YES)
		return;
	/* Without a selection nothing has looked whether it can be read. */
	if (!r->c.m->is_told && r->select == NULL &&
	    queue_message_want(r->c.m, QUEUE_MESSAGE_ENVELOPE, NULL) == 0)
		return;
	r->damaged += r->c.m->is_damaged;
	r->matched++;
	if (r->groups != NULL)
		queue_groups_add(r->groups, &r->c);
	else if (r->key_count > 0)
		keep_for_sorting(r);
	else
		show(r);
	r->is_full = r->groups == NULL && r->key_count == 0 && r->q->limit >= 0 && r->shown >= r->q->limit;
}

static void
take_told(const struct queue_listing_message *from, void *ctx)
{
	struct run *r = ctx;

	if (interrupted || r->is_full)
		return;
	queue_listing_tell(from, r->c.m);
	take(r);
}

static void
scan_queue(struct run *r)
{
	const char *queues[QUEUE_SELECT_QUEUES];
	struct queue_scan *qs;

	queue_select_queues(r->select, queues);
	qs = queue_scan_open(queues, 0);
	while (!interrupted && !r->is_full && queue_scan_next(qs, r->c.m)) {
		take(r);
		if (r->c.m->is_gone)
			queue_scan_forget(qs, r->c.m);
	}
	r->damaged += (int64_t)queue_scan_unreadable(qs);
	queue_scan_close(qs);
}

static void
ask_showq(struct run *r)
{
	struct err err = ERR_INIT;

	switch (queue_listing_from_showq(take_told, r, &err)) {
	case LISTING_DONE:
		return;
	case LISTING_DOWN:
		log_fatal("Queue report unavailable - mail system is down "
		    "(%s)", err.text);
	default:
		log_fatal("%s", err.text);
	}
}

/* ---- setting up ---- */

/*
 * Files that the caller names are opened with the caller's rights: the group
 * of a set-gid program is laid aside meanwhile.
 */
static void
parse_selection(struct run *r)
{
	struct err err = ERR_INIT;
	gid_t gid = getegid();

	if (command_is_unsafe() && setegid(getgid()) == -1)
		log_fatal("setegid: %s", strerror(errno));
	if (queue_select_setup(command_is_unsafe() ? NULL : getenv("HOME"),
	    &err) == -1)
		log_fatal("%s", err.text);
	if (r->q->select != NULL) {
		r->select = queue_select_parse(r->q->select, r->c.now, &err);
		if (r->select == NULL)
			log_fatal("--select: %s", err.text);
	}
	if (getegid() != gid && setegid(gid) == -1)
		log_fatal("setegid: %s", strerror(errno));
}

static size_t
terminal_width(void)
{
	struct winsize ws;

	if (!isatty(STDOUT_FILENO) ||
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == -1)
		return 0;
	return ws.ws_col;
}

static void
prepare_groups(struct run *r)
{
	const struct query *q = r->q;
	const char *fields = q->wants_shape ? q->shape_field != NULL ?
	    q->shape_field : "rcpt.domain" : q->wants_count ? q->by :
	    q->group_by;
	int64_t buckets = q->buckets >= 0 ? q->buckets : SHAPE_BUCKETS;
	int64_t first_s = q->first_s >= 0 ? q->first_s : SHAPE_FIRST_S;
	struct err err = ERR_INIT;

	if (queue_group_plan_fields(&r->plan, fields != NULL ? fields : "",
	    &err) == -1)
		log_fatal("--%s: %s", q->wants_shape ? "shape" :
		    q->wants_count ? "by" : "group-by", err.text);
	if (q->wants_shape) {
		if (r->plan.field_count != 1)
			log_fatal("--shape: one field");
		if (buckets < 1 || buckets > QUEUE_GROUP_AGES_MAX)
			log_fatal("--buckets: between 1 and %d",
			    QUEUE_GROUP_AGES_MAX);
		if (first_s < 1)
			log_fatal("--first: at least 1s");
		queue_group_plan_ages(&r->plan, (size_t)buckets, first_s,
		    q->is_linear);
		r->plan.wants_parents = q->wants_parents;
	} else if (!q->wants_count) {
		r->plan.facts = QUEUE_GROUP_CLASSES;
	} else if (q->select == NULL && q->is_direct && (q->by == NULL ||
	    strcmp(q->by, "queue") == 0)) {
		r->plan.facts = QUEUE_GROUP_BY_ENTRY;
	}
	r->groups = queue_groups_new(&r->plan);
}

static void
prepare(struct run *r)
{
	struct query *q = r->q;
	const char *bad = NULL;
	bool is_grouped = q->wants_count || q->group_by != NULL ||
	    q->wants_shape;

	if (q->format == FORMAT_DEFAULT)
		q->format = isatty(STDOUT_FILENO) || is_grouped ?
		    FORMAT_TABLE : FORMAT_JSONL;
	r->output.format = q->format;
	r->output.width = q->format == FORMAT_TABLE ? terminal_width() : 0;
	if ((bad = output_set_columns(&r->output, q->columns)) != NULL)
		log_fatal("--columns: unknown field \"%s\"", bad);
	if (q->columns == NULL && q->format == FORMAT_JSONL)
		r->output.count = 0;
	if (q->sort != NULL)
		read_sort(r, q->sort);
	if (q->format == FORMAT_CLASSIC && q->sort != NULL && !q->is_direct)
		log_fatal("--sort with --format=classic needs direct access "
		    "to the queue");
	r->classic.out = stdout;
	r->classic.has_long_ids = params.enable_long_queue_ids;
	if (is_grouped) {
		if (q->format == FORMAT_IDS || q->format == FORMAT_IDS0 ||
		    q->format == FORMAT_CLASSIC)
			log_fatal("groups have no IDs to print");
	}
	if (is_grouped)
		prepare_groups(r);
}

static int
explain(struct run *r)
{
	static const char *const tiers[] = { "directory entries",
	    "envelopes", "defer logs", "headers" };
	const char *queues[QUEUE_SELECT_QUEUES];
	size_t i;

	if (r->select == NULL)
		log_fatal("--select-explain needs --select");
	queue_select_print(r->select, &r->out);
	buf_addf(&r->out, "\nreads at most: %s\nqueues:",
	    tiers[queue_select_tier(r->select)]);
	queue_select_queues(r->select, queues);
	for (i = 0; queues[i] != NULL; i++)
		buf_addf(&r->out, " %s", queues[i]);
	buf_addc(&r->out, '\n');
	flush_out(r);
	return QUERY_DONE;
}

static int
why(struct run *r)
{
	static const char *const queues[] = { "maildrop", "active",
	    "incoming", "deferred", "hold", "corrupt" };
	struct buf plain = BUF_INIT;
	size_t i;

	if (r->select == NULL)
		log_fatal("--select-why needs --select");
	if (!r->q->is_direct)
		log_fatal("--select-why needs direct access to the queue");
	for (i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		if (queue_message_read(r->c.m, queues[i], r->q->why,
		    QUEUE_MESSAGE_ENVELOPE, NULL) == 0)
			continue;
		queue_select_why(r->select, &r->c, &plain);
		while (plain.len > 0) {		/* line by line, made visible */
			char *nl = strchr(plain.ptr, '\n');
			size_t len = nl == NULL ? plain.len :
			    (size_t)(nl - plain.ptr) + 1;

			if (nl != NULL)
				*nl = '\0';
			text_visible(&r->out, plain.ptr, 0);
			buf_addc(&r->out, '\n');
			buf_delete(&plain, 0, len);
		}
		buf_done(&plain);
		flush_out(r);
		return QUERY_DONE;
	}
	log_error("%s: no such message", r->q->why);
	return QUERY_NOTHING;
}

static int
finish(struct run *r)
{
	if (r->q->wants_shape)
		shape_print(r->groups, &r->plan, r->q->format, r->q->top,
		    &r->out);
	else if (r->groups != NULL)
		group_print(r->groups, &r->plan, r->q->format,
		    r->q->wants_count, r->q->top, r->c.now, &r->out);
	else if (r->key_count > 0)
		show_sorted(r);
	if (r->q->format == FORMAT_CLASSIC)
		classic_text_end(&r->classic);
	flush_out(r);
	if (r->unknown > 0)
		log_warning("%lld message%s could not be judged%s",
		    (long long)r->unknown, r->unknown == 1 ? "" : "s",
		    r->q->is_direct ? "" :
		    ": needs direct access to the queue");
	if (interrupted)
		log_warning("interrupted: this is what was found so far");
	return r->unknown > 0 || r->damaged > 0 ? QUERY_PARTLY :
	    r->matched == 0 && r->groups == NULL ?
	    QUERY_NOTHING : QUERY_DONE;
}

static void
run_done(struct run *r)
{
	struct kept *k;
	size_t i, j;

	for (i = 0; i < r->kept_count; i++) {
		k = &r->kept[i];
		for (j = 0; j < r->key_count; j++)
			free(k->text[j]);
		free(k->queue);
		free(k->id);
		free(k->path);
		free(k->row);
	}
	free(r->kept);
	queue_groups_free(r->groups);
	queue_select_free(r->select);
	queue_message_done(r->c.m);
	queue_field_context_done(&r->c);
	buf_done(&r->out);
}

static int
answer(struct run *r)
{
	if (r->q->wants_explain)
		return explain(r);
	if (r->q->why != NULL)
		return why(r);
	if (r->groups == NULL) {
		output_head(&r->output, &r->out);
		flush_out(r);
	}
	if (r->q->is_direct)
		scan_queue(r);
	else
		ask_showq(r);
	return finish(r);
}

int
query_run(struct query *q)
{
	struct run r = { .q = q, .out = BUF_INIT,
	    .c = QUEUE_FIELD_CONTEXT_INIT };
	struct sigaction sa = { .sa_handler = note_interrupt };
	struct queue_message m;
	struct err err = ERR_INIT;
	int rc;

	queue_message_init(&m);
	r.c.m = &m;
	r.c.now = clock_now();
	sigaction(SIGINT, &sa, NULL);
	parse_selection(&r);
	if (q->is_direct && queue_become_owner(&err) == -1)
		log_fatal("%s", err.text);
	prepare(&r);
	rc = answer(&r);
	run_done(&r);
	return rc;
}
