/*
 * pack.h - read and write streams that may be compressed
 *
 * Reading tells gzip and zstd by their first bytes, whatever the name of the
 * file. Writing goes by the end of the name: ".gz", ".zst", else as it is.
 */
#ifndef LIB_BASE_PACK_H
#define LIB_BASE_PACK_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct pack;
struct unpack;

/* unpack_new - fd stays the caller's; name is for messages. NULL with err */
struct unpack	*unpack_new(int fd, const char *name, struct err *err);
/*
 * unpack_read - as read(2), of a struct unpack
 *
 * -1 with errno: EBADMSG for damaged or cut off data.
 */
ssize_t		 unpack_read(void *u, void *data, size_t len);
void		 unpack_free(struct unpack *u);

/* pack_new - fd stays the caller's; name tells how to compress */
struct pack	*pack_new(int fd, const char *name);
/* pack_write - 0, or -1 with errno */
int		 pack_write(struct pack *p, const void *data, size_t len);
/* pack_finish - write what is left and free; 0, or -1 with errno */
int		 pack_finish(struct pack *p);

#endif
