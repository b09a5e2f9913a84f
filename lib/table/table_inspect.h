/*
 * table_inspect.h - look into tables: verify, convert, dump, statistics
 *
 * The long options of postmap and postalias. Findings go to out, one a line.
 */
#ifndef LIB_TABLE_TABLE_INSPECT_H
#define LIB_TABLE_TABLE_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct err;
struct table_tool;

/*
 * table_inspect_verify - compare "type:file" with its text source file
 *
 * Missing, extra and different entries, an index older than its source, and
 * an index that others may read though they may not read the source.
 *
 * Returns the number of findings, or -1 with err.
 */
int	table_inspect_verify(const struct table_tool *tool, const char *name,
	    FILE *out, struct err *err);

/*
 * table_inspect_convert - copy all entries of one table into another
 *
 * The new index is built beside, compared with the original entry by entry,
 * and only then takes the place of an older one.
 *
 * Returns the number of entries, or -1 with err.
 */
long	table_inspect_convert(const struct table_tool *tool, const char *from,
	    const char *to, struct err *err);

enum table_dump { TABLE_DUMP_TEXT, TABLE_DUMP_JSONL, TABLE_DUMP_CSV };

/* table_inspect_dump - all entries; text can be built from again. 0 or -1 */
int	table_inspect_dump(const struct table_tool *tool, const char *name,
	    enum table_dump format, FILE *out, struct err *err);
/* table_inspect_stats - entries, sizes, longest key, age. 0 or -1 */
int	table_inspect_stats(const struct table_tool *tool, const char *name,
	    FILE *out, struct err *err);

/*
 * table_inspect_diff - what two tables do not have in common
 *
 * "< KEY" only the first has, "> KEY" only the second, "! KEY" differs.
 *
 * Returns the number of differences, or -1 with err.
 */
int	table_inspect_diff(const struct table_tool *tool, const char *a,
	    const char *b, FILE *out, struct err *err);
/*
 * table_inspect_test - ask the tables what a file of "KEY<TAB>VALUE" expects
 *
 * A line without a value expects that the key is not found. Returns the
 * number of answers that differ, or -1 with err.
 */
int	table_inspect_test(const struct table_tool *tool, const char *file,
	    char **names, size_t count, FILE *out, struct err *err);
/* table_inspect_bench - lookups a second, of n keys that exist and n that do not. 0 or -1 */
int	table_inspect_bench(const struct table_tool *tool, const char *name,
	    long n, FILE *out, struct err *err);

/*
 * table_inspect_is_fresh - is there nothing to build?
 *
 * 1 when the index is at least as new as its source, or says the same (then
 * its time is set, so that the next question is cheap), 0, or -1 with err.
 */
int	table_inspect_is_fresh(const struct table_tool *tool,
	    const char *name, struct err *err);

#endif
