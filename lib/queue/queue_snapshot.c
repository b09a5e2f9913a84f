/*
 * queue_snapshot.c - all messages of the queue, in memory, as of a moment ago
 *
 * Rows lie in blocks that never move. A message that can be read is known by
 * its inode, one that was told of by its ID; one hash serves both. A row says
 * which round saw it last; at the end of a round the others are let go, all
 * but those in directories that had not changed, for which the directory
 * remembers the round instead.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_snapshot.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_reason.h"

#define BLOCK		4096		/* rows */
#define NONE		UINT32_MAX
#define BUCKETS_FIRST	1024
#define FINE_S		10		/* steps of the history */
#define COARSE_S	(24 * 60)

const char *const queue_snapshot_queues[QUEUE_COUNT + 1] = {
	"maildrop", "incoming", "active", "deferred", "hold", "corrupt", NULL
};

struct dir {
	intern_ref	 path;
	uint32_t	 round;		/* that saw it unchanged */
};

struct ring {
	struct queue_history sum;
	int64_t		 step;		/* which one is being filled: time / length */
	int		 length_s;
};

struct queue_snapshot {
	pthread_mutex_t	 mutex;
	struct intern	*texts;
	struct queue_row **blocks;
	uint32_t	 slots, free, count;	/* free: list through next */
	uint32_t	*buckets, bucket_count;
	struct queue_row_reason *reasons;	/* 0 is none */
	uint32_t	 reason_count, reason_room, reason_free;
	uint32_t	*reason_buckets, reason_bucket_count;
	struct dir	*dirs;
	size_t		 dir_count;
	uint32_t	 serial, version, round, rounds;
	size_t		 tagged, tagged_gone;
	struct queue_snapshot_totals totals;
	uint32_t	 arrived, left, moved;	/* in this round */
	uint32_t	 last_arrived, last_left, last_moved;
	struct ring	 fine, coarse;
	time_t		 since;			/* end of the first round */
	struct buf	 scratch, other;
	size_t		 rcpt_bytes;
};

struct queue_snapshot *
queue_snapshot_new(void)
{
	struct queue_snapshot *s = xcalloc(1, sizeof(*s));

	pthread_mutex_init(&s->mutex, NULL);
	s->texts = intern_new();
	s->free = NONE;
	s->bucket_count = s->reason_bucket_count = BUCKETS_FIRST;
	s->buckets = xmalloc(s->bucket_count * sizeof(*s->buckets));
	memset(s->buckets, 0xff, s->bucket_count * sizeof(*s->buckets));
	s->reason_buckets = xcalloc(s->reason_bucket_count,
	    sizeof(*s->reason_buckets));
	s->reason_room = 64;
	s->reasons = xcalloc(s->reason_room, sizeof(*s->reasons));
	s->reason_count = 1;
	s->fine.length_s = FINE_S;
	s->coarse.length_s = COARSE_S;
	buf_init(&s->scratch);
	buf_init(&s->other);
	return s;
}

void
queue_snapshot_free(struct queue_snapshot *s)
{
	struct queue_row *row;
	uint32_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->slots; i++)
		if ((row = queue_snapshot_row(s, i)) != NULL &&
		    row->rcpt_count > 1)
			free(row->rcpts.many);
	for (i = 0; i < s->slots; i += BLOCK)
		free(s->blocks[i / BLOCK]);
	free(s->blocks);
	free(s->buckets);
	free(s->reasons);
	free(s->reason_buckets);
	free(s->dirs);
	intern_free(s->texts);
	buf_done(&s->scratch);
	buf_done(&s->other);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

void
queue_snapshot_lock(struct queue_snapshot *s)
{
	pthread_mutex_lock(&s->mutex);
}

void
queue_snapshot_unlock(struct queue_snapshot *s)
{
	pthread_mutex_unlock(&s->mutex);
}

/* ---- slots ---- */

