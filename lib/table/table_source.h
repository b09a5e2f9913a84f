/*
 * table_source.h - text files of entries: logical lines and their grammars
 *
 * Reading is the same for all text tables, alias files and the files that
 * match lists name (spec/tables.md 12.1); what a line means is up to the
 * parser that is given it. One grammar, used by postmap, postalias and the
 * types that read text themselves.
 */
#ifndef LIB_TABLE_TABLE_SOURCE_H
#define LIB_TABLE_TABLE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

struct err;
struct table_source;

/*
 * table_source_open - begin reading
 *
 * fd	taken; -1 opens path
 *
 * NULL with err "open PATH: reason".
 */
struct table_source *table_source_open(const char *path, int fd,
		    struct err *err);
/*
 * table_source_inline - the rules inside "{ {rule}, {rule} }" as lines
 *
 * Returns NULL with the error's text for a syntax error (5.1, 6.1).
 */
struct table_source *table_source_inline(const char *text, struct err *err);
void	table_source_close(struct table_source *s);
/* table_source_be_quiet - report no bad lines: somebody has done so before */
void	table_source_be_quiet(struct table_source *s);

/*
 * table_source_next - the next logical line, without its newline
 *
 * first_line	set to the number of its first physical line
 *
 * Returns 1, 0 at the end, -1 with err when reading fails. Lines that begin
 * with white space and continue nothing are reported and skipped.
 */
int	table_source_next(struct table_source *s, struct buf *line,
	    int *first_line, struct err *err);
/*
 * table_source_digest - a number that nearly only these bytes have
 *
 * It covers what has been read so far, so ask at the end. Equal for equal
 * files; no protection against somebody who wants it to be.
 */
uint64_t table_source_digest(const struct table_source *s);
/* table_source_name - path for messages; where inline rules stand otherwise */
const char	*table_source_name(const struct table_source *s);
/* table_source_fd - the open file, for fstat; -1 for inline rules */
int	table_source_fd(const struct table_source *s);

/* What became of an entry line. */
enum table_entry { TABLE_ENTRY_OK, TABLE_ENTRY_SKIP };

/*
 * table_source_pair - "key white-space value" (12.2), in place
 *
 * is_texthash	the wording of texthash: differs in one message
 * has_utf8	report and skip lines that are not UTF-8
 *
 * Problems are logged as "NAME, line N: ...", unless name is NULL.
 */
enum table_entry table_source_pair(char *line, const char *name,
	    int line_number, bool is_texthash, bool has_utf8, char **key,
	    char **value);
/*
 * table_source_alias - "name: value, value ..." (12.3)
 *
 * key, value	replaced by what is stored
 *
 * Problems are logged in the same way.
 */
enum table_entry table_source_alias(const char *line, const char *name,
	    int line_number, bool has_utf8, struct buf *key,
	    struct buf *value);

/* Entries one by one, in either grammar. */
struct source_entry {
	bool		 is_alias;	/* "name: value", else "key value" */
	bool		 is_texthash;	/* wording, as for table_source_pair */
	bool		 has_utf8;
	char		*key, *value;	/* out: valid until the next one */
	int		 line;		/* out: where it stands */
	int		 skipped;	/* counts the lines that are no entries */
	struct buf	 text, name, list;	/* its memory */
};

/*
 * table_source_entry - the next line that is an entry
 *
 * e	what it should read is set, the rest zero before the first call
 *
 * Returns 1, 0 at the end, -1 with err. Lines that are none are reported as
 * table_source_pair and table_source_alias do.
 */
int	table_source_entry(struct table_source *s, struct source_entry *e,
	    struct err *err);
void	source_entry_done(struct source_entry *e);

#endif
