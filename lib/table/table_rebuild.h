/*
 * table_rebuild.h - build an index only when its source says something new
 */
#ifndef LIB_TABLE_TABLE_REBUILD_H
#define LIB_TABLE_TABLE_REBUILD_H

#include <stddef.h>

struct err;
struct table_report;
struct table_tool;

/*
 * table_rebuild_if_stale - build "type:file" unless its index is up to date
 *
 * It is when it has a note of its source with the same content and options,
 * or, without a note, when it is not older than its source or has the same
 * entries. The time of an index that was found to be up to date is set, so
 * that others see that, too.
 *
 * Returns 1 when it was built, 0 when that was not needed, or -1 with err.
 */
int	table_rebuild_if_stale(const struct table_tool *tool,
	    const char *name, const struct table_report *r, struct err *err);

/*
 * table_rebuild_watch - do so now and whenever a source changes
 *
 * A build that fails is a warning, and the old index stays. Ends with SIGINT
 * or SIGTERM.
 *
 * Returns 0, or -1 with err.
 */
int	table_rebuild_watch(const struct table_tool *tool, char **names,
	    size_t count, const struct table_report *r, struct err *err);

/* table_rebuild_report - say that an index was built: "TYPE:FILE: N entries" */
void	table_rebuild_report(const char *name, long entries,
	    const struct table_report *r);

#endif