static struct queue_row *
at(const struct queue_snapshot *s, uint32_t slot)
{
	return &s->blocks[slot / BLOCK][slot % BLOCK];
}

struct queue_row *
queue_snapshot_row(const struct queue_snapshot *s, uint32_t slot)
{
	struct queue_row *row;

	if (slot >= s->slots)
		return NULL;
	row = at(s, slot);
	return row->serial != 0 ? row : NULL;
}

/* Told ones have no inode: their ID's name, far from any inode's number. */
static uint32_t
bucket_of(const struct queue_snapshot *s, uint64_t inode, intern_ref id)
{
	uint64_t key = inode != 0 ? inode : (uint64_t)id << 32;

	return (uint32_t)((key * 11400714819323198485u) >> 32) &
	    (s->bucket_count - 1);
}

static void
link_row(struct queue_snapshot *s, uint32_t slot)
{
	struct queue_row *row = at(s, slot);
	uint32_t *bucket = &s->buckets[bucket_of(s, row->inode, row->id)];

	row->next = *bucket;
	*bucket = slot;
}

static void
grow_buckets(struct queue_snapshot *s)
{
	uint32_t i;

	s->bucket_count *= 2;
	free(s->buckets);
	s->buckets = xmalloc(s->bucket_count * sizeof(*s->buckets));
	memset(s->buckets, 0xff, s->bucket_count * sizeof(*s->buckets));
	for (i = 0; i < s->slots; i++)
		if (at(s, i)->serial != 0)
			link_row(s, i);
}

static uint32_t
take_slot(struct queue_snapshot *s)
{
	uint32_t slot, i;

	if (s->free == NONE) {
		s->blocks = xreallocarray(s->blocks, s->slots / BLOCK + 1,
		    sizeof(*s->blocks));
		s->blocks[s->slots / BLOCK] = xcalloc(BLOCK,
		    sizeof(**s->blocks));
		for (i = BLOCK; i > 0; i--) {
			at(s, s->slots + i - 1)->next = s->free;
			s->free = s->slots + i - 1;
		}
		s->slots += BLOCK;
	}
	slot = s->free;
	s->free = at(s, slot)->next;
	return slot;
}

/* The row of this message, NONE when it is not known. */
static uint32_t
find(const struct queue_snapshot *s, uint64_t inode, const char *id)
{
	intern_ref ref = intern_find(s->texts, id);
	uint32_t slot;

	if (ref == 0)
		return NONE;
	for (slot = s->buckets[bucket_of(s, inode, ref)]; slot != NONE;
	    slot = at(s, slot)->next)
		if (at(s, slot)->inode == inode && at(s, slot)->id == ref)
			break;
	return slot;
}

bool
queue_snapshot_find(const struct queue_snapshot *s, const char *id,
    uint32_t *slot)
{
	intern_ref ref = intern_find(s->texts, id);
	uint32_t i;

	for (i = 0; ref != 0 && i < s->slots; i++)
		if (at(s, i)->serial != 0 && at(s, i)->id == ref) {
			*slot = i;
			return true;
		}
	return false;
}

/* ---- reasons ---- */

static uint32_t
reason_bucket(const struct queue_snapshot *s, intern_ref text, intern_ref dsn,
    intern_ref mta)
{
	uint64_t key = ((uint64_t)text << 32 | dsn) + mta * 2654435761u;

	return (uint32_t)((key * 11400714819323198485u) >> 32) &
	    (s->reason_bucket_count - 1);
}

static void
grow_reasons(struct queue_snapshot *s)
{
	struct queue_row_reason *r;
	uint32_t i, *bucket;

	s->reason_room *= 2;
	s->reasons = xreallocarray(s->reasons, s->reason_room,
	    sizeof(*s->reasons));
	if (s->reason_room < s->reason_bucket_count)
		return;
	s->reason_bucket_count *= 2;
	free(s->reason_buckets);
	s->reason_buckets = xcalloc(s->reason_bucket_count,
	    sizeof(*s->reason_buckets));
	for (i = 1; i < s->reason_count; i++) {
		r = &s->reasons[i];
		if (r->held == 0)
			continue;
		bucket = &s->reason_buckets[reason_bucket(s, r->text, r->dsn,
		    r->mta)];
		r->next = *bucket;
		*bucket = i;
	}
}

