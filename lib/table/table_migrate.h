/*
 * table_migrate.h - move a configuration off Berkeley DB
 */
#ifndef LIB_TABLE_TABLE_MIGRATE_H
#define LIB_TABLE_TABLE_MIGRATE_H

#include <stdbool.h>
#include <stdio.h>

struct err;

/*
 * table_migrate - find hash:, btree:, dbm: and sdbm: tables and replace them
 *
 * Looks into main.cf, master.cf and the list files they name. Each table is
 * built anew from its text source as type TO; then main.cf and master.cf are
 * changed through postconf. What cannot be done is said, and why.
 *
 * to		gdbm, lmdb or cdb; NULL: default_database_type, or gdbm
 * is_dry	only say what would be done
 *
 * Returns the number of tables that could not be converted, or -1 with err.
 */
int	table_migrate(const char *to, bool is_dry, FILE *out,
	    struct err *err);

#endif
