/*
 * queue_scan_test.c - every message once, wherever it goes meanwhile
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_scan.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_scan_internal.h"
#include "lib/queue/queue_select.h"
#include "t/unit/folder.h"
#include "t/unit/unit.h"

static void
setup(void)
{
	unit_folder_enter("active deferred");
	params.hash_queue_names = "deferred";
	params.hash_queue_depth = 1;
}

static void
touch(const char *path, mode_t mode)
{
	int fd = open(path, O_CREAT | O_WRONLY, mode);

	ck_assert_int_ne(fd, -1);
	close(fd);
}

START_TEST(a_message_that_moves_is_seen_once)
{
	static const char *const queues[] = { "active", "deferred",
	    "nowhere", NULL };
	struct queue_scan *qs;
	struct queue_message m;
	char path[64];
	int i, n = 0;

	mkdir("deferred/A", 0700);
	for (i = 0; i < 10000; i++) {
		snprintf(path, sizeof(path), "%s/A%07d", i % 2 == 0 ?
		    "active" : "deferred/A", i);
		touch(path, 0700);
	}
	touch("active/B0000001", 0600);
	touch("active/1.2", 0700);
	ck_assert_int_eq(symlink("A0000000", "active/B0000002"), 0);
	queue_message_init(&m);
	qs = queue_scan_open(queues, 0);
	while (queue_scan_next(qs, &m)) {
		if (n++ == 10)	/* some went on meanwhile */
			for (i = 0; i < 10000; i += 2) {
				char to[64];

				snprintf(path, sizeof(path), "active/A%07d",
				    i);
				snprintf(to, sizeof(to), "deferred/A/A%07d",
				    i);
				rename(path, to);
			}
		ck_assert_int_eq(m.id[0], 'A');
		ck_assert(S_ISREG(m.st.st_mode));
	}
	/* Those that went before they were met are met later. */
	ck_assert_int_eq(n, 10000);
	ck_assert_uint_eq(queue_scan_unreadable(qs), 1);
	queue_scan_close(qs);
	qs = queue_scan_open(queues, QUEUE_SCAN_ARRIVING);
	for (n = 0; queue_scan_next(qs, &m); )
		n++;
	ck_assert_int_eq(n, 10001);
	queue_scan_close(qs);
	queue_message_done(&m);
}
END_TEST

/* ---- with threads ---- */

#define MESSAGES	3000
#define GIANT		7	/* this one holds very much */

static void
put_messages(void)
{
	struct buf file = BUF_INIT;
	char path[64], text[64];
	int i, k, fd;

	mkdir("deferred/A", 0700);
	mkdir("defer", 0700);
	for (i = 0; i < MESSAGES; i++) {
		buf_reset(&file);
		queue_rec_put(&file, QUEUE_REC_TIME, "1795240000 5", 12);
		snprintf(text, sizeof(text), "s%d@a.example", i);
		queue_rec_put(&file, QUEUE_REC_FROM, text, strlen(text));
		for (k = 0; k < (i == GIANT ? 30000 : 1); k++) {
			snprintf(text, sizeof(text), "r%d@b.example", i + k);
			queue_rec_put(&file, QUEUE_REC_RCPT, text,
			    strlen(text));
		}
		queue_rec_put(&file, QUEUE_REC_MESG, "", 0);
		queue_rec_put(&file, QUEUE_REC_XTRA, "", 0);
		queue_rec_put(&file, QUEUE_REC_END, "", 0);
		snprintf(path, sizeof(path), "%s/A%07d", i % 3 == 0 ?
		    "active" : "deferred/A", i);
		touch(path, 0700);
		fd = open(path, O_WRONLY);
		ck_assert_int_eq(write(fd, file.ptr, file.len),
		    (ssize_t)file.len);
		close(fd);
		if (i % 5 != 0)
			continue;
		snprintf(path, sizeof(path), "defer/A%07d", i);
		touch(path, 0600);
		fd = open(path, O_WRONLY);
		dprintf(fd, "\nrecipient=r%d@b.example\nstatus=4.4.1\n"
		    "action=delayed\nreason=connect to host%d: timed out\n\n",
		    i, i);
		close(fd);
	}
	buf_done(&file);
}

