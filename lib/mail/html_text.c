/*
 * html_text.c - HTML reduced to text
 *
 * One pass over the bytes. A tag is looked at for its name only, and a link
 * for where it leads; style and script are passed over up to their end tags.
 * Blank space is one blank or, behind tags that break lines, a new line.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/html_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"

#define TAG_NAME_MAX	16
#define LINK_MAX	2000	/* longer ones are cut */

struct html {
	const char	*p, *end;
	struct buf	*out;
	size_t		 start;		/* of our text in out */
	int		 breaks;	/* line ends due before the next text */
	bool		 blank;		/* a blank is due */
	bool		 is_preformatted;
	bool		 is_unquoted;	/* some quote never ends: heed none from here on */
	struct buf	 link;
	size_t		 link_text;	/* where its text begins in out */
};

static void
put_code(struct buf *out, unsigned long code)
{
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		code = 0xfffd;
	if (code < 0x80) {
		buf_addc(out, (int)code);
	} else if (code < 0x800) {
		buf_addc(out, (int)(0xc0 | code >> 6));
		buf_addc(out, (int)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		buf_addc(out, (int)(0xe0 | code >> 12));
		buf_addc(out, (int)(0x80 | (code >> 6 & 0x3f)));
		buf_addc(out, (int)(0x80 | (code & 0x3f)));
	} else {
		buf_addc(out, (int)(0xf0 | code >> 18));
		buf_addc(out, (int)(0x80 | (code >> 12 & 0x3f)));
		buf_addc(out, (int)(0x80 | (code >> 6 & 0x3f)));
		buf_addc(out, (int)(0x80 | (code & 0x3f)));
	}
}

/* Append the character that "&name;" at p stands for; its length, 0: none. */
static size_t
entity(const char *p, const char *end, struct buf *out)
{
	static const struct {
		const char	*name;
		unsigned	 code;
	} names[] = {
		{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' },
		{ "apos", '\'' }, { "nbsp", ' ' }, { "shy", 0xad },
		{ "copy", 0xa9 }, { "reg", 0xae }, { "trade", 0x2122 },
		{ "euro", 0x20ac }, { "pound", 0xa3 }, { "yen", 0xa5 },
		{ "cent", 0xa2 }, { "sect", 0xa7 }, { "deg", 0xb0 },
		{ "laquo", 0xab }, { "raquo", 0xbb }, { "middot", 0xb7 },
		{ "bull", 0x2022 }, { "hellip", 0x2026 }, { "ndash", 0x2013 },
		{ "mdash", 0x2014 }, { "lsquo", 0x2018 }, { "rsquo", 0x2019 },
		{ "sbquo", 0x201a }, { "ldquo", 0x201c }, { "rdquo", 0x201d },
		{ "bdquo", 0x201e }, { "zwnj", 0x200c }, { "times", 0xd7 },
		{ "auml", 0xe4 }, { "ouml", 0xf6 }, { "uuml", 0xfc },
		{ "Auml", 0xc4 }, { "Ouml", 0xd6 }, { "Uuml", 0xdc },
		{ "szlig", 0xdf }, { "eacute", 0xe9 }, { "egrave", 0xe8 },
		{ "ecirc", 0xea }, { "agrave", 0xe0 }, { "aacute", 0xe1 },
		{ "acirc", 0xe2 }, { "aring", 0xe5 }, { "aelig", 0xe6 },
		{ "ccedil", 0xe7 }, { "iacute", 0xed }, { "icirc", 0xee },
		{ "ntilde", 0xf1 }, { "oacute", 0xf3 }, { "ocirc", 0xf4 },
		{ "oslash", 0xf8 }, { "uacute", 0xfa }, { "ucirc", 0xfb },
		{ "rarr", 0x2192 }, { "larr", 0x2190 }, { "check", 0x2713 },
	};
	char text[16];
	size_t n = 0, i;
	unsigned long code;

	for (p++; p + n < end && n < sizeof(text) - 1 &&
	    (isalnum((unsigned char)p[n]) || (n == 0 && p[n] == '#')); n++)
		text[n] = p[n];
	text[n] = '\0';
	if (p + n >= end || p[n] != ';')
		return 0;
	if (text[0] == '#') {
		code = text[1] == 'x' || text[1] == 'X' ?
		    strtoul(text + 2, NULL, 16) : strtoul(text + 1, NULL, 10);
		put_code(out, code == 0xa0 ? ' ' : code);
		return n + 2;
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i].name) == 0) {
			put_code(out, names[i].code);
			return n + 2;
		}
	return 0;
}

/* What is due before the next piece of text. */
static void
settle(struct html *h)
{
	if (h->out->len > h->start) {
		if (h->breaks == 0 && h->blank)
			buf_addc(h->out, ' ');
		while (h->breaks-- > 0)
			buf_addc(h->out, '\n');
	}
	h->breaks = 0;
	h->blank = false;
}

static void
need_breaks(struct html *h, int n)
{
	if (h->breaks < n)
		h->breaks = n;
}

/* The value of an attribute of the tag at p, up to end. */
static bool
attribute(const char *p, const char *end, const char *name, struct buf *out)
{
	size_t len = strlen(name);
	char quote;

	for (; p + len + 1 < end; p++) {
		if (!isspace((unsigned char)p[0]) ||
		    strncasecmp(p + 1, name, len) != 0)
			continue;
		p += len + 1;
		while (p < end && isspace((unsigned char)*p))
			p++;
		if (p >= end || *p != '=')
			continue;
		for (p++; p < end && isspace((unsigned char)*p); p++)
			;
		quote = p < end && (*p == '"' || *p == '\'') ? *p++ : '\0';
		for (; p < end && (quote != '\0' ? *p != quote :
		    !isspace((unsigned char)*p)); p++) {
			if (out->len >= LINK_MAX)
				continue;
			len = *p == '&' ? entity(p, end, out) : 0;
			if (len > 0)
				p += len - 1;
			else
				buf_addc(out, *p);
		}
		return true;
	}
	return false;
}

