/*
 * base64.h - bytes as text (RFC 4648 4), strictly
 *
 * Mail, whose base64 has line ends and faults, is decoded by lib/mail/transfer.h.
 */
#ifndef LIB_BASE_BASE64_H
#define LIB_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* base64_encode - append data as base64, padded, on one line */
void	base64_encode(struct buf *out, const void *data, size_t len);
/* base64_decode - append what text stands for; false, out as it was, when it is not base64 */
bool	base64_decode(struct buf *out, const char *text, size_t len);

#endif
