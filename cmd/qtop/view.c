/*
 * view.c - what of the snapshot is shown, in which order: made by a thread
 *
 *	judge	which rows pass the filter: a byte a slot; only what changed
 *	order	passing rows with their keys, sorted; news are merged in
 *	group	or counted
 *
 * Each step takes the snapshot's lock for a few hundred rows at a time and
 * gives up when something else was asked for meanwhile.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/view.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/qtop/group.h"
#include "cmd/qtop/selection.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_select.h"

#define BATCH		512		/* rows between two turns of the lock */
#define LOOK_MS		50		/* how often the snapshot is looked at */
#define REJUDGE_MS	5000		/* ages pass limits: judge anew */
#define GROUPS_MAX	50000
#define EXPIRY_S	(6 * 3600)

enum verdict { JUDGED_NO, JUDGED_YES, JUDGED_UNKNOWN };

struct request {
	struct view_request r;
	char		*filter, *unfolded;
	unsigned	 number;
};

/* Sorted rows: an entry and its key, of stride bytes. */
struct item {
	struct view_entry entry;
	uint64_t	 key[];
};

struct views {
	struct queue_snapshot *s;
	void		(*wake)(void *);
	void		*ctx;
	int		 load;
	pthread_t	 thread;
	pthread_mutex_t	 mutex;
	pthread_cond_t	 asked_now, ready_now;
	struct request	 asked;
	struct view	*ready;
	uint32_t	 ready_version;
	bool		 is_stopping;

	/* The worker's own. */
	struct request	 now;
	time_t		 clock;
	struct queue_select *select;
	char		 error[256];
	struct queue_message m;
	struct queue_field_context c;
	unsigned char	*verdicts;
	uint32_t	 verdict_count;
	uint32_t	 judged;		/* version up to which they hold */
	size_t		 unknown;
	char		*items;
	size_t		 item_count, stride;
	int		 words;
	uint32_t	 ordered;		/* version up to which they hold */
	int64_t		 oldest;
	int64_t		 not_before, rejudge_at;
};

/* ---- requests ---- */

static void
request_done(struct request *r)
{
	free(r->filter);
	free(r->unfolded);
	memset(r, 0, sizeof(*r));
}

static void
request_copy(struct request *to, const struct view_request *from,
    unsigned number)
{
	char *filter = xstrdup(from->filter != NULL ? from->filter : "");
	char *unfolded = xstrdup(from->unfolded != NULL ? from->unfolded :
	    "");
	struct view_request r = *from;

	request_done(to);
	to->r = r;
	to->r.filter = to->filter = filter;
	to->r.unfolded = to->unfolded = unfolded;
	to->number = number;
}

unsigned
views_ask(struct views *v, const struct view_request *r)
{
	unsigned number;

	pthread_mutex_lock(&v->mutex);
	number = v->asked.number + 1;
	request_copy(&v->asked, r, number);
	pthread_cond_signal(&v->asked_now);
	pthread_mutex_unlock(&v->mutex);
	return number;
}

struct view *
views_take(struct views *v)
{
	struct view *view;

	pthread_mutex_lock(&v->mutex);
	view = v->ready;
	v->ready = NULL;
	pthread_mutex_unlock(&v->mutex);
	return view;
}

void
view_free(struct view *view)
{
	if (view == NULL)
		return;
	free(view->entries);
	free(view->groups);
	free(view->texts);
	free(view);
}

static uint32_t
version_of(struct views *v)
{
	uint32_t version;

	queue_snapshot_lock(v->s);
	version = queue_snapshot_version(v->s);
	queue_snapshot_unlock(v->s);
	return version;
}

struct view *
views_wait(struct views *v, unsigned number)
{
	uint32_t version = version_of(v);
	struct view *view;

	pthread_mutex_lock(&v->mutex);
	while (v->ready == NULL || v->ready->number < number ||
	    v->ready_version < version)
		pthread_cond_wait(&v->ready_now, &v->mutex);
	view = v->ready;
	v->ready = NULL;
	pthread_mutex_unlock(&v->mutex);
	return view;
}

/* Was something else asked for, or is it all over? */
static bool
is_overtaken(struct views *v)
{
	bool is;

	pthread_mutex_lock(&v->mutex);
	is = v->is_stopping || v->asked.number != v->now.number;
	pthread_mutex_unlock(&v->mutex);
	return is;
}

/* ---- judging ---- */

static void
parse_filter(struct views *v)
{
	struct err err = ERR_INIT;

	queue_select_free(v->select);
	v->select = NULL;
	v->error[0] = '\0';
	if (v->now.filter[strspn(v->now.filter, " \t")] == '\0')
		return;
	v->select = selection_parse(v->now.filter, v->clock, &err);
	if (v->select == NULL)
		memcpy(v->error, err.text, sizeof(v->error) - 1);
}

