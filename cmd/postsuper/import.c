/*
 * import.c - --import-queue: messages from an archive that --export-queue made
 *
 * The whole archive is checked before anything is made. Then each file is
 * copied into the hold queue under the name that its new inode gives it, not
 * ready yet, so that nobody takes it for a message; when all are on stable
 * storage the archive's ID is written to $data_directory/imports.jsonl, and
 * only then are they made ready. What was killed before that line leaves
 * nothing but unfinished files and can be done again; what was killed after
 * it is completed by importing the archive once more; after the line that
 * ends it, the archive is refused.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/postsuper/archive.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_imported.h"
#include "lib/queue/queue_journal.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_manifest.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_rec.h"

struct import {
	const struct bulk *b;
	struct queue_manifest m;	/* new_id NULL: not made */
	int		 record_fd;
	bool		 was_begun;
};

void
import_prepare(struct bulk *b)
{
	if (b->import_queue == NULL)
		return;
	b->archive_fd = open(b->import_queue, O_RDONLY | O_CLOEXEC |
	    O_NONBLOCK);
	if (b->archive_fd == -1)
		log_fatal("--import-queue: open %s: %s", b->import_queue,
		    strerror(errno));
}

static int
bad(const struct import *x, struct err *err, const char *file,
    const char *why)
{
	return err_set(err, ERR_SYNTAX, "%s: %.300s: %s", x->b->import_queue,
	    file, why);
}

/* ---- the files ---- */

/* A copy of the member, mode 0600, on stable storage; its descriptor or -1. */
static int
copy_member(const struct import *x, const struct queue_manifest_entry *e, const char *to,
    struct err *err)
{
	char sum[QUEUE_ARCHIVE_SUM];
	int rc, fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd == -1)
		return err_sys(err, "make %s", to);
	rc = queue_archive_copy(x->b->archive_fd, e->member, fd, sum, err);
	if (rc == 0 && strcmp(sum, e->sum) != 0)
		rc = bad(x, err, e->member->name, "changed while it was read");
	if (rc == 0 && fsync(fd) == -1)
		rc = err_sys(err, "write %s", to);
	if (rc == 0)
		return fd;
	close(fd);
	unlink(to);
	return -1;
}

/* Can all its records be read, and are sender, recipient and end there? */
static bool
is_sound(int fd, const char *path, time_t *arrival)
{
	struct queue_file *qf = queue_file_new(fd, path, QUEUE_FILE_NORMAL);
	bool has_from = false, has_rcpt = false, has_end = false;
	const char *value;
	size_t len;
	int type, got;

	*arrival = 0;
	while ((got = queue_file_next(qf, &type, &value, &len, NULL)) == 1) {
		has_from |= type == QUEUE_REC_FROM;
		has_rcpt |= type == QUEUE_REC_RCPT;
		has_end |= type == QUEUE_REC_END;
		if (type == QUEUE_REC_TIME)
			*arrival = (time_t)strtoll(value, NULL, 10);
	}
	queue_file_close(qf);
	return got == 0 && has_from && has_rcpt && has_end && *arrival > 0;
}

/* The name that the message should have with its new inode; takes fd. */
static int
choose_id(const struct import *x, struct queue_manifest_entry *e, int fd, const char *path,
    struct buf *id, struct err *err)
{
	struct timeval tv;
	struct stat st;
	time_t arrival;

	if (fstat(fd, &st) == -1 || lseek(fd, 0, SEEK_SET) == -1) {
		close(fd);
		return err_sys(err, "read %s", path);
	}
	if (!is_sound(fd, path, &arrival))
		return bad(x, err, e->id, "is no sound queue file");
	if (params.enable_long_queue_ids && !queue_id_is_long(e->id)) {
		queue_id_time(e->id, &tv);
		tv.tv_sec = arrival;
		queue_id_make(id, tv, st.st_ino, true);
	} else {
		queue_id_renew(id, e->id, st.st_ino);
	}
	return 0;
}

/* Logs without a message would become this one's. */
static int
check_no_logs(const char *id, struct err *err)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && queue_logs[i] != NULL; i++) {
		queue_path(&path, queue_logs[i], id);
		if (lstat(path.ptr, &st) == 0)
			rc = err_set(err, ERR_DENIED, "%s is in the way: the "
			    "log of another message", path.ptr);
	}
	buf_done(&path);
	return rc;
}

static int
stage_message(const struct import *x, size_t i, struct err *err)
{
	struct queue_manifest_entry *e = &x->m.entries[i];
	struct buf temp = BUF_INIT, path = BUF_INIT, id = BUF_INIT;
	int fd, rc = -1;

	buf_setf(&temp, "hold/%zu.%ld.import", i, (long)getpid());
	unlink(temp.ptr);	/* of a process that had this number, and was killed */
	if ((fd = copy_member(x, e, temp.ptr, err)) != -1) {
		rc = choose_id(x, e, fd, temp.ptr, &id, err);
		if (rc == 0)
			rc = check_no_logs(id.ptr, err);
		if (rc == 0) {
			queue_path(&path, "hold", id.ptr);
			rc = queue_rename_new(temp.ptr, path.ptr);
			if (rc == -1)
				err_sys(err, "rename %s to %s", temp.ptr,
				    path.ptr);
		}
		if (rc == 0)
			e->new_id = xstrdup(id.ptr);
		else
			unlink(temp.ptr);
	}
	buf_done(&temp);
	buf_done(&path);
	buf_done(&id);
	return rc;
}

