/*
 * text_wrap.h - one long line as several short ones
 */
#ifndef LIB_BASE_TEXT_WRAP_H
#define LIB_BASE_TEXT_WRAP_H

#include <stddef.h>

/*
 * text_wrap - give text to line() in pieces of at most width bytes
 *
 * Breaks at blanks; all pieces but the first are indented, which counts. A
 * word that is longer than that stays whole.
 */
void	text_wrap(const char *text, size_t width, size_t indent,
	    void (*line)(void *ctx, const char *text, size_t len), void *ctx);

#endif