static enum verdict
judge(struct views *v, uint32_t slot)
{
	const struct queue_row *row;
	enum queue_select_result result;

	queue_snapshot_lock(v->s);
	if ((row = queue_snapshot_row(v->s, slot)) != NULL)
		queue_snapshot_message(v->s, row, &v->m);
	queue_snapshot_unlock(v->s);
	if (row == NULL)
		return JUDGED_NO;
	result = queue_select_eval(v->select, &v->c);
	if (v->m.is_gone)
		return JUDGED_NO;
	/* What is still being written is soon judged anew. */
	if (result == SELECT_UNKNOWN && v->m.may_arrive)
		return JUDGED_NO;
	v->unknown += result == SELECT_UNKNOWN;
	return result == SELECT_YES ? JUDGED_YES : result == SELECT_NO ?
	    JUDGED_NO : JUDGED_UNKNOWN;
}

/* Which slots from "from" on hold rows that changed since they were judged? */
static size_t
find_changed(struct views *v, uint32_t from, uint32_t to,
    uint32_t changed[BATCH])
{
	const struct queue_row *row;
	size_t n = 0;
	uint32_t i;

	queue_snapshot_lock(v->s);
	for (i = from; i < to; i++) {
		if ((row = queue_snapshot_row(v->s, i)) == NULL)
			continue;
		if (v->oldest == 0 || row->arrival < v->oldest)
			v->oldest = row->arrival;
		if (row->changed > v->judged)
			changed[n++] = i;
	}
	queue_snapshot_unlock(v->s);
	return n;
}

static uint32_t
slots_of(struct views *v, uint32_t *version)
{
	uint32_t slots;

	queue_snapshot_lock(v->s);
	slots = queue_snapshot_slots(v->s);
	*version = queue_snapshot_version(v->s);
	queue_snapshot_unlock(v->s);
	return slots;
}

/* Bring the verdicts up to date. False: overtaken. */
static bool
judge_all(struct views *v)
{
	uint32_t slots, version, from, to, changed[BATCH];
	size_t n, i;

	slots = slots_of(v, &version);
	if (slots > v->verdict_count) {
		v->verdicts = xrealloc(v->verdicts, slots);
		memset(v->verdicts + v->verdict_count, JUDGED_NO,
		    slots - v->verdict_count);
		v->verdict_count = slots;
	}
	v->oldest = 0;
	for (from = 0; from < slots; from = to) {
		to = slots - from > BATCH ? from + BATCH : slots;
		n = find_changed(v, from, to, changed);
		if (v->select == NULL) {
			for (i = 0; i < n; i++)
				v->verdicts[changed[i]] = JUDGED_YES;
		} else {
			for (i = 0; i < n; i++)
				v->verdicts[changed[i]] = (unsigned char)
				    judge(v, changed[i]);
			if (n > 0 && is_overtaken(v))
				return false;
		}
	}
	v->judged = version;
	return true;
}

/* ---- order ---- */

static int
by_key(const void *a, const void *b, void *ctx)
{
	const struct item *x = a, *y = b;
	int i, words = *(const int *)ctx;

	for (i = 0; i < words; i++)
		if (x->key[i] != y->key[i])
			return x->key[i] < y->key[i] ? -1 : 1;
	return x->entry.serial < y->entry.serial ? -1 :
	    x->entry.serial > y->entry.serial;
}

static struct item *
item_at(char *items, size_t stride, size_t i)
{
	return (struct item *)(void *)(items + i * stride);
}

static void
make_item(struct views *v, struct item *out, uint32_t slot,
    const struct queue_row *row)
{
	uint64_t key[COLUMN_KEY_WORDS];
	int i;

	out->entry = (struct view_entry){ slot, row->serial };
	column_key(v->now.r.sort, v->s, row, key);
	for (i = 0; i < v->words; i++)
		out->key[i] = v->now.r.is_down ? ~key[i] : key[i];
}

static bool
is_shown(const struct views *v, uint32_t slot, const struct queue_row *row)
{
	return v->verdicts[slot] == JUDGED_YES &&
	    (!v->now.r.tagged_only || row->is_tagged);
}

