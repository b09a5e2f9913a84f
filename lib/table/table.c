/*
 * table.c - open tables: names, sharing, folding, UTF-8, stand-ins
 *
 * Two opens of one name with the same mode and flags share an instance, so
 * tables are cheap to ask for and stay open while a process lives. What is
 * the same for all types happens here, once: a key is checked and folded on
 * its way in, a value is checked on its way out, a table that could not be
 * opened is replaced by a stand-in that answers "try again later". Source:
 * spec/tables.md 1 and 3.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/table/table_module.h"
#include "lib/table/table_redirect.h"
#include "lib/table/table_source.h"
#include "lib/table/table_type.h"
#include "lib/table/table_value.h"

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

int
table_duplicate(const struct table *t, const char *label, const char *key,
    size_t len, struct err *err)
{
	if ((t->flags & TABLE_DUP_REPLACE) != 0)
		return 1;
	if ((t->flags & TABLE_DUP_IGNORE) != 0)
		return 0;
	if ((t->flags & TABLE_DUP_WARN) == 0)
		return err_set(err, ERR_SYNTAX, "%s: duplicate entry: \"%.*s\"",
		    label, (int)len, key);
	log_warning("%s: duplicate entry: \"%.*s\"", label, (int)len, key);
	return 0;
}

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
table_commit(struct table *t, struct err *err)
{
	return t->type->commit != NULL ? t->type->commit(t, err) : 0;
}

void
table_note(struct table *t, const char *text)
{
	free(t->note);
	t->note = xstrdup(text);
}

/* The words of a log line about text that is not UTF-8. */
static void
complain_key(const struct table *t, const char *key)
{
	struct buf shown = BUF_INIT;

	text_printable(&shown, key, strlen(key), false);
	log_warning("%s: non-UTF-8 key \"%s\": malformed UTF-8 or invalid "
	    "codepoint", t->full_name, shown.ptr);
	buf_done(&shown);
}

static void
complain_value(const struct table *t, const char *key, const char *value)
{
	struct buf shown = BUF_INIT;

	text_printable(&shown, value, strlen(value), false);
	log_warning("%s: key \"%s\": non-UTF-8 value \"%s\": malformed UTF-8 "
	    "or invalid codepoint", t->full_name, key, shown.ptr);
	buf_done(&shown);
}

/*
 * Fold key as this table wants it (3.3) and check it (3.4).
 *
 * Returns the key to look for with *len, NULL when it is not UTF-8.
 */
static const char *
prepare_key(struct table *t, const char *key, size_t *len)
{
	size_t n = strlen(key);
	bool is_ascii;

	*len = n;
	if (t->is_pattern || (t->flags & TABLE_FOLD) == 0) {
		if (t->has_utf8 && !text_is_utf8(key, n)) {
			complain_key(t, key);
			return NULL;
		}
		return key;
	}
	buf_reset(&t->key);
	buf_reserve(&t->key, n);
	is_ascii = text_lower_copy(t->key.ptr, key, n);
	t->key.ptr[n] = '\0';
	t->key.len = n;
	if (is_ascii || !t->has_utf8)
		return t->key.ptr;
	if (!text_is_utf8(key, n)) {
		complain_key(t, key);
		return NULL;
	}
	buf_reset(&t->key);
	text_fold(&t->key, key);
	*len = t->key.len;
	return t->key.ptr;
}

static enum table_result
not_available(const struct table *t, struct err *err)
{
	log_warning("%s is unavailable. %s", t->full_name, t->unavailable);
	err_set(err, ERR_RETRY, "%s is unavailable. %s", t->full_name,
	    t->unavailable);
	return TABLE_RETRY;
}

static int
not_supported(const struct table *t, const char *operation, struct err *err)
{
	return err_set(err, ERR_CONFIG, "table %s: %s operation is not "
	    "supported", t->full_name, operation);
}

enum table_result
table_lookup(struct table *t, const char *key, struct buf *value,
    struct err *err)
{
	enum table_result rc;
	const char *folded;
	size_t len;

	if (t->unavailable != NULL)
		return not_available(t, err);
	if ((folded = prepare_key(t, key, &len)) == NULL)
		return TABLE_NOT_FOUND;
	if (value == NULL)
		value = &t->scratch;
	buf_reset(value);
	t->hit_line = 0;
	rc = t->type->lookup(t, folded, len, value, err);
	if (rc != TABLE_FOUND)
		return rc;
	if ((t->flags & TABLE_VALUE_IS_FILE) != 0 &&
	    !table_value_decode(value)) {
		err_set(err, ERR_RETRY, "%s", "");	/* all is said here: */
		log_warning("table %s: key %s: malformed BASE64 value: %.30s",
		    t->full_name, key, value->ptr);
		return TABLE_BROKEN;
	}
	if (t->has_utf8 && !text_is_utf8(value->ptr, value->len)) {
		complain_value(t, folded, value->ptr);
		err_set(err, ERR_RETRY, "%s", "");
		return TABLE_BROKEN;
	}
	return TABLE_FOUND;
}

void
table_hold(struct table *t, bool on)
{
	if (t->type != NULL && t->type->hold != NULL)
		t->type->hold(t, on);
}

int
table_update(struct table *t, const char *key, const char *value,
    struct err *err)
{
	const char *folded;
	size_t len, value_len = strlen(value);

