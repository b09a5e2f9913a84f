/*
 * queue_scan.c - every message of some queues, once
 *
 * A directory is taken in windows: names are collected, sorted by inode, and
 * given out in that order, in which the file system keeps the files near each
 * other. Inodes that were given out are remembered in an open hash; a name
 * that turns up again under the same inode has only moved. It is kept, for
 * whoever was given the first name may find nothing there any more.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_scan.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_scan_internal.h"

/* Names that are sorted together: few at first, so that results come soon. */
#define WINDOW_FIRST	64
#define WINDOW_MAX	4096
#define FORGOTTEN	((uint64_t)1 << 63)

struct entry {
	ino_t		 inode;
	size_t		 path, name;	/* offsets in names */
};

/* A second name for an inode that was given out. */
struct second {
	ino_t		 inode;
	const char	*queue;
	char		*path;
	size_t		 name;
	bool		 is_due;	/* the first one led nowhere */
};

struct queue_scan {
	const char *const *queues;	/* what is left to open */
	const char	*queue;		/* being read */
	struct queue_dir *qd;
	unsigned	 flags;
	struct entry	*window;
	size_t		 room, count, given;
	struct buf	 names;
	uint64_t	*seen;		/* inode + 1; 0 is free */
	size_t		 seen_size, seen_count;
	struct second	*seconds;
	size_t		 second_count, due_count;
	char		*given_path;	/* of a second that was given out */
	size_t		 unreadable;
};

struct queue_scan *
queue_scan_open(const char *const *queues, unsigned flags)
{
	struct queue_scan *qs = xcalloc(1, sizeof(*qs));

	qs->queues = queues;
	qs->flags = flags;
	qs->room = WINDOW_FIRST;
	qs->window = xreallocarray(NULL, WINDOW_MAX, sizeof(*qs->window));
	buf_init(&qs->names);
	return qs;
}

static size_t
slot_of(const struct queue_scan *qs, uint64_t key)
{
	size_t i = (key * 11400714819323198485u) & (qs->seen_size - 1);

	while (qs->seen[i] != 0 && (qs->seen[i] & ~FORGOTTEN) != key)
		i = (i + 1) & (qs->seen_size - 1);
	return i;
}

/* True when this inode is new; it is known from now on. */
static bool
remember(struct queue_scan *qs, ino_t inode)
{
	uint64_t key = (uint64_t)inode + 1, *old = qs->seen;
	size_t old_size = qs->seen_size, i;

	if (2 * qs->seen_count >= qs->seen_size) {
		qs->seen_size = old_size > 0 ? 2 * old_size : 1024;
		qs->seen = xcalloc(qs->seen_size, sizeof(*qs->seen));
		for (i = 0; i < old_size; i++)
			if (old[i] != 0)
				qs->seen[slot_of(qs, old[i] & ~FORGOTTEN)] =
				    old[i];
		free(old);
	}
	i = slot_of(qs, key);
	if (qs->seen[i] == key)
		return false;
	if (qs->seen[i] == 0)
		qs->seen_count++;
	qs->seen[i] = key;
	return true;
}

static int
by_inode(const void *a, const void *b)
{
	ino_t x = ((const struct entry *)a)->inode;
	ino_t y = ((const struct entry *)b)->inode;

	return x < y ? -1 : x > y;
}

static void
take_entry(struct queue_scan *qs)
{
	const char *path = queue_dir_path(qs->qd);
	const char *name = queue_dir_name(qs->qd);
	struct entry *e = &qs->window[qs->count];
	int type = queue_dir_type(qs->qd);

	if (type != DT_REG && type != DT_UNKNOWN)
		return;
	e->inode = queue_dir_inode(qs->qd);
	e->path = qs->names.len;
	e->name = e->path + (size_t)(name - path);
	buf_add(&qs->names, path, strlen(path) + 1);
	qs->count++;
}

/* Fill the window from the queue being read, or from the next one. */
static void
fill(struct queue_scan *qs)
{
	struct err err = ERR_INIT;

	qs->count = qs->given = 0;
	buf_reset(&qs->names);
	if (qs->qd == NULL) {
		qs->queue = *qs->queues++;
		qs->qd = queue_dir_open(qs->queue, &err);
		/* Nothing was deleted yet. */
		if (qs->qd == NULL && err.errnum == ENOENT &&
		    strcmp(qs->queue, "trash") == 0)
			return;
		if (qs->qd == NULL) {
			log_warning("%s", err.text);
			qs->unreadable++;
			return;
		}
	}
	while (qs->count < qs->room && queue_dir_next(qs->qd) != NULL)
		take_entry(qs);
	if (qs->count < qs->room) {
		queue_dir_close(qs->qd);
		qs->qd = NULL;
	}
	if (qs->room < WINDOW_MAX)
		qs->room *= 4;
	if ((qs->flags & QUEUE_SCAN_AS_STORED) == 0)
		qsort(qs->window, qs->count, sizeof(*qs->window), by_inode);
}

