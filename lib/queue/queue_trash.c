/*
 * queue_trash.c - deleted messages, kept for a while
 *
 * The message goes first and its logs follow, on the way back the logs go
 * first: so a queue manager never meets a message whose log is missing, and
 * whatever is interrupted can be done again. A lock on the manifest keeps
 * filling, undoing and purging of one directory apart.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_trash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_trash_internal.h"

#define LOW_PERCENT	5
#define FLUSH_BYTES	65536
#define BLOCK		4096	/* of common file systems */

struct queue_trash {
	char		*token;
	int		 manifest;
	struct buf	 pending;	/* manifest lines not written yet */
	size_t		 count;		/* messages put */
};

int
queue_trash_prepare(struct err *err)
{
	struct passwd *pw;
	struct stat st;

	if (mkdir(TRASH, 0700) == -1 && errno != EEXIST)
		return err_sys(err, "make directory " TRASH);
	if (lstat(TRASH, &st) == -1)
		return err_sys(err, TRASH);
	if (geteuid() != 0 || st.st_uid != 0 || !S_ISDIR(st.st_mode))
		return 0;
	if ((pw = getpwnam(params.mail_owner)) == NULL)
		return err_set(err, ERR_CONFIG, "unknown mail_owner: %s",
		    params.mail_owner);
	if (lchown(TRASH, pw->pw_uid, pw->pw_gid) == -1)
		return err_sys(err, "change owner of " TRASH);
	return 0;
}

void
trash_path(struct buf *out, const char *token, const char *name,
    const char *extension)
{
	buf_setf(out, TRASH "/%s/%s%s%s", token, name, extension[0] != '\0' ?
	    "." : "", extension);
}

/* ---- throwing away ---- */

struct queue_trash *
queue_trash_open(const struct queue_journal_action *a, struct err *err)
{
	struct buf path = BUF_INIT;
	struct queue_trash *t;
	int fd;

	buf_setf(&path, TRASH "/%s", a->token);
	if (mkdir(path.ptr, 0700) == -1) {
		err_sys(err, "make directory %s", path.ptr);
		buf_done(&path);
		return NULL;
	}
	trash_path(&path, a->token, MANIFEST, "");
	fd = open(path.ptr, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
	if (fd == -1 || file_lock(fd, LOCK_EX | LOCK_NB) == -1) {
		err_sys(err, "make %s", path.ptr);
		if (fd != -1)
			close(fd);
		unlink(path.ptr);
		buf_setf(&path, TRASH "/%s", a->token);
		rmdir(path.ptr);
		buf_done(&path);
		return NULL;
	}
	buf_done(&path);
	t = xcalloc(1, sizeof(*t));
	t->token = xstrdup(a->token);
	t->manifest = fd;
	buf_init(&t->pending);
	queue_journal_put_begin(&t->pending, a);
	return t;
}

const char *
queue_trash_token(const struct queue_trash *t)
{
	return t->token;
}

static int
flush_manifest(struct queue_trash *t, struct err *err)
{
	size_t len = t->pending.len;

	if (len == 0)
		return 0;
	if (file_write_all(t->manifest, t->pending.ptr, len) == -1)
		return err_sys(err, "write " TRASH "/%s/" MANIFEST, t->token);
	buf_reset(&t->pending);
	return 0;
}

void
queue_trash_announce(struct queue_trash *t,
    const struct queue_journal_message *m)
{
	queue_journal_put_message(&t->pending, t->token, m);
}

int
queue_trash_sync(struct queue_trash *t, struct err *err)
{
	struct buf path = BUF_INIT;
	int rc;

	buf_setf(&path, TRASH "/%s", t->token);
	if ((rc = flush_manifest(t, err)) == 0 && fsync(t->manifest) == -1)
		rc = err_sys(err, "fsync %s/" MANIFEST, path.ptr);
	if (rc == 0)
		rc = file_sync_dir(path.ptr, err);
	if (rc == 0)
		rc = file_sync_dir(TRASH, err);
	buf_done(&path);
	return rc;
}

/* Its logs follow a message; what fails stays where it is, and works there. */
static void
put_logs(struct queue_trash *t, const char *id)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	size_t i;

	for (i = 0; queue_logs[i] != NULL; i++) {
		queue_path(&from, queue_logs[i], id);
		trash_path(&to, t->token, id, queue_logs[i]);
		if (rename(from.ptr, to.ptr) == -1 && errno == EXDEV)
			queue_trash_copy_over(from.ptr, to.ptr, NULL);
	}
	buf_done(&from);
	buf_done(&to);
}

