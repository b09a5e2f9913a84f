/*
 * index.h - what the indexed types share: paths, building, the NUL convention
 *
 *	NAME.suffix.tmp --locked, written, flushed--> rename --> NAME.suffix
 *
 * A build collects its entries in memory and writes them in one go, in the
 * order that suits the format. Readers see the old file or the new one. The
 * lock on the temporary file makes two builds wait for each other.
 */
#ifndef LIB_TABLE_INDEX_H
#define LIB_TABLE_INDEX_H

#include "lib/table/pairs.h"
#include "lib/table/table_type.h"

struct index_build {
	char		*path, *tmp;	/* no tmp: path itself is changed */
	int		 fd;		/* of tmp, flock(2)ed */
	int		 root_dir;	/* of both, where root makes tmp (index_tmp.h) */
	struct pairs	*pairs;
	const struct table *table;
	const char	*label;		/* duplicates are reported under this name */
	bool		 replaces;	/* a file, whose owner and mode stay */
	mode_t		 mode;
	mode_t		 new_mode;	/* what a new file would have */
};

/* index_path - NAME.suffix; the caller frees it */
char	*index_path(const struct table *t);

/* index_build_open - lock and empty the temporary file; NULL with err */
struct index_build *index_build_open(const struct table *t, const char *label,
	    struct err *err);
/*
 * index_build_in_place - for a type that can change all of an index in one
 * step, where no temporary file can be made: an index that we may write
 *
 * Returns NULL with err when there is none. What commit has left to do is to
 * flush.
 */
struct index_build *index_build_in_place(const struct table *t,
	    const char *label, struct err *err);
/* index_build_add - add an entry, duplicates by the flags of t */
int	index_build_add(struct table *t, struct index_build *b,
	    const char *key, size_t key_len, const char *value,
	    size_t value_len, struct err *err);
/*
 * index_build_commit - the temporary file is complete: flush it, keep the old
 * file's mode, rename
 */
int	index_build_commit(struct index_build *b, struct err *err);
/* index_build_close - give up what was not committed */
void	index_build_close(struct index_build *b);

/*
 * index_open_read - open NAME.suffix for lookups, watch it, warn when it is
 * older than its source (3.7)
 *
 * Returns a descriptor or -1 with err.
 */
int	index_open_read(struct table *t, const char *path, struct err *err);

/*
 * index_copy - put a copy of NAME.suffix into the temporary file of b, for
 * changes that become visible with index_build_commit
 *
 * Returns 1, 0 when there is no such file yet, -1 with err.
 */
int	index_copy(struct index_build *b, struct err *err);

/* index_put_note - keep a note (table_note) with an index that has its final time */
void	index_put_note(int fd, const char *note);

/* index_nulls - which forms to try or to store (3.5) */
void	index_nulls(struct table *t, bool default_1null);
/* index_hit - a key was found with (1) or without (0) its NUL: that decides it */
void	index_hit(struct table *t, bool with_null);
/* index_value - value without one trailing NUL */
void	index_value(struct buf *out, const void *data, size_t len);
/* index_stores_null - is a new entry stored with a trailing NUL? */
bool	index_stores_null(const struct table *t, bool default_1null);

#endif
