/*
 * reorder.c - --reorder: every file where hash_queue_names and hash_queue_depth want it
 *
 * One rename a file, which keeps inode, name, mode and times: whatever is
 * killed, each file is in one place, and to run it again finishes the work. To
 * take it back, the parameters as they were and another run.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/postsuper/bulk.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_journal.h"

#define PROGRESS_MS	200

struct reorder {
	const struct bulk *b;
	bool		 is_count;	/* only see what there is to do */
	size_t		 total;		/* files to move, as counted before */
	size_t		 files, moved, failed;
	size_t		 directories;	/* removed */
	int64_t		 next_ms;	/* when progress is shown again */
};

static void
show_progress(struct reorder *r)
{
	int64_t now = clock_mono_ms();

	if (now < r->next_ms || r->is_count || !isatty(STDERR_FILENO))
		return;
	r->next_ms = now + PROGRESS_MS;
	fprintf(stderr, "\rreorder %zu of %zu\033[K", r->moved, r->total);
}

static void
tell_failure(struct reorder *r, const char *path, const char *to)
{
	struct buf line = BUF_INIT;
	const char *why = strerror(errno);

	r->failed++;
	if (r->b->wants_json) {
		buf_adds(&line, "{\"event\": \"finding\", \"v\": 1, ");
		json_member(&line, "path", path);
		buf_adds(&line, ", ");
		json_member(&line, "what", why);
		buf_adds(&line, "}");
		puts(line.ptr);
	} else {
		fprintf(stderr, "postsuper: rename %s to %s: %s\n", path, to,
		    why);
	}
	buf_done(&line);
}

/* A file of whatever name is left where it is, unless it is a queue ID's. */
static void
put_in_place(struct reorder *r, const char *queue, const char *path,
    const char *name)
{
	struct buf to = BUF_INIT;

	r->files++;
	queue_path(&to, queue, name);
	if (strcmp(to.ptr, path) == 0)
		;
	else if (r->is_count || queue_rename_new(path, to.ptr) == 0)
		r->moved++;
	else if (errno != ENOENT)	/* delivered, or moved by somebody else */
		tell_failure(r, path, to.ptr);
	buf_done(&to);
}

static void
reorder_queue(struct reorder *r, const char *queue)
{
	struct err err = ERR_INIT;
	struct queue_dir *qd;
	enum queue_dir_step step;

	if ((qd = queue_dir_open(queue, &err)) == NULL) {
		if (err.errnum != ENOENT)
			log_fatal("%s", err.text);
		return;
	}
	while (bulk_stop == 0 && (step = queue_dir_step(qd)) !=
	    QUEUE_DIR_END) {
		if (step == QUEUE_DIR_ENTRY &&
		    queue_id_is_valid(queue_dir_name(qd)))
			put_in_place(r, queue, queue_dir_path(qd),
			    queue_dir_name(qd));
		/* A level that is wanted no more; not empty: somebody is faster. */
		else if (step == QUEUE_DIR_LEFT && !r->is_count &&
		    queue_dir_depth(qd) >= queue_hash_depth(queue) &&
		    rmdir(queue_dir_path(qd)) == 0)
			r->directories++;
		show_progress(r);
	}
	queue_dir_close(qd);
}

static void
reorder_all(struct reorder *r)
{
	static const char *const queues[] = { "incoming", "active",
	    "deferred", "hold", "corrupt", "defer", "bounce", "trace",
	    "flush" };
	size_t i;

	for (i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
		reorder_queue(r, queues[i]);
	if (r->next_ms > 0)
		fputs("\r\033[K", stderr);
}

static void
record(const struct reorder *r)
{
	char token[QUEUE_TOKEN_SIZE];
	struct queue_journal_action a = { .token = token,
	    .action = "reorder", .user = r->b->user, .command = "postsuper",
	    .select = "", .note = r->b->note != NULL ? r->b->note : "",
	    .of = "", .time = r->b->now, .messages = (int64_t)r->total,
	    .is_final = true, .ended = clock_now() };
	struct buf lines = BUF_INIT;
	struct err err = ERR_INIT;

	queue_token_make(token, r->b->now);
	a.counts[QUEUE_RESULT_DONE] = (int64_t)r->moved;
	a.counts[QUEUE_RESULT_FAILED] = (int64_t)r->failed;
	queue_journal_put_begin(&lines, &a);
	queue_journal_put_end(&lines, &a);
	if (queue_journal_append(&lines, &err) == -1)
		log_warning("not in the journal: %s", err.text);
	buf_done(&lines);
}

static void
report(const struct reorder *r, const char *verb)
{
	if (r->b->wants_json)
		printf("{\"event\": \"end\", \"v\": 1, \"action\": "
		    "\"reorder\", \"undo\": false, \"stopped\": %s, "
		    "\"files\": %zu, \"done\": %zu, \"failed\": %zu}\n",
		    bulk_stop != 0 ? "true" : "false", r->files, r->moved,
		    r->failed);
	else
		printf("%s: %zu of %zu file%s, %zu director%s\n", verb,
		    r->moved, r->files, r->files == 1 ? "" : "s",
		    r->directories, r->directories == 1 ? "y" : "ies");
}

enum bulk_status
bulk_reorder(const struct bulk *b)
{
	struct reorder count = { .b = b, .is_count = true };
	struct reorder r = { .b = b };
	struct buf question = BUF_INIT;
	bool is_sure;

	reorder_all(&count);
	if (b->is_dry || bulk_stop != 0)
		report(&count, "would be moved");
	if (b->is_dry)
		return count.moved > 0 ? BULK_DONE : BULK_NOTHING;
	buf_setf(&question, "move %zu of %zu files", count.moved,
	    count.files);
	is_sure = bulk_stop == 0 && bulk_confirm(b, question.ptr, count.moved);
	buf_done(&question);
	if (!is_sure)
		return bulk_stop != 0 ? BULK_PARTLY : BULK_REFUSED;
	r.total = count.moved;
	reorder_all(&r);
	if (r.moved + r.failed > 0)
		record(&r);
	report(&r, "moved");
	if (r.failed > 0 || bulk_stop != 0)
		return BULK_PARTLY;
	return r.moved + r.directories > 0 ? BULK_DONE : BULK_NOTHING;
}
