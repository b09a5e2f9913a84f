/*
 * table_story.c - each key that was asked for, and what answered
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_story.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/table/table_report.h"

static const char *const words[] = { "HIT", "miss", "FAILED: try again later",
	"FAILED: broken" };
const char *const table_story_answers[] = { "found", "not found", "retry",
	"broken" };

static void
tell_detail(const char *what, const char *text, void *ctx)
{
	struct table_story *s = ctx;

	if (s->r->is_json && strcmp(what, "capture") == 0) {
		if (s->captures.len > 0)
			buf_adds(&s->captures, ", ");
		json_put_string(&s->captures, text);
	} else if (s->r->is_json) {
		table_report_members(&s->steps, what, text, NULL);
	} else {
		buf_setf(&s->line, "      %s: %s", what, text);
		table_report(s->r, s->line.ptr, NULL);
	}
}

static void
tell_json(struct table_story *s, const char *title, struct table *t,
    const char *key, const char *why, bool was_asked, enum table_result rc, const char *value, int64_t ms)
{
	int line;

	if (s->steps.len > 0)
		buf_adds(&s->steps, ", ");
	buf_addf(&s->steps, "{\"step\": %d", ++s->step);
	table_report_members(&s->steps, "parameter", title, "table",
	    table_name(t), "key", key,
	    "why", why, "answer", was_asked ? table_story_answers[rc] : "not asked",
	    NULL);
	if (was_asked)
		table_report_members(&s->steps, "#ms", (long long)ms, NULL);
	if (was_asked && rc == TABLE_FOUND) {
		if ((line = table_line(t, key)) != 0)
			table_report_members(&s->steps, "#line",
			    (long long)line, NULL);
		table_report_members(&s->steps, "value", value, NULL);
	}
	if (was_asked) {
		buf_reset(&s->captures);
		table_describe(t, key, tell_detail, s);
		if (s->captures.len > 0)
			buf_addf(&s->steps, ", \"captures\": [%s]",
			    s->captures.ptr);
	}
	buf_addc(&s->steps, '}');
}

static void
tell_text(struct table_story *s, struct table *t, const char *key, const char *why,
    bool was_asked, enum table_result rc, const char *value, int64_t ms)
{
	int line;

	buf_reset(&s->line);
	if (was_asked)
		buf_addf(&s->line, "%2d ", ++s->step);
	else
		buf_adds(&s->line, "   ");
	buf_addf(&s->line, "%-28s \"%s\"  %s", table_name(t), key,
	    was_asked ? words[rc] : "not asked");
	if (was_asked && rc == TABLE_FOUND) {
		if ((line = table_line(t, key)) != 0)
			buf_addf(&s->line, "  line %d", line);
		buf_addf(&s->line, " -> %s", value);
	}
	if (why != NULL)
		buf_addf(&s->line, "  (%s)", why);
	if (ms > 0)
		buf_addf(&s->line, "  %lld ms", (long long)ms);
	table_report(s->r, s->line.ptr, NULL);
	if (was_asked)
		table_describe(t, key, tell_detail, s);
}

void
table_story_init(struct table_story *s, const struct table_report *r)
{
	*s = (struct table_story){ .r = r, .since_ms = clock_mono_ms() };
	buf_init(&s->line);
	buf_init(&s->captures);
	buf_init(&s->steps);
}

void
table_story_done(struct table_story *s)
{
	buf_done(&s->line);
	buf_done(&s->captures);
	buf_done(&s->steps);
}

void
table_story_tell(void *ctx, const struct maps *maps, struct table *t, const char *key,
    const char *why, bool was_asked, enum table_result rc, const char *value)
{
	struct table_story *s = ctx;
	struct buf folded = BUF_INIT;
	int64_t ms = clock_mono_ms() - s->since_ms;

	if (table_is_pattern(t) || (table_flags(t) & TABLE_FOLD) == 0)
		buf_sets(&folded, key);
	else
		text_fold(&folded, key);
	if (s->r->is_json)
		tell_json(s, maps_title(maps), t, folded.ptr, why, was_asked,
		    rc, value, ms);
	else
		tell_text(s, t, folded.ptr, why, was_asked, rc, value, ms);
	buf_done(&folded);
	s->since_ms = clock_mono_ms();
}
