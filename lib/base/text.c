/*
 * text.c - small work on C strings: lists, letter case, printable text
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/text.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>

#include "lib/base/buf.h"

static char *
split(char **rest, const char *sep, bool braces)
{
	char *p = *rest, *word;
	int depth = 0;

	if (p == NULL)
		return NULL;
	p += strspn(p, sep);
	if (*p == '\0') {
		*rest = NULL;
		return NULL;
	}
	for (word = p; *p != '\0'; p++) {
		if (braces && *p == '{')
			depth++;
		else if (braces && *p == '}' && depth > 0)
			depth--;
		else if (depth == 0 && strchr(sep, *p) != NULL)
			break;
	}
	if (*p == '\0') {
		*rest = NULL;
	} else {
		*p = '\0';
		*rest = p + 1;
	}
	return word;
}

char *
text_split(char **rest, const char *sep)
{
	return split(rest, sep, false);
}

bool
text_list_has(const char *list, const char *word)
{
	size_t n = strlen(word), len;

	for (; *(list += strspn(list, TEXT_LIST_SEP)) != '\0'; list += len) {
		len = strcspn(list, TEXT_LIST_SEP);
		if (len == n && memcmp(list, word, n) == 0)
			return true;
	}
	return false;
}

char *
text_split_braced(char **rest, const char *sep)
{
	return split(rest, sep, true);
}

char *
text_trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	for (end = s + strlen(s); end > s && isspace((unsigned char)end[-1]); )
		end--;
	*end = '\0';
	return s;
}

const char *
text_brace_strip(char *s, char **inner)
{
	char *p, *end;
	int depth = 0;

	if (*s != '{')
		return "no '{' at start of text";
	for (p = s; *p != '\0'; p++)
		if (*p == '{')
			depth++;
		else if (*p == '}' && --depth == 0)
			break;
	if (*p == '\0')
		return "missing '}'";
	for (end = p + 1; isspace((unsigned char)*end); end++)
		;
	if (*end != '\0')
		return "syntax error after '}'";
	*p = '\0';
	*inner = text_trim(s + 1);
	return NULL;
}

char *
text_lower(char *s)
{
	char *p;

	for (p = s; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return s;
}

#define EACH_BYTE(b)	(UINT64_C(0x0101010101010101) * (b))

/* Eight bytes at once: the high bit of each says whether it is upper case. */
static uint64_t
lower_word(uint64_t word)
{
	uint64_t low = word & EACH_BYTE(0x7f);
	uint64_t from_a = low + EACH_BYTE(0x80 - 'A');
	uint64_t past_z = low + EACH_BYTE(0x7f - 'Z');
	uint64_t upper = (from_a ^ past_z) & ~word & EACH_BYTE(0x80);

	return word | upper >> 2;	/* 0x80 becomes 'a' - 'A' */
}

/* The last eight bytes once more, rather than what is left byte by byte. */
bool
text_lower_copy(char *to, const char *s, size_t len)
{
	uint64_t word, all = 0;
	size_t i;

	if (len < sizeof(word)) {
		for (i = 0; i < len; i++) {
			all |= (unsigned char)s[i];
			to[i] = s[i] >= 'A' && s[i] <= 'Z' ? s[i] | 0x20 : s[i];
		}
		return (all & 0x80) == 0;
	}
	for (i = 0; i < len; i += sizeof(word)) {
		if (i + sizeof(word) > len)
			i = len - sizeof(word);
		memcpy(&word, s + i, sizeof(word));
		all |= word;
		word = lower_word(word);
		memcpy(to + i, &word, sizeof(word));
	}
	return (all & EACH_BYTE(0x80)) == 0;
}

