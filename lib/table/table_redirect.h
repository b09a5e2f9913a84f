/*
 * table_redirect.h - hash:, btree:, dbm: and sdbm: without Berkeley DB
 */
#ifndef LIB_TABLE_TABLE_REDIRECT_H
#define LIB_TABLE_TABLE_REDIRECT_H

#include <stdbool.h>

struct buf;
struct err;

/*
 * table_redirect - where type:name is served instead (spec/tables.md 10)
 *
 * out		set to "newtype:name"
 *
 * non_bdb_custom_mapping decides, then posthorn_bdb_redirect: a type, "no" to
 * refuse, or "yes" and "warn" for default_database_type, which is
 * default_cache_db_type for btree. Returns 0, or -1 with ERR_CONFIG.
 */
int	table_redirect(const char *type, const char *name, struct buf *out,
	    struct err *err);

/*
 * table_redirect_is_alias - does main.cf use type:name as an alias database?
 *
 * Then its text source is written as alias files are, not as postmap's.
 */
bool	table_redirect_is_alias(const char *type, const char *name);

#endif
