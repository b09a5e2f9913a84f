/*
 * json.h - write JSON text (RFC 8259); libjansson reads it
 */
#ifndef LIB_BASE_JSON_H
#define LIB_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/*
 * json_put_string - append s as a quoted JSON string
 *
 * Bytes that are not UTF-8 become U+FFFD, since JSON has no other place for
 * them. Returns false when there were any.
 */
bool	json_put_string(struct buf *out, const char *s);

/* json_base64 - append bytes, at most 1 GB, as a string of base64 */
void	json_base64(struct buf *out, const void *data, size_t len);

/*
 * json_member - append "name": "text", without a comma around it
 *
 * name		a '.' in it becomes '_': keys are snake_case
 *
 * Text that is not UTF-8 has a twin: , "name_b64": its bytes in base64.
 */
void	json_member(struct buf *out, const char *name, const char *text);

#endif
