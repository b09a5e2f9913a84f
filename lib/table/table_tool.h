/*
 * table_tool.h - what postmap and postalias do with tables
 *
 * One function an action; the commands read options and turn errors into
 * exit statuses. Source: spec/tables.md 13 and 14.
 */
#ifndef LIB_TABLE_TABLE_TOOL_H
#define LIB_TABLE_TABLE_TOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/table/table.h"

struct buf;
struct err;

struct table_tool {
	bool		 is_alias;	/* postalias: its grammar, its markers */
	unsigned	 flags;		/* TABLE_* for every open */
	bool		 keeps_root;	/* -o: do not become the source's owner */
	bool		 keeps_mode;	/* -p: do not copy the source's permissions */
	bool		 is_json;	/* -j: answers and listings as JSON */
};

/* The tables of a command line, opened as they are needed. */
struct table_tool_list {
	const struct table_tool *tool;
	char		**names;	/* with or without "type:" */
	struct table	**tables;
	size_t		 count;
	bool		 is_held;
};

void	table_tool_list_init(struct table_tool_list *list,
	    const struct table_tool *tool, char **names, size_t count);
/* table_tool_list_done - free the list; its tables stay open, for a command ends after its answers */
void	table_tool_list_done(struct table_tool_list *list);
/* table_tool_list_is_sorted - table_is_sorted for the first one: 0 or 1; -1 with err when it cannot be opened */
int	table_tool_list_is_sorted(struct table_tool_list *list,
	    struct err *err);
/* table_tool_list_hold - table_hold for all, also those that open later */
void	table_tool_list_hold(struct table_tool_list *list, bool on);

/*
 * table_tool_find - the first table that has key
 *
 * Returns 1 with value, 0, or -1 with the fatal message in err.
 */
int	table_tool_find(struct table_tool_list *list, const char *key,
	    struct buf *value, struct err *err);
/* table_tool_query - print the value of key: 0 found, 1 not, -1 with err */
int	table_tool_query(struct table_tool_list *list, const char *key,
	    FILE *out, struct err *err);
/* table_tool_put - append "KEY<TAB>VALUE" as this tool writes it, {"KEY": "VALUE"} with -j */
void	table_tool_put(const struct table_tool *tool, struct buf *out,
	    const char *key, const char *value);
/* table_tool_print - the same to a file */
void	table_tool_print(const struct table_tool *tool, FILE *out,
	    const char *key, const char *value);
/* table_tool_list_all - print all entries of the first table: 0, or -1 with err */
int	table_tool_list_all(struct table_tool_list *list, FILE *out,
	    struct err *err);
/* table_tool_delete - 0 when one table had key, 1, or -1 with err */
int	table_tool_delete(const struct table_tool *tool, char **names,
	    size_t count, const char *key, struct err *err);
int	table_tool_delete_stream(const struct table_tool *tool, char **names,
	    size_t count, int in, struct err *err);
/* table_tool_full_name - "type:name" of an operand; the caller frees it */
char	*table_tool_full_name(const char *name);
/*
 * table_tool_failed - an err of the system as the failure of a table, for
 * "query", "write" and such; others have said all. Returns -1
 */
int	table_tool_failed(const char *table, const char *what,
	    struct err *err);
struct table_source;
/*
 * table_tool_entries - call each for the entries of a source, as they would be
 * stored but for folding; it returns -1 with err to stop
 *
 * Returns how many lines were reported and skipped, or -1 with err.
 */
int	table_tool_entries(const struct table_tool *tool,
	    struct table_source *source, int (*each)(const char *key,
	    const char *value, int line, void *ctx, struct err *err),
	    void *ctx, struct err *err);
/*
 * table_tool_build - make the index of "type:file" or "file" from file
 *
 * entries	set to how many it has; may be NULL
 */
int	table_tool_build(const struct table_tool *tool, const char *name,
	    long *entries, struct err *err);
/*
 * table_tool_note - what is noted on the index of a source with this digest
 *
 * An index with the same note need not be built again.
 */
void	table_tool_note(const struct table_tool *tool, uint64_t digest,
	    struct buf *note);
/* table_tool_add - add the entries that standard input holds (-i) */
int	table_tool_add(const struct table_tool *tool, const char *name,
	    struct err *err);

#endif
