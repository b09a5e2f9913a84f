/*
 * mime_test.c - does the engine tell headers and body lines apart?
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/mime.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "t/unit/unit.h"

static const struct mime_limits limits = { 100, 5, 70 };

static void
on_header(void *ctx, enum mime_class class, struct buf *text)
{
	static const char *const names[] = { "", "H", "P", "N" };

	buf_addf(ctx, "%s[%s]", names[class], text->ptr);
}

static void
on_header_end(void *ctx)
{
	buf_adds(ctx, "|");
}

static void
on_body(void *ctx, bool is_partial, const char *data, size_t len,
    off_t offset)
{
	(void)offset;
	buf_addf(ctx, "%s(%.*s)", is_partial ? "+" : "", (int)len, data);
}

static void
on_error(void *ctx, enum mime_error error, const char *text)
{
	(void)text;
	buf_addf(ctx, "!%d", (int)error);
}

static const struct mime_ops ops = { on_header, on_header_end, on_body,
	on_error, NULL };

/* feed - lines of text into the engine; a line that ends in '\1' is partial */
static void
feed(struct mime *m, const char *text)
{
	size_t len;
	bool is_partial;

	while (*text != '\0') {
		len = strcspn(text, "\n\1");
		is_partial = text[len] == '\1';
		mime_text(m, is_partial, text, len);
		text += len + (text[len] != '\0');
	}
	mime_end(m);
}

#define X10 "xxxxxxxxxx"
#define X70 X10 X10 X10 X10 X10 X10 X10
#define MIXED "Content-Type: multipart/mixed; boundary=b\n"

