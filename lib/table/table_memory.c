/*
 * table_memory.c - texthash:, inline: and internal: tables held in memory
 *
 * They differ only in where the entries come from: a text file in postmap's
 * source format, the name itself, or nowhere. A text file that changes while
 * it is read is read again, so that a half-written one is not taken.
 *
 * SPDX-License-Identifier: ISC
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/pairs.h"
#include "lib/table/table_source.h"
#include "lib/table/table_type.h"
#include "lib/table/table_value.h"

#define QUIET_NS	300000000L	/* spec/tables.md 3.8 */

struct memory_state {
	struct pairs	*pairs;
	size_t		 at;		/* of table_next */
	int		 fd;		/* the text file, for the watch; -1: none */
};

static struct memory_state *
state_new(void)
{
	struct memory_state *s = xcalloc(1, sizeof(*s));

	s->pairs = pairs_new();
	s->fd = -1;
	return s;
}

static void
memory_close(struct table *t)
{
	struct memory_state *s = t->state;

	if (s->fd != -1)
		close(s->fd);
	pairs_free(s->pairs);
	free(s);
}

static enum table_result
memory_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	struct memory_state *s = t->state;
	const struct pair *p = pairs_find(s->pairs, key, len);

	(void)err;
	if (p == NULL)
		return TABLE_NOT_FOUND;
	buf_add(value, pair_value(p), p->value_len);
	return TABLE_FOUND;
}

static enum table_result
memory_next(struct table *t, bool first, struct buf *key, struct buf *value,
    struct err *err)
{
	struct memory_state *s = t->state;
	const struct pair *p;

	(void)err;
	if (first)
		s->at = 0;
	if ((p = pairs_at(s->pairs, s->at)) == NULL)
		return TABLE_NOT_FOUND;
	s->at++;
	buf_set(key, p->key, p->key_len);
	buf_set(value, pair_value(p), p->value_len);
	return TABLE_FOUND;
}

static int
internal_open(struct table *t, struct err *err)
{
	(void)err;
	t->state = state_new();
	t->trust = TABLE_OWNER_UID;
	return 0;
}

static int
internal_update(struct table *t, const char *key, size_t key_len,
    const char *value, size_t value_len, struct err *err)
{
	struct memory_state *s = t->state;
	struct pair *p = pairs_find(s->pairs, key, key_len);
	int rc;

	if (p == NULL) {
		pairs_add(s->pairs, key, key_len, value, value_len);
		return 0;
	}
	rc = table_duplicate(t, t->full_name, key, key_len, err);
	if (rc == 1)
		pairs_set_value(s->pairs, p, value, value_len);
	return rc == -1 ? -1 : 0;
}

static enum table_result
internal_remove(struct table *t, const char *key, size_t len,
    struct err *err)
{
	struct memory_state *s = t->state;
	struct pair *p = pairs_find(s->pairs, key, len);

	(void)err;
	if (p == NULL)
		return TABLE_NOT_FOUND;
	pairs_remove(s->pairs, p);
	return TABLE_FOUND;
}

/* Fold as a lookup would, so that both meet. */
static void
fold_key(const struct table *t, struct buf *out, const char *key)
{
	buf_reset(out);
	if ((t->flags & TABLE_FOLD) != 0 && t->has_utf8) {
		text_fold(out, key);
	} else {
		buf_adds(out, key);
		if ((t->flags & TABLE_FOLD) != 0)
			text_lower(out->ptr);
	}
}

/* One entry of a text file; problems are logged and the entry skipped. */
static void
load_pair(struct table *t, struct memory_state *s, const char *key,
    const char *value, int line_number)
{
	struct buf folded = BUF_INIT, content = BUF_INIT;
	struct err err = ERR_INIT;
	struct pair *old;

	if ((t->flags & TABLE_VALUE_IS_FILE) != 0) {
		if (table_value_encode(&content, value, &err) == -1) {
			log_warning("%s, line %d: %s: skipping this entry",
			    t->name, line_number, err.text);
			buf_done(&content);
			return;
		}
		value = content.ptr;
	}
	fold_key(t, &folded, key);
	old = pairs_find(s->pairs, folded.ptr, folded.len);
	if (old == NULL)
		pairs_add(s->pairs, folded.ptr, folded.len, value,
		    strlen(value));
	else if ((t->flags & TABLE_DUP_REPLACE) != 0)
		pairs_set_value(s->pairs, old, value, strlen(value));
	else if ((t->flags & TABLE_DUP_IGNORE) == 0)
		log_warning("%s, line %d: duplicate entry: \"%s\"", t->name,
		    line_number, key);
	buf_done(&folded);
	buf_done(&content);
}

