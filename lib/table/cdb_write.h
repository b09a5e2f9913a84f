/*
 * cdb_write.h - write a constant database from pairs
 */
#ifndef LIB_TABLE_CDB_WRITE_H
#define LIB_TABLE_CDB_WRITE_H

struct err;
struct pairs;

/*
 * cdb_write - write all pairs to an empty file, in their order
 *
 * A pair is stored with its NULs unless it is_raw.
 *
 * Returns 0, or -1 with err: ERR_SYSTEM, or ERR_LIMIT when the file would
 * exceed the format's 4 GiB.
 */
int	cdb_write(int fd, const char *path, const struct pairs *pairs,
	    struct err *err);

#endif
