/*
 * screen_test.c - keys, and the screens that come of them
 *
 * A small queue with fixed times is read, keys are pressed, and the grid is
 * compared with t/data/qtop/NAME.txt.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/screen.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "cmd/qtop/act.h"
#include "cmd/qtop/do.h"
#include "cmd/qtop/jobs.h"
#include "cmd/qtop/journal.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/conf/params.h"
#include "t/unit/unit.h"

#define NOW	1700000000

static char spool[64], source_dir[4096];
static struct model m;
static struct grid grid;

/* ---- a queue ---- */

static void
rec(struct buf *out, int type, const char *text)
{
	size_t n = strlen(text);

	buf_addc(out, type);
	for (; n > 127; n >>= 7)
		buf_addc(out, (int)(n & 127) | 128);
	buf_addc(out, (int)n);
	buf_adds(out, text);
}

static void
write_file(const char *path, const struct buf *b, mode_t mode, time_t mtime)
{
	struct utimbuf times = { mtime, mtime };
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(b->ptr, 1, b->len, f), b->len);
	fclose(f);
	ck_assert_int_eq(chmod(path, mode), 0);
	ck_assert_int_eq(utime(path, &times), 0);
}

static const struct {
	const char	*queue, *id, *sender, *rcpts[3], *login, *dsn, *reason;
	int		 age_s, wait_s;
} messages[] = {
	{ "deferred", "AAAA0001", "news@example.org",
	    { "ann@one.example", "bob@one.example" }, "news", "4.7.0",
	    "host mx.one.example[192.0.2.1] said: 421 4.7.0 too many messages, "
	    "try again later (in reply to MAIL FROM command)", 7200, 600 },
	{ "deferred", "AAAA0002", "news@example.org", { "cy@two.example" },
	    "news", "4.4.1", "connect to mx.two.example[192.0.2.2]:25: "
	    "Connection refused", 90000, -60 },
	{ "deferred", "AAAA0003", "", { "dan@sub.two.example" }, NULL,
	    "4.4.1", "connect to mx.two.example[192.0.2.2]:25: "
	    "Connection refused", 300, 3000 },
	{ "active", "AAAA0004", "shop@example.org", { "eve@three.example" },
	    NULL, NULL, NULL, 20, -20 },
	{ "hold", "AAAA0005", "\xe6\x97\xa5\xe6\x9c\xac@example.org",
	    { "fay@three.example" }, NULL, NULL, NULL, 500000, -1 },
	{ "incoming", "AAAA0006", "evil\x1b[31m@example.org",
	    { "gus\xe2\x80\xae@three.example" }, NULL, NULL, NULL, 1, -1 },
};

static void
put_message(size_t i)
{
	struct buf b = BUF_INIT, log = BUF_INIT;
	char path[64], line[300];
	size_t k;

	snprintf(line, sizeof(line), "%d 0", NOW - messages[i].age_s);
	rec(&b, 'T', line);
	rec(&b, 'A', "log_client_name=client.example");
	rec(&b, 'A', "log_client_address=198.51.100.7");
	if (messages[i].login != NULL) {
		snprintf(line, sizeof(line), "sasl_username=%s",
		    messages[i].login);
		rec(&b, 'A', line);
	}
	rec(&b, 'S', messages[i].sender);
	for (k = 0; messages[i].rcpts[k] != NULL; k++) {
		rec(&b, 'R', messages[i].rcpts[k]);
		if (messages[i].reason != NULL)
			buf_addf(&log, "<%s>: x\nrecipient=%s\noffset=1\n"
			    "status=%s\naction=delayed\nreason=%s\n\n",
			    messages[i].rcpts[k], messages[i].rcpts[k],
			    messages[i].dsn, messages[i].reason);
	}
	rec(&b, 'M', "");
	rec(&b, 'N', "Subject: =?utf-8?q?caf=C3=A9?=");
	rec(&b, 'N', "From: somebody@example.org");
	rec(&b, 'N', "");
	rec(&b, 'N', "The text of it, with \x1b[2J in it.");
	rec(&b, 'X', "");
	rec(&b, 'E', "");
	snprintf(path, sizeof(path), "%s/%s", messages[i].queue,
	    messages[i].id);
	write_file(path, &b, 0700, NOW + messages[i].wait_s);
	if (log.len > 0) {
		snprintf(path, sizeof(path), "defer/%s", messages[i].id);
		write_file(path, &log, 0600, NOW);
	}
	buf_done(&b);
	buf_done(&log);
}

/* ---- a browser without a terminal ---- */

