/*
 * queue_edit_test.c - changes to queued messages: what is new, what stays
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <check.h>
#include <dirent.h>
#include <glob.h>
#include <sys/file.h>

#include "lib/base/mem.h"
#include "lib/queue/queue_journal.h"
#include "t/unit/queue/spool.h"
#include "t/unit/unit.h"

static const struct queue_edit_options options = { .user = "tester",
    .command = "test", .wait_s = 1 };

/* An edit of pairs of operation and argument, ended by EDIT_OP_COUNT. */
static struct queue_edit *
edit_of(enum queue_edit_op op, const char *arg, ...)
{
	struct queue_edit *e = queue_edit_new();
	struct err err = ERR_INIT;
	va_list ap;

	va_start(ap, arg);
	while (op != EDIT_OP_COUNT) {
		ck_assert_msg(queue_edit_add(e, op, arg, &err) == 0, "%s",
		    err.text);
		op = va_arg(ap, enum queue_edit_op);
		arg = op == EDIT_OP_COUNT ? NULL : va_arg(ap, const char *);
	}
	va_end(ap);
	return e;
}

/* Apply to one message; the caller frees new_id. */
static enum queue_result
apply(struct queue_edit *e, const char *queue, const char *id, char **new_id,
    struct err *err)
{
	struct queue_edit_result r = { .new_id = BUF_INIT, .queue = BUF_INIT,
	    .lines = BUF_INIT, .err = err };
	struct queue_edit_session *s;
	struct queue_identity what;
	struct queue_message m;
	enum queue_result result;

	queue_message_init(&m);
	ck_assert_int_eq(queue_message_read(&m, queue, id,
	    QUEUE_MESSAGE_ENVELOPE, NULL), 1);
	queue_identity_of(&m, &what);
	s = queue_edit_begin(e, &options, 1, err);
	ck_assert_msg(s != NULL, "%s", err->text);
	queue_edit_apply(s, &what, &r);
	result = r.result;
	ck_assert_int_eq(queue_edit_end(s, NULL), 0);
	if (new_id != NULL)
		*new_id = xstrdup(r.new_id.ptr);
	buf_done(&r.new_id);
	buf_done(&r.queue);
	buf_done(&r.lines);
	queue_message_done(&m);
	queue_edit_free(e);
	return result;
}

static void
read_text(const char *queue, const char *id, struct buf *out)
{
	struct buf path = BUF_INIT;

	buf_reset(out);
	queue_path(&path, queue, id);
	ck_assert_int_eq(file_read(path.ptr, out, 1 << 24, NULL), 0);
	buf_done(&path);
}

static bool
contains(const struct buf *b, const char *text)
{
	return memmem(b->ptr, b->len, text, strlen(text)) != NULL;
}

START_TEST(a_new_file_takes_the_place_of_the_old_one)
{
	char *id = spool_put("deferred", "ann@a.example", "bob@b.example "
	    "eve@e.example"), *new_id;
	struct timeval old_time, new_time;
	struct queue_message m;
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	struct stat old, new;
	uint64_t inode;
	glob_t g;

	queue_path(&text, "deferred", id);
	ck_assert_int_eq(chmod(text.ptr, 0710), 0);
	ck_assert_int_eq(stat(text.ptr, &old), 0);
	ck_assert_msg(apply(edit_of(EDIT_SET_SENDER, "new@n.example",
	    EDIT_ADD_RCPT, "<joe@j.example>", EDIT_MAP_RCPT, "s/^eve@(.*)/mallory@$1/",
	    EDIT_SET_HEADER, "Subject: other", EDIT_SET_HEADER, "X-New: yes",
	    EDIT_OP_COUNT), "deferred", id, &new_id, &err) ==
	    QUEUE_RESULT_DONE, "%s", err.text);
	ck_assert(!spool_has("deferred", id) && !spool_has("hold", id));
	ck_assert(spool_has("deferred", new_id));
	ck_assert(queue_id_time(id, &old_time) &&
	    queue_id_time(new_id, &new_time));
	ck_assert_int_eq(old_time.tv_usec, new_time.tv_usec);
	queue_path(&text, "deferred", new_id);
	ck_assert_int_eq(stat(text.ptr, &new), 0);
	ck_assert(queue_id_inode(new_id, &inode) && inode == new.st_ino);
	ck_assert_int_eq(new.st_mode, old.st_mode);
	ck_assert_int_eq(new.st_mtime, old.st_mtime);
	queue_message_init(&m);
	ck_assert_int_eq(queue_message_read(&m, "deferred", new_id,
	    QUEUE_MESSAGE_HEADERS, NULL), 1);
	ck_assert_str_eq(m.sender, "new@n.example");
	ck_assert_uint_eq(m.rcpt_count, 3);
	ck_assert_str_eq(m.rcpts[0].address, "bob@b.example");
	ck_assert_str_eq(m.rcpts[1].address, "mallory@e.example");
	ck_assert_str_eq(m.rcpts[1].orig, "eve@e.example");
	ck_assert_str_eq(m.rcpts[2].address, "joe@j.example");
	ck_assert_str_eq(m.headers, "Subject: other\nX-New: yes\n");
	queue_message_done(&m);
	ck_assert_int_eq(glob("trash/*/*", 0, NULL, &g), 0);
	ck_assert_uint_eq(g.gl_pathc, 2);	/* the original, a manifest */
	globfree(&g);
	buf_done(&text);
	free(id);
	free(new_id);
}
END_TEST

