/*
 * dns_filter.c - smtp_dns_reply_filter and its siblings: tables that drop DNS records
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/dns_filter.h"

#include <stddef.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/net/dns.h"
#include "lib/table/maps.h"

#define WORD	"IGNORE"

static struct maps *filter;

/* The word, with or without more behind it, and nothing else. */
static enum dns_verdict
verdict_of(const char *value, const char *record)
{
	size_t len = sizeof(WORD) - 1;

	if (strncasecmp(value, WORD, len) == 0 && (value[len] == '\0' ||
	    value[len] == ' ' || value[len] == '\t')) {
		log_info("ignoring DNS RR: %s", record);
		return DNS_DROP;
	}
	log_warning("%s: unknown DNS filter action: \"%s\"",
	    maps_title(filter), value);
	return DNS_BROKEN;
}

static enum dns_verdict
judge(const char *record)
{
	struct buf value = BUF_INIT;
	enum dns_verdict verdict = DNS_BROKEN;

	switch (maps_find(filter, record, false, &value)) {
	case TABLE_FOUND:
		verdict = verdict_of(value.ptr, record);
		break;
	case TABLE_NOT_FOUND:
		verdict = DNS_KEEP;
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		break;
	}
	buf_done(&value);
	return verdict;
}

void
dns_filter_init(const char *title, const char *tables)
{
	if (tables[0] == '\0')
		return;
	filter = maps_open(title, tables, TABLE_FOLD);
	dns_set_filter(judge);
}