static int
load_file(struct table *t, struct memory_state *s, struct err *err)
{
	struct source_entry e = { .is_alias = t->is_alias_source,
	    .is_texthash = true, .has_utf8 = t->has_utf8 };
	struct table_source *source;
	int got;

	if ((source = table_source_open(t->name, -1, err)) == NULL) {
		if (err != NULL && err->kind == ERR_SYSTEM)
			err_sys(err, "open database %s", t->name);
		return -1;
	}
	while ((got = table_source_entry(source, &e, err)) == 1)
		load_pair(t, s, e.key, e.value, e.line);
	if (got == 0) {
		s->fd = dup(table_source_fd(source));
		if (s->fd == -1)
			got = err_sys(err, "open database %s", t->name);
		else
			got = table_watch(t, s->fd, err);
	}
	table_source_close(source);
	source_entry_done(&e);
	return got;
}

static int
texthash_open(struct table *t, struct err *err)
{
	const struct timespec quiet = { .tv_nsec = QUIET_NS };
	struct memory_state *s;
	time_t before;

	for (;;) {
		before = clock_now();
		t->state = s = state_new();
		if (load_file(t, s, err) == -1) {
			memory_close(t);
			return -1;
		}
		if (t->watched.st_mtime < before - 1 ||
		    t->watched.st_mtime > clock_now())
			return 0;
		/* Is somebody still writing? Then its time will move on. */
		nanosleep(&quiet, NULL);
		if (!table_has_changed(t))
			return 0;
		memory_close(t);
	}
}

/*
 * Split "key = value" in place. The key may be quoted; it is kept as written.
 *
 * Returns NULL or the error's text.
 */
static const char *
split_item(char *item, char **key, char **value)
{
	char *p = item, *end;

	*key = item;
	if (*p == '"') {
		for (p++; *p != '\0' && *p != '"'; p++)
			if (*p == '\\' && p[1] != '\0')
				p++;
		if (*p == '\0')
			return "unbalanced '\"'";
		p++;
	} else {
		for (; *p != '\0' && *p != '=' && !isspace((unsigned char)*p);
		    p++)
			if (*p == '\\' && p[1] != '\0')
				p++;
	}
	if (p == item && *p != '=')	/* "=value" is for the empty key */
		return "no key found; expected format: key = value";
	end = p;
	while (isspace((unsigned char)*p))
		p++;
	if (*p != '=')
		return "missing '=' after attribute name";
	*end = '\0';
	*value = text_trim(p + 1);
	return NULL;
}

static int
inline_error(const struct table *t, const char *what, struct err *err)
{
	return err_set(err, ERR_CONFIG,
	    "%s: \"%s\"; need \"inline:{name=value...}\"", what, t->full_name);
}

/* Take one item; NULL or the error's text. */
static const char *
inline_item(struct table *t, struct memory_state *s, char *item)
{
	struct buf folded = BUF_INIT, content = BUF_INIT;
	const char *reason;
	struct pair *old;
	char *key, *value;

	if (*item == '{' && (reason = text_brace_strip(item, &item)) != NULL)
		return reason;
	if ((reason = split_item(item, &key, &value)) != NULL)
		return reason;
	if ((t->flags & TABLE_VALUE_IS_FILE) != 0) {
		if (table_value_encode(&content, value, NULL) == -1) {
			buf_done(&content);
			return "cannot read the files of a value";
		}
		value = content.ptr;
	}
	fold_key(t, &folded, key);
	old = pairs_find(s->pairs, folded.ptr, folded.len);
	if (old != NULL)
		pairs_set_value(s->pairs, old, value, strlen(value));
	else
		pairs_add(s->pairs, folded.ptr, folded.len, value,
		    strlen(value));
	buf_done(&folded);
	buf_done(&content);
	return NULL;
}

static int
inline_open(struct table *t, struct err *err)
{
	struct memory_state *s = state_new();
	char *copy = xstrdup(t->name), *rest, *item;
	const char *reason = NULL;

	t->state = s;
	t->trust = TABLE_OWNER_UID;
	if (t->has_utf8 && !text_is_utf8(copy, strlen(copy)))
		reason = "bad UTF-8 syntax";
	else if (text_brace_strip(copy, &rest) != NULL || *rest == '\0')
		reason = "bad syntax";
	while (reason == NULL &&
	    (item = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL)
		reason = inline_item(t, s, item);
	free(copy);
	if (reason == NULL && pairs_count(s->pairs) == 0)
		reason = "empty table";
	if (reason == NULL)
		return 0;
	memory_close(t);
	return inline_error(t, reason, err);
}

const struct table_type table_texthash = {
	.name = "texthash",
	.open = texthash_open,
	.close = memory_close,
	.lookup = memory_lookup,
	.next = memory_next,
};

const struct table_type table_inline = {
	.name = "inline",
	.open = inline_open,
	.close = memory_close,
	.lookup = memory_lookup,
	.next = memory_next,
};

const struct table_type table_internal = {
	.name = "internal",
	.open = internal_open,
	.close = memory_close,
	.lookup = memory_lookup,
	.update = internal_update,
	.remove = internal_remove,
	.next = memory_next,
};
