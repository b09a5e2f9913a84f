/*
 * table_open.c - open tables: names, sharing, redirection, stand-ins, changes
 *
 * Two opens of one name with the same mode and flags share an instance, so
 * tables are cheap to ask for and stay open while a process lives. A table
 * that could not be opened is replaced by a stand-in. Source: spec/tables.md 1.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/table/table_module.h"
#include "lib/table/table_redirect.h"
#include "lib/table/table_type.h"

static struct table *open_tables;

/* In the order of spec/tables.md 3.10; a lock is always taken. */
static const struct {
	unsigned	 flag;
	const char	*name;
} flag_names[] = {
	{ TABLE_DUP_WARN,	"warn_dup" },
	{ TABLE_DUP_IGNORE,	"ignore_dup" },
	{ TABLE_TRY0NULL,	"try0null" },
	{ TABLE_TRY1NULL,	"try1null" },
	{ ~0u,			"lock" },
	{ TABLE_DUP_REPLACE,	"dup_replace" },
	{ TABLE_NO_REGSUB,	"no_regsub" },
	{ TABLE_NO_PROXY,	"no_proxy" },
	{ TABLE_NO_UNAUTH,	"no_unauth" },
	{ TABLE_FOLD,		"fold_fix" },
	{ TABLE_OPEN_LOCK,	"open_lock" },
	{ TABLE_UTF8,		"utf8_request" },
	{ TABLE_VALUE_IS_FILE,	"src_rhs_is_file" },
};

/* Put together a table that is not open yet. */
static struct table *
table_new(const struct table_type *type, const char *full_name,
    enum table_mode mode, unsigned flags)
{
	struct table *t = xcalloc(1, sizeof(*t));

	t->type = type;
	t->full_name = xstrdup(full_name);
	t->name = strchr(t->full_name, ':');
	t->name = t->name != NULL ? t->name + 1 : t->full_name;
	t->mode = mode;
	t->flags = flags;
	t->is_pattern = type != NULL && type->is_pattern;
	t->has_utf8 = (flags & TABLE_UTF8) != 0 && params.smtputf8_enable;
	t->watch_fd = -1;
	t->refs = 1;
	buf_init(&t->key);
	buf_init(&t->scratch);
	return t;
}

static void
table_free(struct table *t)
{
	buf_done(&t->key);
	buf_done(&t->scratch);
	free(t->unavailable);
	free(t->note);
	free(t->awaited);
	free(t->full_name);
	free(t);
}

/*
 * A redirected table without an index: a configuration from a system that had
 * Berkeley DB. Its text source says the same, so mail can flow; the warning
 * says how to get the index.
 */
static struct table *
open_source_instead(const char *legacy, const struct table *instead_of,
    struct err *err)
{
	const char *name = instead_of->name;
	bool is_alias = table_redirect_is_alias(legacy, name);
	struct buf full = BUF_INIT, index = BUF_INIT;
	struct err own = ERR_INIT;
	struct table *t;

	if (instead_of->type->suffix == NULL ||
	    err->kind != ERR_SYSTEM || err->errnum != ENOENT ||
	    access(name, R_OK) == -1)
		return NULL;
	buf_setf(&full, "texthash:%s", name);
	t = table_new(&table_texthash, full.ptr, TABLE_READ,
	    instead_of->flags);
	buf_done(&full);
	t->is_alias_source = is_alias;
	buf_setf(&index, "%s%s", name, instead_of->type->suffix);
	t->awaited = buf_take(&index);
	if (t->type->open(t, &own) == -1) {
		table_free(t);
		return NULL;
	}
	log_warning("%s:%s has no index; using the text file %s. To build the "
	    "index: %s %s:%s", legacy, name, name,
	    is_alias ? "postalias" : "postmap", legacy, name);
	return t;
}

/*
 * Put together what type_name says, not open yet. A type of the Berkeley DB
 * family is in *legacy, and the table is of the type that serves it.
 */
static struct table *
prepare(const char *type_name, enum table_mode mode, unsigned flags,
    const struct table_type **legacy, struct err *err)
{
	const char *colon = strchr(type_name, ':');
	const struct table_type *type;
	struct buf name = BUF_INIT;
	struct table *t = NULL;
	size_t len;

	*legacy = NULL;
	if (colon == NULL || colon == type_name || colon[1] == '\0') {
		err_set(err, ERR_CONFIG, "open dictionary: expecting "
		    "\"type:name\" form instead of \"%s\"", type_name);
		return NULL;
	}
	len = (size_t)(colon - type_name);
	type = table_type_find(type_name, len);
	if (type == NULL)
		type = table_module_find(type_name, len, err);
	if (type == NULL)
		return NULL;
	if (type->open != NULL)
		return table_new(type, type_name, mode, flags);
	*legacy = type;
	if (table_redirect(type->name, colon + 1, &name, err) == 0) {
		type = table_type_find(name.ptr, strcspn(name.ptr, ":"));
		if (type != NULL && type->open != NULL)
			t = table_new(type, name.ptr, mode, flags);
		else
			err_set(err, ERR_CONFIG, "%s: redirected to %s, which "
			    "is no usable table type", type_name, name.ptr);
	}
	buf_done(&name);
	return t;
}

