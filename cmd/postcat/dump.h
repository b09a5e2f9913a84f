/*
 * dump.h - show the content of one queue file
 */
#ifndef CMD_POSTCAT_DUMP_H
#define CMD_POSTCAT_DUMP_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct err;
struct queue_file;

enum dump_what {
	DUMP_ENVELOPE	= 1,	/* -e: envelope, extracted records, headings */
	DUMP_HEADER	= 2,	/* -h */
	DUMP_BODY	= 4,	/* -b */
	DUMP_OFFSETS	= 8,	/* -o */
	DUMP_TYPES	= 16,	/* -d */
	DUMP_HIDDEN	= 32,	/* -v: pointers and padding too, text labelled */
	DUMP_RAW	= 64,	/* -r: file order; follow nothing, stop at nothing */
	DUMP_NAMES	= 128	/* -f: file name in front of each line */
};

#define DUMP_ALL	(DUMP_ENVELOPE | DUMP_HEADER | DUMP_BODY)

/*
 * dump_file - write what of qf to out (spec/queue-format.md 10)
 *
 * name		for headings and warnings
 * start	where to begin, -1 for the start of the file (-s)
 *
 * What is odd gives a warning on the way. Returns 0, or -1 with err when the
 * file cannot be read on.
 */
int	dump_file(FILE *out, struct queue_file *qf, const char *name,
	    unsigned what, off_t start, struct err *err);

#endif
