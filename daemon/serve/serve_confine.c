/*
 * serve_confine.c - where this role may change files
 *
 * The role table says it in a word; what else a role changes (a cache, a log
 * file) it has opened before. Some libraries keep files of their own in places
 * that only they know: a process that may come to use one is not confined.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "daemon/role.h"
#include "daemon/serve/confine.h"
#include "daemon/serve/serve_internal.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/table/table_module.h"

/*
 * Relative to the queue directory, where a chroot changes nothing. FIFOs in
 * public and private are written to.
 */
static const struct confine_path queues[] = {
	{ "active", CONFINE_CHANGE }, { "bounce", CONFINE_CHANGE },
	{ "corrupt", CONFINE_CHANGE }, { "defer", CONFINE_CHANGE },
	{ "deferred", CONFINE_CHANGE }, { "flush", CONFINE_CHANGE },
	{ "hold", CONFINE_CHANGE }, { "incoming", CONFINE_CHANGE },
	{ "maildrop", CONFINE_CHANGE }, { "saved", CONFINE_CHANGE },
	{ "trace", CONFINE_CHANGE },
	{ "public", CONFINE_WRITE }, { "private", CONFINE_WRITE }
};
#define QUEUE_COUNT	(sizeof(queues) / sizeof(queues[0]))

/* ---- libraries with files of their own ---- */

struct search {
	struct buf	 values;	/* those that may name tables, one behind the other */
	const char	*found;
};

static void
keep_value(const char *name, const char *value, void *ctx)
{
	struct search *s = ctx;

	(void)name;
	if (strchr(value, ':') == NULL)
		return;
	buf_adds(&s->values, value);
	buf_addc(&s->values, '\n');
}

static void
look_for_type(const char *type, void *ctx)
{
	struct search *s = ctx;
	const char *p = s->values.ptr;
	size_t len = strlen(type);

	for (; (p = strstr(p, type)) != NULL; p += len)
		if (p[len] == ':')
			s->found = type;
}

/* A table type in main.cf that comes with a library; NULL: none. */
static const char *
type_with_library(void)
{
	struct search s = { .values = BUF_INIT };

	params_each_set(keep_value, &s);
	if (s.values.len > 0) {
		look_for_type("sqlite", &s);
		table_module_each(look_for_type, &s);
	}
	buf_done(&s.values);
	return s.found;
}

static bool
has_sasl_library(void)
{
	return (params.smtpd_sasl_auth_enable &&
	    strcmp(params.smtpd_sasl_type, "cyrus") == 0) ||
	    (params.smtp_sasl_auth_enable &&
	    strcmp(params.smtp_sasl_type, "cyrus") == 0) ||
	    (params.lmtp_sasl_auth_enable &&
	    strcmp(params.lmtp_sasl_type, "cyrus") == 0);
}

/* ---- the role ---- */

void
serve_confine(void)
{
	unsigned needs = serve_state.role->needs;
	const char *type;

	if ((needs & (ROLE_CHANGES_NOTHING | ROLE_CHANGES_QUEUES)) == 0)
		return;
	if ((needs & ROLE_OPENS_TABLES) != 0 &&
	    (type = type_with_library()) != NULL) {
		log_debug("files are not confined: tables of type %s", type);
		return;
	}
	if ((needs & ROLE_USES_SASL) != 0 && has_sasl_library()) {
		log_debug("files are not confined: SASL library");
		return;
	}
	confine(queues, (needs & ROLE_CHANGES_QUEUES) != 0 ? QUEUE_COUNT : 0);
}
