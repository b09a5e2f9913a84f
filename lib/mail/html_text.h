/*
 * html_text.h - HTML reduced to text that a person can read
 *
 * Nothing is run, fetched or interpreted beyond tags that break lines. Where
 * a link leads is written behind its text, since the two may differ on purpose.
 */
#ifndef LIB_MAIL_HTML_TEXT_H
#define LIB_MAIL_HTML_TEXT_H

#include <stddef.h>

struct buf;

/* html_text - append html (UTF-8, any bytes) as text */
void	html_text(const char *html, size_t len, struct buf *out);

#endif
