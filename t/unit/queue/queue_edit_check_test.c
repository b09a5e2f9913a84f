/*
 * queue_edit_check_test.c - the new file of an edit is not believed: whatever is wrong in it is found
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <check.h>
#include <glob.h>

#include "lib/base/mem.h"
#include "lib/queue/queue_edit_internal.h"
#include "t/unit/queue/spool.h"
#include "t/unit/unit.h"

static const struct queue_edit_options options = { .user = "tester",
    .command = "test", .wait_s = 1 };

static void
and(struct queue_edit *e, enum queue_edit_op op, const char *arg)
{
	ck_assert_int_eq(queue_edit_add(e, op, arg, NULL), 0);
}

static struct queue_edit *
edit_of_much(void)
{
	struct queue_edit *e = queue_edit_new();

	and(e, EDIT_SET_SENDER, "new@n.example");
	and(e, EDIT_ADD_RCPT, "joe@j.example");
	and(e, EDIT_REDIRECT, "red@r.example");
	and(e, EDIT_FILTER, "smtp:[f.example]");
	and(e, EDIT_SET_HEADER, "X-New: yes");
	return e;
}

/* "bob" goes elsewhere, "eve" gets nothing more. */
static struct queue_edit *
edit_of_rcpts(void)
{
	struct queue_edit *e = queue_edit_new();

	and(e, EDIT_MAP_RCPT, "s/^bob@/rob@/");
	and(e, EDIT_MARK_DONE, "rcpt=eve@e.example");
	return e;
}

static struct queue_edit *
edit_of_content(void)
{
	struct queue_edit *e = queue_edit_new();

	buf_adds(&e->content, "Subject: typed\n\nBye.");
	e->has_content = true;
	return e;
}

/* An edited message: the original, the new file, and the edit anew. */
struct edited {
	struct queue_edit *e;
	struct buf	 before, after;	/* paths */
	struct buf	 text;		/* of the new file */
};

static void
edited_init(struct edited *x, struct queue_edit *(*edit_of)(void))
{
	char *id = spool_put("hold", "ann@a.example",
	    "bob@b.example eve@e.example");
	struct queue_edit *e = edit_of();
	struct queue_edit_result r = { .new_id = BUF_INIT, .queue = BUF_INIT,
	    .lines = BUF_INIT };
	struct queue_edit_session *s;
	struct queue_identity what;
	struct queue_message m;
	struct err err = ERR_INIT;
	glob_t g;

	r.err = &err;
	queue_message_init(&m);
	ck_assert_int_eq(queue_message_read(&m, "hold", id,
	    QUEUE_MESSAGE_ENVELOPE, NULL), 1);
	queue_identity_of(&m, &what);
	ck_assert_ptr_nonnull(s = queue_edit_begin(e, &options, 1, &err));
	queue_edit_apply(s, &what, &r);
	ck_assert_msg(r.result == QUEUE_RESULT_DONE, "%s", err.text);
	queue_edit_end(s, NULL);
	memset(x, 0, sizeof(*x));
	x->e = edit_of();
	queue_path(&x->after, "hold", r.new_id.ptr);
	buf_setf(&x->text, "trash/*/%s", id);
	ck_assert_int_eq(glob(x->text.ptr, 0, NULL, &g), 0);
	buf_sets(&x->before, g.gl_pathv[0]);
	buf_reset(&x->text);
	ck_assert_int_eq(file_read(x->after.ptr, &x->text, 1 << 20, NULL), 0);
	globfree(&g);
	queue_message_done(&m);
	buf_done(&r.new_id);
	buf_done(&r.queue);
	buf_done(&r.lines);
	queue_edit_free(e);
	free(id);
}

static void
write_anew(const struct edited *x)
{
	FILE *fp = fopen(x->after.ptr, "w");

	ck_assert_ptr_nonnull(fp);
	ck_assert_uint_eq(fwrite(x->text.ptr, 1, x->text.len, fp),
	    x->text.len);
	ck_assert_int_eq(fclose(fp), 0);
}

static int
check(struct edited *x, struct err *err)
{
	struct edit_decision d = { .rcpts = NULL };
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_file *before, *after;
	struct queue_message m;
	struct stat st;
	int rc;

	ck_assert_int_eq(stat(x->before.ptr, &st), 0);
	queue_message_init(&m);
	queue_message_begin(&m, "hold", "ORIGINAL", x->before.ptr, &st);
	c.m = &m;
	ck_assert_int_eq(edit_decide(x->e, &c, &d, err), 0);
	before = queue_file_open_path(x->before.ptr, QUEUE_FILE_NORMAL, err);
	after = queue_file_open_path(x->after.ptr, QUEUE_FILE_NORMAL, err);
	ck_assert(before != NULL && after != NULL);
	rc = edit_check(x->e, &d, before, after, err);
	queue_file_close(before);
	queue_file_close(after);
	edit_decision_done(&d);
	queue_field_context_done(&c);
	queue_message_done(&m);
	return rc;
}

