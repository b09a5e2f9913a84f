/*
 * queue_snapshot_test.c - rows are messages, whatever the queue does meanwhile
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_snapshot.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_round.h"
#include "lib/queue/queue_select.h"
#include "t/unit/folder.h"
#include "t/unit/unit.h"

static atomic_int stop;
static struct queue_snapshot *s;
static struct queue_round *r;

static void
rec(struct buf *out, int type, const char *text)
{
	buf_addc(out, type);
	buf_addc(out, (int)strlen(text));
	buf_adds(out, text);
}

static void
write_file(const char *path, const struct buf *b, mode_t mode)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(b->ptr, 1, b->len, f), b->len);
	fclose(f);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void
message(const char *path, const char *sender, const char *rcpt)
{
	struct buf b = BUF_INIT;

	rec(&b, 'T', "1700000000 123456");
	rec(&b, 'A', "log_client_name=client.example");
	rec(&b, 'A', "sasl_username=ann");
	rec(&b, 'S', sender);
	rec(&b, 'R', rcpt);
	rec(&b, 'M', "");
	rec(&b, 'N', "Subject: hello");
	rec(&b, 'X', "");
	rec(&b, 'E', "");
	write_file(path, &b, 0700);
	buf_done(&b);
}

static void
reason(const char *id, const char *rcpt, const char *text)
{
	struct buf b = BUF_INIT;
	char path[64];

	buf_addf(&b, "<%s>: %s\nrecipient=%s\noffset=1\nstatus=4.4.1\n"
	    "action=delayed\nreason=%s\n\n", rcpt, text, rcpt, text);
	snprintf(path, sizeof(path), "defer/%s", id);
	write_file(path, &b, 0600);
	buf_done(&b);
}

static void
setup(void)
{
	unit_folder_enter("maildrop incoming active deferred hold corrupt defer");
	params_set_defaults(&params);
	params.hash_queue_names = "";
	s = queue_snapshot_new();
	r = queue_round_new(s, &stop);
	stop = 0;
}

static void
teardown(void)
{
	queue_round_free(r);
	queue_snapshot_free(s);
	unit_folder_leave();
}

static void
look(bool is_thorough)
{
	struct err err = ERR_INIT;

	ck_assert_msg(queue_round_scan(r, is_thorough, &err) == 0, "%s",
	    err.text);
}

static const struct queue_row *
row_of(const char *id)
{
	uint32_t slot;

	ck_assert_msg(queue_snapshot_find(s, id, &slot), "%s is not there",
	    id);
	return queue_snapshot_row(s, slot);
}

START_TEST(a_row_tells_what_the_file_says)
{
	const struct queue_row *row;
	const struct queue_row_rcpt *rcpt;
	const struct queue_row_reason *why;

	message("deferred/AAAA01", "a@One.example", "b@Two.Example");
	reason("AAAA01", "b@Two.Example",
	    "connect to mx.two.example[192.0.2.1]:25: Connection refused");
	look(false);
	row = row_of("AAAA01");
	ck_assert_int_eq(row->queue, QUEUE_DEFERRED);
	ck_assert_int_eq(row->arrival, 1700000000);
	ck_assert_uint_eq(row->arrival_us, 123456);
	ck_assert_str_eq(queue_snapshot_text(s, row->sender),
	    "a@One.example");
	ck_assert_str_eq(queue_snapshot_text(s, row->sender_domain),
	    "one.example");
	ck_assert_str_eq(queue_snapshot_fact(s, row, QUEUE_FACT_CLIENT),
	    "client.example");
	ck_assert_str_eq(queue_snapshot_fact(s, row, QUEUE_FACT_SASL), "ann");
	ck_assert_str_eq(queue_snapshot_fact(s, row, QUEUE_FACT_VERP), "");
	rcpt = queue_snapshot_rcpts(row);
	ck_assert_str_eq(queue_snapshot_text(s, rcpt->domain), "two.example");
	why = queue_snapshot_reason(s, rcpt);
	ck_assert_int_eq(why->class, REASON_CONNECT);
	ck_assert_str_eq(queue_snapshot_text(s, why->relay),
	    "mx.two.example");
	ck_assert_str_eq(queue_snapshot_text(s, why->relay_addr),
	    "192.0.2.1");
}
END_TEST

START_TEST(a_selection_means_the_same_from_a_row)
{
	static const struct {
		const char	*text;
		enum queue_select_result want;
	} tests[] = {
		{ "sender = a@one.example and sasl = ann", SELECT_YES },
		{ "any rcpt (domain = two.example and class = connect)",
		    SELECT_YES },
		{ "dsn = 4.4.1 and relay.addr in 192.0.2.0/24", SELECT_YES },
		{ "subject = hello", SELECT_YES },
		{ "subject = other", SELECT_NO },
		{ "is logged and not is tagged", SELECT_YES },
		{ "queue = hold", SELECT_NO },
		{ "client = client.example and nrcpt = 1", SELECT_YES },
	};
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_message m;
	struct queue_select *q;
	struct err err = ERR_INIT;
	size_t i;

	message("deferred/AAAA01", "a@one.example", "b@two.example");
	reason("AAAA01", "b@two.example",
	    "connect to mx.two.example[192.0.2.1]:25: Connection refused");
	look(false);
	queue_message_init(&m);
	c.m = &m;
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		queue_snapshot_message(s, row_of("AAAA01"), &m);
		q = queue_select_parse(tests[i].text, time(NULL), &err);
		ck_assert_msg(q != NULL, "%s", err.text);
		ck_assert_msg(queue_select_eval(q, &c) == tests[i].want,
		    "%s", tests[i].text);
		queue_select_free(q);
	}
	queue_message_done(&m);
	queue_field_context_done(&c);
}
END_TEST

START_TEST(a_message_that_moves_keeps_its_row)
{
	uint32_t before, after;
	struct queue_snapshot_rates rates;
	size_t gone;

	message("deferred/AAAA01", "a@one.example", "b@two.example");
	message("deferred/AAAA02", "a@one.example", "b@two.example");
	look(false);
	ck_assert(queue_snapshot_find(s, "AAAA01", &before));
	ck_assert(queue_snapshot_tag(s, before, true));
	ck_assert_int_eq(rename("deferred/AAAA01", "active/AAAA01"), 0);
	ck_assert_int_eq(unlink("deferred/AAAA02"), 0);
	message("incoming/AAAA03", "a@one.example", "b@two.example");
	look(false);
	ck_assert(queue_snapshot_find(s, "AAAA01", &after));
	ck_assert_uint_eq(before, after);
	ck_assert(queue_snapshot_row(s, after)->is_tagged);
	ck_assert_int_eq(queue_snapshot_row(s, after)->queue, QUEUE_ACTIVE);
	ck_assert(!queue_snapshot_find(s, "AAAA02", &after));
	queue_snapshot_rate(s, time(NULL), &rates);
	ck_assert_uint_eq(rates.last_arrived, 1);
	ck_assert_uint_eq(rates.last_left, 1);
	ck_assert_uint_eq(rates.last_moved, 1);
	ck_assert_int_eq(unlink("active/AAAA01"), 0);
	look(false);
	ck_assert_uint_eq(queue_snapshot_tagged(s, &gone), 0);
	ck_assert_uint_eq(gone, 1);
}
END_TEST

START_TEST(another_message_of_the_same_name_is_another_row)
{
	uint32_t slot, serial;

	message("deferred/AAAA01", "a@one.example", "b@two.example");
	message("deferred/KEEP", "a@one.example", "b@two.example");
	look(false);
	ck_assert(queue_snapshot_find(s, "AAAA01", &slot));
	serial = queue_snapshot_row(s, slot)->serial;
	ck_assert_int_eq(rename("deferred/KEEP", "deferred/AAAA01"), 0);
	look(true);
	ck_assert(queue_snapshot_find(s, "AAAA01", &slot));
	ck_assert_uint_ne(queue_snapshot_row(s, slot)->serial, serial);
	ck_assert_uint_eq(queue_snapshot_count(s), 1);
}
END_TEST

START_TEST(a_change_in_place_is_noticed)
{
	struct utimbuf times = { 1800000000, 1800000000 };
	uint32_t version;

	message("active/AAAA01", "a@one.example", "b@two.example");
	message("hold/AAAA02", "a@one.example", "b@two.example");
	look(false);
	look(false);
	version = queue_snapshot_version(s);
	look(false);
	look(true);
	ck_assert_uint_eq(queue_snapshot_version(s), version);
	ck_assert_int_eq(utime("active/AAAA01", &times), 0);
	look(false);
	ck_assert_int_eq(row_of("AAAA01")->mtime, 1800000000);
	ck_assert_int_eq(chmod("hold/AAAA02", 0710), 0);
	look(true);
	ck_assert_uint_eq(row_of("AAAA02")->mode & 0777, 0710);
}
END_TEST

START_TEST(a_spool_that_vanishes_leaves_what_was_known)
{
	struct err err = ERR_INIT;

	message("deferred/AAAA01", "a@one.example", "b@two.example");
	look(false);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(queue_round_scan(r, false, &err), -1);
	ck_assert_str_eq(err.text,
	    "no queue can be opened: No such file or directory");
	ck_assert_uint_eq(queue_snapshot_count(s), 1);
	ck_assert_int_eq(chdir(unit_folder), 0);
}
END_TEST

START_TEST(damaged_files_are_rows_too)
{
	struct buf b = BUF_INIT;

	rec(&b, 'T', "1700000000");
	rec(&b, 'S', "a@one.example");
	write_file("deferred/AAAA01", &b, 0700);
	buf_sets(&b, "no queue file at all");
	write_file("deferred/AAAA02", &b, 0700);
	look(false);
	ck_assert(row_of("AAAA01")->is_damaged);
	ck_assert(row_of("AAAA02")->is_damaged);
	buf_done(&b);
}
END_TEST

START_TEST(what_is_being_written_is_a_row_and_no_arrival_yet)
{
	struct queue_snapshot_rates rates;
	struct buf b = BUF_INIT;

	look(false);
	rec(&b, 'T', "1700000000");
	write_file("incoming/AAAA01", &b, 0600);
	look(false);
	ck_assert(row_of("AAAA01")->is_arriving);
	ck_assert(!row_of("AAAA01")->is_damaged);
	queue_snapshot_rate(s, 1700000000, &rates);
	ck_assert_uint_eq(rates.last_arrived, 0);
	message("incoming/AAAA01", "a@one.example", "b@two.example");
	look(false);
	ck_assert(!row_of("AAAA01")->is_arriving);
	ck_assert_uint_eq(row_of("AAAA01")->rcpt_count, 1);
	queue_snapshot_rate(s, 1700000000, &rates);
	ck_assert_uint_eq(rates.last_arrived, 1);
	/* A writer that gives up: nothing has left. */
	write_file("incoming/AAAA02", &b, 0600);
	look(false);
	ck_assert_int_eq(unlink("incoming/AAAA02"), 0);
	look(false);
	queue_snapshot_rate(s, 1700000000, &rates);
	ck_assert_uint_eq(rates.last_left, 0);
	buf_done(&b);
}
END_TEST

