/*
 * num.h - numbers from text, and sums that cannot overflow
 *
 * The whole string must be a number: no blanks, no rest, in range.
 */
#ifndef LIB_BASE_NUM_H
#define LIB_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* num_parse_int - decimal with optional sign, min <= *out <= max; 0, or -1 with ERR_SYNTAX or ERR_LIMIT */
int	num_parse_int(const char *s, int64_t min, int64_t max, int64_t *out,
	    struct err *err);
/* num_parse_uint - decimal digits in base 10, at most max */
int	num_parse_uint(const char *s, uint64_t max, uint64_t *out,
	    struct err *err);
/*
 * num_parse_time - "5", "5s", "2h" ... as seconds (spec/postconf.md 4)
 *
 * unit		letter that holds when the text has none: s m h d w
 */
int	num_parse_time(const char *s, char unit, int64_t *seconds,
	    struct err *err);
/* num_parse_duration - "90s", "1d12h": numbers, each with a unit, together as seconds */
int	num_parse_duration(const char *s, int64_t *seconds, struct err *err);
/*
 * num_scan - a decimal number that a text begins with, behind white space
 *
 * s		advanced behind it
 *
 * False, nothing changed, when there is none, or one that int64_t cannot hold.
 */
bool	num_scan(const char **s, int64_t *out);
/* num_add - *sum = a + b; false when that overflows, *sum untouched */
bool	num_add(int64_t a, int64_t b, int64_t *sum);

#endif