/* In the new file, "from" has become "to", of the same length. */
static const struct {
	struct queue_edit *(*edit_of)(void);
	const char *from, *to, *why;
} tampered[] = {
	{ edit_of_much, "new@n.example", "nex@n.example", "its sender" },
	{ edit_of_much, "S\rnew@n", "F\rnew@n", "sender" },
	{ edit_of_much, "red@r.example", "rid@r.example", "its redirection" },
	{ edit_of_much, "smtp:[f", "smtp:[g", "its filter" },
	{ edit_of_much, "R\rbob@b", "R\rbub@b", "its recipients" },
	{ edit_of_much, "R\rbob@b", "D\rbob@b", "its recipients" },
	{ edit_of_much, "R\rjoe@j", "R\rjox@j", "its recipients" },
	{ edit_of_much, "O\rbob@b", "O\rbub@b", "envelope records" },
	{ edit_of_much, "Subject: test", "Subject: tess", "header fields changed" },
	{ edit_of_much, "X-New: yes", "X-New: yup", "not as they should be" },
	{ edit_of_much, "Hello.", "Hellx.", "the body" },
	{ edit_of_rcpts, "R\rrob@b", "R\rbob@b", "its recipients" },
	{ edit_of_rcpts, "D\reve@e", "R\reve@e", "its recipients" },
	{ edit_of_content, "Subject: typed", "Subject: typod", "its content" },
	{ edit_of_content, "Bye.", "Bya.", "its content" },
	{ edit_of_content, "R\rbob@b", "R\rbub@b", "its recipients" },
};

START_TEST(what_is_wrong_in_the_new_file_is_found)
{
	struct edited x;
	struct err err = ERR_INIT;
	char *at;

	edited_init(&x, tampered[_i].edit_of);
	ck_assert_msg(check(&x, &err) == 0, "%s", err.text);
	at = memmem(x.text.ptr, x.text.len, tampered[_i].from,
	    strlen(tampered[_i].from));
	ck_assert_msg(at != NULL, "%s", tampered[_i].from);
	memcpy(at, tampered[_i].to, strlen(tampered[_i].to));
	write_anew(&x);
	ck_assert_int_eq(check(&x, &err), -1);
	ck_assert_msg(strstr(err.text, tampered[_i].why) != NULL, "%s",
	    err.text);
	buf_done(&x.before);
	buf_done(&x.after);
	buf_done(&x.text);
	queue_edit_free(x.e);
}
END_TEST

/* Field _i of the size record, 16 bytes apart; flags are their writer's business. */
START_TEST(a_wrong_number_is_found)
{
	struct edited x;
	struct err err = ERR_INIT;

	if (_i == 3)
		return;
	edited_init(&x, edit_of_rcpts);
	ck_assert_int_eq(x.text.ptr[0], QUEUE_REC_SIZE);
	x.text.ptr[2 + 16 * _i + 14] ^= 1;
	write_anew(&x);
	ck_assert_int_eq(check(&x, &err), -1);
	ck_assert_msg(strstr(err.text, "its size record") != NULL, "%s",
	    err.text);
	buf_done(&x.before);
	buf_done(&x.after);
	buf_done(&x.text);
	queue_edit_free(x.e);
}
END_TEST

START_TEST(a_file_without_its_end_is_found)
{
	struct edited x;
	struct err err = ERR_INIT;

	edited_init(&x, edit_of_much);
	ck_assert_int_eq(truncate(x.after.ptr, (off_t)x.text.len - 2), 0);
	ck_assert_int_eq(check(&x, &err), -1);
	ck_assert_msg(strstr(err.text, "end") != NULL ||
	    strstr(err.text, "EOF") != NULL, "%s", err.text);
	buf_done(&x.before);
	buf_done(&x.after);
	buf_done(&x.text);
	queue_edit_free(x.e);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_edit_check");

	tcase_add_checked_fixture(tc, spool_setup, unit_folder_leave);
	tcase_add_loop_test(tc, what_is_wrong_in_the_new_file_is_found, 0,
	    sizeof(tampered) / sizeof(tampered[0]));
	tcase_add_loop_test(tc, a_wrong_number_is_found, 0, 5);
	tcase_add_test(tc, a_file_without_its_end_is_found);
	return unit_run("queue_edit_check", tc);
}
