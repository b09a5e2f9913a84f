/*
 * lmdb_write.h - write an LMDB file from pairs
 */
#ifndef LIB_TABLE_LMDB_WRITE_H
#define LIB_TABLE_LMDB_WRITE_H

#include <lmdb.h>
#include <stddef.h>

struct pairs;

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
 * lmdb_write - write all pairs to an empty file, which is not flushed
 *
 * A pair is stored with its NULs unless it is_raw; pairs are sorted.
 *
 * Returns 0, or LMDB's error.
 */
int	lmdb_write(const char *path, struct pairs *pairs);

#endif