START_TEST(dropping_changes_one_byte_and_the_defer_log)
{
	char *id = spool_put("deferred", "ann@a.example", "bob@b.example "
	    "eve@e.example"), *new_id;
	struct buf before = BUF_INIT, after = BUF_INIT, path = BUF_INIT;
	struct err err = ERR_INIT;
	struct queue_message m;
	size_t i, changed = 0;

	read_text("deferred", id, &before);
	queue_message_init(&m);
	ck_assert_int_eq(queue_message_read(&m, "deferred", id,
	    QUEUE_MESSAGE_ENVELOPE, NULL), 1);
	buf_setf(&after, "\n<bob@b.example>: no\nrecipient=bob@b.example\n"
	    "offset=%ld\nstatus=4.0.0\nreason=no\n\n\n"
	    "recipient=eve@e.example\noffset=%ld\nstatus=4.1.1\nreason=why\n"
	    "\n", (long)m.rcpts[0].offset, (long)m.rcpts[1].offset);
	queue_message_done(&m);
	queue_path(&path, "defer", id);
	spool_write(path.ptr, after.ptr, 0600);
	ck_assert_msg(apply(edit_of(EDIT_DROP_RCPT, "domain = b.example",
	    EDIT_OP_COUNT), "deferred", id, &new_id, &err) ==
	    QUEUE_RESULT_DONE, "%s", err.text);
	ck_assert_str_eq(new_id, "");
	read_text("deferred", id, &after);
	ck_assert_uint_eq(before.len, after.len);
	for (i = 0; i < before.len; i++)
		if (before.ptr[i] != after.ptr[i]) {
			ck_assert_int_eq(before.ptr[i], 'R');
			ck_assert_int_eq(after.ptr[i], '/');
			changed++;
		}
	ck_assert_uint_eq(changed, 1);
	read_text("defer", id, &after);
	ck_assert(!contains(&after, "bob@b.example"));
	ck_assert(contains(&after, "recipient=eve@e.example"));
	buf_done(&before);
	buf_done(&after);
	buf_done(&path);
	free(id);
	free(new_id);
}
END_TEST

START_TEST(an_active_message_gets_a_new_id_even_for_a_byte)
{
	char *id = spool_put("active", "ann@a.example", "bob@b.example "
	    "eve@e.example"), *new_id;
	struct err err = ERR_INIT;

	ck_assert_int_eq(apply(edit_of(EDIT_MARK_DONE, "local = bob",
	    EDIT_OP_COUNT), "active", id, &new_id, &err), QUEUE_RESULT_DONE);
	ck_assert_str_ne(new_id, "");
	ck_assert(!spool_has("active", id));
	ck_assert(spool_has("incoming", new_id));
	free(id);
	free(new_id);
}
END_TEST

START_TEST(who_delivers_it_is_waited_for)
{
	char *id = spool_put("active", "ann@a.example", "bob@b.example"),
	    *new_id;
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	FILE *fp;

	queue_path(&path, "active", id);
	ck_assert_ptr_nonnull(fp = fopen(path.ptr, "r"));
	ck_assert_int_eq(flock(fileno(fp), LOCK_SH), 0);
	ck_assert_int_eq(apply(edit_of(EDIT_SET_SENDER, "<>", EDIT_OP_COUNT),
	    "active", id, &new_id, &err), QUEUE_RESULT_FAILED);
	ck_assert(strstr(err.text, "still being delivered") != NULL);
	ck_assert(spool_has("active", id));	/* back where it was */
	fclose(fp);
	ck_assert_int_eq(apply(edit_of(EDIT_SET_SENDER, "<>", EDIT_OP_COUNT),
	    "active", id, NULL, &err), QUEUE_RESULT_DONE);
	buf_done(&path);
	free(id);
	free(new_id);
}
END_TEST

START_TEST(nothing_to_change_changes_nothing)
{
	char *id = spool_put("hold", "ann@a.example", "bob@b.example");
	struct err err = ERR_INIT;
	glob_t g;

	ck_assert_int_eq(apply(edit_of(EDIT_SET_SENDER, "ann@a.example",
	    EDIT_ADD_RCPT, "BOB@b.example", EDIT_DROP_RCPT,
	    "addr = x@y.example", EDIT_DEL_HEADER, "X-None",
	    EDIT_SET_HEADER, "Subject: test", EDIT_OP_COUNT), "hold", id,
	    NULL, &err), QUEUE_RESULT_NOTHING);
	ck_assert(spool_has("hold", id));
	ck_assert_int_eq(glob("trash/*", 0, NULL, &g), GLOB_NOMATCH);
	free(id);
}
END_TEST