/* Nearly all text is ASCII: eight bytes at a glance, the last eight once more. */
static bool
is_ascii(const char *s, size_t len)
{
	uint64_t word, all = 0;
	size_t i;

	if (len < sizeof(word)) {
		for (word = 0, i = 0; i < len; i++)
			word |= (unsigned char)s[i];
		return (word & 0x80) == 0;
	}
	for (i = 0; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, s + i, sizeof(word));
		all |= word;
	}
	memcpy(&word, s + len - sizeof(word), sizeof(word));
	return ((all | word) & EACH_BYTE(0x80)) == 0;
}

bool
text_is_ascii(const char *s)
{
	return is_ascii(s, strlen(s));
}

/* Length of the valid UTF-8 sequence at p, 0 when there is none. */
static size_t
utf8_sequence(const unsigned char *p, size_t len)
{
	static const unsigned min[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned cp;
	size_t n, i;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] < 0xe0)
		n = 2, cp = p[0] & 0x1f;
	else if (p[0] >= 0xe0 && p[0] < 0xf0)
		n = 3, cp = p[0] & 0x0f;
	else if (p[0] >= 0xf0 && p[0] < 0xf5)
		n = 4, cp = p[0] & 0x07;
	else
		return 0;
	if (len < n)
		return 0;
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	if (cp < min[n] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return 0;
	return n;
}

bool
text_is_utf8(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n;

	if (is_ascii(s, len))
		return true;
	for (; len > 0; p += n, len -= n)
		if ((n = utf8_sequence(p, len)) == 0)
			return false;
	return true;
}

void
text_fold(struct buf *out, const char *s)
{
	size_t start = out->len, len;
	uint8_t *folded;

	if (text_is_ascii(s)) {
		buf_adds(out, s);
		text_lower(out->ptr + start);
		return;
	}
	folded = NULL;
	if (text_is_utf8(s, strlen(s)))
		folded = u8_casefold((const uint8_t *)s, strlen(s), NULL,
		    NULL, NULL, &len);
	if (folded == NULL) {		/* not UTF-8: fold what ASCII there is */
		buf_adds(out, s);
		text_lower(out->ptr + start);
		return;
	}
	buf_add(out, folded, len);
	free(folded);
}

/* How many bytes from p on are visible ASCII; at least those of whole words. */
static size_t
plain_run(const char *p, size_t len)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t word;
	size_t n = 0;

	/*
	 * Eight bytes at a glance: a top bit appears where a byte is beyond
	 * ASCII, below a blank, or DEL; a borrow only makes us look closer.
	 */
	for (; n + sizeof(word) <= len; n += sizeof(word)) {
		memcpy(&word, p + n, sizeof(word));
		if (((word | (word - 0x20 * ones) | (word + ones)) &
		    0x80 * ones) != 0)
			break;
	}
	while (n < len && p[n] >= ' ' && p[n] < 0x7f)
		n++;
	return n;
}

void
text_make_printable(char *s, size_t len, bool utf8)
{
	size_t n;

	for (; len > 0; s += n, len -= n) {
		if ((n = plain_run(s, len)) > 0)
			continue;
		if (utf8 && (n = utf8_sequence((unsigned char *)s, len)) > 1)
			continue;
		n = 1;
		*s = '?';
	}
}

void
text_printable(struct buf *out, const char *s, size_t len, bool utf8)
{
	size_t from = out->len;

	buf_add(out, s, len);
	text_make_printable(out->ptr + from, len, utf8);
}

size_t
text_char(const char *s, unsigned *code)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	size_t i;

	for (i = 1; i < n; i++)
		if (p[i] == '\0')
			return 0;
	if (!text_is_utf8(s, n))
		return 0;
	*code = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
	for (i = 1; i < n; i++)
		*code = *code << 6 | (p[i] & 0x3f);
	return n;
}

/* Marks that turn the direction of what follows: a line could lie with them. */
static bool
is_directional(unsigned code)
{
	return (code >= 0x202a && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069) || code == 0x200e ||
	    code == 0x200f || code == 0x061c;
}