static void
keep_second(struct queue_scan *qs, const struct entry *e)
{
	struct second *x;

	if ((qs->second_count & (qs->second_count - 1)) == 0)
		qs->seconds = xreallocarray(qs->seconds, qs->second_count > 0 ?
		    2 * qs->second_count : 1, sizeof(*qs->seconds));
	x = &qs->seconds[qs->second_count++];
	x->inode = e->inode;
	x->queue = qs->queue;
	x->path = xstrdup(qs->names.ptr + e->path);
	x->name = e->name - e->path;
	x->is_due = false;
}

static void
give_second(struct queue_scan *qs, struct queue_scan_name *out)
{
	size_t i = 0;

	while (!qs->seconds[i].is_due)
		i++;
	free(qs->given_path);
	out->queue = qs->seconds[i].queue;
	out->path = qs->given_path = qs->seconds[i].path;
	out->name = qs->seconds[i].name;
	out->inode = qs->seconds[i].inode;
	qs->seconds[i] = qs->seconds[--qs->second_count];
	qs->due_count--;
	remember(qs, out->inode);
}

enum queue_scan_step
queue_scan_claim(struct queue_scan *qs, bool may_enter,
    struct queue_scan_name *out)
{
	const struct entry *e;

	for (;;) {
		if (qs->due_count > 0) {
			give_second(qs, out);
			return SCAN_NAME;
		}
		if (qs->given == qs->count) {
			if (qs->qd == NULL && *qs->queues == NULL)
				return SCAN_END;
			if (qs->qd == NULL && !may_enter)
				return SCAN_QUEUE_END;
			fill(qs);
			continue;
		}
		e = &qs->window[qs->given++];
		if (!remember(qs, e->inode)) {
			keep_second(qs, e);
			continue;
		}
		out->queue = qs->queue;
		out->path = qs->names.ptr + e->path;
		out->name = e->name - e->path;
		out->inode = e->inode;
		return SCAN_NAME;
	}
}

bool
queue_scan_next(struct queue_scan *qs, struct queue_message *m)
{
	struct queue_scan_name n;

	while (queue_scan_claim(qs, true, &n) == SCAN_NAME) {
		queue_message_meet(m, n.queue, n.path + n.name, n.path,
		    n.inode);
		m->may_arrive = queue_scan_may_arrive(qs);
		if (m->may_arrive ?
		    queue_message_want(m, QUEUE_MESSAGE_ENTRY, NULL) == 1 :
		    queue_message_is_ready(m))
			return true;
		if (m->is_damaged) {
			log_warning("%s: cannot be looked at", m->path);
			qs->unreadable++;
		}
		queue_scan_forget(qs, m);
	}
	return false;
}

void
queue_scan_forget(struct queue_scan *qs, const struct queue_message *m)
{
	uint64_t key = (uint64_t)m->st.st_ino + 1;
	size_t i = slot_of(qs, key);

	if (qs->seen[i] == key)
		qs->seen[i] |= FORGOTTEN;
	for (i = 0; i < qs->second_count; i++)
		if (qs->seconds[i].inode == m->st.st_ino &&
		    !qs->seconds[i].is_due) {
			qs->seconds[i].is_due = true;
			qs->due_count++;
		}
}

bool
queue_scan_may_arrive(const struct queue_scan *qs)
{
	return (qs->flags & QUEUE_SCAN_ARRIVING) != 0;
}

size_t
queue_scan_unreadable(const struct queue_scan *qs)
{
	return qs->unreadable;
}

void
queue_scan_close(struct queue_scan *qs)
{
	size_t i;

	if (qs == NULL)
		return;
	queue_dir_close(qs->qd);
	free(qs->window);
	free(qs->seen);
	for (i = 0; i < qs->second_count; i++)
		free(qs->seconds[i].path);
	free(qs->seconds);
	free(qs->given_path);
	buf_done(&qs->names);
	free(qs);
}
