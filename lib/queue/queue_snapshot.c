/*
 * queue_snapshot.c - all messages of the queue, in memory, as of a moment ago
 *
 * Rows lie in blocks that never move. A message that can be read is known by
 * its inode, one that was told of by its ID; one hash serves both. A row says
 * which round saw it last; at the end of a round the others are let go, all
 * but those in directories that had not changed, for which the directory
 * remembers the round instead. Here are the rows and the rounds;
 * queue_snapshot_row.c makes a row of a message and the reverse, _reason.c
 * keeps each reason once, _history.c counts what came and went.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_snapshot.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_snapshot_internal.h"

#define BLOCK		4096		/* rows */
#define NONE		UINT32_MAX
#define BUCKETS_FIRST	1024

const char *const queue_snapshot_queues[QUEUE_COUNT + 1] = {
	"maildrop", "incoming", "active", "deferred", "hold", "corrupt", NULL
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
	s->fine.length_s = HISTORY_FINE_S;
	s->coarse.length_s = HISTORY_COARSE_S;
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

/* ---- one row ---- */

static void
count_row(struct queue_snapshot *s, const struct queue_row *row, int by)
{
	s->totals.messages[row->queue] += (uint32_t)by;
	s->totals.rcpts[row->queue] += (uint64_t)((int64_t)row->rcpt_count *
	    by);
	s->totals.bytes[row->queue] += (uint64_t)(row->size * by);
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
	queue_snapshot_empty_row(s, row);
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
		queue_snapshot_fill_row(s, row, m);
		count_row(s, row, 1);
		link_row(s, slot);
		s->arrived += !row->is_arriving;
		return;
	}
	row = at(s, slot);
	old = *row;
	count_row(s, row, -1);
	queue_snapshot_fill_row(s, row, m);
	count_row(s, row, 1);
	if (row->queue != old.queue)
		s->moved++;
	s->arrived += old.is_arriving && !row->is_arriving;
	if (is_same(row, &old))
		row->changed = old.changed;
	queue_snapshot_empty_row(s, &old);
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
	queue_snapshot_record(s, now);
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

const char *
queue_snapshot_text(const struct queue_snapshot *s, intern_ref ref)
{
	return intern_text(s->texts, ref);
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
