/*
 * address_list.c - the addresses in a header field
 *
 * Header text is cut into tokens once (RFC 5322 3.2: atoms, quoted strings,
 * comments, domain literals, specials); then one pass over the tokens marks
 * which runs of them are addresses. Both readers of address lists stand on
 * those marks, so that "whom does it go to" and "what is rewritten" can never
 * disagree. Every pass is linear, whatever the text.
 *
 *	"Bob" (x) <bob @ a . b>, c (y)		text
 *	 Q    C   < A  O A  O A > , A C		tokens
 *	            `---------'     `-'		addresses
 *
 * Malformed text is read as the widespread mail systems read it: two words
 * without an operator between them are two addresses, a colon without a
 * semicolon to follow opens no group, an unpaired angle is an ordinary
 * character.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/address_list.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/mail/address.h"

#define FOLD_COLUMN	70	/* a rewritten list is folded from here on */

/* ---- tokens ---- */

enum token_kind { TOKEN_ATOM = 'a', TOKEN_QUOTED = 'q', TOKEN_LITERAL = 'l',
	TOKEN_COMMENT = 'c' };		/* else the special itself: '<' ... */

struct token {
	size_t	 at, end;	/* in the text */
	unsigned char kind;
	bool	 has_blank;	/* white space in front */
};

/* A run of tokens that is one address; first > last: "<>". */
struct run {
	size_t	 first, last;
};

struct list {
	const char	*text;
	struct token	*tokens;
	size_t		 token_count, token_room;
	struct run	*runs;
	size_t		 run_count, run_room;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_word(const struct token *t)
{
	return t->kind == TOKEN_ATOM || t->kind == TOKEN_QUOTED ||
	    t->kind == TOKEN_LITERAL;
}

/* skip_to - behind the next close that no backslash escapes, or at the end */
static const char *
skip_to(const char *p, char close)
{
	for (; *p != '\0'; p++) {
		if (*p == close)
			return p + 1;
		if (*p == '\\' && p[1] != '\0')
			p++;
	}
	return p;
}

/* skip_comment - RFC 5322 3.2.2: comments nest; an open one takes the rest */
static const char *
skip_comment(const char *p)
{
	size_t depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && --depth == 0)
			return p + 1;
	}
	return p;
}

static const char *
skip_atom(const char *p)
{
	for (; *p != '\0' && !is_blank(*p); p++) {
		if (*p == '\\') {
			if (p[1] == '\0')
				return p + 1;
			p++;
		} else if (strchr(".|" ADDRESS_SPECIALS, *p) != NULL) {
			break;
		}
	}
	return p;
}

/* token_end - how far the token at p reaches, and of which kind it is */
static const char *
token_end(const char *p, unsigned char *kind)
{
	*kind = (unsigned char)*p;
	switch (*p) {
	case '(':
		*kind = TOKEN_COMMENT;
		return skip_comment(p);
	case '"':
		*kind = TOKEN_QUOTED;
		return skip_to(p + 1, '"');
	case '[':
		*kind = TOKEN_LITERAL;
		return skip_to(p + 1, ']');
	case '<': case '>': case '@': case ',': case ';': case ':': case '.':
	case ')': case ']':
	case '|':	/* in front of a command: |"command argument" */
		return p + 1;
	default:
		*kind = TOKEN_ATOM;
		return skip_atom(p);
	}
}

static void
tokenize(struct list *l, size_t max)
{
	const char *p = l->text;
	struct token *t;
	bool has_blank;

	while (l->token_count < max) {
		for (has_blank = false; is_blank(*p); p++)
			has_blank = true;
		if (*p == '\0')
			break;
		if (l->token_count == l->token_room) {
			l->token_room = l->token_room * 2 + 16;
			l->tokens = xreallocarray(l->tokens, l->token_room,
			    sizeof(*l->tokens));
		}
		t = &l->tokens[l->token_count++];
		t->at = (size_t)(p - l->text);
		p = token_end(p, &t->kind);
		t->end = (size_t)(p - l->text);
		t->has_blank = has_blank;
	}
}

/* ---- which tokens are addresses ---- */

static void
add_run(struct list *l, size_t first, size_t last)
{
	if (l->run_count == l->run_room) {
		l->run_room = l->run_room * 2 + 8;
		l->runs = xreallocarray(l->runs, l->run_room,
		    sizeof(*l->runs));
	}
	l->runs[l->run_count++] = (struct run){ first, last };
}

/* add_trimmed - tokens from first up to end as one address, without the comments at its ends */
static void
add_trimmed(struct list *l, size_t first, size_t end)
{
	while (first < end && l->tokens[first].kind == TOKEN_COMMENT)
		first++;
	while (end > first && l->tokens[end - 1].kind == TOKEN_COMMENT)
		end--;
	if (first < end)
		add_run(l, first, end - 1);
}

