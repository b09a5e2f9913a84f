/*
 * queue_scan.c - every message of some queues, once
 *
 * A directory is taken in windows: names are collected, sorted by inode, and
 * given out in that order, in which the file system keeps the files near each
 * other. Inodes that were given out are remembered in an open hash; a name
 * that turns up again under the same inode has only moved.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_message.h"

#define WINDOW		4096	/* names that are sorted together */
#define FORGOTTEN	((uint64_t)1 << 63)

struct entry {
	struct stat	 st;
	size_t		 path, name;	/* offsets in names */
};

struct queue_scan {
	const char *const *queues;	/* what is left to open */
	const char	*queue;		/* being read */
	struct queue_dir *qd;
	bool		 wants_arriving;
	struct entry	*window;
	size_t		 count, given;
	struct buf	 names;
	uint64_t	*seen;		/* inode + 1; 0 is free */
	size_t		 seen_size, seen_count;
	size_t		 unreadable;
};

struct queue_scan *
queue_scan_open(const char *const *queues, bool wants_arriving)
{
	struct queue_scan *qs = xcalloc(1, sizeof(*qs));

	qs->queues = queues;
	qs->wants_arriving = wants_arriving;
	qs->window = xreallocarray(NULL, WINDOW, sizeof(*qs->window));
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
	ino_t x = ((const struct entry *)a)->st.st_ino;
	ino_t y = ((const struct entry *)b)->st.st_ino;

	return x < y ? -1 : x > y;
}

static void
take_entry(struct queue_scan *qs)
{
	const char *path = queue_dir_path(qs->qd);
	const char *name = queue_dir_name(qs->qd);
	struct entry *e = &qs->window[qs->count];

	if (fstatat(queue_dir_fd(qs->qd), name, &e->st,
	    AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno != ENOENT) {
			log_warning("%s: %s", path, strerror(errno));
			qs->unreadable++;
		}
		return;
	}
	if (!S_ISREG(e->st.st_mode))
		return;
	if ((e->st.st_mode & S_IRWXU) != S_IRWXU && !qs->wants_arriving)
		return;
	e->path = qs->names.len;
	e->name = e->path + (size_t)(name - path);
	buf_add(&qs->names, path, strlen(path) + 1);
	qs->count++;
}

/* Fill the window from what is left; false when nothing is. */
static bool
fill(struct queue_scan *qs)
{
	struct err err = ERR_INIT;

	qs->count = qs->given = 0;
	buf_reset(&qs->names);
	while (qs->count == 0) {
		if (qs->qd == NULL) {
			if (*qs->queues == NULL)
				return false;
			qs->queue = *qs->queues++;
			qs->qd = queue_dir_open(qs->queue, &err);
			if (qs->qd == NULL) {
				log_warning("%s", err.text);
				qs->unreadable++;
				continue;
			}
		}
		while (qs->count < WINDOW &&
		    queue_dir_next(qs->qd) != NULL)
			take_entry(qs);
		if (qs->count < WINDOW) {
			queue_dir_close(qs->qd);
			qs->qd = NULL;
		}
	}
	qsort(qs->window, qs->count, sizeof(*qs->window), by_inode);
	return true;
}

bool
queue_scan_next(struct queue_scan *qs, struct queue_message *m)
{
	const struct entry *e;

	for (;;) {
		if (qs->given == qs->count && !fill(qs))
			return false;
		e = &qs->window[qs->given++];
		if (!remember(qs, e->st.st_ino))
			continue;
		queue_message_begin(m, qs->queue, qs->names.ptr + e->name,
		    qs->names.ptr + e->path, &e->st);
		return true;
	}
}

void
queue_scan_forget(struct queue_scan *qs, const struct queue_message *m)
{
	uint64_t key = (uint64_t)m->st.st_ino + 1;
	size_t i = slot_of(qs, key);

	if (qs->seen[i] == key)
		qs->seen[i] |= FORGOTTEN;
}

size_t
queue_scan_unreadable(const struct queue_scan *qs)
{
	return qs->unreadable;
}

void
queue_scan_close(struct queue_scan *qs)
{
	if (qs == NULL)
		return;
	queue_dir_close(qs->qd);
	free(qs->window);
	free(qs->seen);
	buf_done(&qs->names);
	free(qs);
}
