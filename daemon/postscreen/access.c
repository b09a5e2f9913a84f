/*
 * access.c - postscreen_access_list: who is let in or kept out without a test
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/access.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/table/match_list.h"
#include "lib/table/table.h"

struct entry {
	char		*word;
	struct table	*table;		/* NULL: the word is a command */
};

struct access_list {
	const char	*title;
	struct match_list *mynetworks;
	struct entry	*entries;
	size_t		 count;
};

struct access_list *
access_list_new(const char *title, const char *list)
{
	struct access_list *al = xcalloc(1, sizeof(*al));
	char *copy = xstrdup(list), *rest = copy, *word;
	struct entry *e;

	al->title = title;
	al->mynetworks = match_list_new("mynetworks", MATCH_ADDRESS,
	    params.mynetworks);
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		al->entries = xreallocarray(al->entries, al->count + 1,
		    sizeof(*al->entries));
		e = al->entries + al->count++;
		e->word = xstrdup(word);
		e->table = strchr(word, ':') == NULL ? NULL :
		    table_open(word, TABLE_READ, TABLE_SURROGATE |
		    TABLE_NO_REGSUB, NULL);
	}
	free(copy);
	return al;
}

enum verdict { GO_ON, DECIDED, NONSENSE };

static enum verdict
run_command(const struct access_list *al, const char *word,
    const char *address, enum access *out)
{
	if (strcasecmp(word, "permit") == 0)
		return *out = ACCESS_PERMIT, DECIDED;
	if (strcasecmp(word, "reject") == 0)
		return *out = ACCESS_REJECT, DECIDED;
	if (strcasecmp(word, "dunno") == 0)
		return *out = ACCESS_DUNNO, DECIDED;
	if (strcasecmp(word, "permit_mynetworks") != 0)
		return NONSENSE;
	if (match_list_find(al->mynetworks, address, NULL) != TABLE_FOUND)
		return GO_ON;
	return *out = ACCESS_PERMIT, DECIDED;
}

/* What a table says is a list of commands; "dunno" ends that list only. */
static enum verdict
run_commands(const struct access_list *al, const struct table *t, char *list,
    const char *address, enum access *out)
{
	char *word;
	enum verdict v;

	while ((word = text_split(&list, TEXT_LIST_SEP)) != NULL) {
		v = run_command(al, word, address, out);
		if (v == DECIDED)
			return *out == ACCESS_DUNNO ? GO_ON : DECIDED;
		if (v == NONSENSE) {
			log_warning("%s: unknown command: %s -- ignoring the "
			    "remainder of this access list", table_name(t),
			    word);
			return NONSENSE;
		}
	}
	return GO_ON;
}

static enum verdict
ask_table(const struct access_list *al, struct table *t, const char *address,
    enum access *out)
{
	struct buf value = BUF_INIT;
	struct err err = ERR_INIT;
	enum verdict v = GO_ON;

	switch (table_lookup(t, address, &value, &err)) {
	case TABLE_FOUND:
		v = run_commands(al, t, value.ptr, address, out);
		break;
	case TABLE_NOT_FOUND:
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		log_warning("%s: %s: table lookup error -- ignoring the "
		    "remainder of this access list", al->title, table_name(t));
		v = NONSENSE;
	}
	buf_done(&value);
	return v;
}

enum access
access_list_find(const struct access_list *al, const char *address)
{
	enum access access = ACCESS_DUNNO;
	const struct entry *e;
	enum verdict v;

	for (e = al->entries; e < al->entries + al->count; e++) {
		if (e->table != NULL) {
			v = ask_table(al, e->table, address, &access);
		} else {
			v = run_command(al, e->word, address, &access);
			if (v == NONSENSE)
				log_warning("%s: unknown command: %s -- "
				    "ignoring the remainder of this access "
				    "list", al->title, e->word);
		}
		if (v == DECIDED)
			return access;
		if (v == NONSENSE)
			break;
	}
	return ACCESS_DUNNO;
}