static int
stage_log(const struct import *x, struct queue_manifest_entry *e, struct err *err)
{
	const struct queue_manifest_entry *m = queue_manifest_message(&x->m, e->id);
	struct buf path = BUF_INIT;
	int fd;

	queue_path(&path, e->log, m->new_id);
	if (queue_mkdirs(path.ptr) == -1)
		fd = err_sys(err, "make directory for %s", path.ptr);
	else
		fd = copy_member(x, e, path.ptr, err);
	if (fd != -1) {
		e->new_id = xstrdup(m->new_id);
		close(fd);
	}
	buf_done(&path);
	return fd == -1 ? -1 : 0;
}

static void
unstage(struct import *x)
{
	struct buf path = BUF_INIT;
	struct queue_manifest_entry *e;

	for (e = x->m.entries; e < x->m.entries + x->m.count; e++) {
		if (e->new_id == NULL)
			continue;
		queue_path(&path, e->log[0] != '\0' ? e->log : "hold",
		    e->new_id);
		unlink(path.ptr);
	}
	buf_done(&path);
}

/* The directories that got files, hashed or not. */
static int
sync_staged(const struct import *x, struct err *err)
{
	struct buf path = BUF_INIT;
	const struct queue_manifest_entry *e;
	char *slash;
	int rc = 0;

	for (e = x->m.entries; rc == 0 && e < x->m.entries + x->m.count; e++) {
		queue_path(&path, e->log[0] != '\0' ? e->log : "hold",
		    e->new_id);
		while (rc == 0 && (slash = strrchr(path.ptr, '/')) != NULL) {
			*slash = '\0';
			/* Unhashed, all messages share one directory. */
			if (e == x->m.entries || e->log[0] != '\0' ||
			    queue_hash_depth("hold") > 0)
				rc = file_sync_dir(path.ptr, err);
		}
	}
	buf_done(&path);
	return rc;
}

static int
stage(struct import *x, struct err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < x->m.count; i++) {
		if (bulk_stop != 0)
			rc = err_set(err, ERR_RETRY, "stopped");
		else
			rc = i < x->m.messages ? stage_message(x, i, err) :
			    stage_log(x, &x->m.entries[i], err);
	}
	if (rc == 0)
		rc = sync_staged(x, err);
	if (rc == 0)
		rc = queue_imported_add(x->record_fd, "begin", &x->m, err);
	if (rc == -1)
		unstage(x);
	return rc;
}

/* Make one ready; 1, 0 when that was done before or it is gone since, -1. */
static int
make_ready(const struct import *x, struct queue_manifest_entry *e, struct err *err)
{
	struct timespec times[2] = { { .tv_sec = e->mtime } };
	struct buf path = BUF_INIT;
	struct stat st;
	int fd, rc = 0;

	/* No attempt is due later than one could be here. */
	if (times[0].tv_sec > x->b->now + params.maximal_backoff_time ||
	    times[0].tv_sec < 0)
		times[0].tv_sec = x->b->now;
	times[1] = times[0];
	queue_path(&path, "hold", e->new_id);
	fd = open(path.ptr, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno != ENOENT) {
		rc = err_sys(err, "open %s", path.ptr);
	} else if (fd != -1 && fstat(fd, &st) == 0 &&
	    (st.st_mode & 0777) == 0600) {
		rc = 1;
		if (futimens(fd, times) == -1 || fchmod(fd, 0700 |
		    (e->mode & S_IXGRP)) == -1 || fsync(fd) == -1)
			rc = err_sys(err, "complete %s", path.ptr);
	}
	if (fd != -1)
		close(fd);
	buf_done(&path);
	return rc;
}

/* ---- afterwards ---- */

static void
write_journal(struct import *x, char token[QUEUE_TOKEN_SIZE])
{
	struct buf lines = BUF_INIT, note = BUF_INIT;
	struct queue_journal_action a = { .token = token, .action = "import",
	    .user = x->b->user, .command = "postsuper", .is_final = true,
	    .time = x->b->now, .messages = (int64_t)x->m.messages };
	struct queue_journal_message m;
	struct err err = ERR_INIT;
	size_t i;

	queue_token_make(token, x->b->now);
	buf_setf(&note, "import %s from %s%s%s", x->m.archive,
	    x->b->import_queue, x->b->note != NULL ? ": " : "",
	    x->b->note != NULL ? x->b->note : "");
	a.note = note.ptr;
	queue_journal_put_begin(&lines, &a);
	for (i = 0; i < x->m.messages; i++) {
		m = (struct queue_journal_message){ .what = { .queue = "hold",
		    .id = x->m.entries[i].new_id,
		    .bytes = x->m.entries[i].member->size },
		    .mode = 0700, .mtime = x->m.entries[i].mtime };
		queue_journal_put_message(&lines, token, &m);
	}
	a.counts[QUEUE_RESULT_DONE] = (int64_t)x->m.messages;
	a.ended = clock_now();
	queue_journal_put_end(&lines, &a);
	if (queue_journal_append(&lines, &err) == -1)
		log_warning("not in the journal: %s", err.text);
	buf_done(&lines);
	buf_done(&note);
}

