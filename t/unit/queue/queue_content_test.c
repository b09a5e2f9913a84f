/*
 * queue_content_test.c - a queued message as a tree of parts, and their bytes
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_content.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"
#include "t/unit/unit.h"

#define SPLIT	64		/* longer lines become L records */

static struct queue_file *source;	/* of the content at hand */

/* A file that holds an envelope of one size record, and text. */
static struct queue_content *
content_of(const char *text, size_t len)
{
	struct buf out = BUF_INIT;
	const char *nl, *end = text + len;
	struct queue_content *c;
	struct err err = ERR_INIT;
	FILE *f = tmpfile();
	size_t n;

	queue_rec_put(&out, QUEUE_REC_SIZE, "1 2 3", 5);
	queue_rec_put(&out, QUEUE_REC_MESG, "", 0);
	for (; text < end; text = nl + 1) {
		nl = memchr(text, '\n', (size_t)(end - text));
		ck_assert_ptr_nonnull(nl);
		for (; (n = (size_t)(nl - text)) > SPLIT; text += SPLIT)
			queue_rec_put(&out, QUEUE_REC_PART, text, SPLIT);
		queue_rec_put(&out, QUEUE_REC_TEXT, text, n);
	}
	queue_rec_put(&out, QUEUE_REC_XTRA, "", 0);
	queue_rec_put(&out, QUEUE_REC_END, "", 0);
	ck_assert_uint_eq(fwrite(out.ptr, 1, out.len, f), out.len);
	rewind(f);
	source = queue_file_new(dup(fileno(f)), "test", QUEUE_FILE_NORMAL);
	c = queue_content_read(source, &err);
	ck_assert_msg(c != NULL, "%s", err.text);
	fclose(f);
	buf_done(&out);
	return c;
}

static void
forget(struct queue_content *c)
{
	queue_content_free(c);
	queue_file_close(source);
}

static bool
append(void *ctx, const char *data, size_t len)
{
	buf_add(ctx, data, len);
	return true;
}

/* The tree, one line a part. */
static void
print(const struct queue_content *c, struct buf *out)
{
	const struct queue_content_part *p;
	const char *word;
	unsigned defects;
	size_t i;

	for (i = 0; (p = queue_content_part(c, i)) != NULL; i++) {
		queue_content_number(c, i, out);
		buf_addf(out, " %s %s %lld/%lld", p->type, p->encoding,
		    (long long)p->encoded_bytes, (long long)p->decoded_bytes);
		if (p->charset[0] != '\0')
			buf_addf(out, " charset=%s", p->charset);
		if (p->disposition[0] != '\0')
			buf_addf(out, " %s", p->disposition);
		if (p->file_name[0] != '\0')
			buf_addf(out, " \"%s\"", p->file_name);
		defects = p->defects;
		while ((word = queue_content_defect(&defects)) != NULL)
			buf_addf(out, " [%s]", word);
		buf_addc(out, '\n');
	}
}

