/*
 * mime_param.h - the values of Content-* fields: tokens and parameters
 *
 * RFC 2045 5.1; parameters in pieces and in other character sets: RFC 2231.
 */
#ifndef LIB_MAIL_MIME_PARAM_H
#define LIB_MAIL_MIME_PARAM_H

#include <stdbool.h>

struct buf;

/* mime_token - out = a token or quoted string; returns what follows it and its blanks */
const char	*mime_token(const char *p, struct buf *out);
/*
 * mime_value - append what stands before the parameters, in lower case:
 * "text/plain" of a type, "attachment" of a disposition
 *
 * Returns false when nothing stands there.
 */
bool	mime_value(const char *value, struct buf *out);
/*
 * mime_param - append the parameter called name, as UTF-8
 *
 * Also understands encoded words there, which no standard allows and many
 * programs write. Returns false when there is no such parameter.
 */
bool	mime_param(const char *value, const char *name, struct buf *out);

#endif
