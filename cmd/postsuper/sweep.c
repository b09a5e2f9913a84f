/*
 * sweep.c - every file of the queues: ALL, and the repair of -p and -s
 *
 * A repaired name passes through NEWID#FIX, which no program takes for a
 * message: a new name could be another file's old one, and only a second pass,
 * when all old names are gone, may make it final.
 *
 * SPDX-License-Identifier: ISC
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/postsuper/super.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"

#define SUFFIX		"#FIX"
#define STALE_S		(7 * 24 * 3600)	/* an unfinished file nobody will finish */

#define WINDOW		16384
#define THREADS		4	/* they wait, mostly: more than processors are of use */

struct file {
	const char	*queue;
	bool		 is_message;	/* stands in a message queue */
	struct buf	 path, name;	/* as they are now */
	struct buf	 to;		/* scratch for another path */
	int		 type;		/* as its directory says; DT_UNKNOWN is possible */
	struct stat	 st;
};

static bool
is_ready(const struct file *f)
{
	return (f->st.st_mode & S_IRWXU) == S_IRWXU;
}

/* Move to queue; f->path follows. */
static bool
move_to(struct file *f, const char *queue)
{
	queue_path(&f->to, queue, f->name.ptr);
	if (!super_rename(f->path.ptr, f->to.ptr))
		return false;
	buf_swap(&f->path, &f->to);
	return true;
}

/* ---- ALL ---- */

/* Everything of -d ALL, whatever its name and type. */
static void
delete_any(const struct file *f)
{
	if (super_remove(f->path.ptr) &&
	    f->is_message && is_ready(f))
		super_counts.deleted++;
}

static void
act_on_every(struct file *f, unsigned actions)
{
	bool in_maildrop = strcmp(f->queue, "maildrop") == 0;
	bool in_hold = strcmp(f->queue, "hold") == 0;

	if (!f->is_message || in_maildrop)
		return;
	if ((actions & SUPER_EXPIRE) && is_ready(f) &&
	    super_expire(f->path.ptr))
		super_counts.expired++;
	if ((actions & SUPER_REQUEUE) && move_to(f, "maildrop")) {
		super_counts.requeued++;
		return;
	}
	if ((actions & SUPER_RELEASE) && in_hold && move_to(f, "deferred")) {
		super_counts.released++;
		return;
	}
	if ((actions & SUPER_HOLD) && !in_hold && move_to(f, "hold"))
		super_counts.held++;
}

static bool
is_plain_log(const struct file *f)
{
	return !f->is_message && f->type != DT_DIR && f->type != DT_UNKNOWN;
}

/* May one of these actions do something to a file of this queue? */
static bool
concerns(const struct file *f, unsigned actions)
{
	if (!f->is_message || strcmp(f->queue, "maildrop") == 0)
		return false;
	return (actions & (SUPER_EXPIRE | SUPER_REQUEUE)) != 0 ||
	    (strcmp(f->queue, "hold") == 0 ? (actions & SUPER_RELEASE) != 0 :
	    (actions & SUPER_HOLD) != 0);
}

/* ---- repair ---- */

static bool
repair_name(const char *from, const char *to)
{
	if (!super_rename(from, to))
		return false;
	super_counts.repaired++;
	return true;
}

/* The log that belongs to a message follows it; both names may have #FIX. */
static void
rename_log(const char *log, const char *id, const char *suffix,
    const char *new_id, const char *new_suffix)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	struct stat st;

	queue_path(&from, log, id);
	buf_adds(&from, suffix);
	queue_path(&to, log, new_id);
	buf_adds(&to, new_suffix);
	if (lstat(from.ptr, &st) == 0)
		repair_name(from.ptr, to.ptr);
	buf_done(&from);
	buf_done(&to);
}

static void
give_interim_name(struct file *f)
{
	static const char *const logs[] = { "defer", "bounce", "trace" };
	struct buf id = BUF_INIT, to = BUF_INIT;
	size_t i;

	queue_id_renew(&id, f->name.ptr, f->st.st_ino);
	for (i = 0; i < 3; i++)
		rename_log(logs[i], f->name.ptr, "", id.ptr, SUFFIX);
	queue_path(&to, f->queue, id.ptr);
	buf_adds(&to, SUFFIX);
	if (repair_name(f->path.ptr, to.ptr))
		super_counts.mismatched++;
	buf_done(&id);
	buf_done(&to);
}