static const struct { const char *text; unsigned flags; const char *out; }
messages[] = {
	{ "A: 1\nB: 2\n\nbody\n", 0, "H[A: 1]H[B: 2]|()(body)" },
	{ "A: 1\n folded\n\ttwice\n\n", 0, "H[A: 1\n folded\n\ttwice]|()" },
	{ "A: 1\nnot a header\nB: 2\n", 0, "H[A: 1]!32|()(not a header)(B: 2)" },
	{ "A: 1\n", 0, "H[A: 1]|" },
	{ "", 0, "|" },
	{ "\nbody\n", 0, "|()(body)" },
	{ "A: 1\1 more\n\nb\1c\n", 0, "H[A: 1 more]|()+(b)(c)" },
	{ "A: 1\1 more", 0, "H[A: 1 more]|" },
	{ "\nopen\1", 0, "|()+(open)()" },
	{ MIXED "\npre\n--b\nX: 1\n\ntext\n--b--\nX: 2\n--b\nX: 3\n", 0,
	    "H[Content-Type: multipart/mixed; boundary=b]|()(pre)(--b)P[X: 1]"
	    "()(text)(--b--)(X: 2)(--b)(X: 3)" },
	{ MIXED "\n--b\nX: 1\n--b\nX: 2\n\n", 0,
	    "H[Content-Type: multipart/mixed; boundary=b]|()(--b)P[X: 1](--b)"
	    "P[X: 2]()" },
	{ MIXED "\n--b\n\nX: 1\n", MIME_NO_PARTS,
	    "H[Content-Type: multipart/mixed; boundary=b]|()(--b)()(X: 1)" },
	{ "Content-Type: message/rfc822\n\nS: n\n\nb\n", 0,
	    "H[Content-Type: message/rfc822]|()N[S: n]()(b)" },
	{ "Content-Type: multipart/digest; boundary=\"b\"\n\n--b\n\nS: n\n\n", 0,
	    "H[Content-Type: multipart/digest; boundary=\"b\"]|()(--b)()"
	    "N[S: n]()" },
	{ MIXED "\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\n"
	    "--b\nX: 1\n\n--c\nX: 2\n", 0,
	    "H[Content-Type: multipart/mixed; boundary=b]|()(--b)"
	    "P[Content-Type: multipart/mixed; boundary=c]()(--c)()(--b)"
	    "P[X: 1]()(--c)(X: 2)" },
	{ MIXED "\n--b\nno header\nX: 1\n", 0,
	    "H[Content-Type: multipart/mixed; boundary=b]|()(--b)(no header)"
	    "(X: 1)" },
	{ "Content-Type: multipart/mixed\n\n--\nX: 1\n", 0,
	    "H[Content-Type: multipart/mixed]|()(--)(X: 1)" },
	{ "Content-Type: (c) multipart (d) / mixed; x=\"y;boundary=n\"; "
	    "BOUNDARY = \"b\\1\"\n\n--b1\nX: 1\n\n", 0,
	    "H[Content-Type: (c) multipart (d) / mixed; x=\"y;boundary=n\"; "
	    "BOUNDARY = \"b\\1\"]|()(--b1)P[X: 1]()" },
	{ "A: \xe9\n\n\xe9\n", MIME_WANT_8BIT, "!4H[A: \xe9]|()!8(\xe9)" },
	{ "Content-Transfer-Encoding: 8bit\n\n\xe9\n", MIME_WANT_8BIT,
	    "H[Content-Transfer-Encoding: 8bit]|()(\xe9)" },
	{ "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n",
	    MIME_WANT_ENCODING, "H[Content-Type: message/rfc822]"
	    "H[Content-Transfer-Encoding: base64]|()!16" },
	{ "Content-Transfer-Encoding: 8bit\nA: 1\n\na=\xe9 \nb\tc\t\n \n",
	    MIME_DOWNGRADE, "H[A: 1]H[Content-Transfer-Encoding: "
	    "quoted-printable]|()(a=3D=E9=20)(b\tc=09)(=20)" },
	{ "Content-Transfer-Encoding: binary\n\nab \1cd\1 \1\n", MIME_DOWNGRADE,
	    "H[Content-Transfer-Encoding: quoted-printable]|()(ab cd=20)" },
	/* Of several encodings the last counts. */
	{ "Content-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: 7bit\n"
	    "\n\xe9\n", MIME_DOWNGRADE,
	    "H[Content-Transfer-Encoding: 7bit]|()(\xe9)" },
	/* As a Postfix breaks them: behind 72 bytes, or 75 with a code. */
	{ "Content-Transfer-Encoding: 8bit\n\n" X70 "xxx\n" X70 "xxxx\n"
	    X70 "xx\xe9\n" X70 "xx\xe9\xe9\n", MIME_DOWNGRADE,
	    "H[Content-Transfer-Encoding: quoted-printable]|()(" X70 "xxx)("
	    X70 "xxx=)(x)(" X70 "xx=E9)(" X70 "xx=E9=)(=E9)" },
	{ "A: 1\n\n\xe9=\n", MIME_DOWNGRADE, "H[A: 1]|()(\xe9=)" },
	{ "Content-Transfer-Encoding: 8bit\n" MIXED "\np\xe9\n--b\n"
	    "Content-Transfer-Encoding: 8bit\n\n\xe9\n--b\n\n=\n--b--\n",
	    MIME_DOWNGRADE, "H[Content-Type: multipart/mixed; boundary=b]"
	    "H[Content-Transfer-Encoding: 7bit]|()(p\xe9)(--b)"
	    "P[Content-Transfer-Encoding: quoted-printable]()(=E9)(--b)()(=)"
	    "(--b--)" },
};

START_TEST(a_message_is_taken_apart)
{
	struct buf out = BUF_INIT;
	struct mime *m = mime_new(&ops, &out);

	mime_reset(m, &limits, messages[_i].flags);
	feed(m, messages[_i].text);
	ck_assert_str_eq(out.ptr, messages[_i].out);
	/* The engine is as new after a reset. */
	buf_reset(&out);
	mime_reset(m, &limits, messages[_i].flags);
	feed(m, messages[_i].text);
	ck_assert_str_eq(out.ptr, messages[_i].out);
	mime_free(m);
	buf_done(&out);
}
END_TEST

START_TEST(a_long_header_is_cut_at_a_line_end)
{
	struct buf out = BUF_INIT, text = BUF_INIT;
	struct mime *m = mime_new(&ops, &out);
	int i;

	buf_adds(&text, "A: 1\n");
	for (i = 0; i < 30; i++)
		buf_adds(&text, " 12345678\n");		/* 10 with newline */
	mime_reset(m, &limits, 0);
	feed(m, text.ptr);
	ck_assert(strncmp(out.ptr, "!2H[A: 1\n 1", 10) == 0);
	/* 4, then nine whole lines of 10: 94 of 100. */
	ck_assert_uint_eq(out.len, strlen("!2H[]|") + 94);
	mime_free(m);
	buf_done(&out);
	buf_done(&text);
}
END_TEST

