/*
 * json_read.h - take JSON text (RFC 8259) apart
 *
 *	struct json v, member;
 *
 *	if (json_parse(span_buf(&line), &v, &err) == 0 &&
 *	    json_get(&v, "size", &member) && json_int(&member, &n))
 *
 * A value is a view into the text: nothing is built, nothing is freed.
 * json_parse judges all of it first, so the other functions meet sound text.
 */
#ifndef LIB_BASE_JSON_READ_H
#define LIB_BASE_JSON_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

struct err;

enum json_kind {
	JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING,
	JSON_ARRAY, JSON_OBJECT
};

struct json {
	enum json_kind	 kind;
	struct span	 text;		/* as written, quotes and braces included */
};

/* json_parse - one value and nothing else; -1 with ERR_SYNTAX, which names the byte */
int	json_parse(struct span text, struct json *out, struct err *err);
/* json_get - the member called name of an object; false when there is none, or no object */
bool	json_get(const struct json *object, const char *name,
	    struct json *out);
/*
 * json_next - the next element of an array
 *
 * at	what is left; begin with json_elements(array)
 */
bool	json_next(struct span *at, struct json *out);
struct span	json_elements(const struct json *array);
/* json_text - replace out by a string's text, unescaped; false when it is no string */
bool	json_text(const struct json *string, struct buf *out);
/* json_int - a number without fraction that fits */
bool	json_int(const struct json *number, int64_t *out);

#endif
