/*
 * queue_act_test.c - the message that was looked at, and no other
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_act.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>

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
	} else {
		queue_plan_free(p);
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

/* ---- between a look and an act ---- */

static struct queue_identity
identity_of(const char *queue, const char *id)
{
	struct queue_identity what;
	struct queue_message m;

	queue_message_init(&m);
	ck_assert_int_eq(queue_message_read(&m, queue, id,
	    QUEUE_MESSAGE_ENVELOPE, NULL), 1);
	queue_identity_of(&m, &what);
	what.id = id;
	what.path = NULL;
	queue_message_done(&m);
	return what;
}

START_TEST(a_name_that_changes_hands_before_the_rename_is_put_back)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct queue_identity what = identity_of("deferred", id);
	struct queue_found f = QUEUE_FOUND_INIT;
	struct err err = ERR_INIT;
	struct buf path = BUF_INIT;
	struct stat other, st;

	ck_assert_int_eq(queue_identity_open(&what, &f, &err),
	    QUEUE_RESULT_DONE);
	replace("deferred", id);
	queue_path(&path, "deferred", id);
	ck_assert_int_eq(stat(path.ptr, &other), 0);
	ck_assert_int_eq(queue_identity_move(&f, "hold", &err),
	    QUEUE_RESULT_CHANGED);
	ck_assert(!spool_has("hold", id));
	ck_assert_int_eq(stat(path.ptr, &st), 0);
	ck_assert_uint_eq(st.st_ino, other.st_ino);
	queue_found_close(&f);
	buf_done(&path);
	free(id);
}
END_TEST

START_TEST(what_stands_there_is_never_replaced)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct queue_plan *p = spool_plan(QUEUE_ACT_HOLD, NULL);
	struct queue_act_report r;
	struct buf path = BUF_INIT;

	queue_path(&path, "hold", id);
	spool_write(path.ptr, "somebody else's", 0700);
	r = spool_run(p, NULL);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_FAILED], 1);
	ck_assert(spool_has("deferred", id));
	ck_assert(spool_has("hold", id));
	buf_done(&path);
	free(id);
}
END_TEST

START_TEST(a_symbolic_link_is_another_message)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct queue_plan *p = spool_plan(QUEUE_ACT_DELETE, NULL);
	struct queue_act_report r;
	struct buf path = BUF_INIT;

	queue_path(&path, "deferred", id);
	ck_assert_int_eq(rename(path.ptr, "kept"), 0);
	ck_assert_int_eq(symlink("../../kept", path.ptr), 0);
	r = spool_run(p, NULL);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_CHANGED], 1);
	ck_assert_int_eq(access("kept", F_OK), 0);
	buf_done(&path);
	free(id);
}
END_TEST

START_TEST(a_file_with_another_name_keeps_its_mode)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct queue_act_report r;
	struct buf path = BUF_INIT;
	struct stat st;

	queue_path(&path, "deferred", id);
	ck_assert_int_eq(link(path.ptr, "kept"), 0);
	r = spool_run(spool_plan(QUEUE_ACT_EXPIRE, NULL), NULL);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_FAILED], 1);
	ck_assert_int_eq(stat("kept", &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	buf_done(&path);
	free(id);
}
END_TEST

/* The same inode and name, and yet another message: a recycled inode. */
START_TEST(the_arrival_tells_a_recycled_inode)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct queue_plan *p = spool_plan(QUEUE_ACT_DELETE, NULL);
	struct queue_act_report r;
	struct buf path = BUF_INIT;
	char head[200];
	char *digit;
	int fd;

	queue_path(&path, "deferred", id);
	ck_assert_int_ne(fd = open(path.ptr, O_RDWR), -1);
	ck_assert_int_eq(pread(fd, head, 180, 0), 180);
	digit = memchr(head + 97, ' ', 80);	/* before the microseconds */
	ck_assert_ptr_nonnull(digit);
	ck_assert_int_eq(pwrite(fd, digit[1] == '1' ? "2" : "1", 1,
	    digit + 1 - head), 1);
	close(fd);
	r = spool_run(p, NULL);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_CHANGED], 1);
	ck_assert(spool_has("deferred", id));
	buf_done(&path);
	free(id);
}
END_TEST

START_TEST(one_of_another_size_is_another)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct queue_plan *p = spool_plan(QUEUE_ACT_DELETE, NULL);
	struct buf path = BUF_INIT;
	struct queue_act_report r;
	struct stat st;

	/* The inode was free and was taken again, by a message of the same time. */
	queue_path(&path, "deferred", id);
	ck_assert_int_eq(stat(path.ptr, &st), 0);
	ck_assert_int_eq(truncate(path.ptr, st.st_size + 10), 0);
	r = spool_run(p, NULL);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_CHANGED], 1);
	ck_assert(spool_has("deferred", id));
	buf_done(&path);
	free(id);
}
END_TEST

