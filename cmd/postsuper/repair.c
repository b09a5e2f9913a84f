/*
 * repair.c - --repair: what --verify finds and can be mended safely
 *
 * First what is no message and of no use goes to the trash, then names and
 * places are put right, as -S does it, and then, under their new names, modes
 * and size records. What is changed in place is kept in the trash as it was;
 * all but the names can be taken back.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/postsuper/bulk.h"
#include "cmd/postsuper/super.h"
#include "cmd/postsuper/verify.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_journal.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_trash.h"

/* What is to be done to one file. */
struct task {
	char		*path, *name;
	const char	*queue;
	bool		 goes_aside, has_mode, has_size;
	mode_t		 mode;
	struct queue_rec_size size;
	struct stat	 st;
};

struct repair {
	const struct bulk *b;
	bool		 is_told;	/* print what is found */
	struct task	*tasks;
	size_t		 count;
	size_t		 findings, hopeless, names;
	struct queue_trash *trash;
	struct queue_journal_action a;
	char		 token[QUEUE_TOKEN_SIZE];
	struct buf	 lines;		/* of the journal */
	size_t		 done, failed;
};

/* ---- what there is to do ---- */

static void
collect(const struct verify_finding *f, void *ctx)
{
	struct repair *r = ctx;
	struct task *t = r->count > 0 ? &r->tasks[r->count - 1] : NULL;

	r->findings++;
	if (r->is_told)
		verify_tell(r->b, f, true);
	r->names += f->fix == VERIFY_FIX_NAME;
	r->hopeless += f->fix == VERIFY_FIX_NONE;
	if (f->fix == VERIFY_FIX_NONE || f->fix == VERIFY_FIX_NAME)
		return;
	if (t == NULL || strcmp(t->path, f->path) != 0) {
		r->tasks = xreallocarray(r->tasks, r->count + 1, sizeof(*t));
		t = &r->tasks[r->count++];
		memset(t, 0, sizeof(*t));
		t->path = xstrdup(f->path);
		t->name = xstrdup(f->name);
		t->queue = f->queue;
	}
	t->goes_aside |= f->fix == VERIFY_FIX_ASIDE;
	if (f->fix == VERIFY_FIX_MODE) {
		t->has_mode = true;
		t->mode = f->mode;
	}
	if (f->fix == VERIFY_FIX_SIZE) {
		t->has_size = true;
		t->size = f->size;
	}
}

static void
forget(struct repair *r)
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		free(r->tasks[i].path);
		free(r->tasks[i].name);
	}
	free(r->tasks);
	r->tasks = NULL;
	r->count = r->findings = r->hopeless = r->names = 0;
}

static void
look(struct repair *r, bool is_told)
{
	forget(r);
	r->is_told = is_told;
	verify_each(r->b, collect, r);
}

/* ---- doing it ---- */

static void
trash_id(const struct task *t, struct buf *id)
{
	buf_setf(id, "%s.%s", t->name, t->goes_aside ? t->queue : "before");
}

/* Manifest and journal know of it before anything is touched. */
static int
announce(struct repair *r, bool goes_aside, struct err *err)
{
	struct queue_journal_message m;
	struct buf id = BUF_INIT;
	struct task *t;
	int rc;

	for (t = r->tasks; t < r->tasks + r->count; t++) {
		if (t->goes_aside != goes_aside || lstat(t->path, &t->st) ==
		    -1)
			continue;
		trash_id(t, &id);
		m = (struct queue_journal_message){ .what = { .queue =
		    t->queue, .id = id.ptr, .path = t->path,
		    .dev = t->st.st_dev, .inode = t->st.st_ino, .bytes = t->st.st_size },
		    .mtime = t->st.st_mtime, .mode = t->st.st_mode & 07777 };
		queue_trash_announce(r->trash, &m);
		queue_journal_put_message(&r->lines, r->token, &m);
	}
	buf_done(&id);
	if ((rc = queue_trash_sync(r->trash, err)) == 0)
		rc = queue_journal_append(&r->lines, err);
	buf_reset(&r->lines);
	return rc;
}

