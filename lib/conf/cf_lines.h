/*
 * cf_lines.h - logical lines of main.cf and master.cf (spec/postconf.md 1.2)
 *
 * A line that starts with white space continues the one before; blank and
 * comment lines vanish, also between a line and its continuation. There is
 * no backslash and no trailing comment.
 */
#ifndef LIB_CONF_CF_LINES_H
#define LIB_CONF_CF_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct cf_lines {
	const char	*name;		/* of the file, for warnings */
	const char	*ptr, *end;
	int		 line;		/* first physical line of what cf_lines_next gave */
	int		 next_line;
};

/* cf_lines_init - start on text, which must outlive the reader */
void	cf_lines_init(struct cf_lines *lines, const char *name,
	    const char *text, size_t len);

/*
 * cf_lines_next - the next logical line, newlines taken out, into out
 *
 * Returns false at the end. Text that continues nothing and NUL bytes are
 * logged as warnings.
 */
bool	cf_lines_next(struct cf_lines *lines, struct buf *out);

#endif
