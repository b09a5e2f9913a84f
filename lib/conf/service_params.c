/*
 * service_params.c - parameters as a service of master.cf has them
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/service_params.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/conf/master_cf.h"
#include "lib/conf/params.h"

const struct master_service *
service_params_find(const struct master_cf *cf, const char *name)
{
	size_t i;

	for (i = 0; i < cf->count; i++)
		if (cf->services[i].type == MASTER_UNIX &&
		    strcmp(cf->services[i].name, name) == 0)
			return &cf->services[i];
	return NULL;
}

/* The values of -o: "-o", "x=y"; "-ox=y"; "-vo", "x=y". */
static const char **
overrides_of(const struct master_service *s)
{
	const char **list = xcalloc(s->argc + 1, sizeof(*list)), *o;
	size_t i, n = 0;

	for (i = 0; i < s->argc && s->argv[i][0] == '-'; i++) {
		if ((o = strchr(s->argv[i], 'o')) == NULL)
			continue;
		if (o[1] != '\0')
			list[n++] = o + 1;
		else if (i + 1 < s->argc)
			list[n++] = s->argv[++i];
	}
	return list;
}

int
service_params_load(const struct master_service *s, struct err *err)
{
	const char **overrides = s != NULL ? overrides_of(s) : NULL;
	struct params_context ctx = {
		.process_name = s != NULL ? s->command : "postfix",
		.service_name = s != NULL ? s->name : NULL,
		.overrides = overrides
	};
	int rc = params_load(NULL, &ctx, err);

	free(overrides);
	return rc;
}
