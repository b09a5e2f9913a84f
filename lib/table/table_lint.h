/*
 * table_lint.h - find entries of a table that cannot do what they look like
 */
#ifndef LIB_TABLE_TABLE_LINT_H
#define LIB_TABLE_TABLE_LINT_H

#include <stddef.h>

struct err;
struct table_report;

/*
 * table_lint - check the text of each "type:file" for its use
 *
 * class	"access", "virtual", "transport", ...: table_lint_class_at
 *
 * Reports "FILE:LINE: finding". Circles are searched for across these tables
 * and the others that main.cf names for the class.
 *
 * Returns the number of findings, or -1 with err.
 */
int	table_lint(const char *class, char **names, size_t count,
	    const struct table_report *r, struct err *err);
/* table_lint_class_at - iterate class names; NULL at the end */
const char	*table_lint_class_at(size_t i);

#endif
