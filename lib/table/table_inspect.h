/*
 * table_inspect.h - look into tables: dump, statistics, expectations, speed
 *
 * The long options of postmap and postalias that read tables as they are.
 */
#ifndef LIB_TABLE_TABLE_INSPECT_H
#define LIB_TABLE_TABLE_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct err;
struct table;
struct table_report;
struct table_tool;

/* table_inspect_index - path of the index that "type:name" has; the caller frees it; NULL with err */
char	*table_inspect_index(const char *type_name, struct err *err);
/* table_inspect_flags - to open with when keys and values are taken as they are */
unsigned table_inspect_flags(const struct table_tool *tool);
/* table_inspect_is_marker - a record that postalias adds and no source has */
bool	 table_inspect_is_marker(const struct table_tool *tool,
	    const char *key);
/*
 * table_inspect_walk - call each for all entries until it returns -1
 *
 * Returns 0, or -1 with err.
 */
int	 table_inspect_walk(struct table *t, int (*each)(const char *key,
	    const char *value, void *ctx, struct err *err), void *ctx,
	    struct err *err);

enum table_dump { TABLE_DUMP_TEXT, TABLE_DUMP_JSONL, TABLE_DUMP_CSV };

/*
 * table_inspect_dump - all entries; text can be built from again
 *
 * Returns how many entries text cannot express (they are reported), or -1.
 */
int	 table_inspect_dump(const struct table_tool *tool, const char *name,
	    enum table_dump format, FILE *out, struct err *err);
/* table_inspect_stats - entries, sizes, longest key, age. 0 or -1 */
int	 table_inspect_stats(const struct table_tool *tool, const char *name,
	    const struct table_report *r, struct err *err);

/*
 * table_inspect_test - ask the tables what a file of "KEY<TAB>VALUE" expects
 *
 * file		"-" is standard input
 *
 * A line without a value expects that the key is not found. Returns the
 * number of answers that differ, or -1 with err.
 */
int	 table_inspect_test(const struct table_tool *tool, const char *file,
	    char **names, size_t count, const struct table_report *r,
	    struct err *err);
/* table_inspect_bench - lookups a second, of n keys that exist and n that do not. 0 or -1 */
int	 table_inspect_bench(const struct table_tool *tool, const char *name,
	    long n, const struct table_report *r, struct err *err);

#endif