START_TEST(quoted_printable_lines_are_short)
{
	struct buf out = BUF_INIT, text = BUF_INIT;
	struct mime *m = mime_new(&ops, &out);
	size_t run = 0, i;
	int n;

	buf_adds(&text, "Content-Transfer-Encoding: 8bit\n\n");
	for (n = 0; n < 200; n++)
		buf_adds(&text, n % 3 != 0 ? "x" : "\xe9");
	buf_adds(&text, "\n");
	mime_reset(m, &limits, MIME_DOWNGRADE);
	feed(m, text.ptr);
	for (i = strcspn(out.ptr, "|"); i < out.len; i++) {
		run = out.ptr[i] == '(' ? 0 : run + 1;
		ck_assert_uint_le(run, 77);	/* with the ')' */
	}
	ck_assert_ptr_nonnull(strstr(out.ptr, "=)("));
	mime_free(m);
	buf_done(&out);
	buf_done(&text);
}
END_TEST

START_TEST(nesting_has_a_limit)
{
	struct buf out = BUF_INIT, text = BUF_INIT;
	struct mime *m = mime_new(&ops, &out);
	size_t i;

	for (i = 0; i <= limits.nesting; i++) {
		buf_addf(&text, "Content-Type: multipart/x; boundary=b%zu\n\n"
		    "--b%zu\n", i, i);
		buf_reset(&out);
		mime_reset(m, &limits, 0);
		feed(m, text.ptr);
		ck_assert((strstr(out.ptr, "!1") != NULL) ==
		    (i == limits.nesting));
	}
	mime_free(m);
	buf_done(&out);
	buf_done(&text);
}
END_TEST

START_TEST(plain_text_needs_no_engine_any_more)
{
	struct buf out = BUF_INIT;
	struct mime *m = mime_new(&ops, &out);

	mime_reset(m, &limits, 0);
	mime_text(m, false, "A: 1", 4);
	ck_assert(!mime_is_plain(m));
	mime_text(m, false, "", 0);
	ck_assert(mime_is_plain(m));
	mime_reset(m, &limits, 0);
	mime_text(m, false, MIXED, strlen(MIXED) - 1);
	mime_text(m, false, "", 0);
	ck_assert(!mime_is_plain(m));
	mime_free(m);
	buf_done(&out);
}
END_TEST

START_TEST(random_text_loses_no_byte)
{
	static const char *const pieces[] = { "--b", "\n", "\n\n", "X: 1\n",
		"Content-Type: multipart/mixed; boundary=b\n", "text", "\1",
		" folded\n", "Content-Type: message/rfc822\n", "--b--\n",
		"\xe9", ":", "--", "Content-Type: multipart/digest;boundary=" };
	struct buf out = BUF_INIT, text = BUF_INIT;
	struct mime *m = mime_new(&ops, &out);
	size_t in_bytes, out_bytes, i;
	int round, n;

	srandom(3);
	for (round = 0; round < 20000; round++) {
		buf_reset(&text);
		for (n = (int)(random() % 25); n > 0; n--)
			buf_adds(&text, pieces[random() %
			    (long)(sizeof(pieces) / sizeof(pieces[0]))]);
		buf_reset(&out);
		mime_reset(m, &(struct mime_limits){ 100000, 3, 70 },
		    (unsigned)random() & 6);
		feed(m, text.ptr);
		/* Every byte that is no markup here comes out again. */
		for (i = in_bytes = 0; i < text.len; i++)
			in_bytes += (unsigned char)text.ptr[i] == 0xe9;
		for (i = out_bytes = 0; i < out.len; i++)
			out_bytes += (unsigned char)out.ptr[i] == 0xe9;
		ck_assert_uint_eq(in_bytes, out_bytes);
	}
	mime_free(m);
	buf_done(&out);
	buf_done(&text);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("mime");

	tcase_set_timeout(tc, 30);
	UNIT_LOOP(tc, a_message_is_taken_apart, messages);
	tcase_add_test(tc, a_long_header_is_cut_at_a_line_end);
	tcase_add_test(tc, quoted_printable_lines_are_short);
	tcase_add_test(tc, nesting_has_a_limit);
	tcase_add_test(tc, plain_text_needs_no_engine_any_more);
	tcase_add_test(tc, random_text_loses_no_byte);
	return unit_run("mime", tc);
}