static enum queue_result
put_aside(struct repair *r, struct task *t, struct err *err)
{
	struct buf id = BUF_INIT;
	enum queue_result result = QUEUE_RESULT_FAILED;
	struct stat st;

	trash_id(t, &id);
	if (!queue_trash_may_put_aside(t->name))
		err_set(err, ERR_DENIED, "has an odd name");
	else if (lstat(t->path, &st) == -1)
		result = QUEUE_RESULT_GONE;
	else if (st.st_ino != t->st.st_ino || st.st_mtime != t->st.st_mtime)
		result = QUEUE_RESULT_CHANGED;
	else
		result = queue_trash_put_aside(r->trash, id.ptr, t->path,
		    err);
	buf_done(&id);
	return result;
}

/* What the file begins with, and what it should; has_size only. */
static int
make_head(int fd, const struct task *t, char old[QUEUE_REC_SIZE_LEN],
    struct buf *new_head, struct err *err)
{
	if (pread(fd, old, QUEUE_REC_SIZE_LEN, 0) != QUEUE_REC_SIZE_LEN)
		return err_sys(err, "read %s", t->path);
	queue_rec_size_put(new_head, &t->size);
	if (old[0] != QUEUE_REC_SIZE || new_head->len != QUEUE_REC_SIZE_LEN ||
	    old[1] != new_head->ptr[1])
		return err_set(err, ERR_SYNTAX, "%s: its size record is not of "
		    "the usual form", t->path);
	return 0;
}

/* Through the descriptor of the very file that was looked at, which nobody delivers. */
static int
change_open(struct repair *r, const struct task *t, int fd, struct err *err)
{
	char old[QUEUE_REC_SIZE_LEN];
	struct buf head = BUF_INIT;
	struct stat st;
	int rc;

	if (fstat(fd, &st) == -1 || st.st_ino != t->st.st_ino ||
	    st.st_size != t->st.st_size || st.st_mtime != t->st.st_mtime)
		return err_set(err, ERR_RETRY, "%s: has changed", t->path);
	if (st.st_nlink != 1)
		return err_set(err, ERR_DENIED, "%s: has %ld links", t->path,
		    (long)st.st_nlink);
	if (file_lock(fd, LOCK_EX | LOCK_NB) == -1)
		return err_set(err, ERR_RETRY, "%s: is being delivered",
		    t->path);
	rc = t->has_size ? make_head(fd, t, old, &head, err) : 0;
	if (rc == 0)
		rc = queue_trash_put_before(r->trash, t->name, old,
		    t->has_size ? sizeof(old) : 0, err);
	if (rc == 0 && t->has_size && file_pwrite_all(fd, head.ptr, head.len,
	    0) == -1)
		rc = err_sys(err, "write %s", t->path);
	if (rc == 0 && t->has_mode && fchmod(fd, t->mode) == -1)
		rc = err_sys(err, "change mode of %s", t->path);
	/* Its time is that of the next attempt. */
	if (rc == 0 && (futimens(fd, (struct timespec[2]){ st.st_atim,
	    st.st_mtim }) == -1 || fsync(fd) == -1))
		rc = err_sys(err, "write %s", t->path);
	buf_done(&head);
	return rc;
}