START_TEST(what_was_delivered_meanwhile_is_gone)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct queue_plan *p = spool_plan(QUEUE_ACT_DELETE, NULL);
	struct queue_act_report r;

	ck_assert_int_eq(queue_remove(id, "deferred", NULL), 0);
	r = spool_run(p, NULL);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_GONE], 1);
	/* An action that did nothing leaves nothing. */
	ck_assert_int_eq(system("test -z \"$(ls trash)\""), 0);
	free(id);
}
END_TEST

/*
 * The race itself: a process gives the same names to new messages, over and
 * over, while we plan and delete. Each file says in its size and content which
 * generation it is; what got into the trash must be what was planned.
 */
#define NAMES	20
#define ROUNDS	150

static void
give_name(int i, unsigned generation)
{
	struct buf text = BUF_INIT;
	char path[64], temp[64];

	buf_addf(&text, "T\x14%010u %06d", 1700000000 + generation, i);
	buf_truncate(&text, 2 + 0x14 > text.len ? text.len : 2 + 0x14);
	while (text.len < 2 + 0x14)
		buf_addc(&text, ' ');
	snprintf(path, sizeof(path), "incoming/%05X%05X", i, 0xAAAAA);
	snprintf(temp, sizeof(temp), "incoming/%d.new", i);
	spool_write(temp, text.ptr, 0700);
	rename(temp, path);
	buf_done(&text);
}

static void
keep_changing_hands(void)
{
	unsigned generation = 1;
	pid_t parent = getppid();

	while (getppid() == parent)
		give_name((int)(random() % NAMES), generation++);
	_exit(0);
}

static bool
check_trash(const struct queue_act_step *s, void *ctx)
{
	struct queue_act_report *r = ctx;
	struct buf path = BUF_INIT, text = BUF_INIT;
	long sec = 0;

	buf_setf(&path, "trash/%s/%s", r->token, s->item->what.id);
	if (s->result != QUEUE_RESULT_DONE) {
		ck_assert_int_ne(access(path.ptr, F_OK), 0);
	} else {
		ck_assert_int_eq(file_read(path.ptr, &text, 1000, NULL), 0);
		ck_assert_int_eq(sscanf(text.ptr + 2, "%ld", &sec), 1);
		ck_assert_int_eq(sec, s->item->what.arrival.tv_sec);
	}
	buf_done(&path);
	buf_done(&text);
	return true;
}

START_TEST(no_message_is_taken_for_another)
{
	struct queue_act_options o = QUEUE_ACT_OPTIONS_INIT;
	size_t counts[QUEUE_RESULT_COUNT] = { 0 };
	struct queue_act_report r;
	struct err err = ERR_INIT;
	struct queue_plan *p;
	int i, round;
	pid_t pid;

	for (i = 0; i < NAMES; i++)
		give_name(i, 0);
	if ((pid = fork()) == 0)
		keep_changing_hands();
	for (round = 0; round < ROUNDS; round++) {
		p = spool_plan(QUEUE_ACT_DELETE, "queue = incoming");
		ck_assert_msg(queue_act_run(p, &o, check_trash, &r, &r, &err)
		    == 0, "%s", err.text);
		for (i = 0; i < QUEUE_RESULT_COUNT; i++)
			counts[i] += r.counts[i];
		queue_plan_free(p);
	}
	kill(pid, SIGKILL);
	/* Both happened, or the test has shown nothing. */
	ck_assert_uint_gt(counts[QUEUE_RESULT_DONE], 100);
	ck_assert_uint_gt(counts[QUEUE_RESULT_CHANGED] +
	    counts[QUEUE_RESULT_GONE], 10);
}
END_TEST

/* ---- stopping, recording ---- */

static bool
stop_after_three(const struct queue_act_step *s, void *ctx)
{
	(void)ctx;
	return s->index < 2;
}

START_TEST(an_action_can_be_stopped_and_taken_back)
{
	struct queue_act_options o = QUEUE_ACT_OPTIONS_INIT;
	struct queue_act_report r;
	struct err err = ERR_INIT;
	struct queue_plan *p;
	int i;

	for (i = 0; i < 10; i++)
		free(spool_put("deferred", "a@b.example", "c@d.example"));
	p = spool_plan(QUEUE_ACT_HOLD, NULL);
	ck_assert_int_eq(queue_act_run(p, &o, stop_after_three, NULL, &r,
	    &err), 0);
	queue_plan_free(p);
	ck_assert(r.was_stopped);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_DONE], 3);
	ck_assert_int_eq(queue_undo_run("last", NULL, false, &o, NULL, NULL,
	    &r, &err), 0);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_DONE], 3);
	p = spool_plan(QUEUE_ACT_HOLD, "queue = deferred");
	ck_assert_uint_eq(queue_plan_count(p), 10);
	queue_plan_free(p);
}
END_TEST

