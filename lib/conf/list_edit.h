/*
 * list_edit.h - add one element to a list value, or take one out
 *
 * Elements are separated by commas and white space; what stands in braces is
 * one element. A restriction with its argument ("check_client_access
 * hash:/x") is found as the words it consists of. Spacing of what stays is
 * kept.
 */
#ifndef LIB_CONF_LIST_EDIT_H
#define LIB_CONF_LIST_EDIT_H

struct buf;

/*
 * list_add - out = list with item, one or more words, at its end; unchanged
 * when it is there
 *
 * The separator is the one that list uses already: comma and blank, or blank.
 */
void	list_add(struct buf *out, const char *list, const char *item);
/* list_remove - out = list without any item */
void	list_remove(struct buf *out, const char *list, const char *item);

#endif