static enum queue_result
change(struct repair *r, struct task *t, struct err *err)
{
	int rc, fd = open(t->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return errno == ENOENT ? QUEUE_RESULT_GONE :
		    (err_sys(err, "open %s", t->path), QUEUE_RESULT_FAILED);
	rc = change_open(r, t, fd, err);
	close(fd);
	return rc == 0 ? QUEUE_RESULT_DONE : QUEUE_RESULT_FAILED;
}

/* All tasks of one kind. */
static int
work(struct repair *r, bool goes_aside, struct err *err)
{
	struct buf id = BUF_INIT;
	enum queue_result result;
	struct err why = ERR_INIT;
	struct task *t;

	if (announce(r, goes_aside, err) == -1)
		return -1;
	for (t = r->tasks; t < r->tasks + r->count && bulk_stop == 0; t++) {
		if (t->goes_aside != goes_aside)
			continue;
		err_reset(&why);
		result = goes_aside ? put_aside(r, t, &why) :
		    change(r, t, &why);
		if (result == QUEUE_RESULT_DONE) {
			r->done++;
			log_info("%s: repaired", t->path);
			continue;
		}
		r->failed += result == QUEUE_RESULT_FAILED;
		trash_id(t, &id);
		queue_journal_put_result(&r->lines, r->token, id.ptr,
		    queue_result_name(result), why.text, NULL);
		if (result == QUEUE_RESULT_FAILED)
			fprintf(stderr, "postsuper: %s: not repaired: %s\n",
			    t->path, why.text);
	}
	buf_done(&id);
	return 0;
}

/* As -S, for the logs of trace, too. */
static void
repair_names(struct repair *r)
{
	static const char *const queues[] = { "defer", "bounce", "trace",
	    "maildrop", "incoming", "active", "deferred", "hold", "flush",
	    NULL };
	struct super_request rq = { .repair = SUPER_STRUCT |
	    SUPER_STRUCT_ALL };

	/* It would remove for good what could not be put aside. */
	if (r->failed > 0) {
		fprintf(stderr, "postsuper: names are left as they are\n");
		return;
	}
	super_run(&rq, queues);
	r->done += (size_t)super_counts.repaired;
}

static int
begin(struct repair *r, struct err *err)
{
	int tries = 20;

	r->a = (struct queue_journal_action){ .action = "repair",
	    .user = r->b->user, .command = "postsuper", .select = "",
	    .note = r->b->note != NULL ? r->b->note : "", .of = "",
	    .messages = (int64_t)r->count, .token = r->token };
	queue_journal_stamp(&r->a);
	do {
		queue_token_make(r->token, (time_t)r->a.time);
		r->trash = queue_trash_open(&r->a, err);
	} while (r->trash == NULL && err->errnum == EEXIST && --tries > 0);
	queue_journal_put_begin(&r->lines, &r->a);
	return r->trash != NULL ? 0 : -1;
}

static int
mend(struct repair *r, struct err *err)
{
	int rc;

	if (begin(r, err) == -1)
		return -1;
	rc = work(r, true, err);
	if (rc == 0 && r->names > 0 && bulk_stop == 0)
		repair_names(r);
	if (rc == 0) {
		look(r, false);
		rc = work(r, false, err);
	}
	queue_trash_close(r->trash);
	r->a.ended = clock_now();
	r->a.counts[QUEUE_RESULT_DONE] = (int64_t)r->done;
	r->a.counts[QUEUE_RESULT_FAILED] = (int64_t)r->failed;
	queue_journal_put_end(&r->lines, &r->a);
	if (queue_journal_append(&r->lines, rc == 0 ? err : NULL) == -1)
		rc = -1;
	return rc;
}

static enum bulk_status
run(struct repair *r)
{
	struct err err = ERR_INIT;
	int rc;

	params_log(0, true);
	rc = mend(r, &err);
	params_log(LOG_TO_STDERR, true);
	if (rc == -1)
		log_error("--repair: %s", err.text);
	if (!r->b->wants_json)
		printf("repaired: %zu file%s; what is left:\n", r->done,
		    r->done == 1 ? "" : "s");
	look(r, true);
	if (r->b->wants_json)
		printf("{\"event\": \"end\", \"v\": 1, \"action\": \"repair\", "
		    "\"token\": \"%s\", \"undo\": true, \"done\": %zu, "
		    "\"left\": %zu}\n", r->token, r->done, r->findings);
	else
		printf("%zu finding%s\nundo, but for names: postsuper --undo "
		    "%s\n", r->findings, r->findings == 1 ? "" : "s",
		    r->token);
	if (rc == -1)
		return BULK_FATAL;
	return r->findings > 0 || bulk_stop != 0 ? BULK_PARTLY : BULK_DONE;
}

enum bulk_status
bulk_repair(const struct bulk *b)
{
	struct repair r = { .b = b, .lines = BUF_INIT };
	enum bulk_status status;
	struct buf question = BUF_INIT;
	size_t work_count;

	look(&r, true);
	work_count = r.findings - r.hopeless;
	buf_setf(&question, "repair %zu finding%s", work_count,
	    work_count == 1 ? "" : "s");
	if (bulk_stop != 0)
		status = BULK_PARTLY;
	else if (r.findings == 0)
		status = BULK_NOTHING;
	else if (work_count == 0 || b->is_dry)
		status = r.hopeless > 0 ? BULK_PARTLY : BULK_DONE;
	else
		status = bulk_confirm(b, question.ptr, work_count) ? run(&r) :
		    BULK_REFUSED;
	if (status == BULK_NOTHING && !b->wants_json)
		log_info("nothing to repair");
	forget(&r);
	buf_done(&question);
	buf_done(&r.lines);
	return status;
}
