/*
 * queue_select_lex.h - what the parts of the selection parser share
 *
 *	lex (tokens) -> test (operator, operands) -> parse (grammar) -> tree (nodes)
 *	                  value (literals)
 *
 * The parser looks one token ahead; the first error ends it.
 */
#ifndef LIB_QUEUE_QUEUE_SELECT_LEX_H
#define LIB_QUEUE_QUEUE_SELECT_LEX_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/queue/queue_select_internal.h"

struct err;

enum token {
	T_END, T_WORD, T_STRING, T_REGEX, T_OPEN, T_CLOSE, T_COMMA,
	T_EQ, T_NE, T_MATCH, T_NMATCH, T_LT, T_LE, T_GT, T_GE,
	T_NOT, T_AND, T_OR
};

struct parser {
	const char	*text, *next;	/* next: behind the current token */
	const char	*at;		/* where the current token begins */
	enum token	 token;
	struct buf	 value;		/* of a word, string or regex */
	bool		 is_case_sensitive;
	bool		 in_rcpt;	/* inside a quantifier */
	bool		 is_total;	/* names are those of totals */
	int		 depth;
	time_t		 now;
	struct err	*err;
	bool		 has_failed;
};

/* ---- lex ---- */

void	lex_advance(struct parser *p);
/* lex_pattern - the same behind a match operator, where a leading '/' opens a pattern */
void	lex_pattern(struct parser *p);
/* lex_is_word - is the current token this word? lex_accept_word passes it then */
bool	lex_is_word(const struct parser *p, const char *word);
bool	lex_accept_word(struct parser *p, const char *word);
/* lex_next_is_word - is the word behind the current token this one? */
bool	lex_next_is_word(const struct parser *p, const char *word);
bool	lex_is_word_char(int c);
/* lex_fail_at - the error is there: "WHAT at LINE:COLUMN; HINT"; hint may be NULL. Returns -1 */
int	lex_fail_at(struct parser *p, const char *at, const char *what,
	    const char *hint);
/* lex_fail - at the current token; lex_fail_named - 'KIND "NAME" at ...'. Both return NULL */
void	*lex_fail(struct parser *p, const char *what);
void	*lex_fail_named(struct parser *p, const char *at, const char *kind,
	    const char *name, const char *hint);

/* ---- value ---- */

/*
 * literal_make - make text comparable for a test
 *
 * quoted	a string, in which '*' is no glob
 *
 * False when it is not of the field's type.
 */
bool	literal_make(struct parser *p, const struct test *t, const char *text,
	    bool quoted, struct literal *out);
/* literal_type_name - "a size such as 4k or 10M" */
const char	*literal_type_name(enum queue_field_type type);

/* ---- test ---- */

bool	test_may_apply(enum queue_field_type type, enum test_op op);
/* test_take_operator - the operator at the current token, which is passed; -1 when there is none */
int	test_take_operator(struct parser *p);
/* test_take_operands - what t's operator needs; false after an error */
bool	test_take_operands(struct parser *p, struct test *t);
bool	test_compile(struct parser *p, struct test *t, const char *pattern,
	    bool is_case_sensitive);
void	test_add_literal(struct test *t, const struct literal *v);

/* ---- node ---- */

struct node	*node_new(enum node_kind kind);
/* node_add - put kid below n; what only repeats n's kind is taken apart */
void	node_add(struct node *n, struct node *kid);
/* node_free - with everything below */
void	node_free(struct node *n);
/* node_set_tiers - note in each node how much of a message must be read, at least and at most */
void	node_set_tiers(struct node *n);

/* ---- saved ---- */

/* saved_find - the text of a saved selection, NULL when there is none of that name */
const char	*saved_find(const char *name);

#endif
