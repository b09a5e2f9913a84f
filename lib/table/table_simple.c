/*
 * table_simple.c - static:, fail:, environ:, unix: and randmap:
 *
 * Types whose whole meaning fits in a dozen lines each (spec/tables.md 5).
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/account.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/table_type.h"
#include "lib/table/table_value.h"

extern char **environ;

/* static: every key gives the text. */

static int
static_open(struct table *t, struct err *err)
{
	char *copy = xstrdup(t->name), *text = copy;
	struct buf content = BUF_INIT;
	const char *reason;

	if (*copy == '{' && (reason = text_brace_strip(copy, &text)) != NULL) {
		free(copy);
		return err_set(err, ERR_CONFIG,
		    "bad static:name syntax: %s in \"%s\"", reason, t->name);
	}
	if ((t->flags & TABLE_VALUE_IS_FILE) != 0) {
		if (table_value_encode(&content, text, err) == -1) {
			buf_done(&content);
			free(copy);
			return err_prefix(err, "%s: ", t->full_name);
		}
		t->state = buf_take(&content);
	} else {
		t->state = xstrdup(text);
	}
	free(copy);
	t->trust = TABLE_OWNER_UID;
	return 0;
}

static void
static_close(struct table *t)
{
	free(t->state);
}

static enum table_result
static_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	(void)key, (void)len, (void)err;
	buf_adds(value, t->state);
	return TABLE_FOUND;
}

const struct table_type table_static = {
	.name = "static",
	.open = static_open,
	.close = static_close,
	.lookup = static_lookup,
};

/* fail: each request fails; a test of how others cope. */

static int
fail_open(struct table *t, struct err *err)
{
	(void)err;
	t->trust = TABLE_OWNER_UID;
	return 0;
}

static enum table_result
fail_any(struct err *err)
{
	err_set(err, ERR_RETRY, "Application error");
	return TABLE_RETRY;
}

static enum table_result
fail_lookup(struct table *t, const char *key, size_t len, struct buf *value,
    struct err *err)
{
	(void)t, (void)key, (void)len, (void)value;
	return fail_any(err);
}

static int
fail_update(struct table *t, const char *key, size_t key_len,
    const char *value, size_t value_len, struct err *err)
{
	(void)t, (void)key, (void)key_len, (void)value, (void)value_len;
	fail_any(err);
	return -1;
}

static enum table_result
fail_remove(struct table *t, const char *key, size_t len, struct err *err)
{
	(void)t, (void)key, (void)len;
	return fail_any(err);
}

static enum table_result
fail_next(struct table *t, bool first, struct buf *key, struct buf *value,
    struct err *err)
{
	(void)t, (void)first, (void)key, (void)value;
	return fail_any(err);
}

const struct table_type table_fail = {
	.name = "fail",
	.is_pattern = true,
	.open = fail_open,
	.lookup = fail_lookup,
	.update = fail_update,
	.remove = fail_remove,
	.next = fail_next,
};

/* environ: the process environment; t->state walks it for table_next. */

static int
environ_open(struct table *t, struct err *err)
{
	(void)err;
	t->trust = TABLE_OWNER_UID;
	t->state = xcalloc(1, sizeof(size_t));
	return 0;
}

static void
environ_close(struct table *t)
{
	free(t->state);
}

static enum table_result
environ_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	const char *found = getenv(key);

	(void)t, (void)len, (void)err;
	if (found == NULL)
		return TABLE_NOT_FOUND;
	buf_adds(value, found);
	return TABLE_FOUND;
}

static int
environ_update(struct table *t, const char *key, size_t key_len,
    const char *value, size_t value_len, struct err *err)
{
	(void)t, (void)key_len, (void)value_len;
	return setenv(key, value, 1) == 0 ? 0 :
	    err_sys(err, "set environment variable %s", key);
}

static enum table_result
environ_next(struct table *t, bool first, struct buf *key,
    struct buf *value, struct err *err)
{
	size_t *at = t->state;
	const char *eq;

