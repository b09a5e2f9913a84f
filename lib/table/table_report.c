/*
 * table_report.c - what the table tools have to say: a line for people, or JSON
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_report.h"

#include <stdarg.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

static void
add_members(struct buf *out, va_list ap)
{
	const char *name, *text;

	while ((name = va_arg(ap, const char *)) != NULL) {
		if (*name == '#') {
			buf_addf(out, ", \"%s\": %lld", name + 1,
			    va_arg(ap, long long));
		} else if ((text = va_arg(ap, const char *)) != NULL) {
			buf_adds(out, ", ");
			json_member(out, name, text);
		}
	}
}

void
table_report_members(struct buf *out, ...)
{
	va_list ap;

	va_start(ap, out);
	add_members(out, ap);
	va_end(ap);
}

void
table_report(const struct table_report *r, const char *text, ...)
{
	struct buf line = BUF_INIT;
	va_list ap;

	if (r->out == NULL)
		return;
	if (r->is_json) {
		buf_adds(&line, "{\"v\": 1");
		va_start(ap, text);
		add_members(&line, ap);
		va_end(ap);
		buf_addc(&line, '}');
	} else {
		text_visible(&line, text, 0);
	}
	fprintf(r->out, "%s\n", line.ptr);
	buf_done(&line);
}