/* Rows that changed since the order was made, as items. False: overtaken. */
static bool
collect_news(struct views *v, char **news, size_t *count)
{
	size_t room = 0;
	uint32_t slot, slots = v->verdict_count;
	const struct queue_row *row;

	*news = NULL;
	*count = 0;
	for (slot = 0; slot < slots; ) {
		queue_snapshot_lock(v->s);
		do {
			row = queue_snapshot_row(v->s, slot);
			/* What came after judging is next time's. */
			if (row == NULL || row->changed <= v->ordered ||
			    row->changed > v->judged ||
			    !is_shown(v, slot, row))
				continue;
			if (*count == room) {
				room = room * 2 + 1024;
				*news = xreallocarray(*news, room, v->stride);
			}
			make_item(v, item_at(*news, v->stride, (*count)++),
			    slot, row);
		} while (++slot < slots && slot % BATCH != 0);
		queue_snapshot_unlock(v->s);
		if (slot % (BATCH * 64) == 0 && is_overtaken(v)) {
			free(*news);
			return false;
		}
	}
	return true;
}

/* Old items whose row is there as it was; the others are gone, or news. */
static void
keep_valid(struct views *v)
{
	const struct queue_row *row;
	struct item *item;
	size_t i, kept = 0;

	for (i = 0; i < v->item_count; ) {
		queue_snapshot_lock(v->s);
		do {
			item = item_at(v->items, v->stride, i);
			row = queue_snapshot_row(v->s, item->entry.slot);
			if (row == NULL || row->serial != item->entry.serial ||
			    row->changed > v->ordered ||
			    (v->now.r.tagged_only && !row->is_tagged))
				continue;
			if (kept != i)
				memcpy(item_at(v->items, v->stride, kept),
				    item, v->stride);
			kept++;
		} while (++i < v->item_count && i % BATCH != 0);
		queue_snapshot_unlock(v->s);
	}
	v->item_count = kept;
}

static void
merge(struct views *v, char *news, size_t count)
{
	size_t n = v->item_count + count, i = 0, j = 0, k;
	char *out;
	struct item *x, *y;

	out = xreallocarray(NULL, n + 1, v->stride);
	for (k = 0; k < n; k++) {
		x = i < v->item_count ? item_at(v->items, v->stride, i) : NULL;
		y = j < count ? item_at(news, v->stride, j) : NULL;
		if (y == NULL || (x != NULL && by_key(x, y, &v->words) <= 0))
			i++;
		else
			x = y, j++;
		memcpy(item_at(out, v->stride, k), x, v->stride);
	}
	free(v->items);
	v->items = out;
	v->item_count = n;
}

static bool
order(struct views *v)
{
	char *news;
	size_t count;

	if (!collect_news(v, &news, &count))
		return false;
	if (v->item_count > 0)
		keep_valid(v);
	if (count > 1)
		qsort_r(news, count, v->stride, by_key, &v->words);
	if (v->item_count == 0) {
		free(v->items);
		v->items = news;
		v->item_count = count;
	} else {
		if (count > 0)
			merge(v, news, count);
		free(news);
	}
	v->ordered = v->judged;
	return true;
}

static void
forget_order(struct views *v)
{
	free(v->items);
	v->items = NULL;
	v->item_count = 0;
	v->ordered = 0;
	v->words = columns[v->now.r.sort].is_number ? 1 : COLUMN_KEY_WORDS;
	v->stride = sizeof(struct item) + (size_t)v->words * sizeof(uint64_t);
}

static struct view *
make_messages(struct views *v)
{
	struct view *view;
	size_t i;

	if (!order(v))
		return NULL;
	view = xcalloc(1, sizeof(*view));
	view->entries = xreallocarray(NULL, v->item_count + 1,
	    sizeof(*view->entries));
	for (i = 0; i < v->item_count; i++)
		view->entries[i] = item_at(v->items, v->stride, i)->entry;
	view->count = view->matched = v->item_count;
	return view;
}

/* ---- groups and sums ---- */

/* Call fn for every row that passes; false: overtaken. */
static bool
each_row(struct views *v, bool is_filtered,
    void (*fn)(struct views *, const struct queue_row *, void *), void *ctx,
    size_t *matched)
{
	uint32_t slot, slots = v->verdict_count;
	const struct queue_row *row;

	*matched = 0;
	for (slot = 0; slot < slots; ) {
		queue_snapshot_lock(v->s);
		do {
			row = queue_snapshot_row(v->s, slot);
			if (row == NULL || (is_filtered &&
			    v->verdicts[slot] != JUDGED_YES))
				continue;
			fn(v, row, ctx);
			++*matched;
		} while (++slot < slots && slot % BATCH != 0);
		queue_snapshot_unlock(v->s);
		if (slot % (BATCH * 32) == 0 && is_overtaken(v))
			return false;
	}
	return true;
}

static void
add_to_group(struct views *v, const struct queue_row *row, void *ctx)
{
	grouping_add(ctx, v->s, row);
}