enum queue_result
queue_trash_put(struct queue_trash *t, struct queue_found *f,
    const struct queue_journal_message *m, struct err *err)
{
	struct queue_journal_message copied = *m;
	struct buf to = BUF_INIT;
	enum queue_result result;
	struct err why = ERR_INIT;

	if (flush_manifest(t, err) == -1)
		return QUEUE_RESULT_FAILED;
	trash_path(&to, t->token, f->id, "");
	result = queue_identity_move(f, to.ptr, &why);
	if (result == QUEUE_RESULT_FAILED && why.errnum == EXDEV) {
		copied.what.dev = 0;
		copied.what.inode = 0;
		copied.what.path = NULL;
		queue_trash_announce(t, &copied);
		result = queue_trash_sync(t, &why) == -1 ?
		    QUEUE_RESULT_FAILED :
		    queue_trash_copy_out(f, to.ptr, &why);
	}
	if (result == QUEUE_RESULT_DONE) {
		put_logs(t, f->id);
		t->count++;
	} else if (err != NULL) {
		*err = why;
	}
	buf_done(&to);
	return result;
}

bool
trash_remove_if_empty(const char *token)
{
	struct buf path = BUF_INIT;
	struct dirent *de;
	bool is_empty = true;
	DIR *dir;

	buf_setf(&path, TRASH "/%s", token);
	if ((dir = opendir(path.ptr)) == NULL) {
		buf_done(&path);
		return false;
	}
	while (is_empty && (de = readdir(dir)) != NULL)
		is_empty = strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0 ||
		    strcmp(de->d_name, MANIFEST) == 0;
	closedir(dir);
	if (is_empty) {
		trash_path(&path, token, MANIFEST, "");
		unlink(path.ptr);
		buf_setf(&path, TRASH "/%s", token);
		is_empty = rmdir(path.ptr) == 0;
	}
	buf_done(&path);
	return is_empty;
}

void
queue_trash_close(struct queue_trash *t)
{
	if (t == NULL)
		return;
	flush_manifest(t, NULL);
	if (t->count == 0)
		trash_remove_if_empty(t->token);
	close(t->manifest);
	buf_done(&t->pending);
	free(t->token);
	free(t);
}

/* ---- looking ---- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of all directories, oldest first: a token begins with its time. */
static int
read_tokens(char ***tokens, size_t *count, struct err *err)
{
	struct dirent *de;
	DIR *dir;

	*tokens = NULL;
	*count = 0;
	if ((dir = opendir(TRASH)) == NULL)
		return errno == ENOENT ? 0 : err_sys(err, "open " TRASH);
	while ((de = readdir(dir)) != NULL) {
		if (!queue_token_is_valid(de->d_name))
			continue;
		*tokens = xreallocarray(*tokens, *count + 1,
		    sizeof(**tokens));
		(*tokens)[(*count)++] = xstrdup(de->d_name);
	}
	closedir(dir);
	if (*count > 0)
		qsort(*tokens, *count, sizeof(**tokens), by_text);
	return 0;
}

static void
free_tokens(char **tokens, size_t count)
{
	while (count > 0)
		free(tokens[--count]);
	free(tokens);
}

