/*
 * role.c - the role table of posthornd
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/role.h"

#include <string.h>

static const struct role *const roles[] = {
	&flush_role,
	&showq_role,
	&discard_role,
	&error_role,
	&trivial_rewrite_role,
	NULL
};

const struct role *
role_at(size_t i)
{
	return roles[i];
}

const struct role *
role_find(const char *name)
{
	size_t i;

	for (i = 0; roles[i] != NULL; i++)
		if (strcmp(roles[i]->name, name) == 0)
			return roles[i];
	return NULL;
}