static void
wake(void *ctx)
{
	(void)ctx;
}

static bool
is_settled(void)
{
	const struct view *v = m.shown[m.screen];

	return !model_chase(&m) && jobs_is_idle(m.look) &&
	    jobs_is_idle(m.act_jobs) && v != NULL &&
	    v->number == m.asked[m.screen];
}

static void
settle(void)
{
	int tries;

	for (tries = 0; tries < 10000; tries++) {
		model_update(&m);
		do_pending(&m);
		if (is_settled())
			return;
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
	ck_abort_msg("nothing came of it");
}

static void
setup(void)
{
	static const char *const dirs[] = { "maildrop", "incoming", "active",
	    "deferred", "hold", "corrupt", "defer" };
	size_t i;

	if (getenv("PH_SRC") != NULL)
		snprintf(source_dir, sizeof(source_dir), "%s",
		    getenv("PH_SRC"));
	else
		ck_assert_ptr_nonnull(getcwd(source_dir, sizeof(source_dir)));
	setenv("TZ", "UTC", 1);
	setenv("HOME", "/nonexistent", 1);
	unsetenv("NO_COLOR");
	snprintf(spool, sizeof(spool), "/tmp/posthorn-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(spool));
	ck_assert_int_eq(chdir(spool), 0);
	params_set_defaults(&params);
	params.hash_queue_names = "";
	params.maillog_file = "/nonexistent";
	params.maximal_queue_lifetime = params.bounce_queue_lifetime =
	    5 * 86400;
	clock_set(NOW);
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		ck_assert_int_eq(mkdir(dirs[i], 0700), 0);
	for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		put_message(i);
	model_init(&m);
	m.host = "mx.example.org";
	grid_init(&grid);
	m.snapshot = queue_snapshot_new();
	m.source = source_new(SOURCE_COPY, m.snapshot, NULL, -1, 0, 100, wake,
	    NULL);
	m.views = views_new(m.snapshot, wake, NULL, 100);
	m.look = jobs_new(wake, NULL);
	m.act_jobs = jobs_new(wake, NULL);
	m.act = act_new();
	source_wait(m.source, 1);
}

static void
teardown(void)
{
	char command[128];

	jobs_free(m.act_jobs);
	jobs_free(m.look);
	views_free(m.views);
	source_free(m.source);
	journal_free(m.journal);
	act_free(m.act);
	model_done(&m);
	queue_snapshot_free(m.snapshot);
	grid_done(&grid);
	clock_set(0);
	snprintf(command, sizeof(command), "rm -rf %s", spool);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(system(command), 0);
}

static void
press(const char *keys)
{
	settle();
	for (; *keys != '\0'; keys++) {
		do_key(&m, (unsigned char)*keys);
		settle();
	}
}

/* ---- screens ---- */

static const struct {
	const char	*name;
	int		 width, height;
	const char	*keys;
} screens[] = {
	{ "messages-80x24", 80, 24, "" },
	{ "messages-40x10", 40, 10, "" },
	{ "messages-200x60", 200, 60, "" },
	{ "messages-tagged", 100, 12, "jj  " },
	{ "messages-filtered", 100, 12, "\\rcpt.domain under two.example\r" },
	{ "messages-by-size", 100, 12, ":sort -size\r" },
	{ "messages-searched", 100, 12, "/two.ex\rn" },
	{ "messages-preview", 80, 24, "Gkki" },
	{ "filter-typed", 80, 12, "\\class = conn" },
	{ "filter-wrong", 80, 12, "\\recipent = x" },
	{ "overview", 100, 36, "1" },
	{ "overview-small", 80, 24, "1" },
	{ "domains", 120, 14, "3" },
	{ "domains-parents", 80, 14, "3\t" },
	{ "domains-drilled", 80, 14, "3G\r" },
	{ "senders", 100, 14, "4" },
	{ "logins", 100, 14, "4gg" },
	{ "reasons", 100, 14, "5ljl" },
	{ "relays", 140, 14, "6" },
	{ "message-summary", 100, 30, "jjjj\r" },
	{ "message-recipients", 80, 16, "jjjj\r\t" },
	{ "message-headers", 80, 12, "\r\t\t" },
	{ "message-text", 80, 12, "\r\t\t\t" },
	{ "help", 80, 24, "?" },
	{ "menu-actions", 80, 20, "x" },
	{ "menu-columns", 80, 30, "c" },
	{ "read-only", 80, 12, "d" },
};

static void
read_expected(const char *name, struct buf *path, struct buf *out)
{
	buf_addf(path, "%s/t/data/qtop/%s.txt", source_dir, name);
	if (access(path->ptr, F_OK) == 0)
		ck_assert_int_eq(file_read(path->ptr, out, 1000000, NULL), 0);
}

START_TEST(a_screen_is_as_expected)
{
	struct buf have = BUF_INIT, want = BUF_INIT, path = BUF_INIT;
	FILE *f;

	m.width = screens[_i].width;
	m.height = screens[_i].height;
	if (strcmp(screens[_i].name, "read-only") == 0) {
		m.is_read_only = true;
		snprintf(m.why_read_only, sizeof(m.why_read_only), "as asked");
	}
	model_ask(&m);
	press(screens[_i].keys);
	screen_draw(&m, &grid);
	grid_text(&grid, &have);
	read_expected(screens[_i].name, &path, &want);
	if (getenv("PH_WRITE") != NULL) {
		f = fopen(path.ptr, "w");
		fwrite(have.ptr, 1, have.len, f);
		fclose(f);
	} else {
		ck_assert_msg(strcmp(have.ptr, want.ptr) == 0,
		    "%s: got\n%sexpected\n%s", screens[_i].name, have.ptr,
		    want.ptr);
	}
	buf_done(&have);
	buf_done(&want);
	buf_done(&path);
}
END_TEST

START_TEST(no_size_is_too_odd)
{
	static const char *const keys[] = { "", "1", "3", "5l", "\r", "?", "x",
	    "\\a" };
	int w, h;

	m.width = 80;
	m.height = 24;
	model_ask(&m);
	press(keys[_i]);
	for (w = 1; w < 310; w += 7)
		for (h = 1; h < 105; h += 9) {
			m.width = w;
			m.height = h;
			model_move(&m, m.places[m.screen].at);
			screen_draw(&m, &grid);
		}
}
END_TEST

START_TEST(the_cursor_stays_on_its_message)
{
	struct view_entry before, after;

	model_ask(&m);
	press("jj");
	ck_assert(model_entry(&m, &before));
	put_message(0);		/* another inode: another message */
	ck_assert_int_eq(rename("deferred/AAAA0001", "deferred/BBBB0001"), 0);
	source_look(m.source);
	source_wait(m.source, 2);
	model_ask(&m);
	settle();
	ck_assert(model_entry(&m, &after));
	ck_assert_uint_eq(before.serial, after.serial);
}
END_TEST

START_TEST(no_key_alone_destroys)
{
	int key;

	m.width = 80;
	m.height = 24;
	model_ask(&m);
	settle();
	for (key = 1; key < 128; key++) {
		do_key(&m, key);
		do_key(&m, KEYS_ENTER);
		ck_assert_msg(!m.confirm.is_open || m.act != NULL, "key %d",
		    key);
		if (m.is_over)
			m.is_over = false;
		free(m.to_run);
		m.to_run = NULL;
		m.confirm.is_open = false;
		m.menu.kind = MENU_NONE;
		m.prompt.kind = PROMPT_NONE;
		m.pager.is_open = m.reader.is_open = false;
		m.is_read_only = true;
	}
	settle();
	ck_assert_uint_eq(queue_snapshot_count(m.snapshot), 6);
	ck_assert_int_eq(access("trash", F_OK), -1);
}
END_TEST

START_TEST(a_drilled_row_is_an_expression_that_can_be_typed)
{
	static const struct {
		const char	*keys, *want;
	} rows[] = {
		{ "3\r", "rcpt.domain = three.example" },
		{ "5\r", "class = connect" },
		{ "4\r", "sender = news@example.org" },
		{ "6\r", "relay = mx.two.example" },
	};
	size_t i;

	m.settings.sort = COLUMN_AGE;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		model_ask(&m);
		press(rows[i].keys);
		ck_assert_str_eq(m.filter, rows[i].want);
		ck_assert_int_eq(m.screen, SCREEN_MESSAGES);
		ck_assert_str_eq(m.shown[SCREEN_MESSAGES]->error, "");
		ck_assert_uint_gt(m.shown[SCREEN_MESSAGES]->count, 0);
		press("\x1b\x1b");
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("screen");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	UNIT_LOOP(tc, a_screen_is_as_expected, screens);
	tcase_add_loop_test(tc, no_size_is_too_odd, 0, 8);
	tcase_add_test(tc, the_cursor_stays_on_its_message);
	tcase_add_test(tc, no_key_alone_destroys);
	tcase_add_test(tc, a_drilled_row_is_an_expression_that_can_be_typed);
	return unit_run("screen", tc);
}
