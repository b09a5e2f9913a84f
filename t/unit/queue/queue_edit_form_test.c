/*
 * queue_edit_form_test.c - a message as text for an editor, and what came back from it
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <check.h>

#include "lib/base/mem.h"
#include "lib/queue/queue_edit_internal.h"
#include "t/unit/queue/spool.h"
#include "t/unit/unit.h"

#define BODY	"\nSubject: test\n\nHello.\n"
#define BEFORE	"# Message\nsender: <ann@a.example>\n" \
		"recipient: <bob@b.example>\nrecipient: <eve@e.example>\n" \
		"redirect: <red@r.example>\nfilter: smtp:[f.example]\n" BODY

/* What an edit says, in one line. */
static void
describe(const struct queue_edit *e, struct buf *out)
{
	size_t i;

	if (e->sender != NULL)
		buf_addf(out, "sender=%s ", e->sender);
	if (e->redirect != NULL)
		buf_addf(out, "redirect=%s ", e->redirect);
	if (e->filter != NULL)
		buf_addf(out, "filter=%s ", e->filter);
	for (i = 0; i < e->dropped.count; i++)
		buf_addf(out, "-%s ", e->dropped.items[i]);
	for (i = 0; i < e->added.count; i++)
		buf_addf(out, "+%s ", e->added.items[i]);
	if (e->has_content)
		buf_addf(out, "content=%s ", e->content.ptr);
}

static const struct {
	const char *after, *says, *error;	/* one of the two */
} forms[] = {
	{ BEFORE, "", NULL },
	{ "sender: <new@n.example>\r\nrecipient: bob@b.example \t\r\n"
	    "recipient: joe@j.example\n" BODY, "sender=new@n.example redirect= "
	    "filter= -eve@e.example +joe@j.example ", NULL },
	{ "sender: <>\nrecipient: <bob@b.example>\n"
	    "recipient: <eve@e.example>\nredirect: <red@r.example>\n"
	    "filter: smtp:[g.example]\n" BODY,
	    "sender= filter=smtp:[g.example] ", NULL },
	{ "sender: <ann@a.example>\nrecipient: <bob@b.example>\n"
	    "recipient: <eve@e.example>\nredirect: <red@r.example>\n"
	    "filter:\n\nSubject: other\n\nBye.\n\n",
	    "filter= content=Subject: other\n\nBye.\n ", NULL },
	{ "recipient: <bob@b.example>\n" BODY, NULL, "no sender line" },
	{ "sender: <ann@a.example>\nsender: <x@x.example>\n" BODY, NULL,
	    "line 2: a second sender" },
	{ "sender: <ann@a.example>\nredirect: a@x\nredirect: b@x\n" BODY,
	    NULL, "line 3: a second redirect" },
	{ "sender: <ann@a.example>\nrecipient: <>\n" BODY, NULL, "line 2: " },
	{ "sender: <ann@a.example>\nbcc: <x@x.example>\n" BODY, NULL,
	    "\"bcc\" is none of" },
	{ "sender: <ann@a.example>\nhello\n" BODY, NULL,
	    "line 2: no ':' in \"hello\"" },
	{ "sender: <ann@a.example>\n", NULL, "no empty line" },
	{ "sender: <ann@a.example>\n\n", NULL, "nothing is left" },
	{ "sender: <ann@a.example>\nfilter: smtp\n" BODY, NULL,
	    "transport:nexthop" },
	{ "sender: <ann@a.example>\nfilter: smtp:a b\n" BODY, NULL,
	    "transport:nexthop" },
	{ "sender: <ann@a.example>\nfilter: :a\n" BODY, NULL,
	    "transport:nexthop" },
};

