/*
 * table_lint.h - find entries of a table that cannot do what they look like
 */
#ifndef LIB_TABLE_TABLE_LINT_H
#define LIB_TABLE_TABLE_LINT_H

#include <stdio.h>

struct err;

/*
 * table_lint - check the text of "type:file" for its use
 *
 * class	"access", "virtual", "transport", ...: table_lint_class_at
 * out		gets "FILE:LINE: finding", one a line
 *
 * Returns the number of findings, or -1 with err.
 */
int	table_lint(const char *class, const char *name, FILE *out,
	    struct err *err);
/* table_lint_class_at - iterate class names; NULL at the end */
const char	*table_lint_class_at(size_t i);

#endif
