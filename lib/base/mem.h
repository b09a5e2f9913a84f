/*
 * mem.h - allocation that never returns NULL
 *
 * Out of memory ends the process with a logged line: the queue is safe on
 * disk and the supervisor starts a new one. So a size that came from outside
 * is bounded before it gets here.
 */
#ifndef LIB_BASE_MEM_H
#define LIB_BASE_MEM_H

#include <stddef.h>

void	*xmalloc(size_t size);
void	*xcalloc(size_t count, size_t size);
void	*xrealloc(void *p, size_t size);
/* xreallocarray - as xrealloc for count * size, refusing overflow */
void	*xreallocarray(void *p, size_t count, size_t size);
char	*xstrdup(const char *s);
/* xstrndup - copy of at most len bytes, NUL-terminated */
char	*xstrndup(const char *s, size_t len);
/* xmemdup - copy of len bytes, no terminator added */
void	*xmemdup(const void *p, size_t len);

#endif
