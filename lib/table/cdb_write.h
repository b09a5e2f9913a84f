/*
 * cdb_write.h - write a constant database, record by record
 */
#ifndef LIB_TABLE_CDB_WRITE_H
#define LIB_TABLE_CDB_WRITE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct cdb_writer;		/* opaque */
struct err;

/*
 * cdb_writer_new - begin a database in an empty file
 *
 * fd		the file, which the caller closes
 * path		its name, for errors; kept until cdb_writer_free
 */
struct cdb_writer *cdb_writer_new(int fd, const char *path);

/*
 * cdb_writer_add - append a record
 *
 * null		1: each gets a NUL that is part of it
 *
 * Records go out in large pieces, and the disk begins with each of them at
 * once. Nobody looks for a key that is there already.
 *
 * Returns 0, or -1 with err: ERR_SYSTEM, or ERR_LIMIT when the file would
 * exceed the format's 4 GiB.
 */
int	cdb_writer_add(struct cdb_writer *w, const char *key, size_t key_len,
	    const char *value, size_t value_len, bool null, struct err *err);
/*
 * cdb_writer_value - the value of the ith record that was added, with its NUL
 *
 * Returns 0, or -1 with err.
 */
int	cdb_writer_value(struct cdb_writer *w, size_t i, struct buf *value,
	    struct err *err);
/* cdb_writer_restart - forget all records; 0, or -1 with err */
int	cdb_writer_restart(struct cdb_writer *w, struct err *err);
/* cdb_writer_finish - append the hash tables: now the file is complete; errors as above */
int	cdb_writer_finish(struct cdb_writer *w, struct err *err);
/* cdb_writer_free - forget a writer, complete or not */
void	cdb_writer_free(struct cdb_writer *w);

#endif
