/*
 * rewrite.c - complete addresses: routes, bang paths, percent signs, domains
 *
 * An address is taken apart into its characters and, beside them, which of
 * them were quoted: an operator counts only where it was not. What comes out
 * has at most one route left, a domain if the rule gives one, and no trailing
 * dot. Nearly every address that passes has the form user@host.domain already
 * and leaves by the first few lines.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/route/rewrite.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/route/rewrite_client.h"
#include "lib/route/rewrite_internal.h"
#include "lib/route/route_trace.h"

bool rewrite_asks_service;

void
path_done(struct path *p)
{
	buf_done(&p->text);
	buf_done(&p->quoted);
}

static void
path_addc(struct path *p, char c, bool is_quoted)
{
	buf_addc(&p->text, c);
	buf_addc(&p->quoted, is_quoted ? 'q' : ' ');
}

void
path_adds(struct path *p, const char *s)
{
	for (; *s != '\0'; s++)
		path_addc(p, *s, false);
}

void
path_set(struct path *p, const char *external)
{
	bool is_quoted = false;

	buf_reset(&p->text);
	buf_reset(&p->quoted);
	for (; *external != '\0'; external++) {
		if (*external == '"')
			is_quoted = !is_quoted;
		else if (*external == '\\' && external[1] != '\0')
			path_addc(p, *++external, true);
		else if (*external != '\\')
			path_addc(p, *external, is_quoted);
	}
}

void
path_set_raw(struct path *p, const char *internal)
{
	buf_reset(&p->text);
	buf_reset(&p->quoted);
	path_adds(p, internal);
}

bool
path_first(const struct path *p, char c, size_t *at)
{
	size_t i;

	for (i = 0; i < p->text.len; i++)
		if (p->text.ptr[i] == c && p->quoted.ptr[i] == ' ') {
			*at = i;
			return true;
		}
	return false;
}

bool
path_last(const struct path *p, char c, size_t *at)
{
	size_t i;

	for (i = p->text.len; i > 0; i--)
		if (p->text.ptr[i - 1] == c && p->quoted.ptr[i - 1] == ' ') {
			*at = i - 1;
			return true;
		}
	return false;
}

void
path_cut(struct path *p, size_t at)
{
	buf_truncate(&p->text, at);
	buf_truncate(&p->quoted, at);
}

/* path_drop - remove len characters from the front */
static void
path_drop(struct path *p, size_t len)
{
	buf_delete(&p->text, 0, len);
	buf_delete(&p->quoted, 0, len);
}

/* swap_bang - "site!user" becomes user@site, one step */
static void
swap_bang(struct path *p, size_t at)
{
	size_t i;

	path_addc(p, '@', false);
	for (i = 0; i < at; i++)
		path_addc(p, p->text.ptr[i], p->quoted.ptr[i] == 'q');
	path_drop(p, at + 1);
}

bool
path_unhack(struct path *p)
{
	size_t at;

	if (params.swap_bangpath && path_first(p, '!', &at)) {
		swap_bang(p, at);
		return true;
	}
	if (params.allow_percent_hack && path_last(p, '%', &at)) {
		p->text.ptr[at] = '@';
		return true;
	}
	return false;
}

/* tell - a step; origin is what main.cf says, or what it says of strangers' headers */
static void
tell(const struct path *p, const char *origin, const char *parameter,
    const char *note)
{
	route_tell("complete", p->text.ptr,
	    origin == params.remote_header_rewrite_domain ?
	    "remote_header_rewrite_domain" : parameter, note);
}

/* complete_domain - append the rule's domain to a host without dots, and drop a final dot */
static void
complete_domain(struct path *p, size_t at, const char *mydomain)
{
	const char *host = p->text.ptr + at + 1;
	size_t len = strlen(host);

	if (len == 0 || *host == '[')
		return;
	if (len > 1 && host[len - 1] == '.' && host[len - 2] != '.') {
		path_cut(p, p->text.len - 1);
		route_tell("complete", p->text.ptr, NULL,
		    "a final dot comes off");
		return;
	}
	if (mydomain != NULL && *mydomain != '\0' &&
	    params.append_dot_mydomain && strchr(host, '.') == NULL) {
		path_addc(p, '.', false);
		path_adds(p, mydomain);
		tell(p, mydomain, "mydomain", "append_dot_mydomain");
	}
}

void
path_complete(struct path *p, const char *myorigin, const char *mydomain)
{
	size_t at, colon;

	if (p->text.len == 0)
		return;
	/* RFC 5321 4.1.2, appendix F.2: source routes are dropped. */
	if (p->text.ptr[0] == '@' && p->quoted.ptr[0] == ' ' &&
	    path_last(p, ':', &colon)) {
		path_drop(p, colon + 1);
		route_tell("complete", p->text.ptr, NULL,
		    "a source route comes off");
	}
	if (path_last(p, '@', &at)) {
		;
	} else if (path_unhack(p)) {
		route_tell("complete", p->text.ptr, NULL,
		    "a route that is written as '!' or '%'");
	} else if (myorigin != NULL && *myorigin != '\0' &&
	    params.append_at_myorigin) {
		path_addc(p, '@', false);
		path_adds(p, myorigin);
		tell(p, myorigin, "myorigin", "append_at_myorigin");
	}
	if (path_last(p, '@', &at))
		complete_domain(p, at, mydomain);
}

/* is_complete - user@host.domain and nothing to do, whatever the rule */
static bool
is_complete(const char *address)
{
	const char *at = strchr(address, '@'), *dot;
	size_t len;

	if (at == NULL || at == address || strpbrk(address, "\"\\") != NULL ||
	    strchr(at + 1, '@') != NULL)
		return false;
	if (at[1] == '[')
		return true;
	dot = strchr(at + 1, '.');
	len = strlen(at + 1);
	return dot != NULL && at[len] != '.';
}

static void
complete_by_rule(enum rewrite_rule rule, struct path *p)
{
	if (rule == REWRITE_LOCAL)
		path_complete(p, params.myorigin, params.mydomain);
	else
		path_complete(p, params.remote_header_rewrite_domain,
		    params.remote_header_rewrite_domain);
}

void
rewrite_address(enum rewrite_rule rule, const char *address, struct buf *out)
{
	struct path p = PATH_INIT;
	struct buf internal = BUF_INIT;

	buf_reset(out);
	if (rewrite_asks_service && rewrite_client_address(rule, address, out))
		return;
	if (is_complete(address)) {
		address_unquote(&internal, address);
		address_quote(out, internal.ptr);
		buf_done(&internal);
		return;
	}
	path_set(&p, address);
	complete_by_rule(rule, &p);
	address_quote(out, p.text.ptr);
	path_done(&p);
}

void
rewrite_internal(enum rewrite_rule rule, const char *address, struct buf *out)
{
	struct path p = PATH_INIT;
	struct buf external = BUF_INIT, answer = BUF_INIT;

	if (!rewrite_asks_service && is_complete(address)) {
		buf_sets(out, address);
		return;
	}
	address_quote(&external, address);
	if (rewrite_asks_service &&
	    rewrite_client_address(rule, external.ptr, &answer)) {
		buf_reset(out);
		address_unquote(out, answer.ptr);
		buf_done(&answer);
		buf_done(&external);
		return;
	}
	path_set(&p, external.ptr);
	complete_by_rule(rule, &p);
	buf_set(out, p.text.ptr, p.text.len);
	buf_done(&external);
	path_done(&p);
}

void
rewrite_local(const char *address, struct buf *out)
{
	rewrite_internal(REWRITE_LOCAL, address, out);
}
