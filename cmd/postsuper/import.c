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
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "cmd/postsuper/archive.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_archive.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_journal.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_rec.h"

#define MANIFEST_MAX	(1024 * 1024 * 1024)
#define RECORD		"imports.jsonl"

/* A file of the manifest: a message, or a log of one. */
struct entry {
	char		*id;
	const char	*log;		/* of archive_logs; "": a message */
	const struct queue_archive_member *member;
	char		 sum[QUEUE_ARCHIVE_SUM];
	mode_t		 mode;
	time_t		 mtime;
	char		*new_id;	/* NULL: not made */
};

struct import {
	const struct bulk *b;
	struct queue_archive_member *members;
	size_t		 member_count;
	char		*archive, *host;
	struct entry	*entries;	/* messages before their logs */
	size_t		 count, messages;
	int		 record_fd;
	struct buf	 record_path;
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

/* ---- the manifest ---- */

static int
bad(const struct import *x, struct err *err, const char *file,
    const char *why)
{
	return err_set(err, ERR_SYNTAX, "%s: %.300s: %s", x->b->import_queue,
	    file, why);
}

static const char *
text_of(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	return text != NULL ? text : "";
}

static int64_t
int_of(const json_t *line, const char *name)
{
	return json_integer_value(json_object_get(line, name));
}

static const char *
known_log(const char *name)
{
	size_t i;

	if (name[0] == '\0')
		return "";
	for (i = 0; archive_logs[i] != NULL; i++)
		if (strcmp(archive_logs[i], name) == 0)
			return archive_logs[i];
	return NULL;
}

static int
read_head(struct import *x, const json_t *line, struct err *err)
{
	const char *id = text_of(line, "archive");

	if (strcmp(text_of(line, "format"), ARCHIVE_FORMAT) != 0 ||
	    int_of(line, "v") != 1)
		return bad(x, err, ARCHIVE_MANIFEST,
		    "is of a format that is not known");
	if (strlen(id) != ARCHIVE_ID_DIGITS ||
	    strspn(id, "0123456789abcdef") != ARCHIVE_ID_DIGITS)
		return bad(x, err, ARCHIVE_MANIFEST, "has no archive ID");
	x->archive = xstrdup(id);
	x->host = xstrdup(text_of(line, "host"));
	return 0;
}

static int
read_entry(struct import *x, const json_t *line, struct err *err)
{
	const char *id = text_of(line, "id");
	const char *log = known_log(text_of(line, "log"));
	struct entry e = { .log = log, .mode = (mode_t)int_of(line, "mode"),
	    .mtime = (time_t)int_of(line, "mtime") };
	struct buf name = BUF_INIT;
	uint64_t inode;
	int rc = 0;

	if (!queue_id_is_valid(id) || !queue_id_inode(id, &inode) ||
	    log == NULL)
		return bad(x, err, ARCHIVE_MANIFEST,
		    "names what is neither message nor log");
	archive_member(&name, id, log);
	e.member = queue_archive_find(x->members, x->member_count, name.ptr);
	if (e.member == NULL)
		rc = bad(x, err, name.ptr, "is in the manifest alone");
	else if (e.member->size != (off_t)int_of(line, "size"))
		rc = bad(x, err, name.ptr, "is not as large as it should be");
	snprintf(e.sum, sizeof(e.sum), "%s", text_of(line, "sha256"));
	if (rc == 0) {
		e.id = xstrdup(id);
		x->entries = xreallocarray(x->entries, x->count + 1,
		    sizeof(e));
		x->entries[x->count++] = e;
		x->messages += log[0] == '\0';
	}
	buf_done(&name);
	return rc;
}

static int
read_line(struct import *x, const char *text, size_t len, struct err *err)
{
	json_t *line = json_loadb(text, len, 0, NULL);
	int rc;

	if (!json_is_object(line))
		rc = bad(x, err, ARCHIVE_MANIFEST, "is damaged");
	else if (x->archive == NULL)
		rc = read_head(x, line, err);
	else
		rc = read_entry(x, line, err);
	json_decref(line);
	return rc;
}

static int
read_manifest(struct import *x, struct err *err)
{
	const struct queue_archive_member *m = queue_archive_find(x->members,
	    x->member_count, ARCHIVE_MANIFEST);
	const char *at, *end, *next;
	char *text;
	int rc = 0;

	if (m == NULL)
		return bad(x, err, ARCHIVE_MANIFEST, "is missing");
	if (m->size > MANIFEST_MAX)
		return bad(x, err, ARCHIVE_MANIFEST, "is too large");
	text = xmalloc((size_t)m->size + 1);
	if (pread(x->b->archive_fd, text, (size_t)m->size, m->at) !=
	    (ssize_t)m->size)
		rc = bad(x, err, ARCHIVE_MANIFEST, "cannot be read");
	for (at = text, end = text + m->size; rc == 0 && at < end;
	    at = next + 1) {
		next = memchr(at, '\n', (size_t)(end - at));
		if (next == NULL)
			rc = bad(x, err, ARCHIVE_MANIFEST, "is cut");
		else
			rc = read_line(x, at, (size_t)(next - at), err);
	}
	free(text);
	if (rc == 0 && x->archive == NULL)
		rc = bad(x, err, ARCHIVE_MANIFEST, "is empty");
	return rc;
}

/* Messages in front of logs; twins together. */
static int
by_kind(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;
	int order = (one->log[0] != '\0') - (other->log[0] != '\0');

	if (order == 0)
		order = strcmp(one->id, other->id);
	return order != 0 ? order : strcmp(one->log, other->log);
}

/* The message of that ID; entries are sorted. */
static struct entry *
message_of(const struct import *x, const char *id)
{
	struct entry key = { .id = (char *)(uintptr_t)id, .log = "" };

	return bsearch(&key, x->entries, x->messages, sizeof(key), by_kind);
}

/* Everything listed once, all of it listed, and each as its sum says. */
static int
check_entries(struct import *x, struct err *err)
{
	char sum[QUEUE_ARCHIVE_SUM];
	struct entry *e;
	size_t i;

	if (x->count == 0)
		return bad(x, err, ARCHIVE_MANIFEST, "names no message");
	qsort(x->entries, x->count, sizeof(*x->entries), by_kind);
	for (i = 0; i < x->count; i++) {
		e = &x->entries[i];
		if (i > 0 && by_kind(e - 1, e) == 0)
			return bad(x, err, e->member->name,
			    "is in the manifest twice");
		if (message_of(x, e->id) == NULL)
			return bad(x, err, e->member->name,
			    "is the log of no message");
		if (queue_archive_copy(x->b->archive_fd, e->member, -1, sum,
		    err) == -1)
			return -1;
		if (strcmp(sum, e->sum) != 0)
			return bad(x, err, e->member->name,
			    "has another checksum than the manifest says");
	}
	if (x->count + 1 != x->member_count)
		return bad(x, err, ARCHIVE_MANIFEST,
		    "does not name all files that are there");
	return 0;
}

/* ---- which archives were imported ---- */

/* A line about our archive: begun, or ended? */
static int
judge_record(struct import *x, const json_t *line, struct err *err)
{
	const json_t *pairs = json_object_get(line, "messages"), *pair;
	struct entry *e;
	size_t i;

	if (strcmp(text_of(line, "archive"), x->archive) != 0)
		return 0;
	if (strcmp(text_of(line, "event"), "end") == 0)
		return err_set(err, ERR_DENIED, "%s: this archive was imported "
		    "here before", x->b->import_queue);
	x->was_begun = true;
	for (i = 0; i < json_array_size(pairs); i++) {
		pair = json_array_get(pairs, i);
		e = message_of(x, text_of(pair, "id"));
		if (e == NULL || !queue_id_is_valid(text_of(pair, "new_id")))
			return err_set(err, ERR_SYNTAX, "%s: does not fit the "
			    "archive", x->record_path.ptr);
		free(e->new_id);
		e->new_id = xstrdup(text_of(pair, "new_id"));
	}
	return 0;
}

/* What a killed writer left at the end was never acted upon. */
static int
read_record(struct import *x, struct err *err)
{
	struct buf text = BUF_INIT;
	size_t at = 0, number = 0, len;
	const char *end;
	json_t *line;
	int rc;

	rc = file_read_fd(x->record_fd, &text, MANIFEST_MAX, err);
	while (rc == 0 && at < text.len) {
		number++;
		end = memchr(text.ptr + at, '\n', text.len - at);
		if (end == NULL) {
			if (ftruncate(x->record_fd, (off_t)at) == -1)
				rc = err_sys(err, "%s", x->record_path.ptr);
			break;
		}
		len = (size_t)(end - text.ptr) - at;
		line = json_loadb(text.ptr + at, len, 0, NULL);
		rc = json_is_object(line) ? judge_record(x, line, err) :
		    err_set(err, ERR_SYNTAX, "%s:%zu: is damaged",
		    x->record_path.ptr, number);
		json_decref(line);
		at += len + 1;
	}
	buf_done(&text);
	return rc;
}

/* Locked until the end: two imports take turns. */
static int
open_record(struct import *x, struct err *err)
{
	buf_setf(&x->record_path, "%s/" RECORD, params.data_directory);
	x->record_fd = open(x->record_path.ptr, O_RDWR | O_CREAT | O_APPEND |
	    O_CLOEXEC | O_NOFOLLOW, 0600);
	if (x->record_fd == -1)
		return err_sys(err, "open %s", x->record_path.ptr);
	if (file_lock(x->record_fd, LOCK_EX) == -1)
		return err_sys(err, "lock %s", x->record_path.ptr);
	return read_record(x, err);
}

static int
sync_dir(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd == -1 || fsync(fd) == -1)
		rc = err_sys(err, "fsync %s", path);
	if (fd != -1)
		close(fd);
	return rc;
}

