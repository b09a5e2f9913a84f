/*
 * list_edit.h - add one element to a list value, or take one out
 *
 * Elements are separated by commas and white space; what stands in braces is
 * one element. An item may be several words, such as a restriction with its
 * argument ("check_client_access hash:/x"). Spacing of what stays is kept.
 */
#ifndef LIB_CONF_LIST_EDIT_H
#define LIB_CONF_LIST_EDIT_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/*
 * list_add - out = list with item, one or more words, at its end; unchanged
 * when it is there
 *
 * The separator is the one that list uses already: comma and blank, or blank.
 */
void	list_add(struct buf *out, const char *list, const char *item);
/* list_takes_fn - is this word one that takes the next as its argument? */
typedef bool (*list_takes_fn)(const char *word, size_t len);

/*
 * list_remove - out = list without any item
 *
 * takes	NULL for a list of words that stand alone; in others a word and
 *		its argument go together, whichever of the two item names
 */
void	list_remove(struct buf *out, const char *list, const char *item,
	    list_takes_fn takes);

#endif
