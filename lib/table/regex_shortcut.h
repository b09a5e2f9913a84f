/*
 * regex_shortcut.h - what tells that a pattern cannot match, without a matcher
 */
#ifndef LIB_TABLE_REGEX_SHORTCUT_H
#define LIB_TABLE_REGEX_SHORTCUT_H

#include <stdbool.h>
#include <stddef.h>

struct regex_index;
struct regex_run;

struct regex_shortcut {
	char		*literals;	/* each match contains them; NULL: unknown */
	size_t		 literals_len;	/* with the NUL behind each */
	char		*any;		/* each match contains one of them; NULL: unknown */
	size_t		 any_len;
	bool		 is_icase;	/* literals are in lower case */
	bool		 is_anchored;	/* the first one begins the subject */
	struct regex_run *runs;		/* else what a match begins with */
	size_t		 run_count;
	bool		 is_at_start;	/* and it begins the subject */
};

/*
 * regex_shortcut_take - read a pattern
 *
 * sc		zero
 * flags	REGEX_*
 */
void	regex_shortcut_take(struct regex_shortcut *sc, const char *pattern,
	    unsigned flags);
void	regex_shortcut_done(struct regex_shortcut *sc);
/* regex_shortcut_file - tell an index what pattern i must have; sc outlives ix */
void	regex_shortcut_file(const struct regex_shortcut *sc,
	    struct regex_index *ix, size_t i);
/*
 * regex_shortcut_allows - could the pattern match?
 *
 * lower	subject in lower case; NULL: not ASCII, letter case is complex
 */
bool	regex_shortcut_allows(const struct regex_shortcut *sc,
	    const char *subject, const char *lower, size_t len);

#endif
