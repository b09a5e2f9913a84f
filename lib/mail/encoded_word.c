/*
 * encoded_word.c - words of header fields in other character sets
 *
 * "=?charset?B or Q?text?=". Senders cut characters of many bytes in two, so
 * the bytes of neighbours in one set are joined before they are converted.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/encoded_word.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "lib/mail/charset.h"
#include "lib/mail/transfer.h"

#define CHARSET_MAX	64
#define WORD_MAX	75	/* RFC 2047 2 */
#define LINE_MAX_LEN	76
#define PREFIX		"=?UTF-8?B?"
#define SUFFIX		"?="

struct words {			/* neighbours that are not converted yet */
	char		 charset[CHARSET_MAX];
	struct buf	 bytes;
};

static void
flush(struct words *w, struct buf *out)
{
	if (w->bytes.len > 0)
		charset_to_utf8(w->charset, w->bytes.ptr, w->bytes.len, out);
	buf_reset(&w->bytes);
}

static void
decode_q(struct buf *out, const char *text, size_t len)
{
	size_t i;
	int high, low;

	for (i = 0; i < len; i++) {
		if (text[i] == '=' && i + 2 < len &&
		    (high = transfer_hex((unsigned char)text[i + 1])) >= 0 &&
		    (low = transfer_hex((unsigned char)text[i + 2])) >= 0) {
			buf_addc(out, high << 4 | low);
			i += 2;
		} else {
			buf_addc(out, text[i] == '_' ? ' ' : text[i]);
		}
	}
}

/* Take the encoded word at p; its length, or 0 when there is none. */
static size_t
take_word(struct words *w, const char *p, struct buf *out)
{
	char charset[CHARSET_MAX], how;
	struct charset *known;
	struct transfer t;
	const char *text, *mark;
	size_t len;

	if (p[0] != '=' || p[1] != '?')
		return 0;
	len = strcspn(p + 2, "? ");
	mark = p + 2 + len;
	if (*mark != '?' || len == 0 || len >= sizeof(charset))
		return 0;
	memcpy(charset, p + 2, len);
	charset[len] = '\0';
	charset[strcspn(charset, "*")] = '\0';	/* RFC 2231 5: language */
	how = (char)toupper((unsigned char)mark[1]);
	if ((how != 'B' && how != 'Q') || mark[2] != '?')
		return 0;
	text = mark + 3;
	len = strcspn(text, "? ");
	if (text[len] != '?' || text[len + 1] != '=')
		return 0;
	if (strcasecmp(charset, w->charset) != 0 || w->bytes.len == 0) {
		flush(w, out);
		if ((known = charset_open(charset)) == NULL)
			return 0;
		charset_close(known, NULL);
		strcpy(w->charset, charset);
	}
	if (how == 'Q') {
		decode_q(&w->bytes, text, len);
	} else {
		transfer_init(&t, TRANSFER_BASE64);
		transfer_feed(&t, text, len, &w->bytes);
	}
	return (size_t)(text + len + 2 - p);
}

void
encoded_word_decode(struct buf *out, const char *value)
{
	struct words w = { "", BUF_INIT };
	const char *p = value, *next;
	bool after_word = false;
	size_t n;

	while (*p != '\0') {
		next = after_word ? p + strspn(p, " \t\r\n") : p;
		if ((n = take_word(&w, next, out)) > 0) {
			p = next + n;
			after_word = true;
			continue;
		}
		flush(&w, out);
		after_word = false;
		n = strcspn(p + 1, "=") + 1;
		buf_add(out, p, n);
		p += n;
	}
	flush(&w, out);
	buf_done(&w.bytes);
}

void
encoded_word_encode(struct buf *out, const char *text, size_t used)
{
	size_t room, take, n, fixed = strlen(PREFIX SUFFIX);
	unsigned code;

	while (*text != '\0') {
		room = used + fixed + 8 < LINE_MAX_LEN ?
		    LINE_MAX_LEN - used : WORD_MAX;
		if (room == WORD_MAX && used > 1)
			buf_adds(out, "\n ");
		room = (room < WORD_MAX ? room : WORD_MAX) - fixed;
		room = room / 4 * 3;
		/* Whole characters only. */
		for (take = 0; text[take] != '\0'; take += n) {
			if ((n = text_char(text + take, &code)) == 0)
				n = 1;
			if (take + n > room)
				break;
		}
		buf_adds(out, PREFIX);
		base64_encode(out, text, take);
		buf_adds(out, SUFFIX);
		used = LINE_MAX_LEN;	/* the next one starts a line */
		text += take;
	}
}
