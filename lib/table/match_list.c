/*
 * match_list.c - lists of patterns: mynetworks, mydestination, ...
 *
 * The list is taken apart once: files are read, tables opened, addresses
 * turned into bits, names folded. A search walks the patterns from left to
 * right; the first that matches decides, and a pattern that could not be
 * understood or looked up decides too: "try again later".
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/match_list.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/ip_pattern.h"
#include "lib/table/maps.h"
#include "lib/table/table_source.h"

#define FILE_DEPTH_MAX	20	/* a file that names itself must end */

enum item_kind {
	ITEM_TEXT,		/* compare as text; addresses also as bits */
	ITEM_TABLE,
	ITEM_BROKEN		/* text says why */
};

struct item {
	enum item_kind	 kind;
	bool		 is_negated;
	bool		 has_ip;
	struct ip_pattern ip;
	char		*text;		/* folded */
	struct table	*table;
	char		*file;		/* that it stands in; NULL: in the list */
	int		 line;
};

struct match_list {
	char		*title;
	enum match_kind	 kind;
	bool		 has_parent_style;
	struct item	*items;
	size_t		 count;
	struct buf	 folded, address;
	const struct item *found;	/* by the last search */
	struct buf	 found_key;	/* asked of its table */
};

static void	parse_text(struct match_list *ml, char *text,
		    bool is_negated, int depth);

static struct item *
add_item(struct match_list *ml, enum item_kind kind, bool is_negated,
    const char *text)
{
	struct item *item;

	ml->items = xreallocarray(ml->items, ml->count + 1,
	    sizeof(*ml->items));
	item = &ml->items[ml->count++];
	memset(item, 0, sizeof(*item));
	item->kind = kind;
	item->is_negated = is_negated;
	item->text = xstrdup(text);
	return item;
}

static void
add_file(struct match_list *ml, const char *path, bool is_negated, int depth)
{
	struct table_source *source;
	struct buf line = BUF_INIT, why = BUF_INIT;
	struct err err = ERR_INIT;
	int number, got = -1;
	size_t first;

	source = NULL;
	if (depth >= FILE_DEPTH_MAX)
		err_set(&err, ERR_LIMIT, "file %s: nesting exceeds %d", path,
		    FILE_DEPTH_MAX);
	else if ((source = table_source_open(path, -1, &err)) == NULL)
		err_sys(&err, "open file %s", path);
	while (source != NULL &&
	    (got = table_source_next(source, &line, &number, &err)) == 1) {
		first = ml->count;
		parse_text(ml, line.ptr, is_negated, depth + 1);
		for (; first < ml->count; first++) {
			if (ml->items[first].file != NULL)
				continue;	/* of a file in this one */
			ml->items[first].file = xstrdup(path);
			ml->items[first].line = number;
		}
	}
	if (got == -1) {
		buf_setf(&why, "non-existent:%s is unavailable. %s", path,
		    err.text);
		add_item(ml, ITEM_BROKEN, is_negated, why.ptr);
	}
	table_source_close(source);
	buf_done(&line);
	buf_done(&why);
}

static void
add_address(struct match_list *ml, struct item *item)
{
	struct err err = ERR_INIT;

	if (ml->kind != MATCH_ADDRESS && ml->kind != MATCH_HOST)
		return;
	/* Names stand in the same lists; only digits make it an address. */
	if (strspn(item->text, "0123456789abcdef.:/[]") != strlen(item->text))
		return;
	if (ip_pattern_parse(&item->ip, item->text, &err) == 0) {
		item->has_ip = true;
	} else if (err.kind == ERR_LIMIT) {
		item->kind = ITEM_BROKEN;
		free(item->text);
		item->text = xstrdup(err.text);
	}
}

static void
add_pattern(struct match_list *ml, const char *pattern, bool is_negated,
    int depth)
{
	struct buf folded = BUF_INIT;
	struct item *item;

	if (*pattern == '/') {
		add_file(ml, pattern, is_negated, depth);
	} else if (*pattern != '[' && strchr(pattern, ':') != NULL) {
		item = add_item(ml, ITEM_TABLE, is_negated, pattern);
		item->table = table_open(pattern, TABLE_READ,
		    TABLE_FOLD | TABLE_UTF8 | TABLE_SURROGATE, NULL);
	} else {
		text_fold(&folded, pattern);
		add_address(ml, add_item(ml, ITEM_TEXT, is_negated,
		    folded.ptr));
		buf_done(&folded);
	}
}

static void
parse_text(struct match_list *ml, char *text, bool is_negated, int depth)
{
	bool negated;
	char *word;

	while ((word = text_split_braced(&text, TEXT_LIST_SEP)) != NULL) {
		negated = is_negated;
		for (; *word == '!'; word++)
			negated = !negated;
		if (*word == '\0')
			add_item(ml, ITEM_BROKEN, false, "no pattern after '!'");
		else
			add_pattern(ml, word, negated, depth);
	}
}

struct match_list *
match_list_new(const char *title, enum match_kind kind, const char *list)
{
	struct match_list *ml = xcalloc(1, sizeof(*ml));
	char *copy = xstrdup(list != NULL ? list : "");

	ml->title = xstrdup(title);
	ml->kind = kind;
	if (kind == MATCH_DOMAIN || kind == MATCH_HOST)
		ml->has_parent_style = maps_parent_style(title);
	buf_init(&ml->folded);
	buf_init(&ml->address);
	buf_init(&ml->found_key);
	parse_text(ml, copy, false, 0);
	free(copy);
	return ml;
}

