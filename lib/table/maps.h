/*
 * maps.h - search a list of tables, first hit wins (spec/tables.md 3.9, 15)
 */
#ifndef LIB_TABLE_MAPS_H
#define LIB_TABLE_MAPS_H

#include <stdbool.h>

#include "lib/table/table.h"

struct maps;

/*
 * maps_open - open every table of a comma or blank separated list
 *
 * title	parameter name, for messages
 * list		expanded value; empty gives a list that finds nothing
 * flags	TABLE_* for each; TABLE_SURROGATE is implied
 */
struct maps	*maps_open(const char *title, const char *list,
		    unsigned flags);
void		 maps_free(struct maps *maps);
bool		 maps_is_empty(const struct maps *maps);
const char	*maps_title(const struct maps *maps);

/*
 * maps_find - look key up in each table in turn
 *
 * is_partial	skip pattern tables (15.3)
 *
 * Failures are logged once here ("TYPE:NAME lookup error for KEY"); an empty
 * result is TABLE_BROKEN with its two warnings.
 */
enum table_result maps_find(struct maps *maps, const char *key,
		    bool is_partial, struct buf *value);
/* maps_found_in - the table that answered last, NULL if none */
struct table	*maps_found_in(const struct maps *maps);

/* How an address becomes keys (15.4). */
enum maps_strategy { MAPS_DEFAULT, MAPS_DOMAIN, MAPS_ACCESS };
enum maps_form { MAPS_EXTERNAL = 1, MAPS_INTERNAL = 2,
	MAPS_BOTH = 3 };			/* 15.1: E, or E+I */

/*
 * maps_find_address - look an address up by a strategy
 *
 * address	internal (unquoted) form
 * extension	set to the unmatched extension with its delimiter, "" if none; may be NULL
 * is_local	says whether a domain is ours (mydestination, literals): TABLE_FOUND,
 *		TABLE_NOT_FOUND or a failure; NULL: never
 */
enum table_result maps_find_address(struct maps *maps, const char *address,
		    enum maps_strategy strategy, enum maps_form form,
		    bool parent_style,
		    enum table_result (*is_local)(const char *domain),
		    struct buf *extension, struct buf *value);

/*
 * maps_trace - call fn for each table that a search asks or passes over
 *
 * was_asked	false: the key is partial and the table has patterns, or a
 *		table before it had the answer
 *
 * why		what main.cf or the search has to do with this key, NULL for
 *		the key as it was given
 *
 * For tools that explain; NULL ends it.
 */
typedef void (*maps_trace_fn)(void *ctx, const struct maps *maps,
		    struct table *t, const char *key, const char *why,
		    bool was_asked, enum table_result rc, const char *value);
void		 maps_trace(maps_trace_fn fn, void *ctx);
/* maps_because - say why the next keys are asked for; a literal, or NULL */
void		 maps_because(const char *why);

/* maps_parent_style - does parameter NAME use parent-domain style (15.5)? */
bool		 maps_parent_style(const char *name);

#endif