void
text_visible(struct buf *out, const char *text, size_t width)
{
	size_t n, columns, shown = 0, keep = out->len;
	char spelt[16];
	unsigned code;

	for (; *text != '\0'; text += n) {
		code = 0;
		n = text_char(text, &code);
		spelt[0] = '\0';
		if (n == 0 || code < ' ' || code == 0x7f)
			snprintf(spelt, sizeof(spelt), "\\x%02x",
			    (unsigned char)*text);
		else if (n > 1 && (code < 0xa0 || is_directional(code)))
			snprintf(spelt, sizeof(spelt), "\\u%04x", code);
		if (n == 0)
			n = 1;
		columns = spelt[0] != '\0' ? strlen(spelt) : 1;
		if (width > 0 && shown + columns > width) {
			buf_truncate(out, keep);
			buf_adds(out, "\xe2\x80\xa6");	/* one character: ... */
			return;
		}
		if (spelt[0] != '\0')
			buf_adds(out, spelt);
		else
			buf_add(out, text, n);
		shown += columns;
		if (shown < width)
			keep = out->len;
	}
}

void
text_csv(struct buf *out, const char *text)
{
	struct buf seen = BUF_INIT;
	const char *p;

	text_visible(&seen, text, 0);
	if (strpbrk(seen.ptr, ",\"") == NULL) {
		buf_add(out, seen.ptr, seen.len);
	} else {
		buf_addc(out, '"');
		for (p = seen.ptr; *p != '\0'; p++) {
			if (*p == '"')
				buf_addc(out, '"');
			buf_addc(out, *p);
		}
		buf_addc(out, '"');
	}
	buf_done(&seen);
}

const char *
text_skip_blank(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

void
text_escape(struct buf *out, const char *data, size_t len, size_t max)
{
	size_t start = out->len, i;
	unsigned char c;

	for (i = 0; i < len && (max == 0 || out->len - start < max); i++) {
		c = (unsigned char)data[i];
		if (c >= '\a' && c <= '\r')	/* in the order of ASCII */
			buf_addf(out, "\\%c", "abtnvfr"[c - '\a']);
		else if (c == '\\')
			buf_adds(out, "\\\\");
		else if (c < ' ' || c > '~')
			buf_addf(out, "\\%03o", c);
		else
			buf_addc(out, c);
	}
	if (max > 0)
		buf_truncate(out, start + max);
}

void
text_unescape(struct buf *out, const char *p)
{
	static const char names[] = "abfnrtv", bytes[] = "\a\b\f\n\r\t\v";
	const char *at;
	int n, digits;

	for (; *p != '\0'; p++) {
		if (*p != '\\' || p[1] == '\0') {
			buf_addc(out, *p);
			continue;
		}
		p++;
		if (*p >= '0' && *p <= '7') {
			for (n = digits = 0; digits < 3 && *p >= '0' &&
			    *p <= '7'; digits++)
				n = n * 8 + *p++ - '0';
			buf_addc(out, n);
			p--;
		} else if ((at = strchr(names, *p)) != NULL) {
			buf_addc(out, bytes[at - names]);
		} else {
			buf_addc(out, *p);
		}
	}
}

size_t
text_distance(const char *a, const char *b)
{
	size_t row[3][TEXT_DISTANCE_FAR], i, j, best;
	size_t n = strlen(a), m = strlen(b), *now, *before, *older;

	if (n >= TEXT_DISTANCE_FAR || m >= TEXT_DISTANCE_FAR)
		return TEXT_DISTANCE_FAR;
	for (j = 0; j <= m; j++)
		row[0][j] = j;
	for (i = 1; i <= n; i++) {
		now = row[i % 3];
		before = row[(i + 2) % 3];
		older = row[(i + 1) % 3];
		now[0] = i;
		for (j = 1; j <= m; j++) {
			best = before[j - 1] + (a[i - 1] != b[j - 1]);
			if (before[j] + 1 < best)
				best = before[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && older[j - 2] + 1 < best)
				best = older[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[n % 3][m];
}
