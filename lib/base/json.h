/*
 * json.h - write JSON text (RFC 8259); output only
 */
#ifndef LIB_BASE_JSON_H
#define LIB_BASE_JSON_H

struct buf;

/*
 * json_string - append s as a quoted JSON string
 *
 * Bytes that are not UTF-8 become U+FFFD, since JSON has no other place for
 * them.
 */
void	json_string(struct buf *out, const char *s);

#endif
