/*
 * buf.h - growable byte string; and span, a view into somebody's bytes
 *
 * The contract of struct buf, always true between calls:
 *   - ptr is never NULL and ptr[len] is NUL, so ptr is a C string when it
 *     holds no NUL of its own;
 *   - len bytes are meaningful; they may contain any byte;
 *   - ptr is the caller's to read and to change within len, and moves with
 *     the next call that may grow the buffer.
 *
 * BUF_INIT costs nothing: an empty buffer owns no memory.
 */
#ifndef LIB_BASE_BUF_H
#define LIB_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char	*ptr;
	size_t	 len;
	size_t	 size;		/* bytes allocated; 0 while empty and static */
};

extern char buf_empty[];	/* what ptr points to before the first byte */

#define BUF_INIT { buf_empty, 0, 0 }

void	buf_init(struct buf *b);
void	buf_done(struct buf *b);
/* buf_reset - make it empty, keep the memory */
void	buf_reset(struct buf *b);
/* buf_reserve - make room for extra bytes behind len, plus the NUL */
void	buf_reserve(struct buf *b, size_t extra);
void	buf_swap(struct buf *a, struct buf *b);
/* buf_take - hand the string to the caller, who frees it; b is empty again */
char	*buf_take(struct buf *b);

void	buf_add(struct buf *b, const void *data, size_t len);
void	buf_adds(struct buf *b, const char *s);
void	buf_addc(struct buf *b, int c);
/* buf_addi - append a number in decimal digits */
void	buf_addi(struct buf *b, int64_t n);
void	buf_addu(struct buf *b, uint64_t n);
void	buf_addf(struct buf *b, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
void	buf_vaddf(struct buf *b, const char *fmt, va_list ap);
/* buf_set*, replace what is there */
void	buf_set(struct buf *b, const void *data, size_t len);
void	buf_sets(struct buf *b, const char *s);
void	buf_setf(struct buf *b, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* buf_insert - insert len bytes before offset at (at <= b->len) */
void	buf_insert(struct buf *b, size_t at, const void *data, size_t len);
/* buf_delete - remove len bytes at offset at */
void	buf_delete(struct buf *b, size_t at, size_t len);
/* buf_truncate - cut to len bytes; a longer len changes nothing */
void	buf_truncate(struct buf *b, size_t len);
/* buf_trim_right - cut blanks, tabs, CR and LF from the end */
void	buf_trim_right(struct buf *b);

/* A view: it owns nothing and is not NUL-terminated. */
struct span {
	const char	*ptr;
	size_t		 len;
};

#define SPAN_LIT(s)	((struct span){ (s), sizeof(s) - 1 })

static inline struct span
span_of(const char *s)
{
	return (struct span){ s, strlen(s) };
}

static inline struct span
span_buf(const struct buf *b)
{
	return (struct span){ b->ptr, b->len };
}

bool	span_eq(struct span a, const char *s);
bool	span_ieq(struct span a, const char *s);		/* ASCII letter case ignored */
/* span_trim - without blanks and tabs at both ends */
struct span	span_trim(struct span s);
/* span_word - cut the next blank-separated word off the front of *s (empty: no more) */
struct span	span_word(struct span *s);

#endif
