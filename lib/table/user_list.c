/*
 * user_list.c - may the caller of this command do that? (authorized_*_users)
 *
 * The default, static:anyone, is answered without opening a table or the
 * password file: commands are started for every message.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/user_list.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/account.h"
#include "lib/table/match_list.h"

const char *
user_list_login(void)
{
	static char name[256];
	const struct passwd *pw;

	if (name[0] == '\0') {
		pw = account_of(getuid());
		snprintf(name, sizeof(name), "%s",
		    pw != NULL ? pw->pw_name : "unknown");
	}
	return name;
}

bool
user_list_allows(const char *title, const char *list, const char **login)
{
	struct match_list *ml;
	enum table_result found;

	if (strcmp(list, "static:anyone") == 0)
		return true;
	*login = user_list_login();
	ml = match_list_new(title, MATCH_STRING, list);
	found = match_list_find(ml, *login, NULL);
	match_list_free(ml);
	return found == TABLE_FOUND;
}
