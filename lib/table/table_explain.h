/*
 * table_explain.h - which key was tried where, and which line matched
 *
 * Asks the tables of a feature as the daemon does, through the same
 * functions, and shows each step (postmap --explain).
 */
#ifndef LIB_TABLE_TABLE_EXPLAIN_H
#define LIB_TABLE_TABLE_EXPLAIN_H

#include <stdio.h>

struct err;

/*
 * table_explain - explain the search of one key
 *
 * class	"transport", "virtual", "access-client", ...: table_explain_class_at
 * tables	instead of what main.cf says; needed for access, which has no
 *		parameter of its own; NULL: as main.cf says
 *
 * Returns 0 found, 1 not found, or -1 with err.
 */
int	table_explain(const char *class, const char *tables, const char *key,
	    FILE *out, struct err *err);

/* table_explain_class_at - iterate class names; NULL at the end */
const char	*table_explain_class_at(size_t i);

#endif
