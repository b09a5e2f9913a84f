/*
 * rules.h - ordered rules with if ... endif, as cidr, regexp and pcre have
 *
 *	rule			tried in order; the first that matches ends the search
 *	if COND			when false, go on behind its endif
 *	  rule
 *	endif
 */
#ifndef LIB_TABLE_RULES_H
#define LIB_TABLE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/table/table_type.h"

struct table_source;

enum rule_kind { RULE_RESULT, RULE_IF, RULE_ENDIF };

struct rule {
	enum rule_kind	 kind;
	bool		 is_negated;
	int		 line;
	size_t		 after;		/* RULE_IF: where to go on when false */
	void		*pattern;	/* the type's own; freed by its function */
	void		*result;
};

struct rules {
	struct rule	*list;
	size_t		 count;
	size_t		*open;		/* stack of ifs that wait for an endif */
	size_t		 depth;
	int		 fd;		/* the source, for the watch; -1: inline */
};

/* Where a rule stands, for messages. */
struct rule_place {
	const char	*label;		/* "cidr", "regexp", "pcre" */
	const char	*file;
	int		 line;
};

/* rule_warn - "LABEL map FILE, line N: TEXT" */
void	rule_warn(const struct rule_place *place, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* rule_warnings - how many warnings so far in this process, for linting */
unsigned rule_warnings(void);

/*
 * rules_each_result - call fn with the text of each result and its line
 *
 * text		takes rule->result and gives the text
 */
void	rules_each_result(const struct rules *r,
	    const char *(*text)(const void *result),
	    void (*fn)(int line, const char *text, void *ctx), void *ctx);

/*
 * rules_load - read the rules of t->name, a path or "{ {rule}, ... }"
 *
 * parse	gets each logical line, which it may destroy, and adds to r
 *
 * Sets owner and watch of t. 0, or -1 with err.
 */
int	rules_load(struct rules *r, struct table *t, const char *label,
	    void (*parse)(struct rules *r, struct table *t,
	    const struct rule_place *place, char *line), struct err *err);
/* rules_done - free all; the functions get pattern and result, each not NULL */
void	rules_done(struct rules *r, void (*free_pattern)(void *),
	    void (*free_result)(void *));

/* rules_add - append a rule; for RULE_IF wait for its endif */
struct rule *rules_add(struct rules *r, enum rule_kind kind, int line);
/* rules_add_endif - close the innermost if; false when there is none */
bool	rules_add_endif(struct rules *r, int line);

/*
 * rules_find - the first rule whose pattern matches, NULL if none
 *
 * candidates	a bit for each rule: those without are passed over; each
 *		condition must have it. NULL: all are looked at
 * matches	judges one pattern without negation: 1, 0, or -1 for "cannot
 *		say", which is no match, negated or not
 */
const struct rule *rules_find(const struct rules *r,
	    const uint64_t *candidates,
	    int (*matches)(const struct rule *rule, void *ctx), void *ctx);

/*
 * rule_keyword - does line start with this word, letter case ignored, and
 * then something that is no letter or digit? Returns what follows, or NULL
 */
char	*rule_keyword(char *line, const char *word);

#endif
