/*
 * lmdb_write.h - write an LMDB file from pairs; its locks
 */
#ifndef LIB_TABLE_LMDB_WRITE_H
#define LIB_TABLE_LMDB_WRITE_H

#include <lmdb.h>
#include <stddef.h>

struct err;
struct index_build;
struct table;

#define LMDB_SIZE_MIN	((size_t)1 << 20)	/* of a map, in bytes */

/*
 * lmdb_write_open - open the environment of one file, without LMDB's locks
 *
 * size		of the map
 *
 * Returns 0, or LMDB's error.
 */
int	lmdb_write_open(MDB_env **env, const char *path, size_t size,
	    unsigned flags);
/*
 * lmdb_lock - wait for the lock on a whole file that goes with each transaction
 *
 * how		F_RDLCK, F_WRLCK or F_UNLCK
 *
 * Returns 0, or -1 with errno.
 */
int	lmdb_lock(int fd, short how);
/*
 * lmdb_cause - what LMDB's error rc about a file comes down to
 *
 * It calls a write that came out short an I/O error, which sounds like a
 * broken disk where it is a full one.
 */
int	lmdb_cause(int fd, int rc);
/*
 * lmdb_build_open - begin a new table, beside the old one or, where we can
 * make no file but write that one, in place
 *
 * Returns NULL with err.
 */
struct index_build *lmdb_build_open(const struct table *t, struct err *err);
/*
 * lmdb_build_write - write all pairs of a build, in one transaction
 *
 * A pair is stored with its NULs unless it is_raw; pairs are sorted.
 *
 * Returns 0, or LMDB's error.
 */
int	lmdb_build_write(const struct index_build *b);

#endif
