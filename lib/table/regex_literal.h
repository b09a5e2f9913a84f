/*
 * regex_literal.h - texts that a subject must contain for a pattern to match
 *
 * Looking for plain text is ten times cheaper than asking a matcher, which
 * makes tables of thousands of patterns usable. The texts are taken from the
 * pattern by a reader that gives up at anything it does not know for certain,
 * in POSIX extended syntax and in Perl's.
 */
#ifndef LIB_TABLE_REGEX_LITERAL_H
#define LIB_TABLE_REGEX_LITERAL_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/*
 * regex_literal_all - texts that every match contains, in this order
 *
 * out		appended: each with a NUL behind it
 * first	set to where in the pattern the first one begins
 *
 * False when there is none that is certain.
 */
bool	regex_literal_all(const char *pattern, struct buf *out,
	    size_t *first);

/*
 * regex_literal_any - texts of which every match contains at least one
 *
 * min		bytes that each must have at least
 *
 * From "(one|two)" or "one|two"; false when there are none.
 */
bool	regex_literal_any(const char *pattern, size_t min, struct buf *out);

#endif