/* Work out what a reason that is new says. */
static void
understand(struct queue_snapshot *s, struct queue_row_reason *r)
{
	const char *text = intern_text(s->texts, r->text);
	const char *dsn = intern_text(s->texts, r->dsn);
	const char *inner = queue_reason_peel(text, &r->is_suspended);

	r->class = (uint8_t)queue_reason_classify(text, dsn, NULL);
	r->code = (uint16_t)queue_reason_code(inner);
	buf_reset(&s->scratch);
	queue_reason_signature(text, &s->scratch);
	r->signature = intern_add(s->texts, s->scratch.ptr);
	buf_reset(&s->scratch);
	buf_reset(&s->other);
	if (!queue_reason_relay(text, &s->scratch, &s->other))
		buf_sets(&s->scratch, intern_text(s->texts, r->mta));
	r->relay = intern_add(s->texts, s->scratch.ptr);
	r->relay_addr = intern_add(s->texts, s->other.ptr);
}

static uint32_t
take_reason(struct queue_snapshot *s, const char *text, const char *dsn,
    const char *mta)
{
	struct queue_row_reason *r;
	intern_ref t, d, h;
	uint32_t i, *bucket;

	if (text[0] == '\0' && dsn[0] == '\0')
		return 0;
	t = intern_add(s->texts, text);
	d = intern_add(s->texts, dsn);
	h = intern_add(s->texts, mta);
	for (i = s->reason_buckets[reason_bucket(s, t, d, h)]; i != 0;
	    i = s->reasons[i].next) {
		r = &s->reasons[i];
		if (r->text != t || r->dsn != d || r->mta != h)
			continue;
		r->held++;
		intern_drop(s->texts, t);
		intern_drop(s->texts, d);
		intern_drop(s->texts, h);
		return i;
	}
	if ((i = s->reason_free) != 0) {
		s->reason_free = s->reasons[i].next;
	} else {
		if (s->reason_count == s->reason_room)
			grow_reasons(s);
		i = s->reason_count++;
	}
	r = &s->reasons[i];
	memset(r, 0, sizeof(*r));
	r->text = t;
	r->dsn = d;
	r->mta = h;
	r->held = 1;
	bucket = &s->reason_buckets[reason_bucket(s, t, d, h)];
	r->next = *bucket;
	*bucket = i;
	understand(s, r);
	return i;
}

static void
drop_reason(struct queue_snapshot *s, uint32_t i)
{
	struct queue_row_reason *r = &s->reasons[i];
	uint32_t *link;

	if (i == 0 || --r->held > 0)
		return;
	for (link = &s->reason_buckets[reason_bucket(s, r->text, r->dsn,
	    r->mta)]; *link != i; link = &s->reasons[*link].next)
		continue;
	*link = r->next;
	intern_drop(s->texts, r->text);
	intern_drop(s->texts, r->dsn);
	intern_drop(s->texts, r->mta);
	intern_drop(s->texts, r->signature);
	intern_drop(s->texts, r->relay);
	intern_drop(s->texts, r->relay_addr);
	r->next = s->reason_free;
	s->reason_free = i;
}

/* ---- one row ---- */

static uint8_t
queue_number(const char *name)
{
	uint8_t i;

	for (i = 0; i < QUEUE_COUNT; i++)
		if (strcmp(queue_snapshot_queues[i], name) == 0)
			return i;
	return QUEUE_CORRUPT;
}

static void
count_row(struct queue_snapshot *s, const struct queue_row *row, int by)
{
	s->totals.messages[row->queue] += (uint32_t)by;
	s->totals.rcpts[row->queue] += (uint64_t)((int64_t)row->rcpt_count *
	    by);
	s->totals.bytes[row->queue] += (uint64_t)(row->size * by);
}