struct worker_part {
	struct queue_field_context c;
	const struct queue_select *select;
	int		 looked;
};

struct gathered {
	struct buf	 ids, text;
	int		 taken, most;
	bool		 is_seen[MESSAGES];
	atomic_int stop;
};

/* Every message, and the first recipient of those in active as text. */
static bool
look(struct queue_message *m, struct buf *out, void *own)
{
	struct worker_part *w = own;

	w->looked++;
	w->c.m = m;
	w->c.now = 1795250000;
	if (queue_select_eval(w->select, &w->c) != SELECT_YES)
		return false;
	if (m->queue[0] == 'a')
		buf_addf(out, "%s\n", m->rcpts[0].address);
	return true;
}

static bool
take(struct queue_message *m, void *ctx)
{
	struct gathered *g = ctx;
	int i = atoi(m->id + 1);

	ck_assert(!g->is_seen[i]);
	g->is_seen[i] = true;
	ck_assert_int_eq(atoi(m->sender + 1), i);
	ck_assert_uint_eq(m->rcpt_count, i == GIANT ? 30000 : 1);
	ck_assert_int_eq(m->rcpts[0].reason[0] != '\0', i % 5 == 0);
	buf_adds(&g->ids, m->id);
	return ++g->taken != g->most;
}

static bool
text(struct buf *out, void *ctx)
{
	struct gathered *g = ctx;

	buf_add(&g->text, out->ptr, out->len);
	return true;
}

static void
run(unsigned threads, struct gathered *g, struct worker_part *parts)
{
	static const char *const queues[] = { "active", "deferred", NULL };
	struct queue_scan *qs = queue_scan_open(queues, 0);
	struct queue_scan_job job = { .threads = threads, .look = look,
	    .take = take, .text = text, .ctx = g, .own = parts,
	    .own_size = sizeof(*parts), .stop = &g->stop };
	struct queue_select *s = queue_select_parse(
	    "sender ~ \"^s\" and (class = timeout or not logged)", 1795250000,
	    NULL);
	unsigned i;

	ck_assert_ptr_nonnull(s);
	for (i = 0; i < threads; i++)
		parts[i].select = s;
	queue_scan_run(qs, &job);
	for (i = 0; i < threads; i++)
		queue_field_context_done(&parts[i].c);
	queue_select_free(s);
	queue_scan_close(qs);
}

static void
forget_gathered(struct gathered *g)
{
	buf_done(&g->ids);
	buf_done(&g->text);
}

START_TEST(threads_give_the_same_in_the_same_order)
{
	static struct gathered one, four;
	struct worker_part parts[4];

	put_messages();
	buf_init(&one.ids);
	buf_init(&one.text);
	buf_init(&four.ids);
	buf_init(&four.text);
	memset(parts, 0, sizeof(parts));
	buf_init(&parts[0].c.scratch);
	run(1, &one, parts);
	ck_assert_int_eq(one.taken, MESSAGES);
	ck_assert_int_eq(parts[0].looked, MESSAGES);
	memset(parts, 0, sizeof(parts));
	for (int i = 0; i < 4; i++)
		buf_init(&parts[i].c.scratch);
	run(4, &four, parts);
	ck_assert_int_eq(four.taken, MESSAGES);
	ck_assert_int_eq(parts[0].looked + parts[1].looked + parts[2].looked +
	    parts[3].looked, MESSAGES);
	ck_assert_str_eq(four.ids.ptr, one.ids.ptr);
	ck_assert_str_eq(four.text.ptr, one.text.ptr);
	forget_gathered(&one);
	forget_gathered(&four);
}
END_TEST

