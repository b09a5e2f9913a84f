/*
 * role.c - the role table of posthornd
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/role.h"

#include <string.h>

/*
 * All rows stand here already; a role that is not built in is a weak symbol
 * that nothing defines: NULL.
 */
#pragma weak smtpd_role
#pragma weak pickup_role
#pragma weak cleanup_role
#pragma weak trivial_rewrite_role
#pragma weak qmgr_role
#pragma weak smtp_role
#pragma weak lmtp_role
#pragma weak local_role
#pragma weak virtual_role
#pragma weak pipe_role
#pragma weak discard_role
#pragma weak error_role
#pragma weak bounce_role
#pragma weak flush_role
#pragma weak showq_role
#pragma weak anvil_role

static const struct role *const roles[] = {
	&master_role,
	&smtpd_role, &pickup_role, &cleanup_role, &trivial_rewrite_role,
	&qmgr_role,
	&smtp_role, &lmtp_role, &local_role, &virtual_role, &pipe_role,
	&discard_role, &error_role,
	&bounce_role, &flush_role, &showq_role, &anvil_role, &postlogd_role,
};

#define ROLE_COUNT	(sizeof(roles) / sizeof(roles[0]))

const struct role *
role_at(size_t i)
{
	size_t at;

	for (at = 0; at < ROLE_COUNT; at++)
		if (roles[at] != NULL && i-- == 0)
			return roles[at];
	return NULL;
}

const struct role *
role_find(const char *name)
{
	const struct role *role;
	size_t i;

	for (i = 0; (role = role_at(i)) != NULL; i++)
		if (strcmp(role->name, name) == 0)
			return role;
	return NULL;
}
