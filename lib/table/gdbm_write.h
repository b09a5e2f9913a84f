/*
 * gdbm_write.h - write a GDBM database of pairs
 */
#ifndef LIB_TABLE_GDBM_WRITE_H
#define LIB_TABLE_GDBM_WRITE_H

struct err;
struct pairs;

/*
 * gdbm_write - all pairs, with their NULs unless is_raw, as a database
 *
 * fd		an empty file, which the caller closes
 * path		its name, for errors
 * pairs	keys and values below 2 GiB each
 *
 * What comes about is what the library makes, and its to change.
 *
 * Returns 0, or -1 with err: ERR_SYSTEM, or ERR_LIMIT when too many keys have
 * the same hash.
 */
int	gdbm_write(int fd, const char *path, const struct pairs *pairs,
	    struct err *err);

#endif
