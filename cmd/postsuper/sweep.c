/*
 * sweep.c - every file of the queues: ALL, and the repair of -p and -s
 *
 * A walk goes through a queue, or through one of its hash directories, which
 * several threads share.
 *
 * SPDX-License-Identifier: ISC
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/postsuper/super.h"
#include "cmd/postsuper/sweep_file.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"

#define WINDOW		16384
#define THREADS		4	/* they wait, mostly: more than processors are of use */

/* ---- the walk ---- */

/*
 * A hash level that the configuration does not want goes when it is empty;
 * only the repair should have emptied it.
 */
static void
leave_directory(const char *path, int depth, const char *queue,
    unsigned actions)
{
	if (depth < queue_hash_depth(queue))
		return;
	if (log_verbose > 0)
		log_info("remove directory %s", path);
	if (rmdir(path) == -1 && errno != ENOENT && (errno != ENOTEMPTY ||
	    (actions & (SUPER_STRUCT | SUPER_STRUCT_ALL)) != 0))
		log_warning("remove directory %s: %s", path, strerror(errno));
}

/* Names that are deleted in the order of their inodes, which lie side by side on the disk. */
struct window {
	struct {
		ino_t	 inode;
		size_t	 path, name;	/* in text */
		int	 type;
	}		 list[WINDOW];
	size_t		 count;
	struct buf	 text;
};

static int
by_inode(const void *a, const void *b)
{
	ino_t x = *(const ino_t *)a, y = *(const ino_t *)b;

	return x < y ? -1 : x > y;
}

static void
delete_window(struct window *w, struct sweep_file *f, unsigned actions)
{
	size_t i;

	qsort(w->list, w->count, sizeof(w->list[0]), by_inode);
	for (i = 0; i < w->count && !super_has_signal(); i++) {
		buf_sets(&f->path, w->text.ptr + w->list[i].path);
		buf_sets(&f->name, w->text.ptr + w->list[i].name);
		f->type = w->list[i].type;
		sweep_file(f, actions);
	}
	w->count = 0;
	buf_reset(&w->text);
}

static void
add_to_window(struct window *w, const struct queue_dir *qd)
{
	const char *path = queue_dir_path(qd);
	size_t at = w->text.len;

	buf_add(&w->text, path, strlen(path) + 1);
	w->list[w->count].inode = queue_dir_inode(qd);
	w->list[w->count].path = at;
	w->list[w->count].name = at + (size_t)(queue_dir_name(qd) - path);
	w->list[w->count++].type = queue_dir_type(qd);
}

/* A directory below the queue has been walked: what was put off is due. */
static void
leave(const struct queue_dir *qd, struct window *w, struct sweep_file *f,
    unsigned actions)
{
	if (w != NULL)
		delete_window(w, f, actions);
	leave_directory(queue_dir_path(qd), queue_dir_depth(qd), f->queue,
	    actions);
}

/*
 * Everything of one walk.
 *
 * skip		names of directories that other walks take
 */
static void
sweep_walk(const char *queue, struct queue_dir *qd, const char *skip,
    unsigned actions)
{
	struct sweep_file f = { .queue = queue, .path = BUF_INIT, .name = BUF_INIT,
	    .to = BUF_INIT, .is_message = super_is_message_queue(queue) };
	struct window *w = NULL;
	enum queue_dir_step step;

	if (actions & SUPER_DELETE) {
		w = xcalloc(1, sizeof(*w));
		buf_init(&w->text);
	}
	while (!super_has_signal() &&
	    (step = queue_dir_step(qd)) != QUEUE_DIR_END) {
		if (step == QUEUE_DIR_LEFT) {
			leave(qd, w, &f, actions);
			continue;
		}
		buf_sets(&f.name, queue_dir_name(qd));
		if (f.name.len == 1 && strchr(skip, f.name.ptr[0]) != NULL)
			continue;
		if (w != NULL) {
			add_to_window(w, qd);
			if (w->count == WINDOW)
				delete_window(w, &f, actions);
			continue;
		}
		buf_sets(&f.path, queue_dir_path(qd));
		f.type = queue_dir_type(qd);
		sweep_file(&f, actions);
	}
	if (w != NULL) {
		delete_window(w, &f, actions);
		buf_done(&w->text);
		free(w);
	}
	queue_dir_close(qd);
	buf_done(&f.path);
	buf_done(&f.name);
	buf_done(&f.to);
}