	if (t->unavailable != NULL)
		return not_available(t, err), -1;
	if (t->type->update == NULL)
		return not_supported(t, "update", err);
	if ((folded = prepare_key(t, key, &len)) == NULL)
		return 0;
	if (t->has_utf8 && !text_is_utf8(value, value_len)) {
		complain_value(t, folded, value);
		return 0;
	}
	return t->type->update(t, folded, len, value, value_len, err);
}

int
table_update_marker(struct table *t, const char *key, const char *value,
    struct err *err)
{
	unsigned flags = t->flags;
	bool had_0null = t->tries_0null, had_1null = t->tries_1null;
	int rc;

	if (t->type == NULL || t->type->update == NULL)
		return not_supported(t, "update", err);
	t->flags = (flags & ~(unsigned)(TABLE_DUP_WARN | TABLE_DUP_IGNORE |
	    TABLE_TRY1NULL)) | TABLE_TRY0NULL | TABLE_DUP_REPLACE;
	t->tries_0null = true;
	t->tries_1null = false;
	rc = t->type->update(t, key, strlen(key), value, strlen(value), err);
	t->tries_0null = had_0null;
	t->tries_1null = had_1null;
	t->flags = flags;
	return rc;
}

int
table_update_quietly(struct table *t, const char *key, const char *value,
    struct err *err)
{
	unsigned flags = t->flags;
	int rc;

	t->flags = (flags & ~(unsigned)(TABLE_DUP_WARN | TABLE_DUP_IGNORE)) |
	    TABLE_DUP_REPLACE;
	rc = table_update(t, key, value, err);
	t->flags = flags;
	return rc;
}

enum table_result
table_delete(struct table *t, const char *key, struct err *err)
{
	const char *folded;
	size_t len;

	if (t->unavailable != NULL)
		return not_available(t, err);
	if (t->type->remove == NULL) {
		not_supported(t, "delete", err);
		return TABLE_BROKEN;
	}
	if ((folded = prepare_key(t, key, &len)) == NULL)
		return TABLE_NOT_FOUND;
	return t->type->remove(t, folded, len, err);
}

enum table_result
table_next(struct table *t, bool first, struct buf *key, struct buf *value,
    struct err *err)
{
	if (t->unavailable != NULL)
		return not_available(t, err);
	if (t->type->next == NULL) {
		not_supported(t, "sequence", err);
		return TABLE_BROKEN;
	}
	return t->type->next(t, first, key, value, err);
}

const char *
table_name(const struct table *t)
{
	return t->full_name;
}

unsigned
table_flags(const struct table *t)
{
	return t->flags;
}

bool
table_is_sorted(const struct table *t)
{
	return t->type != NULL && t->type->is_sorted;
}

bool
table_is_pattern(const struct table *t)
{
	return t->is_pattern;
}

int
table_owner(const struct table *t, uid_t *uid)
{
	if (t->trust == TABLE_OWNER_UNKNOWN)
		return -1;
	*uid = t->owner;
	return 0;
}

int
table_line(const struct table *t, const char *key)
{
	struct table *self = (struct table *)t;	/* its key buffer is scratch */
	struct source_entry e = { .is_alias = t->is_alias_source,
	    .is_texthash = true };
	struct buf want = BUF_INIT;
	struct table_source *source;
	const char *folded;
	int found = 0;
	size_t len;

	if (t->hit_line != 0 || t->type == NULL)
		return t->hit_line;
	if (t->type->suffix == NULL && t->type != &table_texthash)
		return 0;
	if ((folded = prepare_key(self, key, &len)) == NULL ||
	    (source = table_source_open(t->name, -1, NULL)) == NULL)
		return 0;
	buf_set(&want, folded, len);
	e.is_alias |= table_redirect_is_alias(t->type->name, t->name);
	table_source_be_quiet(source);
	while (found == 0 && table_source_entry(source, &e, NULL) == 1) {
		folded = prepare_key(self, e.key, &len);
		if (folded != NULL && strcmp(folded, want.ptr) == 0)
			found = e.line;
	}
	table_source_close(source);
	source_entry_done(&e);
	buf_done(&want);
	return found;
}

/* The text of the rule that a table of rules answered with. */
static bool
rule_text(const struct table *t, struct buf *line)
{
	struct table_source *source;
	int number, got;

	if (t->hit_line == 0 || !t->is_pattern)
		return false;
	source = *t->name == '{' ? table_source_inline(t->name, NULL) :
	    table_source_open(t->name, -1, NULL);
	if (source == NULL)
		return false;
	table_source_be_quiet(source);
	while ((got = table_source_next(source, line, &number, NULL)) == 1 &&
	    number != t->hit_line)
		;
	table_source_close(source);
	return got == 1;
}

void
table_describe(struct table *t, const char *key, void (*fn)(const char *what,
    const char *text, void *ctx), void *ctx)
{
	struct buf line = BUF_INIT;

	if (rule_text(t, &line))
		fn("rule", line.ptr, ctx);
	if (t->type != NULL && t->type->describe != NULL)
		t->type->describe(t, key, fn, ctx);
	buf_done(&line);
}

bool
table_each_result(struct table *t, void (*fn)(int line, const char *text,
    void *ctx), void *ctx)
{
	if (t->type == NULL || t->type->each_result == NULL)
		return false;
	t->type->each_result(t, fn, ctx);
	return true;
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
