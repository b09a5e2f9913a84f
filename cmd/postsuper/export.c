/*
 * export.c - --export-queue: messages into an archive, to be imported elsewhere
 *
 * The messages go on hold first, so that nobody begins to deliver them, and
 * deliveries that are going on are waited for. Then the archive is written,
 * flushed, and given its name; only then do the messages go to the trash, from
 * where an undo puts them back on hold: never is a message both here and in
 * the archive and free to go. When there will be no archive, everything goes
 * back to where it was.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/postsuper/archive.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_archive.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_manifest.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_undo.h"

#define WAIT_MS		60000	/* for deliveries that are going on, all together */
#define LOOK_MS		100

/* ---- the archive's name: needs rights that the queue's owner lacks ---- */

static int
publish(const char *temp, const char *name)
{
	char *copy = xstrdup(name);
	int fd, errnum = 0;
	bool is_there = link(temp, name) == 0;

	if (!is_there)
		errnum = errno;
	unlink(temp);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (errnum == 0 && (fd == -1 || fsync(fd) == -1))
		errnum = errno;
	if (errnum != 0 && is_there)
		unlink(name);
	if (fd != -1)
		close(fd);
	free(copy);
	return errnum;
}

/* Waits for the word; when there is none, nothing is left. */
static void
run_publisher(int sock, const char *temp, const char *name)
{
	static const int deaf[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP,
	    SIGPIPE };
	char word;
	size_t i;
	int errnum;

	for (i = 0; i < sizeof(deaf) / sizeof(deaf[0]); i++)
		signal(deaf[i], SIG_IGN);
	if (read(sock, &word, 1) != 1) {
		unlink(temp);
		_exit(0);
	}
	errnum = publish(temp, name);
	_exit(write(sock, &errnum, sizeof(errnum)) != sizeof(errnum));
}

void
export_prepare(struct bulk *b)
{
	struct buf temp = BUF_INIT;
	struct stat st;
	int ends[2];

	if (b->export_queue == NULL || b->is_dry)
		return;
	if (lstat(b->export_queue, &st) == 0)
		log_fatal("--export-queue: %s: is there already",
		    b->export_queue);
	buf_setf(&temp, "%s.XXXXXX", b->export_queue);
	b->archive_fd = mkostemp(temp.ptr, O_CLOEXEC);
	if (b->archive_fd == -1)
		log_fatal("--export-queue: make %s: %s", temp.ptr,
		    strerror(errno));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1 ||
	    (b->publisher = fork()) == -1) {
		unlink(temp.ptr);
		log_fatal("--export-queue: %s", strerror(errno));
	}
	if (b->publisher == 0) {
		close(ends[1]);
		run_publisher(ends[0], temp.ptr, b->export_queue);
	}
	close(ends[0]);
	b->publish_fd = ends[1];
	buf_done(&temp);
}

static int
publish_archive(const struct bulk *b, struct err *err)
{
	int errnum = 0;

	if (write(b->publish_fd, "p", 1) != 1 ||
	    read(b->publish_fd, &errnum, sizeof(errnum)) !=
	    (ssize_t)sizeof(errnum))
		return err_set(err, ERR_SYSTEM, "%s: who gives the archive its "
		    "name was killed", b->export_queue);
	waitpid(b->publisher, NULL, 0);
	if (errnum == 0)
		return 0;
	errno = errnum;
	return err_sys(err, "make %s", b->export_queue);
}

/* ---- what goes into it ---- */

struct exported {
	bool		 is_in;		/* the archive */
	struct timespec	 ctime;		/* of the file, when it was read */
};

struct export {
	const struct bulk *b;
	const struct queue_plan *all;
	struct exported	*states;	/* of all's messages */
	struct queue_act_report held;	/* putting them on hold */
	char		 id[QUEUE_MANIFEST_ID];
	struct buf	 note, files;	/* lines of the manifest */
	size_t		 count, left;	/* in the archive; not */
	int64_t		 deadline_ms;
};