static const struct {
	const char	*what;
	const char	*message;
	const char	*tree;
	const char	*number, *bytes;	/* a part, decoded */
	const char	*text;			/* what is read of it */
} cases[] = {
	{ "plain", "Subject: x\n\nHello\nworld\n",
	    "1 text/plain 7bit 12/12\n", "1", "Hello\nworld\n",
	    "Hello\nworld\n" },
	{ "no body at all", "Subject: x\n", "1 text/plain 7bit 0/0\n",
	    "1", "", "" },
	{ "empty body", "Subject: x\n\n", "1 text/plain 7bit 0/0\n", "1", "",
	    "" },
	{ "headers that run into the body", "Subject: x\nno header here\nb\n",
	    "1 text/plain 7bit 17/17\n", "1", "no header here\nb\n",
	    "no header here\nb\n" },
	{ "quoted-printable", "Content-Type: text/plain; charset=ISO-8859-1\n"
	    "Content-Transfer-Encoding: Quoted-Printable\n\n"
	    "Gr=FC=DFe=20=\n aus K=F6ln  \nx=ZZ\n",
	    "1 text/plain quoted-printable 33/21 charset=iso-8859-1 "
	    "[bad quoted-printable]\n", "1",
	    "Gr\xfc\xdf" "e  aus K\xf6ln\nx=ZZ\n",
	    "Gr\xc3\xbc\xc3\x9f" "e  aus K\xc3\xb6ln\nx=ZZ\n" },
	{ "mixed", "Content-Type: multipart/mixed; boundary=\"b b\"\n\n"
	    "preamble\n--b b\n\nfirst\n\n--b b\n"
	    "Content-Type: image/png\nContent-Transfer-Encoding: base64\n"
	    "Content-Disposition: attachment;\n"
	    "\tfilename*0*=utf-8''na%C3%AF;\n\tfilename*1=\"ve.png\"\n\n"
	    "aGVsbG8=\n--b b--\nepilogue\n",
	    "0 multipart/mixed 7bit 198/198\n1 text/plain 7bit 6/6\n"
	    "2 image/png base64 8/5 attachment \"na\xc3\xafve.png\"\n",
	    "2", "hello", "first\n" },
	{ "a message in a message",
	    "Content-Type: multipart/mixed; boundary=o\n\n--o\n"
	    "Content-Type: message/rfc822\n\nSubject: inner\n"
	    "Content-Type: multipart/alternative; boundary=i\n\n--i\n\n"
	    "plain\n--i\nContent-Type: text/html\n\n<b>html</b>\n--i--\n"
	    "--o--\n",
	    "0 multipart/mixed 7bit 162/162\n"
	    "1 message/rfc822 7bit 121/121\n"
	    "1.0 multipart/alternative 7bit 57/57\n"
	    "1.1 text/plain 7bit 5/5\n1.2 text/html 7bit 11/11\n",
	    "1.2", "<b>html</b>", "plain" },
	{ "only HTML", "Content-Type: text/html; charset=utf-8\n\n"
	    "<p>Hi <a href=\"http://evil.example/\">bank.example</a>\n"
	    "<script>x</script>&amp; more<br>line\n",
	    "1 text/html 7bit 91/91 charset=utf-8\n", "1", NULL,
	    "Hi bank.example <http://evil.example/> & more\nline\n" },
	{ "never closed", "Content-Type: multipart/mixed; boundary=b\n\n"
	    "--b\n\none\n--b\nX: y\n",
	    "0 multipart/mixed 7bit 18/18 [no last boundary]\n"
	    "1 text/plain 7bit 3/3\n2 text/plain 7bit 0/0\n", "1", "one",
	    "one\n" },
	{ "no boundary", "Content-Type: multipart/mixed\n\nx\n",
	    "0 multipart/mixed 7bit 2/2 [no boundary parameter]\n", "0",
	    "x\n", NULL },
	{ "boundary never comes", "Content-Type: multipart/mixed; "
	    "boundary=b\n\nx\n",
	    "0 multipart/mixed 7bit 2/2 [its boundary never comes]\n", "0",
	    "x\n", NULL },
	{ "bad base64", "Content-Transfer-Encoding: base64\n\n"
	    "aGV*s\nbG8=\naGV\n",
	    "1 text/plain base64 15/7 [bytes that are not base64] [base64 "
	    "ends within a group] [text behind the end of base64]\n", "1",
	    "hellohe", "hellohe" },
	{ "a top that is a message", "Content-Type: message/rfc822\n\n"
	    "Subject: in\n\nbody\n",
	    "1 message/rfc822 7bit 18/18\n1.1 text/plain 7bit 5/5\n", "1.1",
	    "body\n", "body\n" },
	{ "an outer boundary ends the inner parts",
	    "Content-Type: multipart/mixed; boundary=o\n\n--o\n"
	    "Content-Type: multipart/mixed; boundary=i\n\n--i\n\nin\n"
	    "--o\n\nout\n--o--\n",
	    "0 multipart/mixed 7bit 70/70\n"
	    "1 multipart/mixed 7bit 7/7 [no last boundary]\n"
	    "1.1 text/plain 7bit 2/2\n2 text/plain 7bit 3/3\n", "1.1", "in",
	    "in\nout" },
	{ "unknown names", "Content-Type: text/plain; charset=x-martian\n"
	    "Content-Transfer-Encoding: x-uuencode\n\nabc\n",
	    "1 text/plain x-uuencode 4/4 charset=x-martian [unknown transfer "
	    "encoding] [unknown character set]\n", "1", "abc\n", "abc\n" },
};

