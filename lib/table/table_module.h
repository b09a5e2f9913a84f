/*
 * table_module.h - table types in shared objects, loaded when first opened
 *
 * Clients of database servers need libraries that few installations have, so
 * the core does not link them. The type TYPE is "posthorn-TYPE.so" in the
 * first of these directories that has it: $shlib_directory (unless "no"),
 * $daemon_directory/modules, and for programs that run from where they were
 * built or unpacked, ../modules and ../libexec/posthorn/modules beside them.
 *
 * $meta_directory/dynamicmaps.cf and the files of dynamicmaps.cf.d may name
 * further types, "TYPE LIBRARY posthorn_table", a relative LIBRARY being one
 * of these directories'. Lines with another third word are another mail
 * system's and are passed over. Source: spec/tables.md 1.2.
 */
#ifndef LIB_TABLE_TABLE_MODULE_H
#define LIB_TABLE_TABLE_MODULE_H

#include <stddef.h>

struct err;
struct table_type;

/*
 * table_module_find - load the type that name says
 *
 * name, len	not NUL-terminated
 *
 * A loaded module stays. NULL with err, ERR_CONFIG: "unsupported dictionary
 * type: NAME", and for types that could be there, what to install.
 */
const struct table_type *table_module_find(const char *name, size_t len,
	    struct err *err);

/*
 * table_module_each - call fn for each type that has a module, in no order,
 * without loading it
 */
void	table_module_each(void (*fn)(const char *name, void *ctx), void *ctx);

#endif
