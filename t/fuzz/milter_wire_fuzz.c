/*
 * milter_wire_fuzz.c - any packets from a filter, to any event
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/milter_wire.h"

#include <string.h>

#include "lib/base/err.h"

int	LLVMFuzzerTestOneInput(const unsigned char *data, size_t len);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t len)
{
	const char *packet = (const char *)data + 1;
	struct milter_answer a;
	struct milter_wire w;
	struct err err = ERR_INIT;

	if (len == 0)
		return 0;
	milter_wire_init(&w);
	milter_wire_protocol(&w, "6", NULL);
	(void)milter_wire_agree(&w, packet, len - 1, &err);
	milter_wire_done(&w);
	if (milter_wire_answer(data[0] % MILTER_EVENT_COUNT, packet, len - 1,
	    &a, &err) == 0 && strlen(a.value) > len)
		__builtin_trap();
	return 0;
}