/* ---- several threads, a hash directory each at a time ---- */

struct share {
	const char	*queue;
	unsigned	 actions;
	char		 parts[256];	/* names of the directories */
	size_t		 count, next;
	pthread_mutex_t	 lock;
	struct super_counts counts;	/* of all helpers */
};

static bool
take_part(struct share *s, char *part)
{
	bool is_left;

	pthread_mutex_lock(&s->lock);
	is_left = s->next < s->count;
	if (is_left)
		*part = s->parts[s->next++];
	pthread_mutex_unlock(&s->lock);
	return is_left;
}

static void
sweep_parts(struct share *s)
{
	struct err err = ERR_INIT;
	struct queue_dir *qd;
	char part, path[QUEUE_NAME_MAX + 3];

	while (!super_has_signal() && take_part(s, &part)) {
		snprintf(path, sizeof(path), "%s/%c", s->queue, part);
		qd = queue_dir_open_part(s->queue, part, &err);
		if (qd == NULL && err.errnum == ENOENT)
			continue;
		if (qd == NULL)
			log_fatal("scan_dir_push: open directory %s: %s",
			    path, strerror(err.errnum));
		sweep_walk(s->queue, qd, "", s->actions);
		leave_directory(path, 0, s->queue, s->actions);
	}
}

static void
add_counts(struct super_counts *sum, const struct super_counts *c)
{
	sum->deleted += c->deleted;
	sum->expired += c->expired;
	sum->held += c->held;
	sum->released += c->released;
	sum->requeued += c->requeued;
	sum->renamed += c->renamed;
	sum->mismatched += c->mismatched;
	sum->repaired += c->repaired;
}

static void *
help(void *ctx)
{
	struct share *s = ctx;

	sweep_parts(s);
	pthread_mutex_lock(&s->lock);
	add_counts(&s->counts, &super_counts);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* The hash directories of a queue: by name, whatever they are; none in maildrop. */
static void
find_parts(struct share *s)
{
	struct dirent *de;
	DIR *dir;

	if (strcmp(s->queue, "maildrop") == 0 ||
	    (dir = opendir(s->queue)) == NULL)
		return;
	while ((de = readdir(dir)) != NULL && s->count < sizeof(s->parts) - 1)
		if (de->d_name[0] != '.' && de->d_name[1] == '\0')
			s->parts[s->count++] = de->d_name[0];
	closedir(dir);
}

static void
sweep_shared(struct share *s)
{
	size_t i, n = 0, most = s->actions & SUPER_REPAIR ? 0 : THREADS - 1;
	pthread_t helpers[THREADS - 1];

	/* A helper that cannot be had is one less. */
	while (n < most && n + 1 < s->count &&
	    pthread_create(&helpers[n], NULL, help, s) == 0)
		n++;
	sweep_parts(s);
	for (i = 0; i < n; i++)
		pthread_join(helpers[i], NULL);
	add_counts(&super_counts, &s->counts);
}

static void
sweep_queue(const char *queue, unsigned actions)
{
	struct share s = { .queue = queue, .actions = actions,
	    .lock = PTHREAD_MUTEX_INITIALIZER };
	struct err err = ERR_INIT;
	struct queue_dir *qd;

	if (!super_is_known_queue(queue))
		log_fatal("invalid directory name: %s", queue);
	if (strcmp(queue, "maildrop") == 0 && queue_hash_depth(queue) > 0)
		log_fatal("%s queue must not be hashed", queue);
	if (log_verbose > 0)
		log_info("queue: %s", queue);
	if ((qd = queue_dir_open_part(queue, '\0', &err)) == NULL)
		log_fatal("%s", err.text);
	find_parts(&s);
	sweep_shared(&s);
	sweep_walk(queue, qd, s.parts, actions);
	pthread_mutex_destroy(&s.lock);
	super_check_signal();
}

void
sweep(const char *const *queues, unsigned actions)
{
	size_t i;

	for (i = 0; queues[i] != NULL; i++)
		sweep_queue(queues[i], actions);
}
