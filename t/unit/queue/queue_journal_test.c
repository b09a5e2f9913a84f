/*
 * queue_journal_test.c - what is written down is found again, whole
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_journal.h"

#include <check.h>
#include <sys/wait.h>

#include "lib/base/mem.h"
#include "t/unit/forbid.h"
#include "t/unit/queue/spool.h"
#include "t/unit/unit.h"

static void
store(struct buf *lines)
{
	struct err err = ERR_INIT;

	ck_assert_msg(queue_journal_append(lines, &err) == 0, "%s",
	    err.text);
	buf_reset(lines);
}

/* One whole action of n messages. */
static void
record(const char *token, const char *action, const char *of, int64_t when,
    int n)
{
	struct queue_journal_action a = { .token = token, .action = action,
	    .user = "ann \"x\"", .note = "caf\xc3\xa9\n", .of = of,
	    .time = when, .ended = when + 1, .messages = n,
	    .counts = { n } };
	struct queue_journal_message m = { .mtime = 1700000001, .mode = 0700,
	    .rcpts = 2, .what = { .queue = "deferred", .dev = 7,
	    .inode = 12345678901, .bytes = 99, .arrival = { 1700000000,
	    654321 } } };
	struct buf lines = BUF_INIT;
	char id[16];
	int i;

	queue_journal_put_begin(&lines, &a);
	for (i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "ID%d", i);
		m.what.id = id;
		queue_journal_put_message(&lines, token, &m);
	}
	queue_journal_put_end(&lines, &a);
	store(&lines);
	buf_done(&lines);
}

struct seen {
	int	 actions, undone, ended;
	char	 last[QUEUE_TOKEN_SIZE];
};

static bool
see(const struct queue_journal_action *a, void *ctx)
{
	struct seen *s = ctx;

	s->actions++;
	s->undone += a->is_undone;
	s->ended += a->is_ended;
	snprintf(s->last, sizeof(s->last), "%s", a->token);
	ck_assert_str_eq(a->user, "ann \"x\"");
	ck_assert_str_eq(a->note, "caf\xc3\xa9\n");
	return true;
}

static struct seen
look(time_t since, size_t damaged)
{
	struct seen s = { 0 };
	size_t n;

	ck_assert_int_eq(queue_journal_each(since, see, &s, &n, NULL), 0);
	ck_assert_uint_eq(n, damaged);
	return s;
}

static bool
see_message(const struct queue_journal_message *m, void *ctx)
{
	int *n = ctx;

	ck_assert_int_eq(m->what.id[2] - '0', *n);
	ck_assert_str_eq(m->what.queue, "deferred");
	ck_assert_uint_eq(m->what.inode, 12345678901);
	ck_assert_int_eq(m->what.arrival.tv_sec, 1700000000);
	ck_assert_int_eq(m->what.arrival.tv_usec, 654321);
	ck_assert_int_eq(m->mtime, 1700000001);
	ck_assert_uint_eq(m->mode, 0700);
	ck_assert_str_eq(m->result, *n == 1 ? "gone" : "done");
	(*n)++;
	return true;
}

START_TEST(an_action_is_gathered_from_its_lines)
{
	struct buf lines = BUF_INIT;
	int n = 0;

	record("20250101T000000-0001", "hold", "", 100, 3);
	record("20250101T000000-0002", "release", "", 200, 1);
	record("20250101T000000-0003", "undo", "20250101T000000-0001", 300, 0);
	queue_journal_put_result(&lines, "20250101T000000-0001", "ID1",
	    "gone", "is gone", NULL);
	store(&lines);
	ck_assert_int_eq(look(0, 0).actions, 3);
	ck_assert_int_eq(look(0, 0).undone, 1);
	ck_assert_int_eq(look(0, 0).ended, 3);
	ck_assert_int_eq(look(200, 0).actions, 2);
	ck_assert_int_eq(queue_journal_messages("20250101T000000-0001",
	    see_message, &n, NULL), 0);
	ck_assert_int_eq(n, 3);
	buf_done(&lines);
}
END_TEST

