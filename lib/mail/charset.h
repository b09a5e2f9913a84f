/*
 * charset.h - text in some character set as UTF-8, as a stream
 *
 * Bytes that are none in that set become U+FFFD.
 */
#ifndef LIB_MAIL_CHARSET_H
#define LIB_MAIL_CHARSET_H

#include <stddef.h>

struct buf;
struct charset;

/*
 * charset_open - by its MIME name; "" and us-ascii are read as UTF-8
 *
 * NULL when no such set is known here.
 */
struct charset	*charset_open(const char *name);
/* charset_feed - append these bytes as UTF-8; a character may go on in the next call */
void	charset_feed(struct charset *c, const char *data, size_t len,
	    struct buf *out);
/* charset_close - append what an unfinished character stands for; frees c */
void	charset_close(struct charset *c, struct buf *out);

/* charset_to_utf8 - all at once; of a set that is not known, as UTF-8 */
void	charset_to_utf8(const char *name, const char *data, size_t len,
	    struct buf *out);

#endif
