/*
 * table_long.h - the long options that postmap and postalias have in common
 *
 *	postmap --verify [type:]file...
 *	postmap --if-stale [--exit-code] [type:]file...
 *	postmap --convert FROM TO
 *	postmap --dump [--format text|jsonl|csv] [type:]file...
 *	postmap --stats [type:]file...
 *	postmap --explain CLASS [--tables LIST] KEY...
 *	postmap --lint CLASS [type:]file...
 *	postmap --diff A B
 *	postmap --test FILE [type:]file...
 *	postmap --bench N [type:]file...
 *	postmap --migrate [--dry-run] [--to TYPE]
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
	const char	*class, *tables, *to, *file;
	long		 rounds;
	enum table_dump	 format;
	bool		 wants_status, is_dry;
};

/* The options for getopt_long; values from 256 on; ends with zeros. */
extern const struct option table_long_options[];
/* What --help says of them. */
extern const char table_long_usage[];

/* table_long_option - take an option; 1, 0: not one of ours, -1 with err */
int	table_long_option(struct table_long *l, int c, const char *argument,
	    struct err *err);
/*
 * table_long_run - do what was asked for
 *
 * Returns an exit status (4: differences or findings, 3: built after all), or
 * -1 with err.
 */
int	table_long_run(const struct table_long *l,
	    const struct table_tool *tool, char **names, size_t count,
	    FILE *out, struct err *err);

#endif
