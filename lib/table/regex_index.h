/*
 * regex_index.h - which of many patterns could match a subject?
 *
 * A pattern is filed under four bytes of a text that it must find. A look at
 * each place of the subject then leaves few candidates, whatever the number
 * of patterns. Those without such a text are told apart by the characters
 * that they begin with.
 */
#ifndef LIB_TABLE_REGEX_INDEX_H
#define LIB_TABLE_REGEX_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct regex_index;
struct regex_run;

#define REGEX_INDEX_MIN	4	/* bytes that a text must have to be filed under */

struct regex_index *regex_index_new(size_t patterns);
void	regex_index_free(struct regex_index *ix);

/*
 * regex_index_need - what the subject must contain
 *
 * i		number of the pattern
 * texts, len	ASCII in any letter case, each with a NUL behind it; they must
 *		stay where they are until regex_index_file
 * is_all	all of them, of which one at least is long enough to be filed
 *		under; otherwise one of them, and each is long enough
 *
 * Patterns for which nothing is said are always candidates.
 */
void	regex_index_need(struct regex_index *ix, size_t i, const char *texts,
	    size_t len, bool is_all);
/*
 * regex_index_start - what a match begins with
 *
 * runs, count	see regex_literal_start
 * is_at_start	a match begins where the subject does
 */
void	regex_index_start(struct regex_index *ix, size_t i,
	    const struct regex_run *runs, size_t count, bool is_at_start);
/* regex_index_file - once all has been said */
void	regex_index_file(struct regex_index *ix);

/*
 * regex_index_find - a bit for each pattern: could it match this subject?
 *
 * subject	ASCII in lower case
 *
 * Valid until the next call.
 */
const uint64_t *regex_index_find(struct regex_index *ix, const char *subject,
	    size_t len);

#endif
