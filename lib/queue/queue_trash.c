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
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_select.h"
#include "lib/queue/queue_trash_copy.h"

#define TRASH		"trash"
#define MANIFEST	"manifest.jsonl"
#define LOW_PERCENT	5
#define FLUSH_BYTES	65536

struct queue_trash {
	char		*token;
	int		 manifest;
	struct buf	 pending;	/* manifest lines not written yet */
	size_t		 count;		/* messages put */
};

static const char *const logs[] = { "bounce", "defer", "trace" };
#define LOG_COUNT	(sizeof(logs) / sizeof(logs[0]))

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

/* "trash/TOKEN/NAME"; extension "" or a log's name. */
static void
trash_path(struct buf *out, const char *token, const char *name,
    const char *extension)
{
	buf_setf(out, TRASH "/%s/%s%s%s", token, name, extension[0] != '\0' ?
	    "." : "", extension);
}

static int
sync_directory(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1 || fsync(fd) == -1) {
		err_sys(err, "fsync %s", path);
		if (fd != -1)
			close(fd);
		return -1;
	}
	close(fd);
	return 0;
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
		rc = sync_directory(path.ptr, err);
	if (rc == 0)
		rc = sync_directory(TRASH, err);
	buf_done(&path);
	return rc;
}

/* Its logs follow a message; what fails stays where it is, and works there. */
static void
put_logs(struct queue_trash *t, const char *id)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	size_t i;

	for (i = 0; i < LOG_COUNT; i++) {
		queue_path(&from, logs[i], id);
		trash_path(&to, t->token, id, logs[i]);
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
		result = flush_manifest(t, &why) == -1 ? QUEUE_RESULT_FAILED :
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

/* Remove a directory of which only the manifest is left; false when there is more. */
static bool
remove_if_empty(const char *token)
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
		remove_if_empty(t->token);
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

/* Lock a directory by its manifest; -1 with ERR_RETRY when it is in use. */
static int
lock_token(const char *token, struct err *err)
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
	if ((fd = lock_token(token, &err)) != -1)
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

/* ---- taking back ---- */

struct undo {
	const char	*token;
	const struct queue_select *select;
	bool		 is_dry;
	queue_undo_fn	 fn;
	void		*ctx;
	time_t		 now;
	size_t		 found;		/* messages that were there */
};

/* What active held is taken up again from incoming; elsewhere it goes back. */
static const char *
queue_back(const char *was)
{
	return strcmp(was, "active") == 0 ? "incoming" : was;
}

/* Put a log back; when there is a new one by now, behind what that has. */
static void
undo_log(const char *from, const char *to)
{
	if (queue_rename_new(from, to) == 0 || errno == ENOENT)
		return;
	if (errno == EEXIST)
		queue_trash_append(from, to);
	else if (errno == EXDEV)
		queue_trash_copy_over(from, to, NULL);
}

static void
undo_logs(const struct undo *u, const char *id, const char *new_id)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	size_t i;

	for (i = 0; i < LOG_COUNT; i++) {
		trash_path(&from, u->token, id, logs[i]);
		queue_path(&to, logs[i], new_id);
		undo_log(from.ptr, to.ptr);
	}
	buf_done(&from);
	buf_done(&to);
}

/* Does the file in trash still have somebody to go to? */
static bool
has_recipients(const char *id, const char *path, const struct stat *st)
{
	struct queue_message m;
	bool has;

	queue_message_init(&m);
	queue_message_begin(&m, TRASH, id, path, st);
	queue_message_want(&m, QUEUE_MESSAGE_ENVELOPE, NULL);
	has = m.rcpt_count > 0 || m.is_damaged || m.done_count == 0;
	queue_message_done(&m);
	return has;
}

static bool
is_selected(const struct undo *u, const char *id, const char *path,
    const struct stat *st)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_message m;
	bool is_so;

	if (u->select == NULL)
		return true;
	queue_message_init(&m);
	queue_message_begin(&m, TRASH, id, path, st);
	c.m = &m;
	c.now = u->now;
	is_so = queue_select_eval(u->select, &c) == SELECT_YES;
	queue_field_context_done(&c);
	queue_message_done(&m);
	return is_so;
}

