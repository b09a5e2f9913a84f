/*
 * pick.c - which messages the long options are about
 *
 * A scan of the queues with several readers, or a look at each of the IDs
 * that were given. A line of a JSON listing tells more than an ID: the
 * message must be the one that was listed.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uthash.h>

#include "cmd/postsuper/bulk.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_jsonl.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_scan.h"
#include "lib/queue/queue_select.h"

/* One reader's own things. */
struct reader {
	const struct bulk *b;
	struct queue_field_context c;
	bool		 wants_summary;
	size_t		 unknown;
};

struct seen {
	char		*id;
	UT_hash_handle	 hh;
};

struct pick {
	const struct bulk *b;
	struct queue_plan *const *plans;
	size_t		 plan_count;
	struct bulk_picked *out;
	struct reader	 reader;
	struct seen	*seen;		/* IDs that were named */
	const char	*queues[QUEUE_SELECT_QUEUES];
};

/* Nobody knows whether it is meant: it is named, since it stays. */
static void
put_unjudged(const struct reader *r, const struct queue_message *m,
    struct buf *out)
{
	const char *why = m->is_damaged ? "is damaged" :
	    "what the selection asks for could not be read";

	if (r->b->wants_json) {
		buf_adds(out, "{\"event\": \"result\", \"v\": 1, ");
		json_member(out, "id", m->id);
		buf_adds(out, ", ");
		json_member(out, "queue", m->queue);
		buf_adds(out, ", \"result\": \"unjudged\", ");
		json_member(out, "why", why);
		buf_adds(out, "}\n");
	} else {
		buf_addf(out, "postsuper: %s: not judged: %s\n", m->id, why);
	}
}

/* Is it meant? Reads what the plan will want, too: a reader has the time. */
static bool
judge(struct reader *r, struct queue_message *m, struct buf *out)
{
	enum queue_select_result judged = SELECT_YES;

	r->c.m = m;
	r->c.now = r->b->now;
	if (r->b->selection != NULL)
		judged = queue_select_eval(r->b->selection, &r->c);
	if (m->is_gone)
		return false;
	if (judged == SELECT_UNKNOWN) {
		r->unknown++;
		put_unjudged(r, m, out);
	}
	if (judged != SELECT_YES)
		return false;
	queue_message_want(m, r->wants_summary ? QUEUE_MESSAGE_REASONS :
	    QUEUE_MESSAGE_ENVELOPE, NULL);
	return !m->is_gone;
}

static void
add_to_plans(struct pick *p, struct queue_field_context *c)
{
	size_t i;

	p->out->matched++;
	for (i = 0; i < p->plan_count; i++)
		queue_plan_add(p->plans[i], c, p->b->selection);
}

/* ---- a scan ---- */

static bool
look(struct queue_message *m, struct buf *out, void *own)
{
	return judge(own, m, out);
}

static bool
write_unjudged(struct buf *out, void *ctx)
{
	const struct pick *p = ctx;

	fwrite(out->ptr, 1, out->len, p->b->wants_json ? stdout : stderr);
	return true;
}

static bool
take(struct queue_message *m, void *ctx)
{
	struct pick *p = ctx;

	p->reader.c.m = m;
	p->reader.c.now = p->b->now;
	add_to_plans(p, &p->reader.c);
	return true;
}

/* The queues of --from-queue, else those where the selection may match. */
static void
choose_queues(struct pick *p)
{
	static const char *const known[] = { "maildrop", "incoming", "active",
	    "deferred", "hold", "corrupt" };
	char *copy, *rest, *word;
	size_t i, n = 0;

	if (p->b->from_queue == NULL) {
		queue_select_queues(p->b->selection, p->queues);
		return;
	}
	copy = rest = xstrdup(p->b->from_queue);
	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		for (i = 0; i < 6 && strcmp(word, known[i]) != 0; i++)
			;
		if (i == 6)
			log_fatal("--from-queue: \"%s\" is none of maildrop, "
			    "incoming, active, deferred, hold, corrupt", word);
		if (n < QUEUE_SELECT_QUEUES - 1)
			p->queues[n++] = known[i];
	}
	p->queues[n] = NULL;
	free(copy);
	if (n == 0)
		log_fatal("--from-queue: no queue");
}

static void
pick_by_scan(struct pick *p)
{
	unsigned threads = queue_scan_threads(), i;
	struct reader *readers = xcalloc(threads, sizeof(*readers));
	struct queue_scan_job job = { .threads = threads, .look = look,
	    .take = take, .text = write_unjudged, .ctx = p, .own = readers,
	    .own_size = sizeof(*readers), .stop = &bulk_stop };
	struct queue_scan *qs;

	for (i = 0; i < threads; i++)
		readers[i] = p->reader;
	qs = queue_scan_open(p->queues, 0);
	queue_scan_run(qs, &job);
	p->out->unreadable += queue_scan_unreadable(qs);
	queue_scan_close(qs);
	for (i = 0; i < threads; i++) {
		p->out->unknown += readers[i].unknown;
		queue_field_context_done(&readers[i].c);
	}
	free(readers);
}

/* ---- by ID ---- */