/* Domains are told apart without regard to letter case. */
static intern_ref
take_domain(struct queue_snapshot *s, const char *address)
{
	const char *domain = address_domain(address);

	if (domain == NULL || domain[0] == '\0')
		return 0;
	buf_reset(&s->scratch);
	text_fold(&s->scratch, domain);
	return intern_add(s->texts, s->scratch.ptr);
}

static intern_ref
take_facts(struct queue_snapshot *s, const struct queue_message *m)
{
	const char *const facts[QUEUE_FACT_COUNT] = { m->client_name,
	    m->client_addr, m->helo, m->proto, m->sasl_user, m->sasl_method,
	    m->sasl_sender, m->filter, m->redirect, m->verp, m->envid,
	    m->encoding, m->fullname };
	size_t i;

	buf_reset(&s->scratch);
	for (i = 0; i < QUEUE_FACT_COUNT; i++)
		buf_add(&s->scratch, facts[i], strlen(facts[i]) + 1);
	while (s->scratch.len > 0 &&
	    s->scratch.ptr[s->scratch.len - 1] == '\0')
		s->scratch.len--;
	return intern_add_len(s->texts, s->scratch.ptr, s->scratch.len);
}

static void
take_rcpts(struct queue_snapshot *s, struct queue_row *row,
    const struct queue_message *m)
{
	struct queue_row_rcpt *to;
	const struct queue_message_rcpt *from;
	size_t i;

	row->rcpt_count = (uint32_t)m->rcpt_count;
	if (m->rcpt_count > 1) {
		row->rcpts.many = xreallocarray(NULL, m->rcpt_count,
		    sizeof(*row->rcpts.many));
		s->rcpt_bytes += m->rcpt_count * sizeof(*row->rcpts.many);
	}
	to = m->rcpt_count > 1 ? row->rcpts.many : &row->rcpts.one;
	for (i = 0; i < m->rcpt_count; i++, to++) {
		from = &m->rcpts[i];
		to->address = intern_add(s->texts, from->address);
		to->orig = strcmp(from->orig, from->address) == 0 ? 0 :
		    intern_add(s->texts, from->orig);
		to->domain = take_domain(s, from->address);
		to->notify = from->dsn_notify;
		to->reason = take_reason(s, from->reason, from->dsn,
		    from->mta);
	}
}

/* Let go of all that a row holds. */
static void
empty_row(struct queue_snapshot *s, struct queue_row *row)
{
	struct queue_row_rcpt *r = row->rcpt_count > 1 ? row->rcpts.many :
	    &row->rcpts.one;
	uint32_t i;

	for (i = 0; i < row->rcpt_count; i++) {
		intern_drop(s->texts, r[i].address);
		intern_drop(s->texts, r[i].orig);
		intern_drop(s->texts, r[i].domain);
		drop_reason(s, r[i].reason);
	}
	if (row->rcpt_count > 1) {
		s->rcpt_bytes -= row->rcpt_count * sizeof(*r);
		free(r);
	}
	intern_drop(s->texts, row->id);
	intern_drop(s->texts, row->dir);
	intern_drop(s->texts, row->sender);
	intern_drop(s->texts, row->sender_domain);
	intern_drop(s->texts, row->facts);
}

static intern_ref
take_dir(struct queue_snapshot *s, const struct queue_message *m)
{
	const char *slash = strrchr(m->path, '/');

	return slash == NULL ? 0 : intern_add_len(s->texts, m->path,
	    (size_t)(slash - m->path));
}

