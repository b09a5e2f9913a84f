/*
 * table_verify.h - is an index what its text source says?
 */
#ifndef LIB_TABLE_TABLE_VERIFY_H
#define LIB_TABLE_TABLE_VERIFY_H

struct err;
struct table_report;
struct table_tool;

/*
 * table_verify - compare "type:file" with its text source file
 *
 * Finds entries that are missing, extra, different, or twice in source or
 * index; lines that are no entries; an index that is not there, damaged,
 * older than its source, readable or writable by more people than that, or
 * somebody else's.
 *
 * Returns the number of findings, or -1 with err.
 */
int	table_verify(const struct table_tool *tool, const char *name,
	    const struct table_report *r, struct err *err);

/* table_verify_entries - only the entries, and nothing is said */
int	table_verify_entries(const struct table_tool *tool, const char *name,
	    struct err *err);

#endif
