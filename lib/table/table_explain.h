/*
 * table_explain.h - which key was tried where, and which line matched
 *
 * Asks the tables of a feature with the functions of search.h, as the daemons
 * do, and shows each step (postmap --explain).
 */
#ifndef LIB_TABLE_TABLE_EXPLAIN_H
#define LIB_TABLE_TABLE_EXPLAIN_H

struct err;
struct table_report;

struct table_explain {
	const char	*class;		/* of explain_class_at */
	const char	*tables;	/* instead of what main.cf says; or NULL */
	const char	*sender;	/* for passwords that depend on it; or NULL */
};

/*
 * table_explain - explain the search of one key
 *
 * key		an address, a domain, a next hop, "name[address]", or text, as
 *		the class has it
 *
 * Access tables are those of all restrictions of this kind, each on its own.
 * Without a class ("key") the tables are asked for the key as it is.
 *
 * Returns 0 found, 1 not found, or -1 with err.
 */
int	table_explain(const struct table_explain *x, const char *key,
	    const struct table_report *r, struct err *err);

#endif