static void
tell_left(struct export *x, const char *id, const char *why)
{
	struct buf line = BUF_INIT;

	x->left++;
	if (x->b->wants_json) {
		buf_adds(&line, "{\"event\": \"result\", \"v\": 1, \"action\": "
		    "\"export\", ");
		json_member(&line, "id", id);
		buf_adds(&line, ", \"result\": \"failed\", ");
		json_member(&line, "why", why);
		buf_addc(&line, '}');
		puts(line.ptr);
	} else {
		fprintf(stderr, "postsuper: %s: not exported: %s\n", id, why);
	}
	buf_done(&line);
}

static int
put_file(struct export *x, const struct queue_plan_item *item,
    const char *log, int fd, const struct stat *st, struct err *err)
{
	char sum[QUEUE_ARCHIVE_SUM];
	struct buf name = BUF_INIT;
	int rc;

	queue_manifest_member(&name, item->what.id, log);
	rc = queue_archive_put(x->b->archive_fd, name.ptr, fd, st->st_size,
	    st->st_mtime, sum, err);
	if (rc == 0)
		queue_manifest_put_file(&x->files, item->what.id, log,
		    item->what.queue, st, log[0] != '\0' ? st->st_mtime :
		    item->mtime, sum);
	buf_done(&name);
	return rc;
}

static int
put_logs(struct export *x, const struct queue_plan_item *item,
    struct err *err)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int fd, rc = 0;
	size_t i;

	for (i = 0; rc == 0 && queue_logs[i] != NULL; i++) {
		queue_path(&path, queue_logs[i], item->what.id);
		fd = open(path.ptr, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd == -1 && errno != ENOENT)
			rc = err_sys(err, "open %s", path.ptr);
		if (fd == -1)
			continue;
		rc = fstat(fd, &st) == -1 ? err_sys(err, "fstat %s",
		    path.ptr) : put_file(x, item, queue_logs[i], fd, &st,
		    err);
		close(fd);
	}
	buf_done(&path);
	return rc;
}

/* An agent that delivers it has it locked. */
static bool
wait_for_deliveries(struct export *x, int fd)
{
	while (file_lock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (bulk_stop != 0 || clock_mono_ms() > x->deadline_ms)
			return false;
		usleep(LOOK_MS * 1000);
	}
	return true;
}

/*
 * Nobody is left to get it, but perhaps a notice has to be sent: the queue
 * manager, from whom it was taken while it was active, has to end it.
 */
static const char *
let_complete(const struct queue_plan_item *item, struct queue_found *f)
{
	if (strcmp(item->what.queue, "hold") != 0 &&
	    futimens(f->fd, NULL) == 0 &&
	    queue_identity_move(f, "incoming", NULL) == QUEUE_RESULT_DONE) {
		queue_act_wake("qmgr", "I");
		return "has been delivered meanwhile, and is not held any more";
	}
	return "has been delivered; stays on hold";
}

/* NULL: it may go; else why not. */
static const char *
judge(struct export *x, const struct queue_plan_item *item,
    struct queue_found *f)
{
	struct queue_message m;
	const char *why = NULL;

	if (strcmp(f->queue, "maildrop") == 0)
		return "pickup has not taken it yet";
	if (strcmp(f->queue, "hold") != 0)
		return "is not on hold";
	if (!wait_for_deliveries(x, f->fd))
		return "is being delivered; stays on hold";
	if (fstat(f->fd, &f->st) == -1)
		return strerror(errno);
	queue_message_init(&m);
	queue_message_begin(&m, f->queue, f->id, f->path.ptr, &f->st);
	if (queue_message_want(&m, QUEUE_MESSAGE_ENVELOPE, NULL) != 1)
		why = "is damaged; stays on hold";
	else if (m.rcpt_count == 0)
		why = let_complete(item, f);
	queue_message_done(&m);
	return why;
}

