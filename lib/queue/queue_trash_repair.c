/*
 * queue_trash_repair.c - what a repair puts aside, and its way back
 *
 * Files that are no messages: logs without one, unfinished files, what is no
 * file at all. They stand in the trash as NAME.QUEUE; of a queue file that is
 * changed in place ID.before holds its size record as it was.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_trash.h"
#include "lib/queue/queue_trash_internal.h"

#define BEFORE	".before"

bool
queue_trash_may_put_aside(const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_.#-");

	return n > 0 && n <= 200 && name[n] == '\0' && name[0] != '.';
}

enum queue_result
queue_trash_put_aside(struct queue_trash *t, const char *id,
    const char *path, struct err *err)
{
	struct buf to = BUF_INIT;
	enum queue_result result = QUEUE_RESULT_DONE;
	struct stat st;
	int rc;

	trash_path(&to, queue_trash_token(t), id, "");
	rc = queue_rename_new(path, to.ptr);
	if (rc == -1 && errno == EXDEV && lstat(path, &st) == 0 &&
	    S_ISREG(st.st_mode))
		rc = queue_trash_copy_over(path, to.ptr, NULL);
	if (rc == -1) {
		result = errno == ENOENT ? QUEUE_RESULT_GONE :
		    QUEUE_RESULT_FAILED;
		err_sys(err, "rename %s to %s", path, to.ptr);
	}
	buf_done(&to);
	return result;
}

int
queue_trash_put_before(struct queue_trash *t, const char *id,
    const void *head, size_t len, struct err *err)
{
	struct buf to = BUF_INIT;
	int rc;

	trash_path(&to, queue_trash_token(t), id, &BEFORE[1]);
	rc = file_replace(to.ptr, head, len, 0600, (uid_t)-1, (gid_t)-1, err);
	buf_done(&to);
	return rc;
}

/* NAME of NAME.QUEUE; false when this is no line of that kind. */
static bool
split_name(const struct queue_journal_message *m, const char *end,
    struct buf *name)
{
	size_t len = strlen(m->what.id), n = strlen(end);

	if (len <= n + 1 || m->what.id[len - n - 1] != '.' ||
	    strcmp(m->what.id + len - n, end) != 0 ||
	    !queue_trash_may_put_aside(m->what.id))
		return false;
	buf_set(name, m->what.id, len - n - 1);
	return true;
}

static enum queue_result
undo_aside(const struct queue_journal_message *m, const char *name,
    const char *from, bool is_dry, struct err *err)
{
	struct buf to = BUF_INIT;
	size_t len = strlen(m->what.queue);
	int rc = 0;

	if (m->what.path != NULL && strncmp(m->what.path, m->what.queue,
	    len) == 0 && m->what.path[len] == '/' &&
	    strstr(m->what.path, "/..") == NULL)
		buf_sets(&to, m->what.path);
	else if (queue_id_is_valid(name))
		queue_path(&to, m->what.queue, name);
	else
		buf_setf(&to, "%s/%s", m->what.queue, name);
	if (!is_dry)
		rc = queue_rename_new(from, to.ptr);
	if (rc == -1 && errno == EXDEV)
		rc = queue_trash_copy_over(from, to.ptr, NULL);
	if (rc == -1)
		err_sys(err, "rename %s to %s", from, to.ptr);
	buf_done(&to);
	return rc == 0 ? QUEUE_RESULT_DONE : QUEUE_RESULT_FAILED;
}

/* The size record and mode as they were, while it is the same file. */
static enum queue_result
undo_change(const struct queue_journal_message *m, const char *name,
    const char *from, bool is_dry, struct err *err)
{
	struct queue_identity what = m->what;
	struct queue_found f = QUEUE_FOUND_INIT;
	struct buf head = BUF_INIT;
	enum queue_result result;
	struct timespec times[2];
	int fd = -1;

	what.id = name;
	result = queue_identity_open(&what, &f, err);
	if (result == QUEUE_RESULT_DONE && !is_dry) {
		result = QUEUE_RESULT_FAILED;
		times[0] = f.st.st_atim;
		times[1] = f.st.st_mtim;
		if (file_read(from, &head, QUEUE_REC_SIZE_LEN, err) == -1)
			;
		else if ((fd = open(f.path.ptr, O_RDWR | O_NOFOLLOW |
		    O_CLOEXEC)) == -1 || file_lock(fd, LOCK_EX | LOCK_NB) ==
		    -1 || fchmod(fd, m->mode & 07777) == -1 ||
		    file_pwrite_all(fd, head.ptr, head.len, 0) == -1 ||
		    futimens(fd, times) == -1 || fsync(fd) == -1)
			err_sys(err, "restore %s", f.path.ptr);
		else
			result = unlink(from) == 0 ? QUEUE_RESULT_DONE :
			    QUEUE_RESULT_FAILED;
	}
	if (fd != -1)
		close(fd);
	queue_found_close(&f);
	buf_done(&head);
	return result;
}

bool
trash_undo_repair(const char *token, const struct queue_journal_message *m,
    bool is_dry, enum queue_result *result, struct err *err)
{
	struct buf from = BUF_INIT, name = BUF_INIT;
	struct stat st;
	bool is_one = false;

	trash_path(&from, token, m->what.id, "");
	if (!queue_name_is_valid(m->what.queue)) {
		;
	} else if (split_name(m, m->what.queue, &name)) {
		is_one = lstat(from.ptr, &st) == 0;
		if (is_one)
			*result = undo_aside(m, name.ptr, from.ptr, is_dry,
			    err);
	} else if (split_name(m, &BEFORE[1], &name)) {
		is_one = lstat(from.ptr, &st) == 0;
		if (is_one)
			*result = undo_change(m, name.ptr, from.ptr, is_dry,
			    err);
	}
	buf_done(&from);
	buf_done(&name);
	return is_one;
}