void
match_list_free(struct match_list *ml)
{
	size_t i;

	if (ml == NULL)
		return;
	for (i = 0; i < ml->count; i++) {
		table_close(ml->items[i].table);
		free(ml->items[i].text);
		free(ml->items[i].file);
	}
	free(ml->items);
	buf_done(&ml->folded);
	buf_done(&ml->address);
	buf_done(&ml->found_key);
	free(ml->title);
	free(ml);
}

/* Is pattern the name itself, or what stands above it in the style wanted? */
static bool
domain_matches(const struct match_list *ml, const char *pattern,
    const char *name)
{
	size_t n = strlen(name), p = strlen(pattern);

	if (n == p)
		return strcmp(name, pattern) == 0;
	if (n < p || strcmp(name + n - p, pattern) != 0)
		return false;
	return ml->has_parent_style ? name[n - p - 1] == '.' :
	    pattern[0] == '.';
}

static enum table_result
look_up(struct match_list *ml, const struct item *item, const char *key)
{
	enum table_result rc = table_lookup(item->table, key, NULL, NULL);

	if (rc == TABLE_RETRY || rc == TABLE_BROKEN)
		log_warning("%s: %s: table lookup problem", ml->title,
		    item->text);
	if (rc == TABLE_FOUND)
		buf_sets(&ml->found_key, key);
	return rc;
}

/* A name in a table: itself, then its parents unless keys are patterns. */
static enum table_result
look_up_domain(struct match_list *ml, const struct item *item,
    const char *name)
{
	enum table_result rc = look_up(ml, item, name);
	const char *next;

	while (rc == TABLE_NOT_FOUND && !table_is_pattern(item->table) &&
	    (next = strchr(name + (*name == '.'), '.')) != NULL) {
		name = ml->has_parent_style ? next + 1 : next;
		rc = look_up(ml, item, name);
	}
	return rc;
}

static enum table_result
match_name(struct match_list *ml, const struct item *item, const char *name)
{
	bool found;

	if (item->kind == ITEM_TABLE)
		return ml->kind == MATCH_STRING ? look_up(ml, item, name) :
		    look_up_domain(ml, item, name);
	found = ml->kind == MATCH_STRING ? strcmp(item->text, name) == 0 :
	    domain_matches(ml, item->text, name);
	return found ? TABLE_FOUND : TABLE_NOT_FOUND;
}

static enum table_result
match_address(struct match_list *ml, const struct item *item,
    const char *address, const struct ip_address *ip)
{
	if (item->kind == ITEM_TABLE)
		return look_up(ml, item, address);
	if (strcmp(item->text, address) == 0 ||
	    (ip != NULL && item->has_ip && ip_pattern_matches(&item->ip, ip)))
		return TABLE_FOUND;
	return TABLE_NOT_FOUND;
}

/* Does this one pattern match? */
static enum table_result
match_item(struct match_list *ml, const struct item *item, const char *name,
    const char *address, const struct ip_address *ip)
{
	enum table_result rc = TABLE_NOT_FOUND;

	if (item->kind == ITEM_BROKEN) {
		log_warning("%s: %s", ml->title, item->text);
		return TABLE_RETRY;
	}
	if (name != NULL)
		rc = match_name(ml, item, name);
	if (rc == TABLE_NOT_FOUND && address != NULL)
		rc = match_address(ml, item, address, ip);
	return rc;
}

enum table_result
match_list_find(struct match_list *ml, const char *name, const char *address)
{
	struct ip_address ip;
	bool has_ip = false;
	enum table_result rc;
	size_t i;

	ml->found = NULL;
	if (ml->kind == MATCH_ADDRESS) {
		address = name;
		name = NULL;
	} else if (ml->kind != MATCH_HOST) {
		address = NULL;
	}
	if (name != NULL) {
		buf_reset(&ml->folded);
		text_fold(&ml->folded, name);
		name = ml->folded.ptr;
	}
	if (address != NULL) {
		buf_sets(&ml->address, address);
		address = text_lower(ml->address.ptr);
		has_ip = ip_address_parse(&ip, address);
	}
	for (i = 0; i < ml->count; i++) {
		rc = match_item(ml, &ml->items[i], name, address,
		    has_ip ? &ip : NULL);
		if (rc == TABLE_FOUND) {
			ml->found = &ml->items[i];
			return ml->items[i].is_negated ? TABLE_NOT_FOUND :
			    TABLE_FOUND;
		}
		if (rc != TABLE_NOT_FOUND)
			return rc;
	}
	return TABLE_NOT_FOUND;
}

void
match_list_describe(const struct match_list *ml, struct buf *out)
{
	const struct item *item = ml->found;
	int line;

	if (item == NULL)
		return;
	buf_addf(out, "%s%s", item->is_negated ? "!" : "", item->text);
	if (item->table != NULL &&
	    (line = table_line(item->table, ml->found_key.ptr)) != 0)
		buf_addf(out, " line %d", line);
	if (item->file != NULL)
		buf_addf(out, " (%s line %d)", item->file, item->line);
}
