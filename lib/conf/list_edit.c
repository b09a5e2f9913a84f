/*
 * list_edit.c - add one element to a list value, or take one out
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/list_edit.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/text.h"

/* The next element: where it starts, how long it is; false at the end. */
static bool
next_word(const char **p, const char **word, size_t *len)
{
	const char *s = *p + strspn(*p, TEXT_LIST_SEP);
	int depth = 0;

	if (*s == '\0')
		return false;
	*word = s;
	for (; *s != '\0'; s++)
		if (*s == '{')
			depth++;
		else if (*s == '}' && depth > 0)
			depth--;
		else if (depth == 0 && strchr(TEXT_LIST_SEP, *s) != NULL)
			break;
	*len = (size_t)(s - *word);
	*p = s;
	return true;
}

/*
 * Does item stand at p, word for word? Sets *end behind its last word.
 */
static bool
matches(const char *p, const char *item, const char **end)
{
	const char *a, *b;
	size_t n, m;
	bool any = false;

	while (next_word(&item, &b, &m)) {
		if (!next_word(&p, &a, &n) || n != m || memcmp(a, b, n) != 0)
			return false;
		any = true;
	}
	*end = p;
	return any;
}

static bool
list_has(const char *list, const char *item)
{
	const char *word, *end;
	size_t len;

	while (next_word(&list, &word, &len))
		if (matches(word, item, &end))
			return true;
	return false;
}

/* Blanks alone separate the elements; a list of one says nothing and gets commas. */
static bool
is_blank_separated(const char *list)
{
	const char *word;
	size_t len, words = 0;

	for (; next_word(&list, &word, &len); words++)
		if (list[strspn(list, " \t\r\n")] == ',')
			return false;
	return words > 1;
}

void
list_add(struct buf *out, const char *list, const char *item)
{
	buf_sets(out, list);
	if (item[strspn(item, TEXT_LIST_SEP)] == '\0' || list_has(list, item))
		return;
	while (out->len > 0 && strchr(TEXT_LIST_SEP,
	    out->ptr[out->len - 1]) != NULL)
		buf_truncate(out, out->len - 1);
	if (out->len > 0)
		buf_adds(out, is_blank_separated(list) ? " " : ", ");
	buf_adds(out, item);
}

void
list_remove(struct buf *out, const char *list, const char *item,
    list_takes_fn takes)
{
	const char *word, *argument, *end, *next, *from = list, *p = list;
	size_t len, n;
	bool is_pair;

	buf_reset(out);
	while (next_word(&p, &word, &len)) {
		next = p;
		is_pair = takes != NULL && takes(word, len) &&
		    next_word(&next, &argument, &n);
		if (matches(word, item, &end)) {
			if (is_pair && end < next)
				end = next;
		} else if (!is_pair || !matches(argument, item, &end)) {
			p = next;
			continue;
		}
		/* What separated it goes with it: behind it, or at the end before. */
		buf_add(out, from, (size_t)(word - from));
		from = p = end + strspn(end, TEXT_LIST_SEP);
	}
	buf_adds(out, from);
	if (*from == '\0' && from != list)
		while (out->len > 0 && strchr(TEXT_LIST_SEP,
		    out->ptr[out->len - 1]) != NULL)
			buf_truncate(out, out->len - 1);
}
