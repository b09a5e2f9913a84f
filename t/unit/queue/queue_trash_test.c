/*
 * queue_trash_test.c - deleted messages are kept, found again, and purged
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_trash.h"

#include <check.h>
#include <fcntl.h>

#include "lib/base/mem.h"
#include "lib/queue/queue_undo.h"
#include "t/unit/forbid.h"
#include "t/unit/queue/spool.h"
#include "t/unit/unit.h"

static struct queue_act_report
undo_all(const char *token, int want)
{
	struct queue_act_options o = QUEUE_ACT_OPTIONS_INIT;
	struct queue_act_report r;
	struct err err = ERR_INIT;

	ck_assert_msg(queue_undo_run(token, NULL, false, &o, NULL, NULL, &r,
	    &err) == want, "%s", err.text);
	return r;
}

static struct queue_act_report
delete_all(void)
{
	return spool_run(spool_plan(QUEUE_ACT_DELETE, NULL), NULL);
}

static int
shell(const char *command)
{
	return system(command);
}

START_TEST(what_was_active_comes_back_to_incoming)
{
	char *id = spool_put("active", "a@b.example", "c@d.example");

	delete_all();
	undo_all("last", 0);
	ck_assert(spool_has("incoming", id));
	free(id);
}
END_TEST

START_TEST(what_cannot_be_kept_is_not_deleted)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct queue_act_options o = QUEUE_ACT_OPTIONS_INIT;
	struct queue_plan *p = spool_plan(QUEUE_ACT_DELETE, NULL);
	struct queue_act_report report;
	struct err err = ERR_INIT;

	forbid_call(SCMP_SYS(fsync), EIO);
	ck_assert_int_eq(queue_act_run(p, &o, NULL, NULL, &report, &err), -1);
	ck_assert_int_eq(err.errnum, EIO);
	ck_assert(spool_has("deferred", id));
	queue_plan_free(p);
	free(id);
}
END_TEST

/* An agent had it open, and has delivered it: R has become D. */
START_TEST(what_was_delivered_after_all_stays)
{
	char *id = spool_put("active", "a@b.example", "c@d.example");
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct queue_act_report r;
	char *rcpt;
	int fd;

	queue_path(&path, "active", id);
	ck_assert_int_eq(file_read(path.ptr, &text, 10000, NULL), 0);
	rcpt = memmem(text.ptr, text.len, "R\013c@d", 5);
	ck_assert_ptr_nonnull(rcpt);
	ck_assert_int_ne(fd = open(path.ptr, O_RDWR), -1);
	delete_all();
	ck_assert_int_eq(queue_file_mark_done(fd, rcpt - text.ptr, NULL), 0);
	close(fd);
	r = undo_all("last", 0);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_FAILED], 1);
	ck_assert(!spool_has("incoming", id));
	buf_done(&path);
	buf_done(&text);
	free(id);
}
END_TEST

START_TEST(a_log_that_has_grown_anew_keeps_both_parts)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct buf log = BUF_INIT, text = BUF_INIT;

	buf_setf(&log, "bounce/%s", id);
	spool_write(log.ptr, "first\n", 0600);
	delete_all();
	ck_assert_int_ne(access(log.ptr, F_OK), 0);
	spool_write(log.ptr, "second\n", 0600);
	undo_all("last", 0);
	ck_assert_int_eq(file_read(log.ptr, &text, 100, NULL), 0);
	ck_assert_str_eq(text.ptr, "second\nfirst\n");
	ck_assert_int_eq(shell("test -z \"$(ls trash)\""), 0);
	buf_done(&log);
	buf_done(&text);
	free(id);
}
END_TEST

/* Killed behind the manifest, before or while messages went. */
START_TEST(what_never_got_there_is_no_loss)
{
	char *a = spool_put("deferred", "a@b.example", "c@d.example");
	char *b = spool_put("deferred", "a@b.example", "c@d.example");
	struct buf from = BUF_INIT, to = BUF_INIT;
	struct queue_act_report r = delete_all();

	/* As if b had not been reached, and the journal had no end. */
	queue_path(&to, "deferred", b);
	buf_setf(&from, "trash/%s/%s", r.token, b);
	ck_assert_int_eq(rename(from.ptr, to.ptr), 0);
	ck_assert_int_eq(shell("sed -i '/\"end\"/d' data/actions.jsonl"), 0);
	r = undo_all("last", 0);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_DONE], 1);
	ck_assert(spool_has("deferred", a));
	ck_assert(spool_has("deferred", b));
	buf_done(&from);
	buf_done(&to);
	free(a);
	free(b);
}
END_TEST

START_TEST(a_lost_journal_does_not_lose_the_trash)
{
	char *id = spool_put("hold", "a@b.example", "c@d.example");

	delete_all();
	ck_assert_int_eq(unlink("data/actions.jsonl"), 0);
	undo_all("last", 0);
	ck_assert(spool_has("hold", id));
	free(id);
}
END_TEST

START_TEST(a_name_that_is_taken_is_left_to_its_owner)
{
	char *earlier = spool_put("deferred", "a@b.example", "c@d.example");
	char *id;
	struct queue_act_report r;
	struct buf path = BUF_INIT, text = BUF_INIT;

	spool_run(spool_plan(QUEUE_ACT_HOLD, NULL), NULL);
	queue_path(&path, "hold", earlier);
	ck_assert_int_eq(unlink(path.ptr), 0);
	id = spool_put("hold", "a@b.example", "c@d.example");
	delete_all();
	queue_path(&path, "hold", id);
	spool_write(path.ptr, "another", 0700);
	r = undo_all("last", 0);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_FAILED], 1);
	ck_assert_int_eq(file_read(path.ptr, &text, 100, NULL), 0);
	ck_assert_str_eq(text.ptr, "another");
	ck_assert_int_eq(unlink(path.ptr), 0);
	/* Not an earlier action: this one is not undone yet. */
	r = undo_all("last", 0);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_DONE], 1);
	buf_done(&path);
	buf_done(&text);
	free(id);
	free(earlier);
}
END_TEST