START_TEST(memory_does_not_grow_with_what_has_gone)
{
	size_t after_first = 0;
	char path[64], text[64];
	int round, i;

	for (round = 0; round < 6; round++) {
		for (i = 0; i < 300; i++) {
			snprintf(path, sizeof(path), "deferred/A%04d%04d",
			    round, i);
			snprintf(text, sizeof(text), "u%d.%d@two.example",
			    round, i);
			message(path, "a@one.example", text);
		}
		look(false);
		ck_assert_uint_eq(queue_snapshot_count(s), 300);
		for (i = 0; i < 300; i++) {
			snprintf(path, sizeof(path), "deferred/A%04d%04d",
			    round, i);
			ck_assert_int_eq(unlink(path), 0);
		}
		look(false);
		ck_assert_uint_eq(queue_snapshot_count(s), 0);
		if (round == 0)
			after_first = queue_snapshot_memory(s);
	}
	ck_assert_uint_eq(queue_snapshot_memory(s), after_first);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_snapshot");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_row_tells_what_the_file_says);
	tcase_add_test(tc, a_selection_means_the_same_from_a_row);
	tcase_add_test(tc, a_message_that_moves_keeps_its_row);
	tcase_add_test(tc, another_message_of_the_same_name_is_another_row);
	tcase_add_test(tc, a_change_in_place_is_noticed);
	tcase_add_test(tc, a_spool_that_vanishes_leaves_what_was_known);
	tcase_add_test(tc, damaged_files_are_rows_too);
	tcase_add_test(tc, what_is_being_written_is_a_row_and_no_arrival_yet);
	tcase_add_test(tc, memory_does_not_grow_with_what_has_gone);
	return unit_run("queue_snapshot", tc);
}
