/*
 * metrics_text.c - the forms of OpenMetrics text
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/metrics_text.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"

void
metrics_family(struct buf *out, const char *name, const char *type,
    const char *unit, const char *help)
{
	buf_addf(out, "# TYPE posthorn_%s %s\n", name, type);
	if (unit[0] != '\0')
		buf_addf(out, "# UNIT posthorn_%s %s\n", name, unit);
	buf_addf(out, "# HELP posthorn_%s %s\n", name, help);
}

void
metrics_label(struct buf *out, const char *value)
{
	struct buf seen = BUF_INIT;
	const char *p;

	text_visible(&seen, value, 0);
	for (p = seen.ptr; *p != '\0'; p++) {
		if (*p == '\\' || *p == '"')
			buf_addc(out, '\\');
		buf_addc(out, *p);
	}
	buf_done(&seen);
}

void
metrics_end(struct buf *out, long long took_ms, int is_up)
{
	metrics_family(out, "scrape_duration_seconds", "gauge", "seconds",
	    "Time that it took to look.");
	buf_addf(out, "posthorn_scrape_duration_seconds %lld.%03lld\n",
	    took_ms / 1000, took_ms % 1000);
	metrics_family(out, "up", "gauge", "",
	    "Whether the queue could be looked at.");
	buf_addf(out, "posthorn_up %d\n# EOF\n", is_up);
}