START_TEST(the_taker_may_stop)
{
	static struct gathered g;
	struct worker_part parts[3];

	put_messages();
	memset(parts, 0, sizeof(parts));
	for (int i = 0; i < 3; i++)
		buf_init(&parts[i].c.scratch);
	buf_init(&g.ids);
	buf_init(&g.text);
	g.most = 100;
	run(3, &g, parts);
	ck_assert_int_eq(g.taken, 100);
	/* Nobody reads much further. */
	ck_assert_int_lt(parts[0].looked + parts[1].looked + parts[2].looked,
	    1000);
	g.stop = 1;
	g.most = 0;
	g.taken = 0;
	run(3, &g, parts);
	ck_assert_int_eq(g.taken, 0);
	forget_gathered(&g);
}
END_TEST

/* Each message of active goes on before it can be read. */
static bool
look_late(struct queue_message *m, struct buf *out, void *own)
{
	char to[64];

	(void)out;
	(void)own;
	if (m->queue[0] == 'a') {
		snprintf(to, sizeof(to), "deferred/%s", m->id);
		ck_assert_int_eq(rename(m->path, to), 0);
	}
	return queue_message_want(m, QUEUE_MESSAGE_ENVELOPE, NULL) == 1;
}

static bool
take_deferred(struct queue_message *m, void *ctx)
{
	int *count = ctx;

	ck_assert_str_eq(m->queue, "deferred");
	++*count;
	return true;
}

START_TEST(what_has_moved_is_met_again)
{
	static const char *const queues[] = { "active", "deferred", NULL };
	struct queue_scan *qs = queue_scan_open(queues, 0);
	int count = 0;
	struct queue_scan_job job = { .threads = 2, .look = look_late,
	    .take = take_deferred, .ctx = &count };

	put_messages();
	queue_scan_run(qs, &job);
	ck_assert_int_eq(count, MESSAGES);
	queue_scan_close(qs);
}
END_TEST

START_TEST(a_second_name_is_taken_when_the_first_is_gone)
{
	static const char *const queues[] = { "active", "deferred", NULL };
	struct queue_scan *qs = queue_scan_open(queues, 0);
	struct queue_scan_name n;
	struct queue_message m;

	mkdir("deferred/A", 0700);
	touch("active/A0000001", 0700);
	ck_assert_int_eq(link("active/A0000001", "deferred/A/A0000001"), 0);
	ck_assert_int_eq(queue_scan_claim(qs, true, &n), SCAN_NAME);
	ck_assert_str_eq(n.queue, "active");
	queue_message_init(&m);
	queue_message_meet(&m, n.queue, n.path + n.name, n.path, n.inode);
	ck_assert_int_eq(queue_scan_claim(qs, true, &n), SCAN_END);
	/* Only now is it looked at, and was moved before. */
	ck_assert_int_eq(unlink("active/A0000001"), 0);
	queue_scan_forget(qs, &m);
	ck_assert_int_eq(queue_scan_claim(qs, true, &n), SCAN_NAME);
	ck_assert_str_eq(n.path, "deferred/A/A0000001");
	ck_assert_int_eq(queue_scan_claim(qs, true, &n), SCAN_END);
	queue_message_done(&m);
	queue_scan_close(qs);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_scan");

	tcase_set_timeout(tc, 60);	/* thousands of files on a slow disk */
	tcase_add_checked_fixture(tc, setup, unit_folder_leave);
	tcase_add_test(tc, a_message_that_moves_is_seen_once);
	tcase_add_test(tc, threads_give_the_same_in_the_same_order);
	tcase_add_test(tc, the_taker_may_stop);
	tcase_add_test(tc, what_has_moved_is_met_again);
	tcase_add_test(tc, a_second_name_is_taken_when_the_first_is_gone);
	return unit_run("queue_scan", tc);
}
