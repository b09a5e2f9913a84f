/*
 * line_diff.h - what differs between two texts, line by line
 */
#ifndef LIB_BASE_LINE_DIFF_H
#define LIB_BASE_LINE_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

/*
 * line_diff - append the differences: "-old", "+new", " same"
 *
 * context	lines around each difference; hunks begin with "@@ -N +N @@"
 *
 * Lines are made visible (text_visible), so that a terminal may get them.
 * Texts that differ in more than a few thousand places are told as all old,
 * then all new, from the first difference to the last. Returns whether they
 * differ at all.
 */
bool	line_diff(struct span before, struct span after, size_t context,
	    struct buf *out);

#endif
