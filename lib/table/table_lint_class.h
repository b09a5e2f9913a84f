/*
 * table_lint_class.h - what each class of tables must look like
 *
 * For table_lint.c, which reads the tables.
 */
#ifndef LIB_TABLE_TABLE_LINT_CLASS_H
#define LIB_TABLE_TABLE_LINT_CLASS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/conf/master_cf.h"

struct circle_graph;
struct pairs;
struct table_report;
struct lint;

/* Reports what is wrong with a left or right side. */
typedef void (*lint_check_fn)(struct lint *l, const char *text);

struct lint_class {
	const char	*name;
	lint_check_fn	 key, value;
	bool		 is_alias;
	const char	*circles;	/* parameter whose tables may lead in circles */
};

struct lint {
	const struct lint_class *class;
	const struct table_report *r;
	const char	*path;
	int		 line;
	int		 findings;
	struct pairs	*lines;		/* folded key -> its line, as text */
	struct circle_graph *graph;
	struct master_cf services;
	bool		 has_services;
};

/* lint_class_at - iterate the classes; NULL at the end */
const struct lint_class *lint_class_at(size_t i);

/* lint_finding - report what is wrong where l stands */
void	lint_finding(struct lint *l, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

#endif