/* Can a table of this type be opened for what is wanted? -1 with err. */
static int
check_mode(const struct table *t, struct err *err)
{
	const struct table_type *type = t->type;

	if ((t->mode == TABLE_CREATE || (t->flags & TABLE_MAY_CREATE) != 0) &&
	    type->suffix == NULL && type != &table_fail)
		return err_set(err, ERR_CONFIG, "unsupported dictionary type: "
		    "%s does not support bulk-mode creation.", type->name);
	if (t->mode == TABLE_WRITE && type->update == NULL &&
	    type != &table_static)
		return err_set(err, ERR_CONFIG, "%s map requires O_RDONLY "
		    "access mode", t->full_name);
	return 0;
}

static struct table *
open_now(const char *type_name, enum table_mode mode, unsigned flags,
    struct err *err)
{
	const struct table_type *legacy;
	struct table *t = prepare(type_name, mode, flags, &legacy, err),
	    *source = NULL;

	if (t == NULL)
		return NULL;
	if (check_mode(t, err) == 0) {
		if (t->type->open(t, err) == 0)
			return t;
		if (legacy != NULL && mode == TABLE_READ)
			source = open_source_instead(legacy->name, t, err);
	}
	table_free(t);
	return source;
}

/* What takes the place of a table that cannot be opened (1.3). */
static struct table *
stand_in(const char *type_name, enum table_mode mode, unsigned flags,
    const char *reason)
{
	struct table *t = table_new(NULL, type_name, mode, flags);

	log_error("%s", reason);
	t->unavailable = xstrdup(reason);
	return t;
}

struct table *
table_open(const char *type_name, enum table_mode mode, unsigned flags,
    struct err *err)
{
	struct err own = ERR_INIT;
	struct table *t;

	for (t = open_tables; mode != TABLE_CREATE && t != NULL; t = t->link)
		if (t->mode == mode && t->flags == flags &&
		    strcmp(t->full_name, type_name) == 0) {
			t->refs++;
			return t;
		}
	t = open_now(type_name, mode, flags, &own);
	if (t == NULL && (flags & TABLE_SURROGATE) != 0) {
		/* The one place where main.cf asks a library to give up. */
		if (params.daemon_table_open_error_is_fatal)
			log_fatal("%s", own.text);
		t = stand_in(type_name, mode, flags, own.text);
	}
	if (t == NULL) {
		if (err != NULL)
			*err = own;
		return NULL;
	}
	t->link = open_tables;
	open_tables = t;
	return t;
}

void
table_close(struct table *t)
{
	struct table **at;

	if (t == NULL || --t->refs > 0)
		return;
	for (at = &open_tables; *at != NULL; at = &(*at)->link)
		if (*at == t) {
			*at = t->link;
			break;
		}
	if (t->type != NULL && t->type->close != NULL)
		t->type->close(t);
	table_free(t);
}

int
table_watch(struct table *t, int fd, struct err *err)
{
	if (fstat(fd, &t->watched) == -1)
		return err_sys(err, "status of %s", t->name);
	t->watch_fd = fd;
	t->trust = TABLE_OWNER_UID;
	t->owner = t->watched.st_uid;
	return 0;
}

bool
table_has_changed(struct table *t)
{
	struct stat st;

	if (t->awaited != NULL && access(t->awaited, R_OK) == 0)
		return true;
	if (t->watch_fd == -1)
		return false;
	if (fstat(t->watch_fd, &st) == -1 || st.st_nlink == 0)
		return true;
	return t->mode == TABLE_READ && !t->is_multi_writer &&
	    (st.st_mtim.tv_sec != t->watched.st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != t->watched.st_mtim.tv_nsec);
}

const char *
table_any_changed(void)
{
	static struct buf text = BUF_INIT;
	struct table *t;
	size_t i;
	char sep = ',';

	for (t = open_tables; t != NULL; t = t->link)
		if (table_has_changed(t))
			break;
	if (t == NULL)
		return NULL;
	buf_setf(&text, "%s(%o", t->full_name, t->mode == TABLE_READ ? 0 : 2);
	for (i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++) {
		if ((t->flags & flag_names[i].flag) == 0 &&
		    flag_names[i].flag != ~0u)
			continue;
		buf_addf(&text, "%c%s", sep, flag_names[i].name);
		sep = '|';
	}
	buf_addc(&text, ')');
	return text.ptr;
}
