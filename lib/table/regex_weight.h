/*
 * regex_weight.h - is a POSIX pattern more than the C library can bear?
 *
 * It writes repetitions out: "(a{0,255}){0,255}" becomes 65,025 copies of "a",
 * each with a list of all those that may come after it. That takes minutes
 * and gigabytes, and there is no limit to set. So the size of those lists is
 * reckoned from the pattern before the library sees it.
 */
#ifndef LIB_TABLE_REGEX_WEIGHT_H
#define LIB_TABLE_REGEX_WEIGHT_H

#include <stdbool.h>

/*
 * regex_weight_fault - why this pattern must not be compiled; NULL if it may
 *
 * is_extended	in extended syntax, else in basic
 *
 * What is accepted needs at most a few hundred MiB and, unless it has
 * back-references, milliseconds for each byte of the worst subject. A pattern
 * with a mistake is the library's to refuse.
 */
const char *regex_weight_fault(const char *pattern, bool is_extended);

#endif
