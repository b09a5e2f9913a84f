/*
 * table_report.h - what the table tools have to say: a line for people, or JSON
 */
#ifndef LIB_TABLE_TABLE_REPORT_H
#define LIB_TABLE_TABLE_REPORT_H

#include <stdbool.h>
#include <stdio.h>

struct buf;

struct table_report {
	FILE	*out;		/* NULL: nobody listens */
	bool	 is_json;
};

/*
 * table_report - one statement
 *
 * text		for people; what could harm a terminal is spelt out
 * ...		members of the object, NULL at the end: "name", text, or
 *		"#name", long long. A text that is NULL is left out.
 *
 * Each object has "v": 1, the version of this output, as its first member.
 */
void	table_report(const struct table_report *r, const char *text, ...);
/* table_report_members - append the same members, each after ", " */
void	table_report_members(struct buf *out, ...);

#endif