static void
fill_row(struct queue_snapshot *s, struct queue_row *row,
    const struct queue_message *m)
{
	row->inode = m->is_told ? 0 : m->st.st_ino;
	row->dev = m->is_told ? 0 : m->st.st_dev;
	row->mode = m->is_told && m->is_expired ? S_IXGRP : m->st.st_mode;
	row->bytes = m->st.st_size;
	row->mtime = m->st.st_mtime;
	row->arrival = m->arrival.tv_sec;
	row->arrival_us = (uint32_t)m->arrival.tv_usec;
	row->created_after = m->created > m->arrival.tv_sec ?
	    (uint32_t)(m->created - m->arrival.tv_sec) : 0;
	row->size = m->size;
	row->done_count = (uint32_t)m->done_count;
	row->data_offset = m->data_offset > 0 && m->data_offset < UINT32_MAX ?
	    (uint32_t)m->data_offset : 0;
	row->sendopts = (uint16_t)m->sendopts;
	row->trace_flags = (uint16_t)m->trace_flags;
	row->is_told = m->is_told;
	row->is_snapshot = m->is_snapshot;
	row->is_damaged = m->is_damaged;
	row->is_arriving = !m->is_told && (m->st.st_mode & S_IRWXU) != S_IRWXU;
	row->queue = queue_number(m->queue);
	row->id = intern_add(s->texts, m->id);
	row->dir = take_dir(s, m);
	row->sender = m->sender == NULL ? 0 : intern_add(s->texts, m->sender);
	row->sender_domain = m->sender == NULL ? 0 : take_domain(s, m->sender);
	row->facts = take_facts(s, m);
	take_rcpts(s, row, m);
	row->changed = s->version;
	row->round = s->round;
	count_row(s, row, 1);
}

static void
unlink_row(struct queue_snapshot *s, uint32_t slot)
{
	struct queue_row *row = at(s, slot);
	uint32_t *link;

	for (link = &s->buckets[bucket_of(s, row->inode, row->id)];
	    *link != slot; link = &at(s, *link)->next)
		continue;
	*link = row->next;
}

static void
remove_row(struct queue_snapshot *s, uint32_t slot)
{
	struct queue_row *row = at(s, slot);

	unlink_row(s, slot);
	count_row(s, row, -1);
	if (row->is_tagged) {
		s->tagged--;
		s->tagged_gone++;
	}
	empty_row(s, row);
	memset(row, 0, sizeof(*row));
	row->next = s->free;
	s->free = slot;
	s->count--;
}

/* ---- rounds ---- */

void
queue_snapshot_begin(struct queue_snapshot *s)
{
	s->round++;
	s->arrived = s->left = s->moved = 0;
}

bool
queue_snapshot_see(struct queue_snapshot *s, const struct queue_message *m)
{
	uint32_t slot = find(s, m->st.st_ino, m->id);
	struct queue_row *row;

	if (slot == NONE)
		return false;
	row = at(s, slot);
	if (row->mtime != m->st.st_mtime || row->bytes != m->st.st_size ||
	    row->mode != m->st.st_mode || row->dev != m->st.st_dev ||
	    strcmp(queue_snapshot_queues[row->queue], m->queue) != 0)
		return false;
	row->round = s->round;
	return true;
}

static int
by_path(const void *a, const void *b)
{
	intern_ref x = ((const struct dir *)a)->path;
	intern_ref y = ((const struct dir *)b)->path;

	return x < y ? -1 : x > y;
}

static struct dir *
find_dir(const struct queue_snapshot *s, intern_ref path)
{
	struct dir key = { path, 0 };

	if (path == 0 || s->dir_count == 0)
		return NULL;
	return bsearch(&key, s->dirs, s->dir_count, sizeof(*s->dirs), by_path);
}

void
queue_snapshot_see_dir(struct queue_snapshot *s, const char *path)
{
	intern_ref ref = intern_find(s->texts, path);
	struct dir *dir;

	if (ref == 0)
		return;			/* nothing is known to be in it */
	if ((dir = find_dir(s, ref)) != NULL) {
		dir->round = s->round;
		return;
	}
	s->dirs = xreallocarray(s->dirs, s->dir_count + 1, sizeof(*s->dirs));
	s->dirs[s->dir_count++] = (struct dir){ intern_hold(s->texts, ref),
	    s->round };
	qsort(s->dirs, s->dir_count, sizeof(*s->dirs), by_path);
}

