/*
 * table_story.h - each key that was asked for, and what answered
 *
 * What postmap --explain and postfix explain show of a search: one line, or
 * one JSON object, a lookup.
 *
 *	table_story_init(&story, &report);
 *	maps_trace(table_story_tell, &story);
 *	... search ...
 *	maps_trace(NULL, NULL);
 */
#ifndef LIB_TABLE_TABLE_STORY_H
#define LIB_TABLE_TABLE_STORY_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/table/maps.h"

struct table_report;

struct table_story {
	const struct table_report *r;
	int		 step;		/* tables asked so far */
	int64_t		 since_ms;	/* the end of the last step */
	struct buf	 line, captures;	/* scratch */
	struct buf	 steps;		/* JSON: objects with ", " between */
};

/* table_story_answers - how enum table_result is called in JSON */
extern const char *const table_story_answers[];

/* table_story_init - r is kept; lines for people go there as they come */
void	table_story_init(struct table_story *s, const struct table_report *r);
void	table_story_done(struct table_story *s);
/* table_story_tell - a maps_trace_fn; ctx is the story */
void	table_story_tell(void *ctx, const struct maps *maps, struct table *t,
	    const char *key, const char *why, bool was_asked,
	    enum table_result rc, const char *value);

#endif
