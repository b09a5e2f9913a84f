/*
 * alias_token.c - the words of an alias line: read, and written out again
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/alias_token.h"

#include <string.h>

#include "lib/base/buf.h"

#define OPERATORS	"()<>@,;:\\\".[]%!|"

/* Only these: a vertical tab is a control character like others. */
static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* An atom with one of these needs quotes. */
static bool
is_special(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f ||
	    strchr(OPERATORS, c) != NULL;
}

/*
 * "text" or [text]: backslashes protect the next character and go away. A tab
 * or the end of a line is a blank.
 */
static const char *
cut_enclosed(const char *s, char close, struct buf *text)
{
	for (; *s != '\0' && *s != close; s++) {
		if (*s == '\\' && *++s == '\0')
			break;
		buf_addc(text, is_blank(*s) ? ' ' : *s);
	}
	return *s != '\0' ? s + 1 : s;
}

/* A comment, parentheses included; it may nest. */
static const char *
cut_comment(const char *s, struct buf *text)
{
	int depth = 0;

	do {
		if (*s == '(')
			depth++;
		else if (*s == ')')
			depth--;
		else if (*s == '\\' && s[1] != '\0')
			buf_addc(text, *s++);
		buf_addc(text, *s++);
	} while (*s != '\0' && depth > 0);
	return s;
}

/* A bare word; a backslash in it protects the next character and goes away. */
static enum alias_token
cut_atom(const char **p, struct buf *text)
{
	enum alias_token kind = ALIAS_TOKEN_ATOM;
	const char *s = *p;

	for (; *s != '\0' && !is_blank(*s); s++) {
		if (*s == '\\') {
			if (*++s == '\0')
				break;
		} else if (strchr(OPERATORS, *s) != NULL) {
			break;
		}
		if (is_special(*s))
			kind = ALIAS_TOKEN_QUOTED;
		buf_addc(text, is_blank(*s) ? ' ' : *s);
	}
	*p = s;
	return kind;
}

enum alias_token
alias_token_next(const char **p, struct buf *text)
{
	const char *s = *p;

	buf_reset(text);
	while (is_blank(*s))
		s++;
	*p = s;
	switch (*s) {
	case '\0':
		return ALIAS_TOKEN_END;
	case '"':
		*p = cut_enclosed(s + 1, '"', text);
		return ALIAS_TOKEN_QUOTED;
	case '[':
		*p = cut_enclosed(s + 1, ']', text);
		return ALIAS_TOKEN_LITERAL;
	case '(':
		*p = cut_comment(s, text);
		return ALIAS_TOKEN_COMMENT;
	}
	if (*s == '\\' || strchr(OPERATORS, *s) == NULL)
		return cut_atom(p, text);
	buf_addc(text, *s);
	*p = s + 1;
	return ALIAS_TOKEN_OPERATOR;
}

/* Text with a backslash before each of some characters. */
static void
put_protected(struct buf *out, const struct buf *text, const char *which)
{
	size_t i;

	for (i = 0; i < text->len; i++) {
		if (strchr(which, text->ptr[i]) != NULL)
			buf_addc(out, '\\');
		buf_addc(out, text->ptr[i]);
	}
}

/* A blank only between two that are no operators, and before each "<". */
static bool
needs_blank(const struct buf *out, enum alias_token kind,
    const struct buf *text, enum alias_token previous)
{
	bool follows_operator = previous == ALIAS_TOKEN_OPERATOR;

	if (previous == ALIAS_TOKEN_END)
		return false;
	if (kind != ALIAS_TOKEN_OPERATOR)
		return !follows_operator;
	/* A comma has put one there already. */
	return text->ptr[0] == '<' &&
	    !(follows_operator && out->ptr[out->len - 1] == ' ');
}

void
alias_token_put(struct buf *out, enum alias_token kind,
    const struct buf *text, enum alias_token *previous, bool is_value)
{
	if (needs_blank(out, kind, text, *previous))
		buf_addc(out, ' ');
	if (kind == ALIAS_TOKEN_QUOTED && is_value) {
		buf_addc(out, '"');
		put_protected(out, text, "\"\\");
		buf_addc(out, '"');
	} else if (kind == ALIAS_TOKEN_LITERAL) {
		buf_addc(out, '[');
		put_protected(out, text, "\\");
		buf_addc(out, ']');
	} else {
		buf_adds(out, text->ptr);
	}
	if (kind == ALIAS_TOKEN_OPERATOR && text->ptr[0] == ',' && is_value)
		buf_addc(out, ' ');
	*previous = kind;
}