int
trash_lock(const char *token, struct err *err)
{
	struct buf path = BUF_INIT;
	int fd;

	trash_path(&path, token, MANIFEST, "");
	fd = open(path.ptr, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1) {
		if (errno == ENOENT)
			err_set(err, ERR_NOT_FOUND, "nothing in trash has the "
			    "token %.40s", token);
		else
			err_sys(err, "open %s", path.ptr);
	} else if (file_lock(fd, LOCK_EX | LOCK_NB) == -1) {
		err_set(err, ERR_RETRY, "%s is in use by another program",
		    path.ptr);
		close(fd);
		fd = -1;
	}
	buf_done(&path);
	return fd;
}

/* Messages that are there, and what all files take. */
static void
weigh(const char *token, size_t *files, int64_t *bytes)
{
	struct buf path = BUF_INIT;
	struct dirent *de;
	struct stat st;
	DIR *dir;

	*files = 0;
	*bytes = 0;
	buf_setf(&path, TRASH "/%s", token);
	dir = opendir(path.ptr);
	buf_done(&path);
	if (dir == NULL)
		return;
	while ((de = readdir(dir)) != NULL) {
		if (fstatat(dirfd(dir), de->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == -1 || !S_ISREG(st.st_mode))
			continue;
		*bytes += (int64_t)st.st_blocks * 512;
		*files += queue_id_is_valid(de->d_name);
	}
	closedir(dir);
}

struct begin_of {
	queue_trash_entry_fn fn;
	void		*ctx;
	struct queue_trash_entry e;
	bool		 goes_on;
};

static bool
give_entry(const struct queue_journal_action *a, void *ctx)
{
	struct begin_of *b = ctx;

	b->e.action = *a;
	b->e.until = a->time + params.posthorn_trash_time;
	b->goes_on = b->fn(&b->e, b->ctx);
	return false;
}

/* The time that a token's directory was last changed: when all else is missing. */
static int64_t
changed_at(const char *token)
{
	struct buf path = BUF_INIT;
	struct stat st;

	buf_setf(&path, TRASH "/%s", token);
	if (lstat(path.ptr, &st) == -1)
		st.st_mtime = 0;
	buf_done(&path);
	return st.st_mtime;
}

static bool
each_token(const char *token, bool wants_weight, queue_trash_entry_fn fn,
    void *ctx)
{
	struct queue_journal_action bare = { .token = token,
	    .action = "", .user = "", .command = "", .select = "",
	    .note = "", .of = "" };
	struct begin_of b = { .fn = fn, .ctx = ctx, .goes_on = true };
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	int fd;

	if (wants_weight)
		weigh(token, &b.e.files, &b.e.bytes);
	if ((fd = trash_lock(token, &err)) != -1)
		close(fd);
	b.e.is_busy = fd == -1 && err.kind == ERR_RETRY;
	trash_path(&path, token, MANIFEST, "");
	if (queue_journal_begin_in(path.ptr, give_entry, &b, NULL) == -1) {
		bare.time = changed_at(token);
		give_entry(&bare, &b);
	}
	buf_done(&path);
	return b.goes_on;
}

int
queue_trash_each(queue_trash_entry_fn fn, void *ctx, struct err *err)
{
	char **tokens;
	size_t count, i;

	if (read_tokens(&tokens, &count, err) == -1)
		return -1;
	for (i = 0; i < count; i++)
		if (!each_token(tokens[i], true, fn, ctx))
			break;
	free_tokens(tokens, count);
	return 0;
}

/* ---- purging ---- */

/* Everything of one directory; -1 when it is in use. */
static int
remove_token(const char *token, size_t *files, int64_t *bytes)
{
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	struct dirent *de;
	struct stat st;
	DIR *dir;
	int fd;

	fd = trash_lock(token, &err);
	if (fd == -1 && err.kind != ERR_NOT_FOUND)
		return -1;
	buf_setf(&path, TRASH "/%s", token);
	if ((dir = opendir(path.ptr)) != NULL) {
		while ((de = readdir(dir)) != NULL) {
			/* The manifest goes last: it tells what is left. */
			if (strcmp(de->d_name, MANIFEST) == 0 ||
			    fstatat(dirfd(dir), de->d_name, &st,
			    AT_SYMLINK_NOFOLLOW) == -1 ||
			    S_ISDIR(st.st_mode))
				continue;
			if (unlinkat(dirfd(dir), de->d_name, 0) == -1)
				continue;
			*bytes += (int64_t)st.st_blocks * 512;
			*files += queue_id_is_valid(de->d_name);
		}
		closedir(dir);
	}
	trash_remove_if_empty(token);
	if (fd != -1)
		close(fd);
	buf_done(&path);
	return 0;
}

struct purge {
	time_t		 now;
	int64_t		 keep_s;
	int64_t		 excess;	/* bytes that have to go */
	size_t		 files;
	int64_t		 bytes;
};

/* At most what it takes on disk, or nearly so: whole blocks, and a log. */
static bool
sum_bytes(const struct queue_trash_entry *e, void *ctx)
{
	*(int64_t *)ctx += e->action.bytes + 2 * BLOCK * e->action.messages;
	return true;
}

static bool
sum_weights(const struct queue_trash_entry *e, void *ctx)
{
	*(int64_t *)ctx += e->bytes;
	return true;
}

static bool
purge_old(const struct queue_trash_entry *e, void *ctx)
{
	struct purge *p = ctx;

	if (!e->is_busy && e->action.time + p->keep_s <= p->now)
		remove_token(e->action.token, &p->files, &p->bytes);
	return true;
}

static bool
purge_oldest(const struct queue_trash_entry *e, void *ctx)
{
	struct purge *p = ctx;
	int64_t before = p->bytes;

	if (p->excess <= 0)
		return false;
	if (!e->is_busy) {
		remove_token(e->action.token, &p->files, &p->bytes);
		p->excess -= p->bytes - before;
	}
	return true;
}

int
queue_trash_purge(time_t now, int64_t older_s, size_t *files, int64_t *bytes,
    struct err *err)
{
	struct purge p = { .now = now, .keep_s = older_s >= 0 ? older_s :
	    params.posthorn_trash_time };
	struct queue_trash_space space;
	int64_t announced = 0, weight = 0;
	char **tokens;
	size_t count, i;

	if (read_tokens(&tokens, &count, err) == -1)
		return -1;
	for (i = 0; i < count; i++)
		each_token(tokens[i], false, purge_old, &p);
	for (i = 0; i < count; i++)
		each_token(tokens[i], false, sum_bytes, &announced);
	free_tokens(tokens, count);
	/* Files are looked at one by one only when it may matter. */
	if (older_s < 0 && announced > 0 && queue_trash_room(&space, NULL) ==
	    0 && announced > space.limit_bytes) {
		queue_trash_each(sum_weights, &weight, NULL);
		p.excess = weight - space.limit_bytes;
		if (p.excess > 0)
			queue_trash_each(purge_oldest, &p, NULL);
	}
	if (files != NULL)
		*files = p.files;
	if (bytes != NULL)
		*bytes = p.bytes;
	return 0;
}

int
queue_trash_room(struct queue_trash_space *out, struct err *err)
{
	struct statvfs v;

	if (statvfs(TRASH, &v) == -1 && statvfs(".", &v) == -1)
		return err_sys(err, "statvfs " TRASH);
	out->free_bytes = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
	out->total_bytes = (int64_t)v.f_blocks * (int64_t)v.f_frsize;
	out->limit_bytes = out->total_bytes / 100 *
	    params.posthorn_trash_limit;
	/* Some file systems count no inodes. */
	out->is_low = v.f_bavail < v.f_blocks / 100 * LOW_PERCENT ||
	    (v.f_files > 0 && v.f_favail < v.f_files / 100 * LOW_PERCENT);
	return 0;
}
