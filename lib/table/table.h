/*
 * table.h - lookup tables: "type:name", one file a type, one registry
 *
 * A lookup has four answers, and "not there" never shares a value with
 * "could not look": found, not found, try again later, broken (bad data or
 * configuration). Source: spec/tables.md 1 to 3.
 */
#ifndef LIB_TABLE_TABLE_H
#define LIB_TABLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct err;
struct table;			/* opaque */

enum table_result { TABLE_FOUND, TABLE_NOT_FOUND, TABLE_RETRY, TABLE_BROKEN };

/* How to open: rules and duplicate policy. */
enum table_flags {
	TABLE_FOLD		= 1 << 0,	/* fold keys of fixed-string types */
	TABLE_UTF8		= 1 << 1,	/* check UTF-8 when smtputf8_enable */
	TABLE_NO_REGSUB		= 1 << 2,	/* refuse $1 in pattern results */
	TABLE_NO_PROXY		= 1 << 3,	/* refuse proxy: */
	TABLE_NO_UNAUTH		= 1 << 4,	/* refuse tcp, socketmap, memcache, redis */
	TABLE_DUP_WARN		= 1 << 5,	/* else a duplicate is an error */
	TABLE_DUP_IGNORE	= 1 << 6,
	TABLE_DUP_REPLACE	= 1 << 7,
	TABLE_TRY0NULL		= 1 << 8,	/* store without trailing NUL */
	TABLE_TRY1NULL		= 1 << 9,	/* store with trailing NUL */
	TABLE_VALUE_IS_FILE	= 1 << 10,	/* -F: values name files */
	TABLE_SURROGATE		= 1 << 11,	/* never fail to open: a stand-in answers TABLE_RETRY and warns */
	TABLE_OPEN_LOCK		= 1 << 12,	/* TABLE_WRITE: we alone use it while it is open, change it in place (caches) */
	TABLE_MAY_CREATE	= 1 << 13	/* TABLE_WRITE: an index that is not there begins empty */
};

enum table_mode {
	TABLE_READ,
	TABLE_WRITE,		/* change entries in place (-i, -d) */
	TABLE_CREATE		/* build anew, beside and rename; readers see old or new */
};

/*
 * table_open - open "type:name"
 *
 * Returns a handle or NULL with err: the sentence of spec/tables.md 1 and 5,
 * without "fatal: ". With TABLE_SURROGATE it never returns NULL.
 */
struct table	*table_open(const char *type_name, enum table_mode mode,
		    unsigned flags, struct err *err);

/*
 * table_close - for TABLE_CREATE use table_commit first, or the build is dropped
 */
void		 table_close(struct table *t);
/* table_commit - finish a build: flush, rename into place */
int		 table_commit(struct table *t, struct err *err);

/*
 * table_note - text to keep with the index that table_commit will make
 * table_noted - the text kept with the index at path
 *
 * It is kept as an extended attribute, where the file system has those.
 * table_noted returns false when there is none or the index was changed
 * since; table_touch makes an index look new and keeps its note.
 */
void		 table_note(struct table *t, const char *text);
bool		 table_noted(const char *path, struct buf *text);
int		 table_touch(const char *path, struct err *err);

/*
 * table_lookup - find key
 *
 * value	replaced by the result on TABLE_FOUND; may be NULL
 * err		set on TABLE_RETRY and TABLE_BROKEN
 */
enum table_result table_lookup(struct table *t, const char *key,
		    struct buf *value, struct err *err);

/*
 * table_hold - many lookups follow (or no more): keep what each would take anew
 *
 * While a table is held, other programs cannot change it in place; so let go
 * before waiting for anything.
 */
void		 table_hold(struct table *t, bool on);

/*
 * table_update - insert or, by policy, replace
 *
 * Returns 0, or -1 with err. A duplicate under TABLE_DUP_WARN is a warning and 0.
 */
int		 table_update(struct table *t, const char *key,
		    const char *value, struct err *err);
/*
 * table_update_marker - insert a record for other programs' eyes, as postalias
 * does for NIS: key as it is, without trailing NUL, always replaced
 */
int		 table_update_marker(struct table *t, const char *key,
		    const char *value, struct err *err);
/* table_update_quietly - replace what is there, whatever the duplicate policy */
int		 table_update_quietly(struct table *t, const char *key,
		    const char *value, struct err *err);
enum table_result table_delete(struct table *t, const char *key,
		    struct err *err);
/*
 * table_next - iterate; first true starts over
 *
 * Returns TABLE_FOUND, TABLE_NOT_FOUND at the end, or a failure.
 */
enum table_result table_next(struct table *t, bool first, struct buf *key,
		    struct buf *value, struct err *err);

/* table_name - "type:name" as opened */
const char	*table_name(const struct table *t);
/* table_flags - TABLE_* as opened */
unsigned	 table_flags(const struct table *t);
/* table_is_pattern - only full keys are looked up (regexp, pcre, cidr, ...) */
bool		 table_is_pattern(const struct table *t);
/* table_is_sorted - lookups go faster in the order of their keys */
bool		 table_is_sorted(const struct table *t);
/* table_owner - who could have written it: 0 with *uid set (0: trusted), or -1 unknown */
int		 table_owner(const struct table *t, uid_t *uid);
/*
 * table_line - line of the text file that holds what the last lookup found
 *
 * For rules the line that matched; for the rest the source is searched, so
 * this is for people, not for daemons. 0 when there is no such file or line.
 */
int		 table_line(const struct table *t, const char *key);
/*
 * table_describe - what the last lookup, of key, came down to, for people
 *
 * fn gets "rule" (the line of rules that matched), "capture" (what its groups
 * took, in order) and "query" (what was sent to a database), where there are
 * such things.
 */
void		 table_describe(struct table *t, const char *key,
		    void (*fn)(const char *what, const char *text, void *ctx),
		    void *ctx);
/* table_each_result - call fn for each result as written; false: no table of rules */
bool		 table_each_result(struct table *t, void (*fn)(int line,
		    const char *text, void *ctx), void *ctx);
/* table_has_changed - was a file behind an open table replaced or, when we only read it, changed? */
bool		 table_has_changed(struct table *t);
/*
 * table_any_changed - some changed table among all that this process has
 * open, as "TYPE:NAME(OPENFLAGS,FLAGS)" for the log; NULL if none
 */
const char	*table_any_changed(void);

/* table_suffix - of the index file that "type:name" is built into, redirection included; NULL if none */
const char	*table_suffix(const char *type_name);
/* table_type_at - iterate known type names, modules that are installed included, sorted; NULL at the end */
const char	*table_type_at(size_t i);

#endif