START_TEST(what_came_back_is_compared_with_what_was_given_out)
{
	struct buf before = BUF_INIT, after = BUF_INIT, says = BUF_INIT;
	struct queue_edit *e = queue_edit_new();
	struct err err = ERR_INIT;
	int rc;

	buf_adds(&before, BEFORE);
	buf_adds(&after, forms[_i].after);
	rc = queue_edit_read_form(e, &before, &after, &err);
	if (forms[_i].error != NULL) {
		ck_assert_int_eq(rc, -1);
		ck_assert_msg(strstr(err.text, forms[_i].error) != NULL,
		    "%s", err.text);
	} else {
		ck_assert_msg(rc == 0, "%s", err.text);
		describe(e, &says);
		ck_assert_str_eq(says.ptr != NULL ? says.ptr : "",
		    forms[_i].says);
		ck_assert(queue_edit_is_empty(e) == (says.len == 0));
	}
	queue_edit_free(e);
	buf_done(&before);
	buf_done(&after);
	buf_done(&says);
}
END_TEST

/* The form of a message whose body holds these bytes; -1 with err. */
static int
form_of(const char *body, size_t len, size_t max, struct buf *form,
    struct err *err)
{
	struct timeval now = clock_timeval();
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_rec_size size = { .content_size = 0 };
	struct queue_message m;
	struct queue_writer *w;
	struct buf rec = BUF_INIT;
	char *id;
	int rc;

	ck_assert_ptr_nonnull(w = queue_writer_create("hold", 0, NULL));
	id = xstrdup(queue_writer_id(w));
	queue_rec_size_put(&rec, &size);
	queue_writer_rec(w, rec.ptr[0], rec.ptr + 2, rec.len - 2);
	buf_setf(&rec, "%ld %ld", (long)now.tv_sec, (long)now.tv_usec);
	spool_rec(w, QUEUE_REC_TIME, rec.ptr);
	spool_rec(w, QUEUE_REC_FILTER, "smtp:[f.example]");
	spool_rec(w, QUEUE_REC_REDIRECT, "red@r.example");
	spool_rec(w, QUEUE_REC_FROM, "ann@a.example");
	spool_rec(w, QUEUE_REC_RCPT, "bob@b.example");
	spool_rec(w, QUEUE_REC_MESG, "");
	spool_rec(w, QUEUE_REC_TEXT, "Subject: test");
	spool_rec(w, QUEUE_REC_TEXT, "");
	queue_writer_rec(w, QUEUE_REC_TEXT, body, len);
	spool_rec(w, QUEUE_REC_XTRA, "");
	spool_rec(w, QUEUE_REC_END, "");
	ck_assert_int_eq(queue_writer_commit(w, NULL), 0);
	queue_message_init(&m);
	queue_message_begin(&m, "hold", id, NULL, NULL);
	c.m = &m;
	rc = queue_edit_form(&c, max, form, err);
	queue_field_context_done(&c);
	queue_message_done(&m);
	buf_done(&rec);
	free(id);
	return rc;
}

START_TEST(a_form_shows_the_envelope_and_the_message)
{
	struct buf form = BUF_INIT;
	struct err err = ERR_INIT;

	ck_assert_msg(form_of("Hello.", 6, 10000, &form, &err) == 0, "%s",
	    err.text);
	ck_assert_str_eq(strstr(form.ptr, "sender: "),
	    "sender: <ann@a.example>\nrecipient: <bob@b.example>\n"
	    "redirect: <red@r.example>\nfilter: smtp:[f.example]\n" BODY);
	buf_done(&form);
}
END_TEST

START_TEST(what_an_editor_would_spoil_is_not_given_to_it)
{
	struct buf form = BUF_INIT;
	struct err err = ERR_INIT;

	ck_assert_int_eq(form_of("a\0b", 3, 10000, &form, &err), -1);
	ck_assert_msg(strstr(err.text, "NUL") != NULL, "%s", err.text);
	buf_reset(&form);
	err_reset(&err);
	ck_assert_int_eq(form_of("Hello.", 6, 100, &form, &err), -1);
	ck_assert_msg(strstr(err.text, "larger than 100") != NULL, "%s",
	    err.text);
	buf_done(&form);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_edit_form");

	tcase_add_checked_fixture(tc, spool_setup, unit_folder_leave);
	tcase_add_loop_test(tc,
	    what_came_back_is_compared_with_what_was_given_out, 0,
	    sizeof(forms) / sizeof(forms[0]));
	tcase_add_test(tc, a_form_shows_the_envelope_and_the_message);
	tcase_add_test(tc, what_an_editor_would_spoil_is_not_given_to_it);
	return unit_run("queue_edit_form", tc);
}