/* 0, also when this one cannot go; -1: there will be no archive. */
static int
put_message(struct export *x, size_t i, struct err *err)
{
	const struct queue_plan_item *item = queue_plan_at(x->all, i);
	struct queue_found f = QUEUE_FOUND_INIT;
	enum queue_result result = queue_identity_open(&item->what, &f, err);
	const char *why = result == QUEUE_RESULT_DONE ? judge(x, item, &f) :
	    result == QUEUE_RESULT_FAILED && err->text[0] != '\0' ? err->text :
	    queue_result_name(result);
	int rc = 0;

	if (why != NULL) {
		tell_left(x, item->what.id, why);
	} else if (put_file(x, item, "", f.fd, &f.st, err) == -1 ||
	    put_logs(x, item, err) == -1) {
		rc = -1;
	} else {
		x->states[i].is_in = true;
		x->states[i].ctime = f.st.st_ctim;
		x->count++;
	}
	queue_found_close(&f);
	return rc;
}

static int
write_archive(struct export *x, struct err *err)
{
	struct buf manifest = BUF_INIT;
	size_t i;
	int rc = 0;

	x->deadline_ms = clock_mono_ms() + WAIT_MS;
	for (i = 0; rc == 0 && i < queue_plan_count(x->all); i++)
		rc = bulk_stop != 0 ? err_set(err, ERR_RETRY, "stopped") :
		    put_message(x, i, err);
	if (rc == 0 && x->count == 0)
		rc = err_set(err, ERR_NOT_FOUND, "no message can be exported");
	queue_manifest_put_head(&manifest, x->id, x->b->now,
	    params.myhostname, x->count);
	buf_add(&manifest, x->files.ptr, x->files.len);
	if (rc == 0)
		rc = queue_manifest_end(x->b->archive_fd, &manifest,
		    x->b->now, err);
	if (rc == 0)
		rc = publish_archive(x->b, err);
	buf_done(&manifest);
	return rc;
}

/* ---- hold, and trash ---- */

/* A message of the first plan for another one, as it is now. */
static void
add_again(const struct export *x, struct queue_plan *plan,
    const struct queue_found *f)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_message m;

	queue_message_init(&m);
	queue_message_begin(&m, f->queue, f->id, f->path.ptr, &f->st);
	c.m = &m;
	c.now = x->b->now;
	queue_plan_add(plan, &c, NULL);
	queue_field_context_done(&c);
	queue_message_done(&m);
}

/* A plan for those that are there, all of them or only the exported. */
static struct queue_plan *
plan_again(struct export *x, enum queue_action action, bool is_exported)
{
	struct queue_plan *plan = queue_plan_new(action, x->b->now, false);
	const struct queue_plan_item *item;
	struct queue_found f = QUEUE_FOUND_INIT;
	size_t i;

	for (i = 0; (item = queue_plan_at(x->all, i)) != NULL; i++) {
		if (is_exported && !x->states[i].is_in)
			continue;
		if (queue_identity_open(&item->what, &f, NULL) ==
		    QUEUE_RESULT_DONE) {
			if (!is_exported || (strcmp(f.queue, "hold") == 0 &&
			    f.st.st_ctim.tv_sec ==
			    x->states[i].ctime.tv_sec &&
			    f.st.st_ctim.tv_nsec ==
			    x->states[i].ctime.tv_nsec))
				add_again(x, plan, &f);
			else
				log_error("%s: was changed after it was "
				    "exported: it is in the archive and "
				    "stays here, too", item->what.id);
		}
		queue_found_close(&f);
	}
	return plan;
}

static int
act(struct export *x, enum queue_action action, bool is_exported,
    struct queue_act_report *r, struct err *err)
{
	struct queue_plan *plan = plan_again(x, action, is_exported);
	struct queue_act_options o;
	int rc = 0;

	bulk_options(x->b, &o);
	o.note = x->note.ptr;
	o.archive = x->id;
	memset(r, 0, sizeof(*r));
	params_log(0, true);
	if (queue_plan_count(plan) > 0)
		rc = queue_act_run(plan, &o, NULL, NULL, r, err);
	params_log(LOG_TO_STDERR, true);
	queue_plan_free(plan);
	return rc;
}

