/*
 * table_long.h - the long options that postmap and postalias have in common
 *
 * What each does is described in postmap(1).
 */
#ifndef LIB_TABLE_TABLE_LONG_H
#define LIB_TABLE_TABLE_LONG_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "lib/table/table_inspect.h"

struct err;
struct table_tool;

struct table_long {
	int		 action;	/* 0: none was asked for */
	const char	*class, *tables, *sender, *to, *file;
	long		 rounds;
	enum table_dump	 format;
	bool		 has_format, is_json, wants_status, is_dry;
};

/* What ends the command at once; the other options are above. */
enum { TABLE_LONG_HELP = 256, TABLE_LONG_SCHEMA };

/* The options for getopt_long; ends with zeros. */
extern const struct option table_long_options[];

/* table_long_help - examples, then all there is */
void	table_long_help(FILE *out, const char *command, const char *usage);
/* table_long_option - take an option; 1, 0: not one of ours, -1 with err */
int	table_long_option(struct table_long *l, int c, const char *argument,
	    struct err *err);
/* table_long_check - do the options fit together? 0, or -1 with err */
int	table_long_check(const struct table_long *l, struct err *err);
/*
 * table_long_list_classes - the names that --explain and --lint take, for the
 * class "help"; false when that was not asked for
 */
bool	table_long_list_classes(const struct table_long *l, FILE *out);
/*
 * table_long_run - do what was asked for
 *
 * Returns an exit status (3: no result, 4: differences or findings, 10: built
 * and --exit-code), or -1 with err.
 */
int	table_long_run(const struct table_long *l,
	    const struct table_tool *tool, char **names, size_t count,
	    FILE *out, struct err *err);

#endif