/* Cut #FIX off; false when the file must be left as it is. */
static bool
finish_name(struct file *f)
{
	struct buf to = BUF_INIT;
	uint64_t inode;
	bool is_done;

	buf_truncate(&f->name, f->name.len - strlen(SUFFIX));
	if (!queue_id_is_valid(f->name.ptr)) {
		log_warning("bogus file name: %s", f->path.ptr);
		return false;
	}
	if (f->is_message && (!queue_id_inode(f->name.ptr, &inode) ||
	    inode != f->st.st_ino)) {
		log_warning("name/inode mismatch: %s", f->path.ptr);
		return false;
	}
	/* No pass goes through trace unless it is named: do it from here. */
	if (f->is_message)
		rename_log("trace", f->name.ptr, SUFFIX, f->name.ptr, "");
	queue_path(&to, f->queue, f->name.ptr);
	if ((is_done = repair_name(f->path.ptr, to.ptr))) {
		buf_swap(&f->path, &to);
		super_counts.renamed += f->is_message;
	}
	buf_done(&to);
	return is_done;
}

static void
repair(struct file *f, unsigned actions)
{
	uint64_t inode;
	bool is_long;

	if (f->name.len > strlen(SUFFIX) && strcmp(f->name.ptr + f->name.len -
	    strlen(SUFFIX), SUFFIX) == 0 && !finish_name(f))
		return;
	if (!queue_id_is_valid(f->name.ptr)) {
		log_warning("bogus file name: %s", f->path.ptr);
		return;
	}
	if (f->is_message) {
		if (!queue_id_inode(f->name.ptr, &inode)) {
			log_warning("bogus file name: %s", f->path.ptr);
			return;
		}
		is_long = queue_id_is_long(f->name.ptr);
		if ((inode != f->st.st_ino &&
		    (!is_long || (actions & SUPER_STRUCT_ALL))) ||
		    (is_long && !params.enable_long_queue_ids)) {
			give_interim_name(f);
			return;
		}
	}
	queue_path(&f->to, f->queue, f->name.ptr);
	if (strcmp(f->to.ptr, f->path.ptr) != 0)
		repair_name(f->path.ptr, f->to.ptr);
}

/* ---- the walk ---- */

static void
sweep_file(struct file *f, unsigned actions)
{
	/* What is a file for sure, and of no account, need not be looked at. */
	if (is_plain_log(f) && (actions & SUPER_DELETE) != 0) {
		delete_any(f);
		return;
	}
	if (f->type == DT_REG && (actions & (SUPER_REPAIR | SUPER_DELETE)) ==
	    0 && !concerns(f, actions)) {
		if (!queue_id_is_valid(f->name.ptr))
			log_warning("bogus file name: %s", f->path.ptr);
		return;
	}
	if (lstat(f->path.ptr, &f->st) == -1) {
		if (errno != ENOENT)
			log_fatal("lstat %s: %s", f->path.ptr,
			    strerror(errno));
		return;
	}
	if (S_ISDIR(f->st.st_mode)) {
		if (rmdir(f->path.ptr) == 0) {
			if (log_verbose > 0)
				log_info("remove subdirectory %s", f->path.ptr);
		} else if (errno != ENOENT) {
			log_warning("remove subdirectory %s: %s", f->path.ptr,
			    strerror(errno));
		}
		return;
	}
	if (actions & SUPER_DELETE) {
		delete_any(f);
		return;
	}
	if (!S_ISREG(f->st.st_mode)) {
		super_remove(f->path.ptr);
		return;
	}
	if ((actions & SUPER_PURGE) && f->is_message && !is_ready(f) &&
	    f->st.st_mtime + STALE_S < clock_now()) {
		super_remove(f->path.ptr);
		return;
	}
	if (actions & (SUPER_STRUCT | SUPER_STRUCT_ALL)) {
		repair(f, actions);
		return;
	}
	if (!queue_id_is_valid(f->name.ptr)) {
		log_warning("bogus file name: %s", f->path.ptr);
		return;
	}
	act_on_every(f, actions);
}

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
delete_window(struct window *w, struct file *f, unsigned actions)
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
leave(const struct queue_dir *qd, struct window *w, struct file *f,
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
	struct file f = { .queue = queue, .path = BUF_INIT, .name = BUF_INIT,
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
