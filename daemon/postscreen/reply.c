/*
 * reply.c - the last touch of what a client is told: soft_bounce, footers
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/reply.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "daemon/postscreen/config.h"
#include "daemon/serve/reply_text.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/macro.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"

struct names {
	const struct caller *caller;
	char		 localtime[32];
};

/* Raw parameters are not expanded: a default that is another one's value is looked up here. */
static const char *
or_smtpd(const char *value, const char *reference, const char *theirs)
{
	return strcmp(value, reference) == 0 ? theirs : value;
}

/* Less is known of a client here than in smtpd: not its name, nor its mail. */
static const char *
lookup(const char *name, void *ctx)
{
	struct names *n = ctx;
	struct tm tm;
	time_t now = clock_now();

	if (strcmp(name, "client_address") == 0)
		return n->caller->addr;
	if (strcmp(name, "client_port") == 0)
		return n->caller->port;
	if (strcmp(name, "server_name") == 0)
		return params.myhostname;
	if (strcmp(name, "localtime") == 0) {
		strftime(n->localtime, sizeof(n->localtime), "%b %d %H:%M:%S",
		    localtime_r(&now, &tm));
		return n->localtime;
	}
	log_warning("unknown macro name \"%s\" in expansion request", name);
	return NULL;
}

static void
add_footer(struct buf *reply, const struct caller *caller,
    const char *template)
{
	struct names names = { .caller = caller };
	struct buf allowed = BUF_INIT, footer = BUF_INIT;
	struct err err = ERR_INIT;

	text_unescape(&allowed, or_smtpd(params.postscreen_expansion_filter,
	    "$smtpd_expansion_filter", params.smtpd_expansion_filter));
	if (macro_expand(&footer, template, 0, allowed.ptr, lookup, &names,
	    &err) == 0)
		reply_add_footer(reply, footer.ptr);
	else
		log_warning("postscreen_reject_footer: %s", err.text);
	buf_done(&allowed);
	buf_done(&footer);
}

static void
find_footer(struct buf *reply, const struct config *c,
    const struct caller *caller)
{
	struct buf found = BUF_INIT;
	const char *template = or_smtpd(params.postscreen_reject_footer,
	    "$smtpd_reject_footer", params.smtpd_reject_footer);

	if (!maps_is_empty(c->footers) && maps_find(c->footers, reply->ptr,
	    false, &found) == TABLE_FOUND)
		add_footer(reply, caller, found.ptr);
	else if (template[0] != '\0')
		add_footer(reply, caller, template);
	buf_done(&found);
}

void
reply_text(struct buf *out, const char *text)
{
	struct buf reply = BUF_INIT;

	buf_adds(&reply, text);
	if (params.soft_bounce)
		reply_soften(&reply);
	buf_add(out, reply.ptr, reply.len);
	buf_done(&reply);
}

void
reply_put(struct buf *out, const struct config *c,
    const struct caller *caller, const char *text)
{
	struct buf reply = BUF_INIT;

	reply_text(&reply, text);
	if (reply.ptr[0] == '4' || reply.ptr[0] == '5')
		find_footer(&reply, c, caller);
	buf_add(out, reply.ptr, reply.len);
	buf_adds(out, "\r\n");
	buf_done(&reply);
}
