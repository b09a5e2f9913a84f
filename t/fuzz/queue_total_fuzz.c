/*
 * queue_total_fuzz.c - fuzz thresholds: whatever parses has a normal form that
 * parses back to itself, and an answer that the form shares
 *
 * SPDX-License-Identifier: ISC
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/queue/queue_total.h"

#define NOW	1795250000

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT, one = BUF_INIT, two = BUF_INIT;
	struct queue_totals t = { .is_known = { false } };
	struct queue_select *s, *again;
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < TOTAL_COUNT; i++) {
		t.is_known[i] = i % 5 != 0;
		t.value[i] = (int64_t)(i * i * 1000);
	}
	buf_add(&text, data, size);
	/* Files and tables are not what is fuzzed here. */
	if (strcasestr(text.ptr, "@file") == NULL &&
	    strcasestr(text.ptr, "map") == NULL &&
	    (s = queue_total_parse(text.ptr, NOW, &err)) != NULL) {
		queue_select_print(s, &one);
		again = queue_total_parse(one.ptr, NOW, &err);
		if (again == NULL)
			abort();
		queue_select_print(again, &two);
		if (strcmp(one.ptr, two.ptr) != 0 ||
		    queue_total_eval(s, &t) != queue_total_eval(again, &t))
			abort();
		queue_select_free(again);
		queue_select_free(s);
	}
	buf_done(&text);
	buf_done(&one);
	buf_done(&two);
	return 0;
}
