/*
 * match_list.h - lists of patterns: mynetworks, mydestination, ... (spec/tables.md 19)
 */
#ifndef LIB_TABLE_MATCH_LIST_H
#define LIB_TABLE_MATCH_LIST_H

#include <stdbool.h>

#include "lib/table/table.h"

struct match_list;

enum match_kind {
	MATCH_STRING,		/* mydestination, virtual_*_domains, user lists */
	MATCH_DOMAIN,		/* relay_domains, fast_flush_domains */
	MATCH_ADDRESS,		/* mynetworks */
	MATCH_HOST		/* name, then address: smtpd_client_event_limit_exceptions ... */
};

/*
 * match_list_new - parse a list; /file entries and !negation included
 *
 * title	parameter name; also decides parent-domain style (15.5)
 *
 * A pattern error is logged and makes searches that reach it answer TABLE_RETRY.
 */
struct match_list *match_list_new(const char *title, enum match_kind kind,
		    const char *list);
void		 match_list_free(struct match_list *ml);

/*
 * match_list_find - does name match?
 *
 * name		domain, string or (MATCH_ADDRESS) printable IP address
 * address	only for MATCH_HOST: the printable IP address
 *
 * Returns TABLE_FOUND, TABLE_NOT_FOUND, or TABLE_RETRY/TABLE_BROKEN.
 */
enum table_result match_list_find(struct match_list *ml, const char *name,
		    const char *address);

/*
 * match_list_describe - append what the last match_list_find came upon, for
 * people: the pattern, and the line of the file or table that holds it
 *
 * Nothing is appended when no pattern matched.
 */
void		 match_list_describe(const struct match_list *ml,
		    struct buf *out);

#endif
