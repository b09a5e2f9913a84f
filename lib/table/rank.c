/*
 * rank.c - bring many things into the order of a number each
 *
 * A byte at a time from the lowest (radix sort). Bytes that all ranks share
 * cost nothing.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/rank.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

uint64_t
rank_text(const char *text, size_t len)
{
	uint64_t rank = 0;

	memcpy(&rank, text, len < sizeof(rank) ? len : sizeof(rank));
	return be64toh(rank);
}

void
rank_sort(struct ranked *list, size_t count)
{
	size_t counts[8][256] = { { 0 } }, i, sum, n;
	struct ranked *spare, *from = list, *to, *swap;
	unsigned byte, shift;

	if (count < 2)
		return;
	to = spare = xreallocarray(NULL, count, sizeof(*spare));
	for (i = 0; i < count; i++)
		for (byte = 0; byte < 8; byte++)
			counts[byte][list[i].rank >> byte * 8 & 0xff]++;
	for (byte = 0; byte < 8; byte++) {
		shift = byte * 8;
		if (counts[byte][from[0].rank >> shift & 0xff] == count)
			continue;
		for (sum = i = 0; i < 256; i++) {
			n = counts[byte][i];
			counts[byte][i] = sum;
			sum += n;
		}
		for (i = 0; i < count; i++)
			to[counts[byte][from[i].rank >> shift & 0xff]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != list)
		memcpy(list, from, count * sizeof(*list));
	free(spare);
}