/* add_bare - tokens without angles: a new address where two words meet */
static void
add_bare(struct list *l, size_t first, size_t end)
{
	bool was_word = false;
	size_t i, start = first;

	for (i = first; i < end; i++) {
		if (l->tokens[i].kind == TOKEN_COMMENT)
			continue;
		if (is_word(&l->tokens[i]) && was_word) {
			add_trimmed(l, start, i);
			start = i;
		}
		was_word = is_word(&l->tokens[i]);
	}
	add_trimmed(l, start, end);
}

/* angle_end - the '>' that closes the '<' at i, or 0 when it is unpaired */
static size_t
angle_end(const struct list *l, size_t i)
{
	for (i++; i < l->token_count; i++) {
		if (l->tokens[i].kind == '>')
			return i;
		if (l->tokens[i].kind == '<')
			break;
	}
	return 0;
}

/*
 * find_runs - mark the addresses
 *
 * start is the first token that nothing has claimed yet: it turns out to be a
 * phrase when '<' follows, a group's name when ':' does, else an address.
 */
static void
find_runs(struct list *l)
{
	size_t i, start = 0, close, semicolons = 0, before;

	for (i = 0; i < l->token_count; i++)
		semicolons += l->tokens[i].kind == ';';
	for (i = 0; i < l->token_count; i++) {
		switch (l->tokens[i].kind) {
		case '<':
			if ((close = angle_end(l, i)) == 0)
				break;
			before = l->run_count;
			add_trimmed(l, i + 1, close);
			if (l->run_count == before)
				add_run(l, i + 1, i);
			i = close;
			start = close + 1;
			break;
		case ':':
			/* RFC 5322 3.4 group; "@a:b@c" is a bare route. */
			if (semicolons > 0 && l->tokens[start].kind != '@')
				start = i + 1;
			break;
		case ';':
			semicolons--;
			add_bare(l, start, i);
			start = i + 1;
			break;
		case ',':
			add_bare(l, start, i);
			start = i + 1;
			break;
		}
	}
	add_bare(l, start, l->token_count);
}

static void
list_open(struct list *l, const char *text, size_t token_max)
{
	memset(l, 0, sizeof(*l));
	l->text = text;
	tokenize(l, token_max);
	find_runs(l);
}

static void
list_close(struct list *l)
{
	free(l->tokens);
	free(l->runs);
}

/* token_internal - append a token's text without quotes and backslashes */
static void
token_internal(struct buf *out, const char *text, const struct token *t)
{
	const char *p = text + t->at, *end = text + t->end;

	if (t->kind == TOKEN_QUOTED) {
		p++;
		if (end > p && end[-1] == '"')
			end--;
	}
	for (; p < end; p++) {
		if (*p == '\\' && t->kind != TOKEN_LITERAL && ++p == end)
			break;
		if (*p != '\r' && *p != '\n')
			buf_addc(out, *p);
	}
}

/* run_route_end - the first token behind a source route (RFC 5321 4.1.2 A-d-l) */
static size_t
run_route_end(const struct list *l, const struct run *run)
{
	size_t i, end = run->first;

	if (l->tokens[run->first].kind == '@')
		for (i = run->first; i < run->last; i++)
			if (l->tokens[i].kind == ':')
				end = i + 1;
	return end;
}

/* run_internal - the address of a run, without comments, blanks and route */
static void
run_internal(struct buf *out, const struct list *l, const struct run *run)
{
	size_t i;

	buf_reset(out);
	if (run->first > run->last)
		return;
	for (i = run_route_end(l, run); i <= run->last; i++)
		if (l->tokens[i].kind != TOKEN_COMMENT)
			token_internal(out, l->text, &l->tokens[i]);
}

void
address_list_each(const char *text, bool wants_empty, address_list_fn fn,
    void *ctx)
{
	struct buf internal = BUF_INIT;
	struct list l;
	const struct run *run;
	size_t i, at, end;

	list_open(&l, text, SIZE_MAX);
	for (i = 0; i < l.run_count; i++) {
		run = &l.runs[i];
		if (run->first > run->last && !wants_empty)
			continue;
		run_internal(&internal, &l, run);
		at = run->first > run->last ? l.tokens[run->last].end :
		    l.tokens[run->first].at;
		end = run->first > run->last ? at : l.tokens[run->last].end;
		if (!fn(internal.ptr, at, end - at, ctx))
			break;
	}
	if (l.run_count == 0 && wants_empty)
		fn("", 0, 0, ctx);
	list_close(&l);
	buf_done(&internal);
}

/* ---- rewriting ---- */