START_TEST(without_a_journal_nothing_is_begun)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct queue_act_options o = QUEUE_ACT_OPTIONS_INIT;
	struct queue_act_report r;
	struct err err = ERR_INIT;
	struct queue_plan *p = spool_plan(QUEUE_ACT_DELETE, NULL);

	params.data_directory = "nowhere";
	ck_assert_int_eq(queue_act_run(p, &o, NULL, NULL, &r, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "nowhere/actions.jsonl"));
	ck_assert(spool_has("deferred", id));
	ck_assert_int_eq(system("test -z \"$(ls trash)\""), 0);
	/* For good, it is only worth a warning. */
	o.wants_undo = false;
	ck_assert_int_eq(queue_act_run(p, &o, NULL, NULL, &r, &err), 0);
	ck_assert(r.is_unrecorded);
	ck_assert(!spool_has("deferred", id));
	queue_plan_free(p);
	free(id);
}
END_TEST

START_TEST(a_hold_is_undone_only_while_it_holds)
{
	char *id = spool_put("deferred", "a@b.example", "c@d.example");
	struct queue_act_options o = QUEUE_ACT_OPTIONS_INIT;
	struct queue_act_report r;
	struct err err = ERR_INIT;

	spool_run(spool_plan(QUEUE_ACT_HOLD, NULL), NULL);
	ck_assert_int_eq(queue_move(id, "hold", "active", NULL), 0);
	ck_assert_int_eq(queue_undo_run("last", NULL, false, &o, NULL, NULL,
	    &r, &err), 0);
	ck_assert_uint_eq(r.counts[QUEUE_RESULT_NOTHING], 1);
	ck_assert(spool_has("active", id));
	free(id);
}
END_TEST

START_TEST(a_release_gives_back_the_time_of_the_next_attempt)
{
	char *id = spool_put("hold", "a@b.example", "c@d.example");
	struct queue_act_options o = QUEUE_ACT_OPTIONS_INIT;
	struct timespec then[2] = { { .tv_sec = 1700000000 },
	    { .tv_sec = 1700000000 } };
	struct queue_act_report r;
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	queue_path(&path, "hold", id);
	ck_assert_int_eq(utimensat(AT_FDCWD, path.ptr, then, 0), 0);
	spool_run(spool_plan(QUEUE_ACT_RELEASE, NULL), NULL);
	/* Tried, and deferred: a queue manager has set another time. */
	queue_path(&path, "deferred", id);
	ck_assert_int_eq(utimensat(AT_FDCWD, path.ptr, NULL, 0), 0);
	ck_assert_int_eq(queue_undo_run("last", NULL, false, &o, NULL, NULL,
	    &r, &err), 0);
	queue_path(&path, "hold", id);
	ck_assert_int_eq(stat(path.ptr, &st), 0);
	ck_assert_int_eq(st.st_mtime, 1700000000);
	buf_done(&path);
	free(id);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_act");

	tcase_add_checked_fixture(tc, spool_setup, unit_folder_leave);
	tcase_set_timeout(tc, 60);
	UNIT_LOOP(tc, an_action_moves_the_message, moves);
	tcase_add_loop_test(tc, another_message_of_that_name_is_not_touched,
	    0, QUEUE_ACT_EDIT);
	tcase_add_loop_test(tc, a_message_that_moved_is_followed, 0,
	    QUEUE_ACT_EDIT);
	tcase_add_test(tc, a_deleted_message_comes_back_as_it_was);
	tcase_add_test(tc,
	    a_name_that_changes_hands_before_the_rename_is_put_back);
	tcase_add_test(tc, what_stands_there_is_never_replaced);
	tcase_add_test(tc, a_symbolic_link_is_another_message);
	tcase_add_test(tc, a_file_with_another_name_keeps_its_mode);
	tcase_add_test(tc, the_arrival_tells_a_recycled_inode);
	tcase_add_test(tc, one_of_another_size_is_another);
	tcase_add_test(tc, what_was_delivered_meanwhile_is_gone);
	tcase_add_test(tc, no_message_is_taken_for_another);
	tcase_add_test(tc, an_action_can_be_stopped_and_taken_back);
	tcase_add_test(tc, without_a_journal_nothing_is_begun);
	tcase_add_test(tc, a_hold_is_undone_only_while_it_holds);
	tcase_add_test(tc, a_release_gives_back_the_time_of_the_next_attempt);
	return unit_run("queue_act", tc);
}
