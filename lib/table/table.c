/*
 * table.c - ask and change tables: what is the same for all types
 *
 * A key is checked and folded on its way in, a value is checked on its way
 * out; a stand-in answers "try again later". Source: spec/tables.md 1 and 3.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/table_type.h"
#include "lib/table/table_value.h"

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

/* The words of a log line about text that is not UTF-8. */
static void
complain_key(const struct table *t, const char *key)
{
	struct buf shown = BUF_INIT;

	text_printable(&shown, key, strlen(key), true);
	log_warning("%s: non-UTF-8 key \"%s\": malformed UTF-8 or invalid "
	    "codepoint", t->full_name, shown.ptr);
	buf_done(&shown);
}

static void
complain_value(const struct table *t, const char *key, const char *value)
{
	struct buf shown = BUF_INIT;

	text_printable(&shown, value, strlen(value), true);
	log_warning("%s: key \"%s\": non-UTF-8 value \"%s\": malformed UTF-8 "
	    "or invalid codepoint", t->full_name, key, shown.ptr);
	buf_done(&shown);
}

const char *
table_prepare_key(struct table *t, const char *key, size_t *len)
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

int
table_commit(struct table *t, struct err *err)
{
	if (t->unavailable != NULL)
		return not_available(t, err), -1;
	return t->type->commit != NULL ? t->type->commit(t, err) : 0;
}

void
table_note(struct table *t, const char *text)
{
	free(t->note);
	t->note = xstrdup(text);
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
	if ((folded = table_prepare_key(t, key, &len)) == NULL)
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
	if ((folded = table_prepare_key(t, key, &len)) == NULL)
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
	/* What cannot be in the table counts as deleted. */
	if ((folded = table_prepare_key(t, key, &len)) == NULL)
		return TABLE_FOUND;
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

bool
table_each_result(struct table *t, void (*fn)(int line, const char *text,
    void *ctx), void *ctx)
{
	if (t->type == NULL || t->type->each_result == NULL)
		return false;
	t->type->each_result(t, fn, ctx);
	return true;
}