static struct view *
make_groups(struct views *v)
{
	struct grouping *g = grouping_new(v->now.r.by, v->now.r.wants_parents,
	    v->now.unfolded, v->clock);
	struct view *view = NULL;
	size_t matched;

	if (each_row(v, true, add_to_group, g, &matched)) {
		view = xcalloc(1, sizeof(*view));
		view->matched = matched;
		queue_snapshot_lock(v->s);
		view->groups = grouping_finish(g, v->s, v->now.r.group_sort,
		    v->now.r.is_down, GROUPS_MAX, &view->count, &view->is_cut,
		    &view->texts);
		queue_snapshot_unlock(v->s);
	}
	grouping_free(g);
	return view;
}

struct summing {
	struct overview	*o;
	struct grouping	*tops[4];
	time_t		 now;
};

static void
add_to_overview(struct views *v, const struct queue_row *row, void *ctx)
{
	struct summing *sum = ctx;
	struct overview *o = sum->o;
	const struct queue_row_rcpt *r = queue_snapshot_rcpts(row);
	int64_t life = row->sender == 0 ? params.bounce_queue_lifetime :
	    params.maximal_queue_lifetime;
	int64_t left = row->arrival + row->created_after + life - sum->now;
	uint8_t class;
	int q = row->queue;
	size_t i;

	o->messages[q]++;
	o->rcpts[q] += row->rcpt_count;
	o->bytes[q] += (uint64_t)row->size;
	if (o->oldest[q] == 0 || row->arrival < o->oldest[q])
		o->oldest[q] = row->arrival;
	if ((q == QUEUE_DEFERRED || q == QUEUE_INCOMING) &&
	    !column_is_waiting(row, sum->now))
		o->due[q]++;
	o->expiring += q != QUEUE_HOLD && q != QUEUE_CORRUPT &&
	    left < EXPIRY_S;
	o->damaged += row->is_damaged;
	for (i = 0; i < row->rcpt_count; i++) {
		class = queue_snapshot_reason(v->s, &r[i])->class;
		if (class == REASON_LOCAL_CONFIG || class == REASON_FILTER ||
		    class == REASON_LOCAL_RESOURCE) {
			o->local_trouble++;
			break;
		}
	}
	for (i = 0; i < 4; i++)
		grouping_add(sum->tops[i], v->s, row);
}

static struct view *
make_overview(struct views *v)
{
	static const enum group_by bys[4] = { BY_SENDER, BY_DOMAIN, BY_CLASS,
	    BY_SASL };
	struct view *view = xcalloc(1, sizeof(*view));
	struct summing sum = { &view->overview, { NULL }, v->clock };
	struct buf names = BUF_INIT;
	size_t i, k;
	bool is_done;

	for (i = 0; i < 4; i++)
		sum.tops[i] = grouping_new(bys[i], false, NULL, v->clock);
	is_done = each_row(v, false, add_to_overview, &sum, &view->matched);
	queue_snapshot_lock(v->s);
	for (i = 0; i < 4; i++) {
		if (is_done)
			view->overview.top_count[i] = grouping_top(
			    sum.tops[i], v->s, view->overview.top[i], &names);
		grouping_free(sum.tops[i]);
	}
	queue_snapshot_unlock(v->s);
	view->texts = buf_take(&names);
	for (i = 0; i < 4; i++)
		for (k = 0; k < view->overview.top_count[i]; k++)
			view->overview.top[i][k].label = view->texts +
			    view->overview.top[i][k].bytes;
	if (!is_done) {
		view_free(view);
		return NULL;
	}
	return view;
}

/* ---- the worker ---- */

static bool
same_order(const struct request *a, const struct request *b)
{
	return a->number != 0 && a->r.sort == b->r.sort &&
	    a->r.is_down == b->r.is_down && !a->r.tagged_only &&
	    !b->r.tagged_only;
}

/* Take over what is asked, and forget what does not hold for it. */
static void
take_request(struct views *v)
{
	bool is_same_filter = v->now.number != 0 &&
	    strcmp(v->now.filter, v->asked.filter) == 0 &&
	    strstr(v->asked.filter, "tagged") == NULL;
	bool is_same_order = is_same_filter && same_order(&v->now, &v->asked);

	request_copy(&v->now, &v->asked.r, v->asked.number);
	if (!is_same_filter) {
		parse_filter(v);
		v->judged = 0;
		v->unknown = 0;
	}
	if (!is_same_order)
		forget_order(v);
}