START_TEST(a_message_is_a_tree)
{
	struct queue_content *c = content_of(cases[_i].message,
	    strlen(cases[_i].message));
	struct buf out = BUF_INIT;
	size_t i;
	int got;

	print(c, &out);
	ck_assert_str_eq(out.ptr, cases[_i].tree);
	ck_assert_ptr_null(queue_content_damage(c));
	ck_assert_int_eq(queue_content_bytes(c), strlen(cases[_i].message));
	ck_assert(queue_content_find(c, cases[_i].number, &i));
	buf_reset(&out);
	ck_assert_int_eq(queue_content_get(c, i, CONTENT_DECODED, append, &out,
	    NULL), 0);
	if (cases[_i].bytes != NULL)
		ck_assert_str_eq(out.ptr, cases[_i].bytes);
	ck_assert_int_eq(out.len, queue_content_part(c, i)->decoded_bytes);
	buf_reset(&out);
	got = queue_content_text(c, 10000, &out, NULL);
	ck_assert_int_eq(got, cases[_i].text != NULL);
	if (cases[_i].text != NULL)
		ck_assert_str_eq(out.ptr, cases[_i].text);
	forget(c);
	buf_done(&out);
}
END_TEST

START_TEST(long_lines_and_nul_bytes_are_no_trouble)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	struct queue_content *c;
	size_t body;
	int i;

	buf_adds(&text, "Subject: ");
	for (i = 0; i < 100; i++)
		buf_addc(&text, 'x');
	buf_adds(&text, "\nContent-Type: application/octet-stream\n\n");
	body = text.len;
	for (i = 0; i < 1000000; i++)
		buf_addc(&text, i % 251);
	for (i = (int)body; i < (int)text.len; i++)
		if (text.ptr[i] == '\n')
			text.ptr[i] = ' ';
	buf_addc(&text, '\n');
	c = content_of(text.ptr, text.len);
	ck_assert_uint_eq(queue_content_header(c, 0)->len, 109);
	ck_assert_int_eq(queue_content_get(c, 0, CONTENT_DECODED, append,
	    &out, NULL), 0);
	ck_assert_uint_eq(out.len, text.len - body);
	ck_assert_int_eq(memcmp(out.ptr, text.ptr + body, out.len), 0);
	ck_assert(queue_content_part(c, 0)->defects & CONTENT_NUL);
	forget(c);
	buf_done(&text);
	buf_done(&out);
}
END_TEST

START_TEST(a_million_parts_and_endless_nesting_are_bounded)
{
	struct buf text = BUF_INIT;
	struct queue_content *c;
	size_t n;
	int i;

	buf_adds(&text, "Content-Type: multipart/mixed; boundary=b\n\n");
	for (i = 0; i < 1000000; i++)
		buf_adds(&text, "--b\n");
	c = content_of(text.ptr, text.len);
	for (n = 0; queue_content_part(c, n) != NULL; n++)
		;
	ck_assert_uint_eq(n, QUEUE_CONTENT_PARTS_MAX);
	ck_assert(queue_content_part(c, 0)->defects & CONTENT_TOO_DEEP);
	forget(c);

	buf_reset(&text);
	for (i = 0; i < 20000; i++)
		buf_adds(&text, i % 2 ? "Content-Type: message/rfc822\n\n" :
		    "Content-Type: multipart/mixed; boundary=b\n\n--b\n");
	c = content_of(text.ptr, text.len);
	for (n = 0; queue_content_part(c, n) != NULL; n++)
		ck_assert_uint_le(queue_content_part(c, n)->depth,
		    QUEUE_CONTENT_DEPTH_MAX);
	buf_reset(&text);
	ck_assert_int_ge(queue_content_text(c, 1000, &text, NULL), 0);
	forget(c);
	buf_done(&text);
}
END_TEST

START_TEST(headers_are_decoded)
{
	static const char message[] =
	    "Subject: =?UTF-8?Q?caf=C3?= =?utf-8?b?qQ==?= au\n lait\n"
	    "X: =?x-none?Q?abc?=\n\n";
	struct queue_content *c = content_of(message, strlen(message));
	struct buf out = BUF_INIT;

	queue_content_header_text(queue_content_header(c, 0), &out);
	ck_assert_str_eq(out.ptr, "caf\xc3\xa9 au lait");
	buf_reset(&out);
	queue_content_header_text(queue_content_header(c, 1), &out);
	ck_assert_str_eq(out.ptr, "=?x-none?Q?abc?=");
	ck_assert_ptr_null(queue_content_header(c, 2));
	forget(c);
	buf_done(&out);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_content");

	tcase_set_timeout(tc, 60);
	UNIT_LOOP(tc, a_message_is_a_tree, cases);
	tcase_add_test(tc, long_lines_and_nul_bytes_are_no_trouble);
	tcase_add_test(tc, a_million_parts_and_endless_nesting_are_bounded);
	tcase_add_test(tc, headers_are_decoded);
	return unit_run("queue_content", tc);
}
