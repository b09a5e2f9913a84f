/*
 * decode_test.c - transfer encodings, character sets, encoded words, MIME
 * parameters and HTML: what people get to read of them
 *
 * SPDX-License-Identifier: ISC
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/mail/charset.h"
#include "lib/mail/encoded_word.h"
#include "lib/mail/html_text.h"
#include "lib/mail/mime_param.h"
#include "lib/mail/transfer.h"
#include "t/unit/unit.h"

static const struct {
	const char	*kind, *in, *out;
	unsigned	 defects;
} encoded[] = {
	{ "base64", "aGVsbG8=\n", "hello", 0 },
	{ "BASE64", "aGVs\nbG8", "hello", TRANSFER_CUT_BASE64 },
	{ "base64", "aGVsbG8=aGk=", "hellohi", TRANSFER_MORE_BASE64 },
	{ "base64", "aG!Vs", "hel", TRANSFER_BAD_BASE64 },
	{ "base64", "", "", 0 },
	{ "quoted-printable", "a=3Db", "a=b", 0 },
	{ "quoted-printable", "soft=\nbreak", "softbreak", 0 },
	{ "quoted-printable", "soft= \t\nbreak", "softbreak", 0 },
	{ "quoted-printable", "trailing  \nx", "trailing\nx", 0 },
	{ "quoted-printable", "kept =20\n", "kept  \n", 0 },
	{ "quoted-printable", "bad=xy", "bad=xy", TRANSFER_BAD_QP },
	{ "quoted-printable", "end=4", "end=4", TRANSFER_BAD_QP },
	{ "quoted-printable", "lower=c3=a9", "lower\xc3\xa9", 0 },
	{ "8bit", "as =20 is", "as =20 is", 0 },
	{ "x-unknown", "as =20 is", "as =20 is", 0 },
};

/* Fed whole, and byte by byte. */
START_TEST(transfer_encodings_are_undone)
{
	size_t step, i, len = strlen(encoded[_i].in), n;
	struct transfer t;
	struct buf out = BUF_INIT;

	for (step = 1; step <= 100; step += 99) {
		buf_reset(&out);
		transfer_init(&t, transfer_kind(encoded[_i].kind));
		for (i = 0; i < len; i += n) {
			n = len - i < step ? len - i : step;
			transfer_feed(&t, encoded[_i].in + i, n, &out);
		}
		transfer_end(&t, &out);
		ck_assert_str_eq(out.ptr, encoded[_i].out);
		ck_assert_uint_eq(t.defects, encoded[_i].defects);
	}
	buf_done(&out);
}
END_TEST

static const struct {
	const char	*charset, *in, *out;
} texts[] = {
	{ "big5-hkscs", "\x88\x66", "\xc3\x8a" },	/* a mark might follow */
	{ "iso-8859-1", "\xe9t\xe9", "\xc3\xa9t\xc3\xa9" },
	{ "utf-8", "ok \xc3\xa9", "ok \xc3\xa9" },
	{ "utf-8", "bad \xff end", "bad \xef\xbf\xbd end" },
	{ "us-ascii", "\xc3\xa9", "\xc3\xa9" },
	{ "", "plain", "plain" },
	{ "utf-16le", "a\0b", NULL },
	{ "utf-8", "cut \xe2\x82", "cut \xef\xbf\xbd" },
	{ "iso-2022-jp", "\x1b$B$\"\x1b(B", "\xe3\x81\x82" },
};

START_TEST(characters_become_utf8_in_whatever_pieces)
{
	struct charset *c = charset_open(texts[_i].charset);
	struct buf out = BUF_INIT;
	size_t i;

	ck_assert_ptr_nonnull(c);
	if (texts[_i].out == NULL) {
		charset_feed(c, "a\0b", 3, &out);
		charset_close(c, &out);
		ck_assert_str_eq(out.ptr, "a\xef\xbf\xbd");
		buf_done(&out);
		return;
	}
	for (i = 0; i < strlen(texts[_i].in); i++)
		charset_feed(c, texts[_i].in + i, 1, &out);
	charset_close(c, &out);
	ck_assert_str_eq(out.ptr, texts[_i].out);
	buf_reset(&out);
	charset_to_utf8(texts[_i].charset, texts[_i].in,
	    strlen(texts[_i].in), &out);
	ck_assert_str_eq(out.ptr, texts[_i].out);
	buf_done(&out);
}
END_TEST

START_TEST(names_that_are_none_open_nothing)
{
	ck_assert_ptr_null(charset_open("x-martian"));
	ck_assert_ptr_null(charset_open("../../etc/passwd"));
	ck_assert_ptr_null(charset_open("utf-8//TRANSLIT"));
	ck_assert_ptr_null(charset_open("a b"));
}
END_TEST

static const struct {
	const char	*in, *out;
} words[] = {
	{ "plain", "plain" },
	{ "=?utf-8?Q?a_b=3F?=", "a b?" },
	{ "=?utf-8?b?w6k=?= x", "\xc3\xa9 x" },
	{ "=?utf-8?q?a?= =?utf-8?q?b?=", "ab" },
	{ "=?utf-8?q?a?=  x  =?utf-8?q?b?=", "a  x  b" },
	{ "=?utf-8?q?=C3?=\n =?utf-8?q?=A9?=", "\xc3\xa9" },	/* cut in two */
	{ "=?iso-8859-1*en?q?=E9?=", "\xc3\xa9" },
	{ "=?utf-8?x?a?=", "=?utf-8?x?a?=" },
	{ "=?none-such?q?a?=", "=?none-such?q?a?=" },
	{ "=?utf-8?q?open", "=?utf-8?q?open" },
	{ "a=b =? x", "a=b =? x" },
	{ "=?utf-8?q?=FF?=", "\xef\xbf\xbd" },
};

