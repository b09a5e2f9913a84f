/*
 * queue_archive.h - files in a ustar archive (POSIX.1, pax), strictly
 *
 * Any tar can read what is written here. Read is only what could have been
 * written here: plain files, each with a name of its own that has no '/', and
 * nothing behind them. Archives come from strangers: whatever else one holds
 * is refused, with the offset and the reason, before anything is made of it.
 */
#ifndef LIB_QUEUE_QUEUE_ARCHIVE_H
#define LIB_QUEUE_QUEUE_ARCHIVE_H

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

struct err;

#define QUEUE_ARCHIVE_NAME	101	/* of a member, with its NUL */
#define QUEUE_ARCHIVE_SUM	65	/* SHA-256 in hexadecimal, with its NUL */

/* ---- writing, to an empty file ---- */

/*
 * queue_archive_put - append a member: size bytes of from, read from its start
 *
 * sum	out: SHA-256 of them
 *
 * 0, or -1 with err; a file that turns out shorter is an error.
 */
int	queue_archive_put(int fd, const char *name, int from, off_t size,
	    time_t mtime, char sum[QUEUE_ARCHIVE_SUM], struct err *err);
/* queue_archive_put_text - the same for bytes in memory */
int	queue_archive_put_text(int fd, const char *name, const char *data,
	    size_t len, time_t mtime, struct err *err);
/* queue_archive_end - close the archive and flush it to stable storage */
int	queue_archive_end(int fd, struct err *err);

/* ---- reading ---- */

struct queue_archive_member {
	char		 name[QUEUE_ARCHIVE_NAME];
	off_t		 at, size;
};
/*
 * queue_archive_index - what is in it, sorted by name
 *
 * name		of the archive, for messages
 * members	out: to be freed
 */
int	queue_archive_index(int fd, const char *name,
	    struct queue_archive_member **members, size_t *count,
	    struct err *err);
/* queue_archive_find - by name, among sorted members; NULL when there is none */
const struct queue_archive_member	*queue_archive_find(
    const struct queue_archive_member *members, size_t count,
    const char *name);
/*
 * queue_archive_copy - its bytes to a descriptor; to -1: nowhere
 *
 * sum	out: SHA-256 of what was copied
 */
int	queue_archive_copy(int fd, const struct queue_archive_member *m,
	    int to, char sum[QUEUE_ARCHIVE_SUM], struct err *err);

#endif