static const struct {
	enum queue_edit_op op;
	const char	*arg, *why;
} bad[] = {
	{ EDIT_SET_SENDER, "a b@c", "set-sender" },
	{ EDIT_SET_SENDER, "a@b\nc", "control byte" },
	{ EDIT_ADD_RCPT, "<>", "cannot be empty" },
	{ EDIT_ADD_RCPT, "<a@b> x", "behind the address" },
	{ EDIT_DROP_RCPT, "nosuch = 1", "unknown field" },
	{ EDIT_MAP_RCPT, "s/a/b", "should be" },
	{ EDIT_MAP_RCPT, "s/(/b/", "map-rcpt" },
	{ EDIT_MAP_RCPT, "s/a/b/x", "unknown flag" },
	{ EDIT_MAP_RCPT, "a", "should be" },
	{ EDIT_SET_HEADER, "no colon", "should be" },
	{ EDIT_SET_HEADER, "X: a\nY: b", "blank" },
	{ EDIT_SET_HEADER, "To: J\xc3\xb6rg <a@b>", "encoded words" },
	{ EDIT_SET_HEADER, "Subject: \xff", "UTF-8" },
	{ EDIT_DEL_HEADER, "a b", "no name" },
	{ EDIT_FILTER, "smtp", "transport:nexthop" },
	{ EDIT_FILTER, "smtp:a b", "transport:nexthop" },
};

START_TEST(bad_arguments_are_refused)
{
	struct queue_edit *e = queue_edit_new();
	struct err err = ERR_INIT;

	ck_assert_int_eq(queue_edit_add(e, bad[_i].op, bad[_i].arg, &err),
	    -1);
	ck_assert_msg(strstr(err.text, bad[_i].why) != NULL, "%s", err.text);
	ck_assert(queue_edit_is_empty(e));
	queue_edit_free(e);
}
END_TEST

/* Every sound golden file stands an edit of everything, and is sound after it. */
START_TEST(golden_files_can_be_edited)
{
	const char *src = getenv("PH_SRC");
	struct queue_message m;
	struct err err = ERR_INIT;
	char command[2048], *slash, *new_id;
	size_t i, done = 0;
	glob_t g;

	snprintf(command, sizeof(command), "%s/t/data/queue/*/*",
	    src != NULL ? src : ".");
	ck_assert_int_eq(chdir(src != NULL ? "/" : getenv("PWD")), 0);
	ck_assert_int_eq(glob(command, 0, NULL, &g), 0);
	ck_assert_int_eq(chdir(unit_folder), 0);
	for (i = 0; i < g.gl_pathc; i++) {
		slash = strrchr(g.gl_pathv[i], '/') + 1;
		if (!queue_id_is_valid(slash) ||
		    strstr(g.gl_pathv[i], "/bad-") != NULL ||
		    strstr(g.gl_pathv[i], "/maildrop") != NULL ||
		    strstr(g.gl_pathv[i], "-maildrop") != NULL)
			continue;
		snprintf(command, sizeof(command), "cp %s/%s hold/%s && "
		    "chmod 700 hold/%s", src != NULL ? "" : getenv("PWD"),
		    g.gl_pathv[i], slash, slash);
		ck_assert_int_eq(system(command), 0);
		queue_message_init(&m);
		ck_assert_int_eq(queue_message_read(&m, "hold", slash,
		    QUEUE_MESSAGE_ENVELOPE, NULL), 1);
		ck_assert_msg(apply(edit_of(EDIT_SET_SENDER, "x@y.example",
		    EDIT_ADD_RCPT, "added@z.example", EDIT_REDIRECT,
		    "r@r.example", EDIT_FILTER, "smtp:[f.example]",
		    EDIT_DEL_HEADER, "Subject", EDIT_SET_HEADER,
		    "X-Edited: yes", EDIT_OP_COUNT), "hold", slash, &new_id,
		    &err) == QUEUE_RESULT_DONE, "%s: %s", g.gl_pathv[i],
		    err.text);
		queue_message_done(&m);
		queue_message_init(&m);
		ck_assert_int_eq(queue_message_read(&m, "hold", new_id,
		    QUEUE_MESSAGE_HEADERS, NULL), 1);
		ck_assert_str_eq(m.sender, "x@y.example");
		ck_assert_str_eq(m.redirect, "r@r.example");
		ck_assert_str_eq(m.filter, "smtp:[f.example]");
		queue_message_done(&m);
		free(new_id);
		done++;
	}
	ck_assert_uint_gt(done, 60);
	globfree(&g);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_edit");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, spool_setup, unit_folder_leave);
	tcase_add_test(tc, a_new_file_takes_the_place_of_the_old_one);
	tcase_add_test(tc, dropping_changes_one_byte_and_the_defer_log);
	tcase_add_test(tc, an_active_message_gets_a_new_id_even_for_a_byte);
	tcase_add_test(tc, who_delivers_it_is_waited_for);
	tcase_add_test(tc, nothing_to_change_changes_nothing);
	UNIT_LOOP(tc, bad_arguments_are_refused, bad);
	tcase_add_test(tc, golden_files_can_be_edited);
	return unit_run("queue_edit", tc);
}
