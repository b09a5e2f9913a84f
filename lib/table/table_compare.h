/*
 * table_compare.h - what two tables do not have in common; a copy of a table
 */
#ifndef LIB_TABLE_TABLE_COMPARE_H
#define LIB_TABLE_TABLE_COMPARE_H

struct err;
struct table_report;
struct table_tool;

/*
 * table_compare - what two tables do not have in common
 *
 * "< KEY" only the first has, "> KEY" only the second, "! KEY" differs.
 *
 * Returns the number of differences, or -1 with err.
 */
int	table_compare(const struct table_tool *tool, const char *a,
	    const char *b, const struct table_report *r, struct err *err);

/*
 * table_compare_convert - copy all entries of one table into another
 *
 * The new index is built beside, compared with the original entry by entry,
 * and only then takes the place of an older one.
 *
 * Returns the number of entries, or -1 with err.
 */
long	table_compare_convert(const struct table_tool *tool,
	    const char *from, const char *to, struct err *err);

#endif