	(void)err;
	if (first)
		*at = 0;
	do {
		if (environ == NULL || environ[*at] == NULL)
			return TABLE_NOT_FOUND;
		eq = strchr(environ[(*at)++], '=');
	} while (eq == NULL);
	buf_set(key, environ[*at - 1], (size_t)(eq - environ[*at - 1]));
	buf_sets(value, eq + 1);
	return TABLE_FOUND;
}

const struct table_type table_environ = {
	.name = "environ",
	.open = environ_open,
	.close = environ_close,
	.lookup = environ_lookup,
	.update = environ_update,
	.next = environ_next,
};

/* unix: the password and group databases. */

static int
unix_open(struct table *t, struct err *err)
{
	if (strcmp(t->name, "passwd.byname") != 0 &&
	    strcmp(t->name, "group.byname") != 0)
		return err_set(err, ERR_CONFIG, "unknown table: %s",
		    t->full_name);
	t->trust = TABLE_OWNER_UID;
	return 0;
}

/* The name service says "no such name" in many ways; the rest is trouble. */
static enum table_result
unix_absent(const char *which, struct err *err)
{
	if (errno == 0 || errno == ENOENT || errno == ESRCH)
		return TABLE_NOT_FOUND;
	log_warning("cannot access UNIX %s database: %s", which,
	    strerror(errno));
	err_sys(err, "cannot access UNIX %s database", which);
	return TABLE_RETRY;
}

static enum table_result
unix_lookup(struct table *t, const char *key, size_t len, struct buf *value,
    struct err *err)
{
	struct passwd *pw;
	struct group *gr;
	size_t i;

	(void)len;
	errno = 0;
	if (t->name[0] == 'p') {
		if ((pw = account_named(key)) == NULL)
			return unix_absent("password", err);
		buf_setf(value, "%s:%s:%ld:%ld:%s:%s:%s", pw->pw_name,
		    pw->pw_passwd, (long)pw->pw_uid, (long)pw->pw_gid,
		    pw->pw_gecos, pw->pw_dir, pw->pw_shell);
		return TABLE_FOUND;
	}
	if ((gr = getgrnam(key)) == NULL)
		return unix_absent("group", err);
	buf_setf(value, "%s:%s:%ld:", gr->gr_name, gr->gr_passwd,
	    (long)gr->gr_gid);
	for (i = 0; gr->gr_mem[i] != NULL; i++)
		buf_addf(value, "%s%s", i > 0 ? "," : "", gr->gr_mem[i]);
	return TABLE_FOUND;
}

const struct table_type table_unix = {
	.name = "unix",
	.open = unix_open,
	.lookup = unix_lookup,
};

/* randmap: one of the values, each equally likely. */

struct randmap_state {
	char	**values;
	size_t	  count;
};

static void
randmap_close(struct table *t)
{
	struct randmap_state *s = t->state;
	size_t i;

	for (i = 0; i < s->count; i++)
		free(s->values[i]);
	free(s->values);
	free(s);
}

static int
randmap_open(struct table *t, struct err *err)
{
	struct randmap_state *s = xcalloc(1, sizeof(*s));
	char *copy = xstrdup(t->name), *rest = NULL, *item;
	bool is_bad;

	t->state = s;
	t->trust = TABLE_OWNER_UID;
	is_bad = text_brace_strip(copy, &rest) != NULL;
	while (!is_bad &&
	    (item = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		s->values = xreallocarray(s->values, s->count + 1,
		    sizeof(*s->values));
		s->values[s->count++] = xstrdup(item);
	}
	free(copy);
	if (!is_bad && s->count > 0)
		return 0;
	randmap_close(t);
	return err_set(err, ERR_CONFIG,
	    "bad syntax: \"%s\"; need \"randmap:{value...}\"", t->full_name);
}

static enum table_result
randmap_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	struct randmap_state *s = t->state;
	uint64_t r = 0;

	(void)key, (void)len;
	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r)) {
		err_sys(err, "random number");
		return TABLE_RETRY;
	}
	buf_adds(value, s->values[r % s->count]);
	return TABLE_FOUND;
}

const struct table_type table_randmap = {
	.name = "randmap",
	.is_pattern = true,
	.open = randmap_open,
	.close = randmap_close,
	.lookup = randmap_lookup,
};
