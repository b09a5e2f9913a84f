/*
 * regex_table.h - "/pattern/flags result" tables, whatever compiles the pattern
 *
 * Reads rules, keeps a required literal of each pattern and matches only
 * where that occurs; an engine (libc's POSIX matcher, PCRE2) does the rest.
 * Source: spec/tables.md 7.
 */
#ifndef LIB_TABLE_REGEX_TABLE_H
#define LIB_TABLE_REGEX_TABLE_H

#include "lib/table/rules.h"
#include "lib/table/template.h"

#define REGEX_GROUPS_MAX	100	/* groups a result can name, and $0 */

/* Flags all engines have in common; the rest is the engine's own. */
#define REGEX_ICASE	1
#define REGEX_NO_LITERAL 2	/* the syntax is not the usual one: no shortcut */
#define REGEX_MULTILINE	4	/* ^ matches inside the subject, too */

struct regex_engine {
	const char	*label;
	const char	*unclosed;	/* what is said about a rule without delimiter */
	const char	*zero_text;	/* see template_parse */
	unsigned	 defaults;
	bool		 has_second;	/* /p1/!/p2/: obsolete, p2 must not match */

	/* toggle - apply a flag letter; false: unknown */
	bool		 (*toggle)(int letter, unsigned *flags,
			    const struct rule_place *place);
	/* compile - NULL with the text to warn with in err */
	void		*(*compile)(const char *pattern, unsigned flags,
			    bool wants_groups, const struct table *t,
			    struct err *err);
	void		 (*free)(void *compiled);
	unsigned	 (*groups)(const void *compiled);
	/* match - 1 with groups filled up to count, 0, or -1 after a warning */
	int		 (*match)(void *compiled, const char *subject,
			    size_t len, struct template_group *groups,
			    size_t count, const struct rule_place *place);
};

/* What stands for these in struct table_ops of a type made of regular expressions. */
int	regex_table_open(struct table *t, const struct regex_engine *engine,
	    struct err *err);
void	regex_table_close(struct table *t);
enum table_result regex_table_lookup(struct table *t, const char *key,
	    size_t len, struct buf *value, struct err *err);
/* regex_table_describe - "capture" texts of the last lookup, which was of key */
void	regex_table_describe(struct table *t, const char *key,
	    void (*fn)(const char *what, const char *text, void *ctx),
	    void *ctx);
/* regex_table_each_result - every rule's result as written, with its line */
void	regex_table_each_result(struct table *t, void (*fn)(int line,
	    const char *text, void *ctx), void *ctx);

#endif