static int
add_record(struct import *x, const char *event, struct err *err)
{
	struct buf line = BUF_INIT;
	struct stat st = { .st_size = 0 };
	size_t i;
	int rc;

	buf_addf(&line, "{\"v\": 1, \"event\": \"%s\", \"archive\": \"%s\", "
	    "\"time\": %lld", event, x->archive, (long long)clock_now());
	if (strcmp(event, "begin") == 0) {
		buf_adds(&line, ", ");
		json_member(&line, "host", x->host);
		buf_adds(&line, ", \"messages\": [");
		for (i = 0; i < x->messages; i++)
			buf_addf(&line, "%s{\"id\": \"%s\", \"new_id\": "
			    "\"%s\"}", i > 0 ? ", " : "", x->entries[i].id,
			    x->entries[i].new_id);
		buf_addc(&line, ']');
	}
	buf_adds(&line, "}\n");
	/* What is not there for sure must not be found later. */
	if (fstat(x->record_fd, &st) == -1)
		rc = err_sys(err, "fstat %s", x->record_path.ptr);
	else if (file_write_all(x->record_fd, line.ptr, line.len) == -1 ||
	    fsync(x->record_fd) == -1)
		rc = err_sys(err, "write %s", x->record_path.ptr);
	else
		rc = sync_dir(params.data_directory, err);
	if (rc == -1 && st.st_nlink > 0 && ftruncate(x->record_fd,
	    st.st_size) == -1)
		err_prefix(err, "half a line is left: ");
	buf_done(&line);
	return rc;
}

