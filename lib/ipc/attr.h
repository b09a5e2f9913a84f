/*
 * attr.h - the attribute protocol between processes (spec/services.md 1)
 *
 * "name NUL value NUL ... NUL". Writers emit exactly the documented names in
 * the documented order. Readers here are lenient: a whole list is read into a
 * struct attrs, looked up by name and position, bounded by the caller's
 * limits, so unknown attributes from newer peers are harmless.
 */
#ifndef LIB_IPC_ATTR_H
#define LIB_IPC_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct stream;
struct buf;

/* Writing: into a buffer, sent by the caller, so that one list is one write. */
void	attr_put_str(struct buf *out, const char *name, const char *value);
void	attr_put_int(struct buf *out, const char *name, int32_t value);	/* -1 as 4294967295 */
void	attr_put_long(struct buf *out, const char *name, int64_t value);
void	attr_put_data(struct buf *out, const char *name, const void *data,
	    size_t len);						/* base64 */
void	attr_put_end(struct buf *out);
/* attr_put_greeting - a whole list: protocol=PROTOCOL */
void	attr_put_greeting(struct buf *out, const char *protocol);

/* A list that was read: pairs in order, duplicates kept. */
struct attr_pair {
	const char	*name, *value;
};
struct attrs {
	struct attr_pair *pairs;
	size_t		 count, room;
	struct buf	*text;		/* owns the bytes */
};

/*
 * attrs_read - read one list up to its terminator
 *
 * max_bytes	limit for the whole list, ERR_LIMIT beyond
 *
 * Returns 1, 0 when the peer closed before the first byte, -1 with err:
 * "premature end-of-input", "timeout", ...
 */
int	attrs_read(struct stream *s, struct attrs *out, size_t max_bytes,
	    struct err *err);
/* attrs_parse - the same from memory, for event-driven readers: 1 with *used set, 0 when more bytes are needed, -1 */
int	attrs_parse(struct attrs *out, const char *data, size_t len,
	    size_t max_bytes, size_t *used, struct err *err);
/* attrs_parse_plain - as attrs_parse for "name=value LF ... LF", the form of anvil and of policy servers */
int	attrs_parse_plain(struct attrs *out, const char *data, size_t len,
	    size_t max_bytes, size_t *used, struct err *err);
void	attrs_done(struct attrs *a);
void	attrs_init(struct attrs *a);

/* attrs_get - the nth (0 first) value of that name, NULL if absent */
const char	*attrs_get(const struct attrs *a, const char *name, size_t nth);
/* attrs_int, attrs_long - parsed as unsigned, so 4294967295 is -1; false if absent or malformed */
bool	attrs_int(const struct attrs *a, const char *name, size_t nth,
	    int32_t *out);
bool	attrs_long(const struct attrs *a, const char *name, size_t nth,
	    int64_t *out);

#endif
