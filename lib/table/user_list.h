/*
 * user_list.h - may the caller of this command do that? (authorized_*_users)
 */
#ifndef LIB_TABLE_USER_LIST_H
#define LIB_TABLE_USER_LIST_H

#include <stdbool.h>

/*
 * user_list_allows - does list match the real user's login name?
 *
 * title	parameter name, for messages
 * login	out when the answer is no: the name, as user_list_login gives it
 *
 * A list that cannot be searched allows nothing.
 */
bool	user_list_allows(const char *title, const char *list,
	    const char **login);
/* user_list_login - the real user's login name, "unknown" when the password file has none; static */
const char	*user_list_login(void);

#endif
