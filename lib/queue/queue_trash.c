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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/account.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_trash_internal.h"

#define FLUSH_BYTES	65536

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
	if ((pw = account_named(params.mail_owner)) == NULL)
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