/* Texts are interned, so equal rows have equal bytes. */
static bool
is_same(const struct queue_row *a, const struct queue_row *b)
{
	return a->queue == b->queue && a->mtime == b->mtime &&
	    a->arrival == b->arrival && a->size == b->size &&
	    a->bytes == b->bytes && a->mode == b->mode && a->dir == b->dir &&
	    a->sender == b->sender && a->facts == b->facts &&
	    a->rcpt_count == b->rcpt_count &&
	    a->done_count == b->done_count &&
	    a->is_damaged == b->is_damaged &&
	    a->is_arriving == b->is_arriving &&
	    (a->rcpt_count == 0 || memcmp(queue_snapshot_rcpts(a),
	    queue_snapshot_rcpts(b), a->rcpt_count *
	    sizeof(struct queue_row_rcpt)) == 0);
}

void
queue_snapshot_put(struct queue_snapshot *s, const struct queue_message *m)
{
	uint32_t slot = find(s, m->is_told ? 0 : m->st.st_ino, m->id);
	struct queue_row *row, old;

	s->version++;
	if (slot == NONE) {
		if (s->count++ >= s->bucket_count)
			grow_buckets(s);
		slot = take_slot(s);
		row = at(s, slot);
		memset(row, 0, sizeof(*row));
		row->serial = ++s->serial;
		fill_row(s, row, m);
		link_row(s, slot);
		s->arrived += !row->is_arriving;
		return;
	}
	row = at(s, slot);
	old = *row;
	count_row(s, row, -1);
	fill_row(s, row, m);
	if (row->queue != old.queue)
		s->moved++;
	s->arrived += old.is_arriving && !row->is_arriving;
	if (is_same(row, &old))
		row->changed = old.changed;
	empty_row(s, &old);
}

static bool
was_seen(const struct queue_snapshot *s, const struct queue_row *row)
{
	const struct dir *dir;

	if (row->round == s->round)
		return true;
	dir = find_dir(s, row->dir);
	return dir != NULL && dir->round == s->round;
}

bool
queue_snapshot_unseen(const struct queue_snapshot *s, uint32_t *slot)
{
	for (; *slot < s->slots; ++*slot)
		if (at(s, *slot)->serial != 0 && !was_seen(s, at(s, *slot)))
			return true;
	return false;
}

static void
advance(struct ring *ring, time_t now)
{
	struct queue_history *h = &ring->sum;
	int64_t step = now / ring->length_s, by = step - ring->step;
	size_t n;

	if (by <= 0)
		return;
	n = by > QUEUE_HISTORY_SIZE ? QUEUE_HISTORY_SIZE : (size_t)by;
	memmove(h->arrived, h->arrived + n, (QUEUE_HISTORY_SIZE - n) *
	    sizeof(h->arrived[0]));
	memmove(h->left, h->left + n, (QUEUE_HISTORY_SIZE - n) *
	    sizeof(h->left[0]));
	memset(h->arrived + QUEUE_HISTORY_SIZE - n, 0, n *
	    sizeof(h->arrived[0]));
	memset(h->left + QUEUE_HISTORY_SIZE - n, 0, n * sizeof(h->left[0]));
	h->known = ring->step == 0 ? 1 : h->known + (uint32_t)n;
	if (h->known > QUEUE_HISTORY_SIZE)
		h->known = QUEUE_HISTORY_SIZE;
	ring->step = step;
}

static void
record(struct queue_snapshot *s, struct ring *ring, time_t now)
{
	advance(ring, now);
	ring->sum.arrived[QUEUE_HISTORY_SIZE - 1] += s->arrived;
	ring->sum.left[QUEUE_HISTORY_SIZE - 1] += s->left;
}