static int64_t
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
publish(struct views *v, struct view *view)
{
	view->number = v->now.number;
	view->kind = v->now.r.kind;
	view->unknown = v->unknown;
	view->oldest = v->oldest;
	memcpy(view->error, v->error, sizeof(view->error));
	queue_snapshot_lock(v->s);
	view->total = queue_snapshot_count(v->s);
	view->is_filling = queue_snapshot_rounds(v->s) == 0;
	queue_snapshot_unlock(v->s);
	pthread_mutex_lock(&v->mutex);
	view_free(v->ready);
	v->ready = view;
	v->ready_version = v->judged;
	pthread_cond_broadcast(&v->ready_now);
	pthread_mutex_unlock(&v->mutex);
	v->wake(v->ctx);
}

static void
make(struct views *v)
{
	int64_t begun = cpu_ms(), spent;
	struct view *view = NULL;
	bool is_filling;

	if (v->select != NULL && clock_mono_ms() >= v->rejudge_at) {
		parse_filter(v);		/* "now" has moved */
		v->judged = 0;
		v->unknown = 0;
		forget_order(v);
	}
	if (judge_all(v))
		view = v->now.r.kind == VIEW_MESSAGES ? make_messages(v) :
		    v->now.r.kind == VIEW_GROUPS ? make_groups(v) :
		    make_overview(v);
	if (view != NULL)
		publish(v, view);
	spent = cpu_ms() - begun;
	queue_snapshot_lock(v->s);
	is_filling = queue_snapshot_rounds(v->s) == 0;
	queue_snapshot_unlock(v->s);
	/* While the first rows come in people look; later it must be cheap. */
	v->not_before = clock_mono_ms() + LOOK_MS + (is_filling ? 4 * spent :
	    spent * 100 / v->load);
	if (v->rejudge_at <= clock_mono_ms())
		v->rejudge_at = clock_mono_ms() + REJUDGE_MS +
		    spent * 100 / v->load;
}

/* Sums tell what is due and how old, and filters may ask for it. */
static bool
tells_time(const struct views *v)
{
	return v->select != NULL || v->now.r.kind != VIEW_MESSAGES;
}

static void
wait_for_work(struct views *v)
{
	struct timespec until;

	while (!v->is_stopping && v->asked.number == v->now.number) {
		pthread_mutex_unlock(&v->mutex);
		if (v->now.number != 0 && clock_mono_ms() >= v->not_before &&
		    (version_of(v) != v->judged || (tells_time(v) &&
		    clock_mono_ms() >= v->rejudge_at))) {
			pthread_mutex_lock(&v->mutex);
			return;
		}
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOOK_MS * 1000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		pthread_mutex_lock(&v->mutex);
		if (!v->is_stopping && v->asked.number == v->now.number)
			pthread_cond_timedwait(&v->asked_now, &v->mutex,
			    &until);
	}
}

static void *
work(void *arg)
{
	struct views *v = arg;

	for (;;) {
		pthread_mutex_lock(&v->mutex);
		wait_for_work(v);
		if (v->is_stopping) {
			pthread_mutex_unlock(&v->mutex);
			return NULL;
		}
		v->clock = v->c.now = clock_now();
		if (v->asked.number != v->now.number) {
			take_request(v);
			v->rejudge_at = clock_mono_ms() + REJUDGE_MS;
		}
		pthread_mutex_unlock(&v->mutex);
		make(v);
	}
}

struct views *
views_new(struct queue_snapshot *s, void (*wake)(void *), void *ctx, int load)
{
	struct views *v = xcalloc(1, sizeof(*v));

	v->s = s;
	v->wake = wake;
	v->ctx = ctx;
	v->load = load > 0 ? load : 1;
	queue_message_init(&v->m);
	buf_init(&v->c.scratch);
	v->c.m = &v->m;
	pthread_mutex_init(&v->mutex, NULL);
	pthread_cond_init(&v->asked_now, NULL);
	pthread_cond_init(&v->ready_now, NULL);
	if (pthread_create(&v->thread, NULL, work, v) != 0)
		abort();
	return v;
}

void
views_free(struct views *v)
{
	pthread_mutex_lock(&v->mutex);
	v->is_stopping = true;
	pthread_cond_signal(&v->asked_now);
	pthread_mutex_unlock(&v->mutex);
	pthread_join(v->thread, NULL);
	view_free(v->ready);
	request_done(&v->asked);
	request_done(&v->now);
	queue_select_free(v->select);
	queue_message_done(&v->m);
	queue_field_context_done(&v->c);
	free(v->verdicts);
	free(v->items);
	pthread_cond_destroy(&v->asked_now);
	pthread_cond_destroy(&v->ready_now);
	pthread_mutex_destroy(&v->mutex);
	free(v);
}
