/*
 * scope.c - a name space: what main.cf sets, and a default for every built-in name
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/scope.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/conf/mynetworks.h"
#include "lib/conf/params.h"

int
scope_expand(struct scope *scope, struct buf *out, const char *text,
    struct err *err)
{
	if (strchr(text, '$') == NULL) {
		buf_adds(out, text);
		return 0;
	}
	return macro_expand(out, text, MACRO_RECURSE, NULL, scope_lookup, scope, err);
}

static const struct main_cf_entry *
find_set(const struct scope *scope, const char *name)
{
	const struct main_cf_entry *e = NULL;

	if (scope->overrides != NULL)
		e = main_cf_find(scope->overrides, name);
	return e != NULL ? e : main_cf_find(&scope->cf, name);
}

/* The host name, with "$mydomain" for the part that the kernel does not know. */
static int
find_myhostname(struct scope *scope, struct buf *out, struct err *err)
{
	char host[HOST_NAME_MAX + 1] = "";

	if (gethostname(host, sizeof(host) - 1) == -1)
		return err_sys(err, "gethostname");
	buf_adds(out, host);
	if (strchr(host, '.') == NULL)
		buf_adds(out, find_set(scope, "mydomain") != NULL ?
		    ".$mydomain" : ".localdomain");
	return 0;
}

static int
find_mydomain(struct scope *scope, struct buf *out, struct err *err)
{
	struct buf host = BUF_INIT;
	const char *dot;
	int rc = scope_expand(scope, &host, "$myhostname", err);

	dot = strchr(host.ptr, '.');
	buf_adds(out, dot != NULL ? dot + 1 : "localdomain");
	buf_done(&host);
	return rc;
}

static int
find_mynetworks(struct scope *scope, struct buf *out, struct err *err)
{
	struct buf style = BUF_INIT, ifs = BUF_INIT, protos = BUF_INIT;
	int rc = -1;

	if (scope_expand(scope, &style, "$mynetworks_style", err) == 0 &&
	    scope_expand(scope, &ifs, "$inet_interfaces", err) == 0 &&
	    scope_expand(scope, &protos, "$inet_protocols", err) == 0)
		rc = mynetworks_default(out, style.ptr, ifs.ptr, protos.ptr,
		    err);
	buf_done(&style);
	buf_done(&ifs);
	buf_done(&protos);
	return rc;
}

static int
find_process_id(struct scope *scope, struct buf *out, struct err *err)
{
	(void)scope;
	(void)err;
	buf_addf(out, "%ld", (long)getpid());
	return 0;
}

static const struct {
	const char	*name;
	int		(*find)(struct scope *scope, struct buf *out,
			    struct err *err);
} runtime[] = {
	{ "myhostname",	find_myhostname },
	{ "mydomain",	find_mydomain },
	{ "mynetworks",	find_mynetworks },
	{ "process_id",	find_process_id },
};

_Static_assert(sizeof(runtime) / sizeof(runtime[0]) == SCOPE_RUNTIME,
    "one slot each");

/* Defaults that only a running process knows; found on first use. NULL: not one of them. */
static const char *
runtime_value(struct scope *scope, const char *name)
{
	struct buf out = BUF_INIT;
	size_t i;

	for (i = 0; i < SCOPE_RUNTIME; i++)
		if (strcmp(name, runtime[i].name) == 0)
			break;
	if (i == SCOPE_RUNTIME)
		return NULL;
	if (scope->runtime[i] == NULL && !scope->runtime_busy[i]) {
		scope->runtime_busy[i] = true;
		if (runtime[i].find(scope, &out, &scope->err) == 0)
			scope->runtime[i] = buf_take(&out);
		scope->runtime_busy[i] = false;
		buf_done(&out);
	}
	return scope->runtime[i] != NULL ? scope->runtime[i] : "";
}

/* The unexpanded value of a name: -o and main.cf, else the default. */
const char *
scope_lookup(const char *name, void *ctx)
{
	struct scope *scope = ctx;
	const struct params_row *row = params_row_find(name);
	const struct main_cf_entry *e;
	const char *value;

	if (scope->only_set)
		return (e = find_set(scope, name)) != NULL ? e->value : NULL;
	if (row != NULL && row->class == PARAMS_READONLY) {
		if (strcmp(name, "process_name") == 0)
			return scope->process_name;
		if (strcmp(name, "service_name") == 0)
			return scope->service_name;
		return runtime_value(scope, name);
	}
	if (strcmp(name, "config_directory") == 0)
		return scope->config_directory;
	if ((e = find_set(scope, name)) != NULL)
		return e->value;
	if (row == NULL || row->class == PARAMS_LEGACY)
		return scope->fallback == NULL ? NULL :
		    scope->fallback(name, scope->fallback_ctx);
	value = params_row_default(row);
	if (*value == '\0' && (value = runtime_value(scope, name)) == NULL)
		value = "";
	return value;
}

void
scope_done(struct scope *scope)
{
	size_t i;

	main_cf_done(&scope->cf);
	for (i = 0; i < SCOPE_RUNTIME; i++)
		free(scope->runtime[i]);
}