/* Past "</name>", from h->p on. */
static void
skip_element(struct html *h, const char *name)
{
	size_t len = strlen(name);
	const char *p;

	for (p = h->p; p + len + 2 <= h->end; p++)
		if (p[0] == '<' && p[1] == '/' &&
		    strncasecmp(p + 2, name, len) == 0)
			break;
	h->p = p + len + 2 <= h->end ? p : h->end;
}

static void
begin_link(struct html *h, const char *tag, const char *end)
{
	buf_reset(&h->link);
	attribute(tag, end, "href", &h->link);
	h->link_text = h->out->len;
}

static void
end_link(struct html *h)
{
	const char *text = h->out->ptr + h->link_text;
	const char *to = h->link.ptr;

	if (h->link.len == 0 || to[0] == '#')
		;
	else if (strstr(text, to) == NULL &&
	    (strncasecmp(to, "mailto:", 7) != 0 ||
	    strstr(text, to + 7) == NULL)) {
		settle(h);
		if (h->out->len > h->link_text)
			buf_addc(h->out, ' ');
		buf_addf(h->out, "<%s>", to);
	}
	buf_reset(&h->link);
}

static void
take_tag(struct html *h, const char *name, bool is_end, const char *tag,
    const char *end)
{
	static const char *const blocks[] = { "p", "div", "table", "tr", "ul",
	    "ol", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6",
	    "blockquote", "pre", "form", "section", "article", "header",
	    "footer", "hr", "center", "address", "title", NULL };
	static const char *const spaced[] = { "p", "h1", "h2", "h3", "h4",
	    "h5", "h6", "table", "blockquote", "pre", "title", NULL };
	size_t i;

	if (!is_end && (strcmp(name, "style") == 0 ||
	    strcmp(name, "script") == 0 || strcmp(name, "noscript") == 0 ||
	    strcmp(name, "template") == 0)) {
		skip_element(h, name);
		return;
	}
	if (strcmp(name, "br") == 0) {
		h->breaks++;
	} else if (strcmp(name, "li") == 0 && !is_end) {
		need_breaks(h, 1);
		settle(h);
		buf_adds(h->out, "* ");
	} else if ((strcmp(name, "td") == 0 || strcmp(name, "th") == 0)) {
		h->blank = true;
	} else if (strcmp(name, "a") == 0) {
		if (h->link.len > 0)
			end_link(h);
		if (!is_end)
			begin_link(h, tag, end);
	} else if (strcmp(name, "img") == 0) {
		settle(h);
		attribute(tag, end, "alt", h->out);
	}
	if (strcmp(name, "pre") == 0)
		h->is_preformatted = !is_end;
	for (i = 0; blocks[i] != NULL; i++)
		if (strcmp(name, blocks[i]) == 0)
			need_breaks(h, 1);
	for (i = 0; spaced[i] != NULL; i++)
		if (strcmp(name, spaced[i]) == 0)
			need_breaks(h, 2);
}

/* A tag, comment or declaration at h->p; false: only a '<'. */
static bool
take_markup(struct html *h)
{
	char name[TAG_NAME_MAX];
	const char *p = h->p + 1, *tag;
	bool is_end;
	char quote = '\0';
	size_t n = 0;

	if (h->end - h->p >= 4 && memcmp(h->p, "<!--", 4) == 0) {
		tag = memmem(h->p + 4, (size_t)(h->end - h->p - 4), "-->", 3);
		h->p = tag != NULL ? tag + 3 : h->end;
		return true;
	}
	if (p >= h->end || (!isalpha((unsigned char)*p) &&
	    strchr("/!?", *p) == NULL))
		return false;
	if ((is_end = *p == '/'))
		p++;
	for (; p < h->end && isalnum((unsigned char)*p); p++)
		if (n < sizeof(name) - 1)
			name[n++] = (char)tolower((unsigned char)*p);
	name[n] = '\0';
	tag = p;
	for (; p < h->end && (*p != '>' || quote != '\0'); p++) {
		if (quote != '\0')
			quote = *p == quote ? '\0' : quote;
		else if ((*p == '"' || *p == '\'') && p[-1] == '=' &&
		    !h->is_unquoted)
			quote = *p;
	}
	/* A quote that never ends must not swallow the rest of the page. */
	if (p >= h->end) {
		h->is_unquoted |= quote != '\0';
		p = memchr(tag, '>', (size_t)(h->end - tag));
		if (p == NULL)
			p = h->end;
	}
	h->p = p < h->end ? p + 1 : h->end;
	take_tag(h, name, is_end, tag, p);
	return true;
}

void
html_text(const char *html, size_t len, struct buf *out)
{
	struct html h = { .p = html, .end = html + len, .out = out,
	    .start = out->len, .link = BUF_INIT };
	size_t n;

	while (h.p < h.end) {
		if (*h.p == '<' && take_markup(&h))
			continue;
		if (isspace((unsigned char)*h.p)) {
			if (h.is_preformatted && *h.p == '\n')
				h.breaks++;
			else
				h.blank = true;
			h.p++;
			continue;
		}
		settle(&h);
		n = *h.p == '&' ? entity(h.p, h.end, out) : 0;
		if (n == 0) {
			buf_addc(out, *h.p);
			n = 1;
		}
		h.p += n;
	}
	if (h.link.len > 0)
		end_link(&h);
	if (out->len > h.start)
		buf_addc(out, '\n');
	buf_done(&h.link);
}
