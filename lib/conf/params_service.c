/*
 * params_service.c - NAME_destination_concurrency_limit and the like
 *
 * Each delivery service of master.cf has them under its own name, so they are
 * no members of struct params; rows named transport_... tell their types.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/params_internal.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"

/* The row that tells type, bounds and default of NAME_suffix. */
static const struct params_row *
service_row(const char *suffix)
{
	char name[128];

	if (snprintf(name, sizeof(name), "transport_%s", suffix) >=
	    (int)sizeof(name))
		return NULL;
	return params_row_find(name);
}

const struct params_row *
params_service_row(const char *name)
{
	const struct params_row *row;
	const char *p;

	for (p = strchr(name, '_'); p != NULL; p = strchr(p + 1, '_'))
		if (p != name && (row = service_row(p + 1)) != NULL &&
		    row->class == PARAMS_SERVICE)
			return row;
	return NULL;
}

/* Raw text and row of SERVICE_suffix, the default parameter's when unset. */
static const char *
service_raw(const char *service, const char *suffix, struct buf *name,
    const struct params_row **row)
{
	const char *raw;

	buf_setf(name, "%s_%s", service, suffix);
	if ((*row = params_row_find(name->ptr)) == NULL)
		*row = service_row(suffix);
	if (*row == NULL)
		log_panic("no service parameter \"%s\"", suffix);
	raw = params_raw(name->ptr);
	return raw != NULL ? raw : params_row_default(*row);
}

const char *
params_service_text(const char *service, const char *suffix)
{
	struct buf name = BUF_INIT;
	const struct params_row *row;
	const char *raw = service_raw(service, suffix, &name, &row);
	const char *text = params_expanded(name.ptr, raw);

	buf_done(&name);
	return text;
}

static int
service_number(const char *service, const char *suffix)
{
	struct params scratch;
	struct buf name = BUF_INIT;
	struct err err = ERR_INIT;
	const struct params_row *row;
	const char *raw = service_raw(service, suffix, &name, &row);
	const char *text = params_expanded(name.ptr, raw);

	/* The load checked it, so this cannot happen. */
	if (text == NULL || (row->type != PARAMS_INT &&
	    row->type != PARAMS_TIME) ||
	    params_convert(&scratch, row, name.ptr, text, &err) == -1)
		log_panic("%s: %s", name.ptr, err.text);
	buf_done(&name);
	return *(int *)(void *)((char *)&scratch + row->offset);
}

int
params_service_int(const char *service, const char *suffix)
{
	return service_number(service, suffix);
}

int
params_service_time(const char *service, const char *suffix)
{
	return service_number(service, suffix);
}