START_TEST(time_purges)
{
	size_t files;
	int64_t bytes;

	free(spool_put("hold", "a@b.example", "c@d.example"));
	delete_all();
	queue_trash_purge(clock_now() + 86390, -1, &files, &bytes, NULL);
	ck_assert_uint_eq(files, 0);
	queue_trash_purge(clock_now() + 86410, -1, &files, &bytes, NULL);
	ck_assert_uint_eq(files, 1);
	ck_assert_int_gt(bytes, 0);
	ck_assert_int_eq(shell("test -z \"$(ls trash)\""), 0);
	undo_all("last", -1);
}
END_TEST

START_TEST(what_is_being_filled_is_neither_undone_nor_purged)
{
	struct queue_journal_action a = { .token = "20200101T000000-ABCD",
	    .action = "delete", .time = 1577836800 };
	struct err err = ERR_INIT;
	struct queue_trash *t;
	size_t files;

	ck_assert_ptr_nonnull(t = queue_trash_open(&a, &err));
	ck_assert_int_eq(queue_trash_sync(t, &err), 0);
	ck_assert_int_eq(queue_trash_undo(a.token, NULL, false, NULL, NULL,
	    &err), -1);
	ck_assert_int_eq(err.kind, ERR_RETRY);
	queue_trash_purge(clock_now(), 0, &files, NULL, NULL);
	ck_assert_int_eq(access("trash/20200101T000000-ABCD", F_OK), 0);
	queue_trash_close(t);
	ck_assert_int_ne(access("trash/20200101T000000-ABCD", F_OK), 0);
}
END_TEST

static bool
note_order(const struct queue_trash_entry *e, void *ctx)
{
	buf_addf(ctx, "%s ", e->action.note);
	return true;
}

/* By their tokens these would be in the opposite order. */
START_TEST(the_oldest_comes_first_whatever_its_token)
{
	static const struct queue_journal_action made[] = {
		{ .token = "20200101T000000-0000", .time = 1577836800,
		    .usec = 20, .note = "third" },
		{ .token = "20200101T000000-FFFF", .time = 1577836800,
		    .usec = 3, .note = "second" },
		/* clocks go back an hour */
		{ .token = "20200101T003000-FFFF", .time = 1577835000,
		    .usec = 999999, .note = "first" },
	};
	struct buf path = BUF_INIT, lines = BUF_INIT, order = BUF_INIT;
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		buf_setf(&path, "trash/%s", made[i].token);
		ck_assert_int_eq(mkdir(path.ptr, 0700), 0);
		buf_adds(&path, "/manifest.jsonl");
		buf_reset(&lines);
		queue_journal_put_begin(&lines, &made[i]);
		spool_write(path.ptr, lines.ptr, 0600);
	}
	ck_assert_int_eq(queue_trash_each(note_order, &order, &err), 0);
	ck_assert_str_eq(order.ptr, "first second third ");
	buf_done(&path);
	buf_done(&lines);
	buf_done(&order);
}
END_TEST

START_TEST(a_manifest_is_not_believed_blindly)
{
	ck_assert_int_eq(mkdir("trash/20200101T000000-ABCD", 0700), 0);
	spool_write("trash/20200101T000000-ABCD/manifest.jsonl",
	    "{\"event\":\"begin\",\"token\":\"20200101T000000-ABCD\","
	    "\"action\":\"delete\",\"time\":1}\n"
	    "{\"event\":\"message\",\"token\":\"20200101T000000-ABCD\","
	    "\"id\":\"../../data/x\",\"queue\":\"hold\"}\n"
	    "{\"event\":\"message\",\"token\":\"20200101T000000-ABCD\","
	    "\"id\":\"AAAA\",\"queue\":\"../data\",\"inode\":0}\n"
	    "not JSON\n", 0600);
	spool_write("data/x", "x", 0600);
	spool_write("trash/20200101T000000-ABCD/AAAA", "", 0700);
	undo_all("20200101T000000-ABCD", 0);
	ck_assert_int_eq(access("data/x", F_OK), 0);
	ck_assert_int_eq(access("trash/20200101T000000-ABCD/AAAA", F_OK), 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_trash");

	tcase_add_checked_fixture(tc, spool_setup, unit_folder_leave);
	tcase_add_test(tc, what_was_active_comes_back_to_incoming);
	tcase_add_test(tc, what_cannot_be_kept_is_not_deleted);
	tcase_add_test(tc, what_was_delivered_after_all_stays);
	tcase_add_test(tc, a_log_that_has_grown_anew_keeps_both_parts);
	tcase_add_test(tc, what_never_got_there_is_no_loss);
	tcase_add_test(tc, a_lost_journal_does_not_lose_the_trash);
	tcase_add_test(tc, a_name_that_is_taken_is_left_to_its_owner);
	tcase_add_test(tc, time_purges);
	tcase_add_test(tc,
	    what_is_being_filled_is_neither_undone_nor_purged);
	tcase_add_test(tc, the_oldest_comes_first_whatever_its_token);
	tcase_add_test(tc, a_manifest_is_not_believed_blindly);
	return unit_run("queue_trash", tc);
}