/* There is no archive: what was put on hold for it goes back. */
static void
take_back(struct export *x)
{
	struct queue_act_report r;
	struct queue_act_options o;
	struct err err = ERR_INIT;

	if (x->held.counts[QUEUE_RESULT_DONE] == 0)
		return;
	bulk_options(x->b, &o);
	params_log(0, true);
	if (queue_undo_run(x->held.token, NULL, false, &o, NULL, NULL, &r,
	    &err) == -1)
		log_error("messages stay on hold: %s", err.text);
	params_log(LOG_TO_STDERR, true);
}

static void
report(const struct export *x, const struct queue_act_report *r)
{
	size_t gone = r->counts[QUEUE_RESULT_DONE];

	if (x->b->wants_json) {
		printf("{\"event\": \"end\", \"v\": 1, \"action\": \"export\", "
		    "\"archive\": \"%s\", \"token\": \"%s\", \"undo\": %s, "
		    "\"exported\": %zu, \"removed\": %zu, \"failed\": %zu}\n",
		    x->id, r->token, gone > 0 ? "true" : "false", x->count,
		    gone, x->left);
		return;
	}
	printf("exported: %zu message%s to %s\n", x->count, x->count == 1 ?
	    "" : "s", x->b->export_queue);
	if (x->b->keeps)
		printf("they stay here, on hold\n");
	else if (gone > 0)
		printf("undo, back on hold: postsuper --undo %s\n", r->token);
}

static enum bulk_status
run(struct export *x)
{
	struct queue_act_report r = { .token = "" };
	struct err err = ERR_INIT;

	if (act(x, QUEUE_ACT_HOLD, false, &x->held, &err) == -1) {
		log_error("--export-queue: %s", err.text);
		return BULK_FATAL;
	}
	if (write_archive(x, &err) == -1) {
		log_error("--export-queue: %s: %s", x->b->export_queue,
		    err.text);
		take_back(x);
		return BULK_FATAL;
	}
	if (!x->b->keeps && act(x, QUEUE_ACT_DELETE, true, &r, &err) == -1)
		log_error("the messages are in the archive, and stay here on "
		    "hold, too: %s", err.text);
	report(x, &r);
	return x->left > 0 || (!x->b->keeps &&
	    r.counts[QUEUE_RESULT_DONE] < x->count) ? BULK_PARTLY : BULK_DONE;
}

static void
make_id(struct export *x)
{
	unsigned char bytes[(QUEUE_MANIFEST_ID - 1) / 2];
	size_t i;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		log_fatal("getrandom: %s", strerror(errno));
	for (i = 0; i < sizeof(bytes); i++)
		snprintf(x->id + 2 * i, 3, "%02x", bytes[i]);
	buf_setf(&x->note, "export %s to %s%s%s", x->id, x->b->export_queue,
	    x->b->note != NULL ? ": " : "", x->b->note != NULL ? x->b->note :
	    "");
}

enum bulk_status
bulk_export_queue(const struct bulk *b)
{
	struct export x = { .b = b, .note = BUF_INIT, .files = BUF_INIT };
	struct queue_plan *plan;
	struct bulk_picked picked;
	enum bulk_status status = bulk_pick_checked(b, "export", &plan,
	    &picked);

	x.all = plan;
	if (status == BULK_DONE && !b->is_dry) {
		x.states = xcalloc(queue_plan_count(plan), sizeof(*x.states));
		make_id(&x);
		status = run(&x);
	}
	if (status == BULK_DONE && (picked.unknown > 0 || picked.changed > 0 ||
	    picked.unreadable > 0 || picked.missing > 0))
		status = BULK_PARTLY;
	queue_plan_free(plan);
	free(x.states);
	buf_done(&x.note);
	buf_done(&x.files);
	return status;
}
