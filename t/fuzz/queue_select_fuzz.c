/*
 * queue_select_fuzz.c - fuzz the selection language: whatever parses has a
 * normal form that parses back to itself
 *
 * SPDX-License-Identifier: ISC
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/queue/queue_select.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT, one = BUF_INIT, two = BUF_INIT;
	struct err err = ERR_INIT;
	struct queue_select *s, *again;

	buf_add(&text, data, size);
	/* Files and tables are not what is fuzzed here. */
	if (strcasestr(text.ptr, "@file") == NULL &&
	    strcasestr(text.ptr, "map") == NULL &&
	    (s = queue_select_parse(text.ptr, 1795250000, &err)) != NULL) {
		queue_select_print(s, &one);
		again = queue_select_parse(one.ptr, 1795250000, &err);
		if (again == NULL)
			abort();
		queue_select_print(again, &two);
		if (strcmp(one.ptr, two.ptr) != 0)
			abort();
		queue_select_may_match(s, "hold");
		queue_select_free(again);
		queue_select_free(s);
	}
	buf_done(&text);
	buf_done(&one);
	buf_done(&two);
	return 0;
}
