/*
 * dns_reply_fuzz.c - fuzz what a name server, or somebody in its place, replies
 *
 * SPDX-License-Identifier: ISC
 */
#include <arpa/nameser.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/net/dns.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
quiet(enum log_severity severity, const char *text, void *ctx)
{
	(void)severity, (void)text, (void)ctx;
}

/* What a caller may rely on, whatever the bytes were. */
static void
check(enum dns_result result, const struct dns_answer *a, int type)
{
	struct buf text = BUF_INIT;
	size_t i;

	if ((result == DNS_FOUND && a->count == 0) ||
	    (result != DNS_FOUND && result != DNS_NO_DATA && a->count > 0) ||
	    a->ttl_s < -1)
		abort();
	for (i = 0; i < a->count; i++) {
		if (a->rr[i].type != type && a->rr[i].type != ns_t_cname)
			abort();
		if (type == DNS_T_TLSA && result == DNS_FOUND &&
		    a->rr[i].raw_len < 4)
			abort();
		dns_print(&text, &a->rr[i]);
	}
	buf_done(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int types[] = { ns_t_a, ns_t_aaaa, ns_t_mx, ns_t_ptr,
	    ns_t_txt, ns_t_srv, ns_t_cname, ns_t_ns, DNS_T_TLSA };
	enum dns_result result;
	struct dns_answer a;
	struct err err;
	size_t i;

	log_capture(quiet, NULL);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		err_reset(&err);
		result = dns_parse_reply(data, size, types[i], &a, &err);
		if (result != DNS_FOUND && err.text[0] == '\0')
			abort();
		check(result, &a, types[i]);
		dns_answer_done(&a);
	}
	return 0;
}
