/*
 * account.h - users and groups, also where nobody has given us a name
 *
 * A container may run under a user ID that no file of accounts knows. Its own
 * ID in decimal is then the name of the caller, of its group as well. This is
 * never so for root, and never for another's ID.
 */
#ifndef LIB_BASE_ACCOUNT_H
#define LIB_BASE_ACCOUNT_H

#include <pwd.h>

struct group;

/*
 * account_named - as getpwnam(3): NULL, with errno, when there is no such user
 * account_of - as getpwuid(3)
 *
 * The home directory of a caller without a name is HOME, else "/".
 */
struct passwd	*account_named(const char *name);
struct passwd	*account_of(uid_t uid);

/* account_group_named, account_group_of - as getgrnam(3) and getgrgid(3) */
struct group	*account_group_named(const char *name);
struct group	*account_group_of(gid_t gid);

#endif