void
queue_snapshot_end(struct queue_snapshot *s, bool is_whole, time_t now)
{
	struct queue_row *row;
	uint32_t slot;

	if (!is_whole)
		return;
	for (slot = 0; slot < s->slots; slot++) {
		row = at(s, slot);
		if (row->serial == 0 || was_seen(s, row))
			continue;
		s->version++;
		s->left += !row->is_arriving;
		remove_row(s, slot);
	}
	if (s->rounds++ == 0) {		/* the first only takes stock */
		s->since = now;
		s->arrived = 0;
	}
	record(s, &s->fine, now);
	record(s, &s->coarse, now);
	s->last_arrived = s->arrived;
	s->last_left = s->left;
	s->last_moved = s->moved;
}

/* ---- reading ---- */

uint32_t
queue_snapshot_version(const struct queue_snapshot *s)
{
	return s->version;
}

uint32_t
queue_snapshot_rounds(const struct queue_snapshot *s)
{
	return s->rounds;
}

size_t
queue_snapshot_count(const struct queue_snapshot *s)
{
	return s->count;
}

uint32_t
queue_snapshot_slots(const struct queue_snapshot *s)
{
	return s->slots;
}

const struct queue_row_rcpt *
queue_snapshot_rcpts(const struct queue_row *row)
{
	return row->rcpt_count > 1 ? row->rcpts.many : &row->rcpts.one;
}

const struct queue_row_reason *
queue_snapshot_reason(const struct queue_snapshot *s,
    const struct queue_row_rcpt *r)
{
	return &s->reasons[r->reason];
}

const char *
queue_snapshot_text(const struct queue_snapshot *s, intern_ref ref)
{
	return intern_text(s->texts, ref);
}

const char *
queue_snapshot_fact(const struct queue_snapshot *s,
    const struct queue_row *row, enum queue_fact fact)
{
	const char *p = intern_text(s->texts, row->facts);
	const char *end = p + intern_len(s->texts, row->facts);
	int i;

	for (i = 0; i < (int)fact && p < end; i++)
		p += strlen(p) + 1;
	return p < end ? p : "";
}

void
queue_snapshot_message(const struct queue_snapshot *s,
    const struct queue_row *row, struct queue_message *m)
{
	const char **const facts[QUEUE_FACT_COUNT] = { &m->client_name,
	    &m->client_addr, &m->helo, &m->proto, &m->sasl_user,
	    &m->sasl_method, &m->sasl_sender, &m->filter, &m->redirect,
	    &m->verp, &m->envid, &m->encoding, &m->fullname };
	const struct queue_row_rcpt *r = queue_snapshot_rcpts(row);
	const struct queue_row_reason *reason;
	struct queue_message_rcpt *to;
	struct stat st = { .st_ino = row->inode, .st_dev = row->dev,
	    .st_mode = row->mode, .st_size = row->bytes,
	    .st_mtime = row->mtime };
	struct buf path = BUF_INIT;
	uint32_t i;

	if (row->dir != 0)
		buf_addf(&path, "%s/%s", intern_text(s->texts, row->dir),
		    intern_text(s->texts, row->id));
	queue_message_begin(m, queue_snapshot_queues[row->queue],
	    intern_text(s->texts, row->id), path.ptr, &st);
	buf_done(&path);
	m->is_told = row->is_told;
	m->is_snapshot = row->is_snapshot;
	m->is_damaged = row->is_damaged;
	m->may_arrive = row->is_arriving;
	m->is_expired = (row->mode & S_IXGRP) != 0;
	m->is_tagged = row->is_tagged;
	m->has |= QUEUE_MESSAGE_ENTRY | QUEUE_MESSAGE_ENVELOPE |
	    QUEUE_MESSAGE_REASONS;
	m->has_sender = true;
	m->sender = m->sender_shown = queue_message_keep(m,
	    intern_text(s->texts, row->sender));
	m->arrival.tv_sec = row->arrival;
	m->arrival.tv_usec = row->arrival_us;
	m->created = row->arrival + row->created_after;
	m->size = (long)row->size;
	m->data_offset = row->data_offset;
	m->sendopts = row->sendopts;
	m->trace_flags = row->trace_flags;
	m->done_count = row->done_count;
	for (i = 0; i < QUEUE_FACT_COUNT; i++)
		*facts[i] = queue_message_keep(m, queue_snapshot_fact(s, row,
		    (enum queue_fact)i));
	for (i = 0; i < row->rcpt_count; i++) {
		reason = queue_snapshot_reason(s, &r[i]);
		queue_message_tell(m, intern_text(s->texts, r[i].address),
		    intern_text(s->texts, reason->text));
		to = &m->rcpts[i];
		to->dsn_notify = r[i].notify;
		m->was_logged |= reason->text != 0;
		if (r[i].orig != 0)
			to->orig = queue_message_keep(m,
			    intern_text(s->texts, r[i].orig));
		to->dsn = queue_message_keep(m, intern_text(s->texts,
		    reason->dsn));
		to->mta = queue_message_keep(m, intern_text(s->texts,
		    reason->mta));
	}
}