START_TEST(damage_is_counted_and_passed_over)
{
	struct buf lines = BUF_INIT;

	record("20250101T000000-0001", "hold", "", 100, 1);
	buf_adds(&lines, "{\"event\": \"beg\n[1]\n");
	store(&lines);
	record("20250101T000000-0002", "hold", "", 100, 1);
	ck_assert_int_eq(look(0, 2).actions, 2);
	buf_done(&lines);
}
END_TEST

START_TEST(lines_that_the_disk_does_not_hold_are_none)
{
	struct buf lines = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat before, after;

	record("20250101T000000-0001", "hold", "", 100, 1);
	ck_assert_int_eq(stat("data/actions.jsonl", &before), 0);
	queue_journal_put_result(&lines, "20250101T000000-0001", "ID1",
	    "gone", "is gone", NULL);
	forbid_call(SCMP_SYS(fsync), EIO);
	ck_assert_int_eq(queue_journal_append(&lines, &err), -1);
	ck_assert_int_eq(err.errnum, EIO);
	ck_assert_int_eq(look(0, 0).actions, 1);
	ck_assert_int_eq(stat("data/actions.jsonl", &after), 0);
	ck_assert_int_eq(after.st_size, before.st_size);
	buf_done(&lines);
}
END_TEST

START_TEST(a_large_journal_is_put_aside)
{
	struct stat st;
	char token[QUEUE_TOKEN_SIZE];
	int i;

	params.posthorn_journal_size = 4096;
	for (i = 0; i < 20; i++) {
		snprintf(token, sizeof(token), "20250101T000000-00%02d", i);
		record(token, "hold", "", 100, 1);
	}
	ck_assert_int_eq(stat("data/actions.jsonl.1", &st), 0);
	ck_assert_int_lt(st.st_size, 6000);
	/* In order over all files. */
	ck_assert_int_eq(look(0, 0).actions, 20);
	ck_assert_str_eq(look(0, 0).last, "20250101T000000-0019");
	for (; i < 400; i++)
		record("20250101T000000-9999", "hold", "", 100, 1);
	ck_assert_int_ne(stat("data/actions.jsonl.5", &st), 0);
}
END_TEST

/* Many writers, a small file: no line is lost or torn while it rotates. */
START_TEST(writers_take_turns)
{
	char token[QUEUE_TOKEN_SIZE];
	int i, j, status;

	params.posthorn_journal_size = 16384;
	for (i = 0; i < 4; i++) {
		if (fork() != 0)
			continue;
		for (j = 0; j < 25; j++) {
			snprintf(token, sizeof(token), "20250101T00%02d%02d-"
			    "0000", i, j);
			record(token, "hold", "", 100, 2);
		}
		_exit(0);
	}
	for (i = 0; i < 4; i++) {
		wait(&status);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(look(0, 0).actions, 100);
	ck_assert_int_eq(look(0, 0).ended, 100);
}
END_TEST

static const struct {
	const char	*token;
	bool		 is_good;
} tokens[] = {
	{ "20250612T101500-8F3A", true },
	{ "20250612T101500-8f3a", true },
	{ "20250612T101500-8F3", false },
	{ "20250612T101500-8F3A0", false },
	{ "20250612T101500-8F/A", false },
	{ "../../../../../etc/x", false },
	{ "", false },
};

START_TEST(a_token_has_one_form)
{
	char made[QUEUE_TOKEN_SIZE];

	ck_assert(queue_token_is_valid(tokens[_i].token) ==
	    tokens[_i].is_good);
	queue_token_make(made, clock_now());
	ck_assert(queue_token_is_valid(made));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_journal");

	tcase_add_checked_fixture(tc, spool_setup, unit_folder_leave);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, an_action_is_gathered_from_its_lines);
	tcase_add_test(tc, damage_is_counted_and_passed_over);
	tcase_add_test(tc, lines_that_the_disk_does_not_hold_are_none);
	tcase_add_test(tc, a_large_journal_is_put_aside);
	tcase_add_test(tc, writers_take_turns);
	UNIT_LOOP(tc, a_token_has_one_form, tokens);
	return unit_run("queue_journal", tc);
}