/* add_token - copy a token as written; a folded comment becomes one line */
static void
add_token(struct buf *out, const struct list *l, const struct token *t)
{
	size_t i;

	for (i = t->at; i < t->end; i++)
		if (l->text[i] != '\r')
			buf_addc(out, l->text[i] == '\n' ? ' ' : l->text[i]);
}

/* add_comments - those within a run stand behind its address */
static void
add_comments(struct buf *out, const struct list *l, const struct run *run)
{
	size_t i;

	for (i = run->first; i <= run->last; i++)
		if (l->tokens[i].kind == TOKEN_COMMENT) {
			buf_addc(out, ' ');
			add_token(out, l, &l->tokens[i]);
		}
}

/* What has been written of a rewritten list. */
struct layout {
	struct buf	 text;
	size_t		 item;		/* where the last item begins */
	size_t		 line;		/* where its line begins */
	size_t		 column;	/* taken on that line in front of it */
};

/* fold - put the last item on a line of its own when its line got too long */
static void
fold(struct layout *o)
{
	if (o->item <= o->line ||
	    o->column + o->text.len - o->line < FOLD_COLUMN)
		return;
	buf_delete(&o->text, o->item, 1);		/* the blank */
	buf_insert(&o->text, o->item, "\n\t", 2);
	o->line = o->item + 2;
	o->column = 0;
}

/* next_item - write the comma that ends an item */
static void
next_item(struct layout *o)
{
	buf_addc(&o->text, ',');
	fold(o);
	o->item = o->text.len;
	buf_addc(&o->text, ' ');
}

/* keep_blank - white space in front of a token becomes one blank */
static void
keep_blank(struct layout *o, const struct token *t)
{
	if (t->has_blank && t->kind != ',' && o->text.len > 0 &&
	    o->text.ptr[o->text.len - 1] != ' ')
		buf_addc(&o->text, ' ');
}

/*
 * run_is_proper - was the address written as it has to be?
 *
 * A route must go, and quotes that are needed must come; quotes that are not
 * needed may stay.
 */
static bool
run_is_proper(const struct list *l, const struct run *run,
    const char *external)
{
	struct buf raw = BUF_INIT;
	const struct token *t;
	size_t i;
	bool proper;

	for (i = run->first; i <= run->last; i++) {
		t = &l->tokens[i];
		if (t->kind != TOKEN_COMMENT)
			buf_add(&raw, l->text + t->at, t->end - t->at);
	}
	proper = run_route_end(l, run) == run->first &&
	    (strpbrk(raw.ptr, "\"\\") != NULL ||
	    strcmp(raw.ptr, external) == 0);
	buf_done(&raw);
	return proper;
}

/* rewrite_run - write one address; true when it changed */
static bool
rewrite_run(struct layout *o, const struct list *l, const struct run *run,
    address_rewrite_fn fn, void *ctx)
{
	struct buf internal = BUF_INIT, external = BUF_INIT;
	size_t at = o->text.len;
	bool is_changed;

	run_internal(&internal, l, run);
	address_quote(&external, internal.ptr);
	fn(external.ptr, &o->text, ctx);
	is_changed = strcmp(o->text.ptr + at, external.ptr) != 0 ||
	    !run_is_proper(l, run, external.ptr);
	add_comments(&o->text, l, run);
	buf_done(&internal);
	buf_done(&external);
	return is_changed;
}

bool
address_list_rewrite(struct buf *out, const char *value, size_t column,
    size_t token_max, address_rewrite_fn fn, void *ctx)
{
	struct layout o = { .text = BUF_INIT, .column = column };
	struct list l;
	const struct token *t;
	size_t i, r = 0;
	bool is_changed = false, after_address = false;

	list_open(&l, value, token_max);
	for (i = 0; i < l.token_count; i++) {
		t = &l.tokens[i];
		while (r < l.run_count && l.runs[r].first > l.runs[r].last &&
		    l.runs[r].first <= i)
			r++;				/* "<>" stays as it is */
		if (r < l.run_count && l.runs[r].first == i) {
			if (after_address)
				next_item(&o);
			else
				keep_blank(&o, t);
			if (rewrite_run(&o, &l, &l.runs[r], fn, ctx))
				is_changed = true;
			i = l.runs[r++].last;
			after_address = true;
		} else if (t->kind == ',') {
			next_item(&o);
			after_address = false;
		} else {
			keep_blank(&o, t);
			add_token(&o.text, &l, t);
			/* RFC 5322 3.4: a comma separates groups, too. */
			if (t->kind == ';')
				after_address = true;
			else if (t->kind != TOKEN_COMMENT && t->kind != '>')
				after_address = false;
		}
	}
	fold(&o);
	if (is_changed)
		buf_add(out, o.text.ptr, o.text.len);
	else
		buf_adds(out, value);
	list_close(&l);
	buf_done(&o.text);
	return is_changed;
}