/* ---- tags ---- */

bool
queue_snapshot_tag(struct queue_snapshot *s, uint32_t slot, bool is_tagged)
{
	struct queue_row *row = queue_snapshot_row(s, slot);

	if (row == NULL || row->is_tagged == is_tagged)
		return false;
	row->is_tagged = is_tagged;
	s->tagged += is_tagged ? 1 : (size_t)-1;
	return true;
}

size_t
queue_snapshot_tagged(const struct queue_snapshot *s, size_t *gone)
{
	*gone = s->tagged_gone;
	return s->tagged;
}

void
queue_snapshot_untag_all(struct queue_snapshot *s)
{
	uint32_t slot;

	for (slot = 0; slot < s->slots; slot++)
		at(s, slot)->is_tagged = false;
	s->tagged = s->tagged_gone = 0;
}

/* ---- sums ---- */

void
queue_snapshot_total(const struct queue_snapshot *s,
    struct queue_snapshot_totals *out)
{
	*out = s->totals;
}

void
queue_snapshot_rate(struct queue_snapshot *s, time_t now,
    struct queue_snapshot_rates *out)
{
	const int steps = 60 / FINE_S;
	uint32_t arrived = 0, left = 0;
	double seconds;
	int i;

	advance(&s->fine, now);
	advance(&s->coarse, now);
	out->minutes = s->fine.sum;
	out->day = s->coarse.sum;
	out->last_arrived = s->last_arrived;
	out->last_left = s->last_left;
	out->last_moved = s->last_moved;
	for (i = 0; i <= steps; i++) {
		arrived += out->minutes.arrived[QUEUE_HISTORY_SIZE - 1 - i];
		left += out->minutes.left[QUEUE_HISTORY_SIZE - 1 - i];
	}
	/* Six whole steps and the one that is being filled. */
	seconds = 60 + (double)(now % FINE_S);
	if ((double)(now - s->since) < seconds)
		seconds = (double)(now - s->since);
	out->is_known = s->rounds > 1;
	out->arrived = seconds >= 1 ? arrived / seconds : 0;
	out->left = seconds >= 1 ? left / seconds : 0;
}

size_t
queue_snapshot_memory(struct queue_snapshot *s)
{
	size_t n;

	queue_snapshot_lock(s);
	n = sizeof(*s) + (size_t)s->slots * sizeof(struct queue_row) +
	    (size_t)s->bucket_count * sizeof(*s->buckets) +
	    (size_t)s->reason_room * sizeof(*s->reasons) +
	    (size_t)s->reason_bucket_count * sizeof(*s->reason_buckets) +
	    s->rcpt_bytes + intern_bytes(s->texts);
	queue_snapshot_unlock(s);
	return n;
}
