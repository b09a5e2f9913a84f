/*
 * regex_literal.h - what a subject must contain for a pattern to match
 *
 * Looking for plain text is ten times cheaper than asking a matcher, which
 * makes tables of thousands of patterns usable. Texts, and the characters
 * that a match begins with, are taken from the pattern by a reader that gives
 * up at anything it does not know for certain, in POSIX extended syntax and
 * in Perl's.
 */
#ifndef LIB_TABLE_REGEX_LITERAL_H
#define LIB_TABLE_REGEX_LITERAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#define REGEX_RUNS	8	/* how much of the start of a match is known */

/* Some of the ASCII characters but NUL, letters in lower case; none: not known. */
struct regex_set {
	uint64_t	bits[2];
};

/* So many characters of one set. */
struct regex_run {
	struct regex_set set;
	size_t		 times;
};

/*
 * regex_literal_start - what each match begins with
 *
 * runs		one after the other, up to REGEX_RUNS
 *
 * A "^" in front is passed over. Returns how many there are; a match has so
 * many characters at least.
 */
size_t	regex_literal_start(const char *pattern, struct regex_run *runs);
/*
 * regex_literal_begins - does this subject begin so?
 *
 * subject	ASCII in lower case
 */
bool	regex_literal_begins(const struct regex_run *runs, size_t count,
	    const char *subject, size_t len);

#endif
