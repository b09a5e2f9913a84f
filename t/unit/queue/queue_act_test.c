/*
 * queue_act_test.c - the message that was looked at, and no other
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_act.h"

#include <check.h>
#include <fcntl.h>

#include "lib/base/mem.h"
#include "lib/queue/queue_undo.h"
#include "t/unit/queue/spool.h"
#include "t/unit/unit.h"

static const struct {
	enum queue_action action;
	const char	*from, *to;
} moves[] = {
	{ QUEUE_ACT_HOLD, "deferred", "hold" },
	{ QUEUE_ACT_HOLD, "incoming", "hold" },
	{ QUEUE_ACT_HOLD, "active", "hold" },
	{ QUEUE_ACT_RELEASE, "hold", "deferred" },
	{ QUEUE_ACT_REQUEUE, "deferred", "maildrop" },
	{ QUEUE_ACT_EXPIRE, "deferred", "deferred" },
	{ QUEUE_ACT_EXPIRE_RELEASE, "hold", "deferred" },
	{ QUEUE_ACT_FLUSH, "deferred", "incoming" },
	{ QUEUE_ACT_BOUNCE, "deferred", "incoming" },
};

START_TEST(an_action_moves_the_message)
{
	const char *from = moves[_i].from, *to = moves[_i].to;
	char *id = spool_put(from, "a@b.example", "c@d.example");
	struct queue_act_report r;

	r = spool_run(spool_plan(moves[_i].action, NULL), NULL);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_DONE], 1);
	ck_assert(spool_has(to, id));
	ck_assert(strcmp(from, to) == 0 || !spool_has(from, id));
	free(id);
}
END_TEST

/* Replace QUEUE/ID by another file, between plan and action. */
static void
replace(const char *queue, const char *id)
{
	struct buf path = BUF_INIT, aside = BUF_INIT;

	queue_path(&path, queue, id);
	buf_setf(&aside, "%s.aside", path.ptr);
	ck_assert_int_eq(rename(path.ptr, aside.ptr), 0);
	spool_write(path.ptr, "another", 0700);
	buf_done(&path);
	buf_done(&aside);
}

START_TEST(another_message_of_that_name_is_not_touched)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct queue_plan *p = spool_plan((enum queue_action)_i, NULL);
	struct queue_act_report r;

	if (queue_plan_count(p) == 0) {		/* release: nothing is held */
		queue_plan_free(p);
		free(id);
		return;
	}
	replace("deferred", id);
	r = spool_run(p, NULL);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_CHANGED], 1);
	ck_assert(spool_has("deferred", id));
	free(id);
}
END_TEST

START_TEST(a_message_that_moved_is_followed)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct queue_plan *p = spool_plan((enum queue_action)_i, NULL);
	struct queue_act_report r;

	if (queue_plan_count(p) == 1) {
		ck_assert_int_eq(queue_move(id, "deferred", "incoming", NULL), 0);
		r = spool_run(p, NULL);
		ck_assert_uint_eq(r.counts[QUEUE_RESULT_DONE], 1);
	}
	free(id);
}
END_TEST

START_TEST(a_deleted_message_comes_back_as_it_was)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct buf path = BUF_INIT, defer = BUF_INIT;
	struct queue_act_options o = QUEUE_ACT_OPTIONS_INIT;
	struct queue_act_report r;
	struct err err = ERR_INIT;
	struct stat before, after;

	queue_path(&path, "deferred", id);
	queue_path(&defer, "defer", id);
	spool_write(defer.ptr, "log\n", 0600);
	ck_assert_int_eq(stat(path.ptr, &before), 0);
	r = spool_run(spool_plan(QUEUE_ACT_DELETE, NULL), NULL);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_DONE], 1);
	ck_assert(!spool_has("deferred", id));
	ck_assert(!spool_has("defer", id));
	ck_assert_msg(queue_undo_run("last", NULL, false, &o, NULL, NULL, &r,
	    &err) == 0, "%s", err.text);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_DONE], 1);
	ck_assert_int_eq(stat(path.ptr, &after), 0);
	ck_assert_uint_eq(after.st_ino, before.st_ino);
	ck_assert_uint_eq(after.st_mode, before.st_mode);
	ck_assert_int_eq(after.st_mtime, before.st_mtime);
	ck_assert(spool_has("defer", id));
	ck_assert_int_eq(queue_undo_run("last", NULL, false, &o, NULL, NULL,
	    &r, &err), -1);
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
	buf_done(&path);
	buf_done(&defer);
	free(id);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_act");

	tcase_add_checked_fixture(tc, spool_setup, spool_teardown);
	UNIT_LOOP(tc, an_action_moves_the_message, moves);
	tcase_add_loop_test(tc, another_message_of_that_name_is_not_touched,
	    0, QUEUE_ACT_EDIT);
	tcase_add_loop_test(tc, a_message_that_moved_is_followed, 0,
	    QUEUE_ACT_EDIT);
	tcase_add_test(tc, a_deleted_message_comes_back_as_it_was);
	return unit_run("queue_act", tc);
}
