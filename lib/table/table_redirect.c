/*
 * table_redirect.c - hash:, btree:, dbm: and sdbm: without Berkeley DB
 *
 * Distributions drop Berkeley DB, configurations still name its types. Such
 * a name is served by a type that we have, from an index beside the old one.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_redirect.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

static bool
is_legacy(const char *type)
{
	static const char *const names[] = { "hash", "btree", "dbm", "sdbm" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(type, names[i]) == 0)
			return true;
	return false;
}

/* The new type that "TYPE:NAME=NEW" or "TYPE=NEW" gives; "" if none. */
static void
custom_mapping(const char *type, const char *name, struct buf *to)
{
	char *copy, *rest, *word, *eq;
	struct buf full = BUF_INIT;

	if (params.non_bdb_custom_mapping == NULL)
		return;
	buf_setf(&full, "%s:%s", type, name);
	copy = rest = xstrdup(params.non_bdb_custom_mapping);
	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		if ((eq = strrchr(word, '=')) == NULL)
			continue;
		*eq = '\0';
		if (strcmp(word, full.ptr) == 0) {
			buf_sets(to, eq + 1);
			break;
		}
		if (strcmp(word, type) == 0)
			buf_sets(to, eq + 1);
	}
	free(copy);
	buf_done(&full);
}

/* What new tables of this kind are; main.cf may still name Berkeley DB there. */
static const char *
usual_type(const char *type)
{
	const char *usual = strcmp(type, "btree") == 0 ?
	    params.default_cache_db_type : params.default_database_type;

	return usual == NULL || *usual == '\0' || is_legacy(usual) ? "gdbm" :
	    usual;
}

int
table_redirect(const char *type, const char *name, struct buf *out,
    struct err *err)
{
	const char *how = params.posthorn_bdb_redirect;
	bool is_asked = params.non_bdb_migration_level != NULL &&
	    strcmp(params.non_bdb_migration_level, "disable") != 0;
	struct buf to = BUF_INIT;

	if (how == NULL)
		how = "yes";
	if (strcmp(how, "no") == 0)
		return err_set(err, ERR_CONFIG, "Berkeley DB support for "
		    "'%s:%s' is not available; build the table as gdbm:, "
		    "lmdb: or cdb:, or set posthorn_bdb_redirect", type, name);
	custom_mapping(type, name, &to);
	if (to.len == 0)
		buf_sets(&to, strcmp(how, "yes") == 0 ||
		    strcmp(how, "warn") == 0 ? usual_type(type) : how);
	if (is_legacy(to.ptr)) {
		buf_done(&to);
		return err_set(err, ERR_CONFIG, "%s:%s: redirection to a "
		    "Berkeley DB type", type, name);
	}
	buf_setf(out, "%s:%s", to.ptr, name);
	buf_done(&to);
	if (strcmp(how, "warn") == 0)
		log_warning("redirecting %s:%s to %s", type, name, out->ptr);
	else if (is_asked && params.non_bdb_migration_log_redirect)
		log_info("redirecting %s:%s to %s", type, name, out->ptr);
	return 0;
}

static bool
lists(const char *list, const char *full)
{
	char *copy = xstrdup(list != NULL ? list : ""), *rest = copy, *word;
	bool found = false;

	while (!found &&
	    (word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL)
		found = strcmp(word, full) == 0;
	free(copy);
	return found;
}

bool
table_redirect_is_alias(const char *type, const char *name)
{
	struct buf full = BUF_INIT;
	bool found;

	buf_setf(&full, "%s:%s", type, name);
	found = lists(params.alias_maps, full.ptr) ||
	    lists(params.alias_database, full.ptr);
	buf_done(&full);
	return found;
}
