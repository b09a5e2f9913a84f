/*
 * table_config.c - settings of a table that is a client of a database
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_config.h"

#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/num.h"
#include "lib/conf/params.h"
#include "lib/table/pairs.h"
#include "lib/table/table_source.h"
#include "lib/table/table_type.h"

struct table_config {
	char		*name;
	struct pairs	*pairs;		/* of the file; NULL: main.cf */
};

static int
read_setting(struct table_config *c, char *line, int number, struct err *err)
{
	char *eq = strchr(line, '='), *end, *value;
	struct pair *old;

	if (eq == NULL)
		return err_set(err, ERR_SYNTAX, "%s, line %d: missing '=' "
		    "after attribute name: \"%s\"", c->name, number, line);
	for (end = eq; end > line && isspace((unsigned char)end[-1]); end--)
		;
	*end = '\0';
	value = text_trim(eq + 1);
	old = pairs_find(c->pairs, line, strlen(line));
	if (old != NULL) {
		log_warning("%s, line %d: overriding earlier entry: %s=%s",
		    c->name, number, line, pair_value(old));
		pairs_set_value(c->pairs, old, value, strlen(value));
	} else {
		pairs_add(c->pairs, line, strlen(line), value, strlen(value));
	}
	return 0;
}

static int
read_file(struct table_config *c, struct table *t, struct err *err)
{
	struct table_source *source;
	struct buf line = BUF_INIT;
	struct stat st;
	int number, got;

	if ((source = table_source_open(c->name, -1, err)) == NULL)
		return -1;
	if (fstat(table_source_fd(source), &st) == 0) {
		t->trust = TABLE_OWNER_UID;
		t->owner = st.st_uid;
	}
	c->pairs = pairs_new();
	while ((got = table_source_next(source, &line, &number, err)) == 1)
		if (read_setting(c, line.ptr, number, err) == -1) {
			got = -1;
			break;
		}
	table_source_close(source);
	buf_done(&line);
	return got;
}

struct table_config *
table_config_open(struct table *t, struct err *err)
{
	struct table_config *c = xcalloc(1, sizeof(*c));

	c->name = xstrdup(t->name);
	t->trust = TABLE_OWNER_UID;
	if ((t->name[0] == '/' || t->name[0] == '.') &&
	    read_file(c, t, err) == -1) {
		table_config_close(c);
		return NULL;
	}
	return c;
}

void
table_config_close(struct table_config *c)
{
	if (c == NULL)
		return;
	pairs_free(c->pairs);
	free(c->name);
	free(c);
}

const char *
table_config_text(const struct table_config *c, const char *name,
    const char *fallback)
{
	struct buf full = BUF_INIT;
	const struct pair *p;
	const char *value;

	if (c->pairs != NULL) {
		p = pairs_find(c->pairs, name, strlen(name));
		return p != NULL ? pair_value(p) : fallback;
	}
	buf_setf(&full, "%s_%s", c->name, name);
	value = params_lookup(full.ptr);
	buf_done(&full);
	return value != NULL ? value : fallback;
}

const char *
table_config_must(const struct table_config *c, const char *name,
    struct err *err)
{
	const char *value = table_config_text(c, name, "");

	if (*value != '\0')
		return value;
	if (c->pairs != NULL)
		err_set(err, ERR_CONFIG, "%s: bad string length 0 < 1: %s = ",
		    c->name, name);
	else
		err_set(err, ERR_CONFIG, "bad string length 0 < 1: %s_%s = ",
		    c->name, name);
	return NULL;
}

int
table_config_int(const struct table_config *c, const char *name, int fallback,
    int min, int *out, struct err *err)
{
	const char *text = table_config_text(c, name, NULL);
	int64_t n;

	*out = fallback;
	if (text == NULL || *text == '\0')
		return 0;
	if (num_parse_int(text, INT_MIN, INT_MAX, &n, NULL) == -1)
		return err_set(err, ERR_CONFIG,
		    "%s: bad numerical configuration: %s = %s", c->name, name,
		    text);
	if (n < min)
		return err_set(err, ERR_CONFIG,
		    "%s: invalid %s parameter value %ld < %d", c->name, name,
		    (long)n, min);
	*out = (int)n;
	return 0;
}

const char *
table_config_name(const struct table_config *c)
{
	return c->name;
}
