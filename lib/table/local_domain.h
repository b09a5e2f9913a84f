/*
 * local_domain.h - is a domain this machine's own? (spec/tables.md 15.4)
 */
#ifndef LIB_TABLE_LOCAL_DOMAIN_H
#define LIB_TABLE_LOCAL_DOMAIN_H

#include "lib/table/table.h"

struct buf;

/*
 * local_domain - mydestination, or the literal of an address of ours
 * (inet_interfaces, proxy_interfaces)
 *
 * TABLE_FOUND, TABLE_NOT_FOUND or a failure.
 */
enum table_result	local_domain(const char *domain);
/*
 * local_domain_describe - append what the last TABLE_FOUND was due to, for
 * people; returns the parameter
 */
const char		*local_domain_describe(struct buf *out);
/*
 * local_domain_bare - may "user" stand for user@domain in a table?
 *
 * $myorigin beside the local domains; for maps_find_address and search.h.
 */
enum table_result	local_domain_bare(const char *domain);

#endif
