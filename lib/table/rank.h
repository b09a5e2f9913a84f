/*
 * rank.h - bring many things into the order of a number each
 *
 * A number of 64 bits holds the first eight bytes of a text, or a hash.
 * Sorting by it needs no look at the things themselves, which lie anywhere in
 * memory.
 */
#ifndef LIB_TABLE_RANK_H
#define LIB_TABLE_RANK_H

#include <stddef.h>
#include <stdint.h>

struct ranked {
	uint64_t	rank;
	uint32_t	position;	/* of the thing, in an array of the caller */
};

/* rank_text - the first eight bytes of a text, which sort as the text does */
uint64_t rank_text(const char *text, size_t len);

/* rank_sort - by rank, small to large; what is equal stays in its order */
void	rank_sort(struct ranked *list, size_t count);

#endif
