/*
 * queue_select_lex.c - text of a selection -> tokens; where an error is
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_select_lex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"

/* ---- errors ---- */

int
lex_fail_at(struct parser *p, const char *at, const char *what, const char *hint)
{
	const char *c;
	int line = 1, column = 1;

	if (p->has_failed)
		return -1;
	p->has_failed = true;
	for (c = p->text; c < at; c++) {
		if (*c == '\n') {
			line++;
			column = 1;
		} else if ((*c & 0xc0) != 0x80) {
			column++;
		}
	}
	return err_set(p->err, ERR_SYNTAX, "%s at %d:%d%s%s", what, line,
	    column, hint != NULL ? "; " : "", hint != NULL ? hint : "");
}

void *
lex_fail(struct parser *p, const char *what)
{
	lex_fail_at(p, p->at, what, NULL);
	return NULL;
}

void *
lex_fail_named(struct parser *p, const char *at, const char *kind,
    const char *name, const char *hint)
{
	struct buf what = BUF_INIT;

	buf_addf(&what, "%s \"%.60s\"", kind, name);
	lex_fail_at(p, at, what.ptr, hint);
	buf_done(&what);
	return NULL;
}

/* ---- tokens ---- */

bool
lex_is_word_char(int c)
{
	return isalnum(c) || c >= 0x80 ||
	    (c != '\0' && strchr("._-+@*/:%[]?$", c) != NULL);
}

static bool
read_string(struct parser *p)
{
	const char *s = p->at + 1;
	char quote = *p->at, hex[3];

	for (; *s != quote; s++) {
		if (*s == '\0') {
			lex_fail(p, "unterminated string");
			return false;
		}
		if (*s != '\\') {
			buf_addc(&p->value, *s);
			continue;
		}
		s++;
		switch (*s) {
		case 'n': buf_addc(&p->value, '\n'); break;
		case 't': buf_addc(&p->value, '\t'); break;
		case '\\': case '\'': case '"':
			buf_addc(&p->value, *s);
			break;
		case 'x':
			if (!isxdigit((unsigned char)s[1]) ||
			    !isxdigit((unsigned char)s[2])) {
				lex_fail(p, "\\x needs two hex digits");
				return false;
			}
			hex[0] = s[1];
			hex[1] = s[2];
			hex[2] = '\0';
			buf_addc(&p->value, (int)strtol(hex, NULL, 16));
			s += 2;
			break;
		case '\0':
			lex_fail(p, "unterminated string");
			return false;
		default:
			/* Patterns are full of these; keep both. */
			buf_addc(&p->value, '\\');
			buf_addc(&p->value, *s);
			break;
		}
	}
	p->next = s + 1;
	p->token = T_STRING;
	return true;
}

static bool
symbol(struct parser *p, const char *text, enum token token)
{
	size_t len = strlen(text);

	if (strncmp(p->at, text, len) != 0)
		return false;
	p->token = token;
	p->next = p->at + len;
	return true;
}

void
lex_advance(struct parser *p)
{
	static const struct {
		const char	*text;
		enum token	 token;
	} symbols[] = {		/* longer ones first */
		{ "!=", T_NE }, { "!~", T_NMATCH }, { "=~", T_MATCH },
		{ "<=", T_LE }, { ">=", T_GE }, { "&&", T_AND },
		{ "||", T_OR }, { "=", T_EQ }, { "~", T_MATCH },
		{ "<", T_LT }, { ">", T_GT }, { "!", T_NOT },
		{ "(", T_OPEN }, { ")", T_CLOSE }, { ",", T_COMMA },
	};
	size_t i;

	p->at = p->next + strspn(p->next, " \t\r\n");
	p->next = p->at;
	buf_reset(&p->value);
	if (*p->at == '\0') {
		p->token = T_END;
		return;
	}
	if (*p->at == '"' || *p->at == '\'') {
		if (!read_string(p))
			p->token = T_END;
		return;
	}
	if (strncmp(p->at, "<>", 2) == 0) {	/* the null sender */
		buf_sets(&p->value, "<>");
		p->token = T_WORD;
		p->next = p->at + 2;
		return;
	}
	for (i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (symbol(p, symbols[i].text, symbols[i].token))
			return;
	while (lex_is_word_char((unsigned char)*p->next))
		buf_addc(&p->value, *p->next++);
	p->token = T_WORD;
	if (p->next == p->at) {
		lex_fail(p, "unexpected character");
		p->token = T_END;
	}
}

bool
lex_is_word(const struct parser *p, const char *word)
{
	return p->token == T_WORD && strcasecmp(p->value.ptr, word) == 0;
}

bool
lex_accept_word(struct parser *p, const char *word)
{
	if (!lex_is_word(p, word))
		return false;
	lex_advance(p);
	return true;
}

/* Is the word behind the current token this one? */
bool
lex_next_is_word(const struct parser *p, const char *word)
{
	const char *s = p->next + strspn(p->next, " \t\r\n");
	size_t len = strlen(word);

	return strncasecmp(s, word, len) == 0 &&
	    !lex_is_word_char((unsigned char)s[len]);
}

/* After a match operator a leading '/' opens a pattern. */
void
lex_pattern(struct parser *p)
{
	const char *s = p->next + strspn(p->next, " \t\r\n");

	if (*s != '/') {
		lex_advance(p);
		return;
	}
	p->at = s++;
	buf_reset(&p->value);
	for (; *s != '/'; s++) {
		if (*s == '\0') {
			lex_fail(p, "unterminated pattern");
			p->token = T_END;
			return;
		}
		if (*s == '\\' && s[1] != '\0') {
			s++;
			if (*s != '/')
				buf_addc(&p->value, '\\');
		}
		buf_addc(&p->value, *s);
	}
	s++;
	p->is_case_sensitive = *s == 'c';
	if (*s == 'i' || *s == 'c')
		s++;
	p->next = s;
	p->token = T_REGEX;
}