static bool
release(struct import *x)
{
	struct queue_plan *plan = queue_plan_new(QUEUE_ACT_RELEASE, x->b->now,
	    false);
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_act_report r;
	struct queue_act_options o;
	struct queue_message m;
	struct err err = ERR_INIT;
	bool is_good;
	size_t i;

	queue_message_init(&m);
	c.m = &m;
	c.now = x->b->now;
	for (i = 0; i < x->m.messages; i++) {
		queue_message_begin(&m, "hold", x->m.entries[i].new_id, NULL,
		    NULL);
		queue_plan_add(plan, &c, NULL);
	}
	bulk_options(x->b, &o);
	params_log(0, true);
	is_good = queue_act_run(plan, &o, NULL, NULL, &r, &err) == 0 &&
	    r.counts[QUEUE_RESULT_DONE] == queue_plan_count(plan);
	params_log(LOG_TO_STDERR, true);
	if (!is_good)
		log_error("not all could be released, and some stay on hold: "
		    "%s", err.text);
	else
		queue_act_wake("qmgr", "D");
	queue_field_context_done(&c);
	queue_message_done(&m);
	queue_plan_free(plan);
	return is_good;
}

static void
report(const struct import *x, const char *token, bool is_released)
{
	size_t i;

	for (i = 0; x->b->wants_json && i < x->m.messages; i++)
		printf("{\"event\": \"result\", \"v\": 1, \"action\": \"import\", "
		    "\"id\": \"%s\", \"new_id\": \"%s\", \"result\": "
		    "\"done\"}\n", x->m.entries[i].id, x->m.entries[i].new_id);
	if (x->b->wants_json)
		printf("{\"event\": \"end\", \"v\": 1, \"action\": \"import\", "
		    "\"archive\": \"%s\", \"token\": \"%s\", \"undo\": false, "
		    "\"done\": %zu}\n", x->m.archive, token, x->m.messages);
	else
		printf("imported: %zu message%s, %s\n", x->m.messages,
		    x->m.messages == 1 ? "" : "s", is_released ? "released" :
		    "on hold");
}

static enum bulk_status
finish(struct import *x, struct err *err)
{
	char token[QUEUE_TOKEN_SIZE];
	bool is_released = false;
	size_t i;

	for (i = 0; i < x->m.messages; i++) {
		if (x->m.entries[i].new_id == NULL) {
			err_set(err, ERR_SYNTAX, "the record of what was "
			    "imported does not name %s", x->m.entries[i].id);
			return BULK_FATAL;
		}
		if (make_ready(x, &x->m.entries[i], err) == -1)
			return BULK_FATAL;
		log_info("%s: imported as %s", x->m.entries[i].id,
		    x->m.entries[i].new_id);
	}
	if (queue_imported_add(x->record_fd, "end", &x->m, err) == -1)
		return BULK_FATAL;
	write_journal(x, token);
	if (x->b->releases)
		is_released = release(x);
	report(x, token, is_released);
	return x->b->releases && !is_released ? BULK_PARTLY : BULK_DONE;
}

static enum bulk_status
run(struct import *x, struct err *err)
{
	struct buf question = BUF_INIT;
	enum bulk_status status;

	if (queue_manifest_read(x->b->archive_fd, x->b->import_queue, &x->m,
	    err) == -1)
		return BULK_FATAL;
	x->record_fd = queue_imported_open(x->b->import_queue, &x->m, &x->was_begun,
	    err);
	if (x->record_fd == -1)
		return err->kind == ERR_DENIED ? BULK_REFUSED : BULK_FATAL;
	if (!x->was_begun && import_check_here(x->b, &x->m, err) == -1)
		return err->kind == ERR_DENIED ? BULK_REFUSED : BULK_FATAL;
	buf_setf(&question, "import %zu message%s of ", x->m.messages,
	    x->m.messages == 1 ? "" : "s");
	text_visible(&question, x->m.host, 0);
	if (x->b->is_dry) {
		puts(question.ptr);
		status = BULK_DONE;
	} else if (!bulk_confirm(x->b, question.ptr, x->m.messages)) {
		status = BULK_REFUSED;
	} else {
		params_log(0, true);
		status = !x->was_begun && stage(x, err) == -1 ? BULK_FATAL :
		    finish(x, err);
		params_log(LOG_TO_STDERR, true);
	}
	buf_done(&question);
	return status;
}

enum bulk_status
bulk_import_queue(const struct bulk *b)
{
	struct import x = { .b = b, .record_fd = -1 };
	struct err err = ERR_INIT;
	enum bulk_status status = run(&x, &err);

	if (err.text[0] != '\0')
		log_error("--import-queue: %s", err.text);
	queue_manifest_done(&x.m);
	if (x.record_fd != -1)
		close(x.record_fd);
	return status;
}
