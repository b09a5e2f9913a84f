/*
 * spool.h - a queue directory of its own for a unit test, and plans on it
 *
 * spool_setup and unit_folder_leave are the fixture; the working directory is
 * the queue directory.
 */
#ifndef T_UNIT_QUEUE_SPOOL_H
#define T_UNIT_QUEUE_SPOOL_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_plan.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_scan.h"
#include "lib/queue/queue_select.h"
#include "lib/queue/queue_trash.h"
#include "lib/queue/queue_writer.h"
#include "t/unit/folder.h"

static inline void
spool_setup(void)
{
	struct err err = ERR_INIT;

	unit_folder_enter("maildrop incoming active deferred hold "
	    "corrupt bounce defer trace data");
	params.hash_queue_names = "deferred, defer";
	params.hash_queue_depth = 1;
	params.data_directory = "data";
	params.mail_owner = "root";	/* asked for when root runs this */
	params.empty_address_recipient = "MAILER-DAEMON";
	params.posthorn_trash_time = 86400;
	params.posthorn_trash_limit = 10;
	params.posthorn_journal_size = 1 << 20;
	log_to(0);
	ck_assert_int_eq(queue_trash_prepare(&err), 0);
}

static inline void
spool_rec(struct queue_writer *w, int type, const char *text)
{
	ck_assert_int_eq(queue_writer_rec(w, type, text, strlen(text)), 0);
}

/* A message to one or more recipients (blank-separated); its ID, to be freed. */
static inline char *
spool_put(const char *queue, const char *sender, const char *rcpts)
{
	struct timeval now = clock_timeval();
	struct queue_rec_size size = { .content_size = 0 };
	struct buf head = BUF_INIT, text = BUF_INIT;
	char *copy = xstrdup(rcpts), *rest = copy, *rcpt;
	struct queue_writer *w;
	char *id;

	w = queue_writer_create(queue, 0, NULL);
	ck_assert_ptr_nonnull(w);
	id = xstrdup(queue_writer_id(w));
	queue_rec_size_put(&head, &size);
	ck_assert_int_eq(queue_writer_rec(w, head.ptr[0], head.ptr + 2,
	    head.len - 2), 0);
	buf_setf(&text, "%ld %ld", (long)now.tv_sec, (long)now.tv_usec);
	spool_rec(w, QUEUE_REC_TIME, text.ptr);
	spool_rec(w, QUEUE_REC_FROM, sender);
	while ((rcpt = strsep(&rest, " ")) != NULL) {
		spool_rec(w, QUEUE_REC_ORCPT, rcpt);
		spool_rec(w, QUEUE_REC_RCPT, rcpt);
		size.rcpt_count++;
	}
	spool_rec(w, QUEUE_REC_MESG, "");
	size.data_offset = queue_writer_tell(w);
	spool_rec(w, QUEUE_REC_TEXT, "Subject: test");
	spool_rec(w, QUEUE_REC_TEXT, "");
	spool_rec(w, QUEUE_REC_TEXT, "Hello.");
	size.content_size = size.content_length = queue_writer_tell(w) -
	    size.data_offset;
	spool_rec(w, QUEUE_REC_XTRA, "");
	spool_rec(w, QUEUE_REC_END, "");
	buf_reset(&head);
	queue_rec_size_put(&head, &size);
	ck_assert_int_eq(queue_writer_patch(w, 0, head.ptr, head.len), 0);
	ck_assert_int_eq(queue_writer_commit(w, NULL), 0);
	buf_done(&head);
	buf_done(&text);
	free(copy);
	return id;
}

static inline bool
spool_has(const char *queue, const char *id)
{
	struct buf path = BUF_INIT;
	struct stat st;
	bool has;

	queue_path(&path, queue, id);
	has = lstat(path.ptr, &st) == 0;
	buf_done(&path);
	return has;
}

static inline void
spool_write(const char *path, const char *text, mode_t mode)
{
	FILE *fp;

	queue_mkdirs(path);
	ck_assert_ptr_nonnull(fp = fopen(path, "w"));
	fputs(text, fp);
	fchmod(fileno(fp), mode);
	fclose(fp);
}

/* A plan of all that the selection (NULL: everything) means, in the order of a field (NULL: of arrival). */
static inline struct queue_plan *
spool_plan_by(enum queue_action action, const char *expr, const char *order)
{
	const char *queues[QUEUE_SELECT_QUEUES];
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_plan *p = queue_plan_new(action, clock_now(), true);
	struct queue_select *s = NULL;
	struct err err = ERR_INIT;
	struct queue_message m;
	struct queue_scan *qs;

	if (expr != NULL) {
		s = queue_select_parse(expr, clock_now(), &err);
		ck_assert_msg(s != NULL, "%s", err.text);
	}
	if (order != NULL)
		ck_assert_int_eq(queue_plan_order(p, order, &err), 0);
	queue_select_queues(s, queues);
	queue_message_init(&m);
	qs = queue_scan_open(queues, 0);
	while (queue_scan_next(qs, &m)) {
		c.m = &m;
		c.now = clock_now();
		if (s == NULL || queue_select_eval(s, &c) == SELECT_YES)
			queue_plan_add(p, &c, s);
	}
	queue_scan_close(qs);
	queue_message_done(&m);
	queue_select_free(s);
	queue_field_context_done(&c);
	return p;
}

static inline struct queue_plan *
spool_plan(enum queue_action action, const char *expr)
{
	return spool_plan_by(action, expr, NULL);
}

/* Run a plan, free it; what came of it. */
static inline struct queue_act_report
spool_run(struct queue_plan *p, const struct queue_act_options *o)
{
	struct queue_act_options plain = QUEUE_ACT_OPTIONS_INIT;
	struct queue_act_report report;
	struct err err = ERR_INIT;

	ck_assert_msg(queue_act_run(p, o != NULL ? o : &plain, NULL, NULL,
	    &report, &err) == 0, "%s", err.text);
	queue_plan_free(p);
	return report;
}

#endif