/* Back into its queue; new_id is filled when it needs another name. */
static enum queue_result
put_back(const struct undo *u, const struct queue_journal_message *m,
    struct queue_found *f, struct buf *new_id, struct err *err)
{
	const char *queue = queue_back(m->what.queue);
	mode_t mode = f->st.st_mode & 07777;
	struct buf from = BUF_INIT;
	enum queue_result result;
	struct stat st;

	if (!queue_name_is_valid(queue)) {
		err_set(err, ERR_SYNTAX, "bad queue name in manifest: %.100s",
		    queue);
		return QUEUE_RESULT_FAILED;
	}
	if (m->what.inode == 0) {
		buf_sets(&from, f->path.ptr);
		result = queue_trash_copy_back(f, queue, new_id, err);
		if (result == QUEUE_RESULT_DONE) {
			undo_logs(u, m->what.id, new_id->ptr);
			result = queue_trash_copy_finish(f, mode, err);
		}
		if (result == QUEUE_RESULT_DONE)
			unlink(from.ptr);
		buf_done(&from);
		return result;
	}
	/* No log may be given to another message. */
	queue_path(&from, queue, m->what.id);
	if (lstat(from.ptr, &st) == 0) {
		err_set(err, ERR_SYSTEM, "another message is %s by now",
		    from.ptr);
		buf_done(&from);
		return QUEUE_RESULT_FAILED;
	}
	buf_done(&from);
	undo_logs(u, m->what.id, m->what.id);
	return queue_identity_move(f, queue, err);
}

static bool
undo_message(const struct queue_journal_message *m, void *ctx)
{
	struct undo *u = ctx;
	struct queue_undo_step step = { .m = m, .new_id = "", .why = "",
	    .queue = queue_back(m->what.queue) };
	struct queue_found f = QUEUE_FOUND_INIT;
	struct buf new_id = BUF_INIT;
	struct err err = ERR_INIT;
	bool goes_on = true;

	if (!queue_id_is_valid(m->what.id))
		return true;
	f.id = m->what.id;
	f.queue = TRASH;
	trash_path(&f.path, u->token, m->what.id, "");
	f.fd = open(f.path.ptr, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	/* Never here, or taken back before: it is where it was. */
	if (f.fd == -1 || fstat(f.fd, &f.st) == -1)
		goto out;
	u->found++;
	if (!is_selected(u, m->what.id, f.path.ptr, &f.st))
		goto out;
	if (m->what.inode != 0 && f.st.st_ino != m->what.inode) {
		step.result = QUEUE_RESULT_CHANGED;
		step.why = "the file in trash is not the one that was put "
		    "there";
	} else if (!has_recipients(m->what.id, f.path.ptr, &f.st)) {
		step.result = QUEUE_RESULT_FAILED;
		step.why = "all its recipients were delivered after it was "
		    "deleted";
	} else if (!u->is_dry) {
		step.result = put_back(u, m, &f, &new_id, &err);
		step.new_id = new_id.ptr;
		step.why = err.text;
	}
	goes_on = u->fn == NULL || u->fn(&step, u->ctx);
out:
	queue_found_close(&f);
	buf_done(&new_id);
	return goes_on;
}

int
queue_trash_undo(const char *token, const struct queue_select *select,
    bool is_dry, queue_undo_fn fn, void *ctx, struct err *err)
{
	struct undo u = { .token = token, .select = select, .is_dry = is_dry,
	    .fn = fn, .ctx = ctx, .now = time(NULL) };
	struct buf path = BUF_INIT;
	int fd, rc;

	if (!queue_token_is_valid(token))
		return err_set(err, ERR_SYNTAX, "%.40s is no token", token);
	if ((fd = lock_token(token, err)) == -1)
		return -1;
	trash_path(&path, token, MANIFEST, "");
	rc = queue_journal_messages_in(path.ptr, token, undo_message, &u,
	    err);
	if (rc == 0 && !is_dry)
		remove_if_empty(token);
	close(fd);
	buf_done(&path);
	return rc;
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

	fd = lock_token(token, &err);
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
	remove_if_empty(token);
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

static bool
sum_bytes(const struct queue_trash_entry *e, void *ctx)
{
	*(int64_t *)ctx += e->action.bytes;
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