START_TEST(encoded_words_are_decoded)
{
	struct buf out = BUF_INIT;

	encoded_word_decode(&out, words[_i].in);
	ck_assert_str_eq(out.ptr, words[_i].out);
	buf_done(&out);
}
END_TEST

START_TEST(what_is_encoded_is_decoded_to_the_same)
{
	struct buf text = BUF_INIT, out = BUF_INIT, back = BUF_INIT;
	const char *p;
	size_t i, n;

	for (i = 0; i < 60; i++) {
		buf_adds(&text, i % 3 == 0 ? "\xf0\x9f\x98\x80" : i % 3 == 1 ?
		    "\xc3\xa9" : "x");
		buf_reset(&out);
		buf_reset(&back);
		buf_adds(&out, "Subject: ");
		encoded_word_encode(&out, text.ptr, out.len);
		for (p = out.ptr; *p != '\0'; p += n + (p[n] == '\n')) {
			n = strcspn(p, "\n");
			ck_assert_uint_le(n, 76);	/* RFC 2047 2 */
		}
		encoded_word_decode(&back, out.ptr + 9);
		ck_assert_str_eq(back.ptr, text.ptr);
	}
	buf_done(&text);
	buf_done(&out);
	buf_done(&back);
}
END_TEST

static const struct {
	const char	*value, *name, *out;
} parameters[] = {
	{ " text/plain; charset=utf-8", "charset", "utf-8" },
	{ "text/plain; CharSet=\"us\\\"ascii\"", "charset", "us\"ascii" },
	{ "a/b; name*=utf-8'en'na%C3%AFve", "name", "na\xc3\xafve" },
	{ "a/b; name*=iso-8859-1''%E9", "name", "\xc3\xa9" },
	{ "a/b; name*0=one; name*1=two", "name", "onetwo" },
	{ "a/b; name*1=two; name*0*=utf-8''%C3; name*2*=%41", "name",
	    "\xef\xbf\xbdtwoA" },
	{ "a/b; name*0*=utf-8''%C3; name*1*=%A9", "name", "\xc3\xa9" },
	{ "a/b; name=\"=?utf-8?q?x=C3=A9?=\"", "name", "x\xc3\xa9" },
	{ "a/b; name=plain; name*=utf-8''better", "name", "better" },
	{ "a/b (comment; name=no) ; name = yes", "name", "yes" },
	{ "a/b; other=1", "name", NULL },
	{ "a/b; name", "name", NULL },
	{ "", "name", NULL },
};

START_TEST(parameters_are_found)
{
	struct buf out = BUF_INIT;

	ck_assert_int_eq(mime_param(parameters[_i].value, parameters[_i].name,
	    &out), parameters[_i].out != NULL);
	if (parameters[_i].out != NULL)
		ck_assert_str_eq(out.ptr, parameters[_i].out);
	buf_done(&out);
}
END_TEST

static const struct {
	const char	*html, *text;
} pages[] = {
	{ "a  b\n c", "a b c\n" },
	{ "<p>one</p><p>two</p>", "one\n\ntwo\n" },
	{ "one<br>two<br/>three", "one\ntwo\nthree\n" },
	{ "<ul><li>a<li>b</ul>", "* a\n* b\n" },
	{ "<style>p{}</style><script>alert(1)</script>x", "x\n" },
	{ "<script>never closed", "" },
	{ "<!-- <b>no</b> -->yes", "yes\n" },
	{ "1 < 2 &amp;&lt;&#65;&#x42;&nbsp;&nope; &", "1 < 2 &<AB &nope; &\n" },
	{ "&#0;&#xd800;", "\xef\xbf\xbd\xef\xbf\xbd\n" },
	{ "<a href='http://x/?a=1&amp;b'>bank</a>", "bank <http://x/?a=1&b>\n" },
	{ "<a href=http://x/>http://x/</a>", "http://x/\n" },
	{ "<a href=\"mailto:a@b\">a@b</a>", "a@b\n" },
	{ "<img alt=\"a cat\" src=x>", "a cat\n" },
	{ "<a title=\"no end>text</a>", "text\n" },
	{ "<td>a</td><td>b</td>", "a b\n" },
	{ "<pre>a\nb</pre>", "a\nb\n" },
	{ "", "" },
};

START_TEST(html_becomes_text)
{
	struct buf out = BUF_INIT;

	html_text(pages[_i].html, strlen(pages[_i].html), &out);
	ck_assert_str_eq(out.ptr, pages[_i].text);
	buf_done(&out);
}
END_TEST

START_TEST(hostile_html_takes_no_time)
{
	static const char *const pieces[] = { "<a href=\"", "<b a='", "<!--",
	    "<a href=x>", "<", "&", "<li>", "<br>", "<style>" };
	struct buf in = BUF_INIT, out = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		buf_reset(&in);
		buf_reset(&out);
		while (in.len < 2000000)
			buf_adds(&in, pieces[i]);
		html_text(in.ptr, in.len, &out);
	}
	buf_done(&in);
	buf_done(&out);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("decode");

	tcase_set_timeout(tc, 20);
	UNIT_LOOP(tc, transfer_encodings_are_undone, encoded);
	UNIT_LOOP(tc, characters_become_utf8_in_whatever_pieces, texts);
	tcase_add_test(tc, names_that_are_none_open_nothing);
	UNIT_LOOP(tc, encoded_words_are_decoded, words);
	tcase_add_test(tc, what_is_encoded_is_decoded_to_the_same);
	UNIT_LOOP(tc, parameters_are_found, parameters);
	UNIT_LOOP(tc, html_becomes_text, pages);
	tcase_add_test(tc, hostile_html_takes_no_time);
	return unit_run("decode", tc);
}
