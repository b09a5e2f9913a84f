/*
 * watch.c - be told by the system when something in the queue changes
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/watch.h"

#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/queue/queue_round.h"

#define EVENTS	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | \
		    IN_ATTRIB | IN_CLOSE_WRITE | IN_ONLYDIR)

struct watch {
	int		 fd;
	size_t		 dirs;		/* so many are watched, or cannot be */
	size_t		*dir_of;	/* by watch descriptor: 1 and what the rounds call it */
	int		 room;
};

struct watch *
watch_new(void)
{
	struct watch *w;
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd == -1)
		return NULL;
	w = xcalloc(1, sizeof(*w));
	w->fd = fd;
	return w;
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	close(w->fd);
	free(w->dir_of);
	free(w);
}

int
watch_fd(const struct watch *w)
{
	return w != NULL ? w->fd : -1;
}

void
watch_dirs(struct watch *w, const struct queue_round *r)
{
	const char *path;
	int wd, room;

	if (w == NULL)
		return;
	for (; (path = queue_round_dir(r, w->dirs)) != NULL; w->dirs++) {
		wd = inotify_add_watch(w->fd, path, EVENTS);
		if (wd < 0)
			continue;	/* or there are too many: rounds will see */
		if (wd >= w->room) {
			room = 2 * wd + 16;
			w->dir_of = xreallocarray(w->dir_of, (size_t)room,
			    sizeof(*w->dir_of));
			while (w->room < room)
				w->dir_of[w->room++] = 0;
		}
		w->dir_of[wd] = w->dirs + 1;
	}
}

bool
watch_read(struct watch *w, struct queue_round *r)
{
	char buf[16384] __attribute__((aligned(__alignof__(
	    struct inotify_event))));
	const struct inotify_event *e;
	bool has_news = false;
	const char *p;
	ssize_t n;

	while (w != NULL && (n = read(w->fd, buf, sizeof(buf))) > 0) {
		for (p = buf; p < buf + n; p += sizeof(*e) + e->len) {
			e = (const struct inotify_event *)(const void *)p;
			has_news = true;
			if (e->wd > 0 && e->wd < w->room &&
			    w->dir_of[e->wd] > 0)
				queue_round_touch(r, w->dir_of[e->wd] - 1);
		}
	}
	return has_news;
}