/* ---- the files ---- */

/* A copy of the member, mode 0600, on stable storage; its descriptor or -1. */
static int
copy_member(const struct import *x, const struct entry *e, const char *to,
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
choose_id(const struct import *x, struct entry *e, int fd, const char *path,
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

	for (i = 0; rc == 0 && archive_logs[i] != NULL; i++) {
		queue_path(&path, archive_logs[i], id);
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
	struct entry *e = &x->entries[i];
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
stage_log(const struct import *x, struct entry *e, struct err *err)
{
	const struct entry *m = message_of(x, e->id);
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
	struct entry *e;

	for (e = x->entries; e < x->entries + x->count; e++) {
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
	const struct entry *e;
	char *slash;
	int rc = 0;

	for (e = x->entries; rc == 0 && e < x->entries + x->count; e++) {
		queue_path(&path, e->log[0] != '\0' ? e->log : "hold",
		    e->new_id);
		while (rc == 0 && (slash = strrchr(path.ptr, '/')) != NULL) {
			*slash = '\0';
			/* Unhashed, all messages share one directory. */
			if (e == x->entries || e->log[0] != '\0' ||
			    queue_hash_depth("hold") > 0)
				rc = sync_dir(path.ptr, err);
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

	for (i = 0; rc == 0 && i < x->count; i++) {
		if (bulk_stop != 0)
			rc = err_set(err, ERR_RETRY, "stopped");
		else
			rc = i < x->messages ? stage_message(x, i, err) :
			    stage_log(x, &x->entries[i], err);
	}
	if (rc == 0)
		rc = sync_staged(x, err);
	if (rc == 0)
		rc = add_record(x, "begin", err);
	if (rc == -1)
		unstage(x);
	return rc;
}

/* Make one ready; 1, 0 when that was done before or it is gone since, -1. */
static int
make_ready(const struct import *x, struct entry *e, struct err *err)
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
	    .time = x->b->now, .messages = (int64_t)x->messages };
	struct queue_journal_message m;
	struct err err = ERR_INIT;
	size_t i;

	queue_token_make(token, x->b->now);
	buf_setf(&note, "import %s from %s%s%s", x->archive,
	    x->b->import_queue, x->b->note != NULL ? ": " : "",
	    x->b->note != NULL ? x->b->note : "");
	a.note = note.ptr;
	queue_journal_put_begin(&lines, &a);
	for (i = 0; i < x->messages; i++) {
		m = (struct queue_journal_message){ .what = { .queue = "hold",
		    .id = x->entries[i].new_id,
		    .bytes = x->entries[i].member->size },
		    .mode = 0700, .mtime = x->entries[i].mtime };
		queue_journal_put_message(&lines, token, &m);
	}
	a.counts[QUEUE_RESULT_DONE] = (int64_t)x->messages;
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
	for (i = 0; i < x->messages; i++) {
		queue_message_begin(&m, "hold", x->entries[i].new_id, NULL,
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

	for (i = 0; x->b->wants_json && i < x->messages; i++)
		printf("{\"event\": \"result\", \"action\": \"import\", "
		    "\"id\": \"%s\", \"new_id\": \"%s\", \"result\": "
		    "\"done\"}\n", x->entries[i].id, x->entries[i].new_id);
	if (x->b->wants_json)
		printf("{\"event\": \"end\", \"v\": 1, \"action\": \"import\", "
		    "\"archive\": \"%s\", \"token\": \"%s\", \"undo\": false, "
		    "\"done\": %zu}\n", x->archive, token, x->messages);
	else
		printf("imported: %zu message%s, %s\n", x->messages,
		    x->messages == 1 ? "" : "s", is_released ? "released" :
		    "on hold");
}

static enum bulk_status
finish(struct import *x, struct err *err)
{
	char token[QUEUE_TOKEN_SIZE];
	bool is_released = false;
	size_t i;

	for (i = 0; i < x->messages; i++) {
		if (x->entries[i].new_id == NULL) {
			err_set(err, ERR_SYNTAX, "%s: does not name %s",
			    x->record_path.ptr, x->entries[i].id);
			return BULK_FATAL;
		}
		if (make_ready(x, &x->entries[i], err) == -1)
			return BULK_FATAL;
		log_info("%s: imported as %s", x->entries[i].id,
		    x->entries[i].new_id);
	}
	if (add_record(x, "end", err) == -1)
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

	if (queue_archive_index(x->b->archive_fd, x->b->import_queue,
	    &x->members, &x->member_count, err) == -1 ||
	    read_manifest(x, err) == -1 || check_entries(x, err) == -1)
		return BULK_FATAL;
	if (open_record(x, err) == -1)
		return err->kind == ERR_DENIED ? BULK_REFUSED : BULK_FATAL;
	buf_setf(&question, "import %zu message%s of ", x->messages,
	    x->messages == 1 ? "" : "s");
	text_visible(&question, x->host, 0);
	if (x->b->is_dry) {
		puts(question.ptr);
		status = BULK_DONE;
	} else if (!bulk_confirm(x->b, question.ptr, x->messages)) {
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
	struct import x = { .b = b, .record_fd = -1,
	    .record_path = BUF_INIT };
	struct err err = ERR_INIT;
	enum bulk_status status = run(&x, &err);
	size_t i;

	if (err.text[0] != '\0')
		log_error("--import-queue: %s", err.text);
	for (i = 0; i < x.count; i++) {
		free(x.entries[i].id);
		free(x.entries[i].new_id);
	}
	free(x.entries);
	free(x.members);
	free(x.archive);
	free(x.host);
	buf_done(&x.record_path);
	if (x.record_fd != -1)
		close(x.record_fd);
	return status;
}
