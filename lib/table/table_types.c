/*
 * table_types.c - which types of tables there are
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/table/table.h"
#include "lib/table/table_module.h"
#include "lib/table/table_redirect.h"
#include "lib/table/table_type.h"

static const struct table_type table_hash = { .name = "hash" },
    table_btree = { .name = "btree" }, table_dbm = { .name = "dbm" },
    table_sdbm = { .name = "sdbm" };

/* Sorted by name. The Berkeley DB family is only redirected from. */
static const struct table_type *const types[] = {
	&table_btree,
	&table_cdb,
	&table_cidr,
	&table_dbm,
	&table_environ,
	&table_fail,
	&table_gdbm,
	&table_hash,
	&table_inline,
	&table_internal,
	&table_lmdb,
	&table_memcache,
	&table_pcre,
	&table_pipemap,
	&table_proxy,
	&table_randmap,
	&table_regexp,
	&table_sdbm,
	&table_socketmap,
	&table_sqlite,
	&table_static,
	&table_tcp,
	&table_texthash,
	&table_unionmap,
	&table_unix,
};

#define TYPE_COUNT	(sizeof(types) / sizeof(types[0]))

const struct table_type *
table_type_find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < TYPE_COUNT; i++)
		if (strncmp(types[i]->name, name, len) == 0 &&
		    types[i]->name[len] == '\0')
			return types[i];
	return NULL;
}

/* The names that table_type_at gives. */
struct names {
	const char	**list;
	size_t		 count;
};

static void
add_name(const char *name, void *ctx)
{
	struct names *n = ctx;
	size_t i;

	for (i = 0; i < n->count; i++)
		if (strcmp(n->list[i], name) == 0)
			return;
	n->list = xreallocarray(n->list, n->count + 1, sizeof(*n->list));
	n->list[n->count++] = name;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *
table_type_at(size_t i)
{
	static struct names all;
	size_t n;

	if (all.count == 0) {
		for (n = 0; n < TYPE_COUNT; n++)
			add_name(types[n]->name, &all);
		table_module_each(add_name, &all);
		qsort(all.list, all.count, sizeof(*all.list), by_name);
	}
	return i < all.count ? all.list[i] : NULL;
}

const char *
table_suffix(const char *type_name)
{
	const struct table_type *type = table_type_find(type_name,
	    strcspn(type_name, ":"));
	struct buf name = BUF_INIT;

	if (type != NULL && type->open == NULL) {
		type = table_redirect(type->name, "x", &name, NULL) == 0 ?
		    table_type_find(name.ptr, strcspn(name.ptr, ":")) : NULL;
		buf_done(&name);
	}
	return type != NULL ? type->suffix : NULL;
}
