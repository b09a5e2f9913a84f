/*
 * user_list.c - may the caller of this command do that? (authorized_*_users)
 *
 * The default, static:anyone, is answered without opening a table: commands
 * are started for every message.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/user_list.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/table/match_list.h"

bool
user_list_allows(const char *title, const char *list, const char **login)
{
	static char name[256];
	const struct passwd *pw = getpwuid(getuid());
	struct match_list *ml;
	enum table_result found;

	snprintf(name, sizeof(name), "%s",
	    pw != NULL ? pw->pw_name : "unknown");
	*login = name;
	if (strcmp(list, "static:anyone") == 0)
		return true;
	ml = match_list_new(title, MATCH_STRING, list);
	found = match_list_find(ml, name, NULL);
	match_list_free(ml);
	return found == TABLE_FOUND;
}
