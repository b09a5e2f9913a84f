/*
 * encoded_word.h - words of header fields in other character sets (RFC 2047)
 */
#ifndef LIB_MAIL_ENCODED_WORD_H
#define LIB_MAIL_ENCODED_WORD_H

#include <stddef.h>

struct buf;

/*
 * encoded_word_decode - append a field's value with encoded words as UTF-8
 *
 * Blanks between two encoded words do not count; a character may be cut in
 * two by a word's end. What cannot be decoded stays as it is.
 */
void	encoded_word_decode(struct buf *out, const char *value);

/*
 * encoded_word_encode - append text as encoded words of at most 75 bytes
 *
 * text		UTF-8; used is what already stands on the line (folded with "\n ")
 */
void	encoded_word_encode(struct buf *out, const char *text, size_t used);

#endif