/* Find the message of that ID; twice, since it may just be moving. */
static bool
find(struct pick *p, const char *id, struct queue_message *m)
{
	int looks;
	size_t i;

	for (looks = 0; looks < 2; looks++) {
		for (i = 0; p->queues[i] != NULL; i++) {
			queue_message_begin(m, p->queues[i], id, NULL, NULL);
			if (queue_message_want(m, QUEUE_MESSAGE_ENVELOPE,
			    NULL) != 0)
				return true;
		}
	}
	return false;
}

/* Is that ID named a second time? */
static bool
was_named(struct pick *p, const char *id)
{
	struct seen *one;

	HASH_FIND_STR(p->seen, id, one);
	if (one != NULL)
		return true;
	one = xcalloc(1, sizeof(*one));
	one->id = xstrdup(id);
	HASH_ADD_KEYPTR(hh, p->seen, one->id, strlen(one->id), one);
	return false;
}

static void
forget_named(struct pick *p)
{
	struct seen *one, *next;

	HASH_ITER(hh, p->seen, one, next) {
		HASH_DEL(p->seen, one);
		free(one->id);
		free(one);
	}
}

/*
 * Is it what the listing told of? Members that it did not have are 0; the
 * file may have changed its queue, but neither inode nor size nor arrival.
 */
static bool
is_listed(const struct queue_message *listed, const struct queue_message *m)
{
	return (listed->st.st_ino == 0 ||
	    listed->st.st_ino == m->st.st_ino) &&
	    (listed->st.st_dev == 0 || listed->st.st_dev == m->st.st_dev) &&
	    (listed->st.st_size == 0 ||
	    listed->st.st_size == m->st.st_size) &&
	    (listed->arrival.tv_sec == 0 ||
	    listed->arrival.tv_sec == m->arrival.tv_sec);
}

/* listed: what a listing said of it; NULL: nothing but the ID is known */
static void
pick_id(struct pick *p, const char *id, const struct queue_message *listed,
    struct queue_message *m)
{
	struct buf unjudged = BUF_INIT;

	if (!queue_id_is_valid(id)) {
		log_warning("invalid mail queue id: %.300s", id);
		p->out->missing++;
		return;
	}
	if (was_named(p, id))
		return;
	if (!find(p, id, m)) {
		log_warning("%s: is in no queue", id);
		p->out->missing++;
		return;
	}
	if (listed != NULL && !is_listed(listed, m)) {
		log_warning("%s: another message than the one that was listed",
		    id);
		p->out->changed++;
		return;
	}
	if (judge(&p->reader, m, &unjudged))
		add_to_plans(p, &p->reader.c);
	write_unjudged(&unjudged, p);
	buf_done(&unjudged);
}

static void
pick_line(struct pick *p, struct span line, size_t number,
    struct queue_message *listed, struct queue_message *m)
{
	struct err err = ERR_INIT;

	if (line.ptr[0] != '{') {
		pick_id(p, line.ptr, NULL, m);
		return;
	}
	if (queue_jsonl_parse(line.ptr, line.len, listed, &err) == -1)
		log_fatal("%s:%zu: %s", p->b->ids_file, number, err.text);
	pick_id(p, listed->id, listed, m);
}

/* A queue ID a line, or the lines of a JSON listing. */
static void
pick_from_file(struct pick *p, struct queue_message *m)
{
	struct queue_message listed;
	struct buf text = BUF_INIT;
	char *line = NULL;
	size_t room = 0, number = 0;
	ssize_t len;
	FILE *fp;

	if ((fp = fdopen(p->b->ids_fd, "r")) == NULL)
		log_fatal("--ids: %s", strerror(errno));
	queue_message_init(&listed);
	while (bulk_stop == 0 && (len = getline(&line, &room, fp)) > 0) {
		number++;
		buf_set(&text, line, (size_t)len);
		buf_trim_right(&text);
		if (text.len > 0)
			pick_line(p, span_buf(&text), number, &listed, m);
	}
	if (ferror(fp))
		log_fatal("%s: read: %s", p->b->ids_file, strerror(errno));
	free(line);
	fclose(fp);
	queue_message_done(&listed);
	buf_done(&text);
}

void
bulk_pick(const struct bulk *b, struct queue_plan *const *plans,
    size_t plan_count, bool wants_summary, struct bulk_picked *out)
{
	struct pick p = { .b = b, .plans = plans, .plan_count = plan_count,
	    .out = out, .reader = { .b = b, .wants_summary = wants_summary,
	    .c = QUEUE_FIELD_CONTEXT_INIT } };
	struct queue_message m;
	size_t i;

	memset(out, 0, sizeof(*out));
	choose_queues(&p);
	if (b->id_count == 0 && b->ids_fd == -1) {
		pick_by_scan(&p);
	} else {
		queue_message_init(&m);
		for (i = 0; i < b->id_count && bulk_stop == 0; i++)
			pick_id(&p, b->ids[i], NULL, &m);
		if (b->ids_fd != -1)
			pick_from_file(&p, &m);
		queue_message_done(&m);
		forget_named(&p);
		out->unknown += p.reader.unknown;
	}
	queue_field_context_done(&p.reader.c);
}
