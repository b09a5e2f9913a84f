/*
 * resolve_domain.c - from an address to the domain that decides where it goes
 *
 * A domain of ours with a route in front of it ("user%other@us") is peeled off
 * and the rest looked at again. Spec: tables.md 16.5.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/route/resolve_internal.h"

#include <string.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/route/rewrite.h"
#include "lib/route/route_trace.h"
#include "lib/table/local_domain.h"

void
resolve_tell(const struct question *q, const char *what, const char *value,
    const char *parameter, const char *note)
{
	if (!q->is_probe)
		route_tell(what, value, parameter, note);
}

static bool
has_operator(const struct path *p)
{
	size_t at;

	return path_first(p, '@', &at) ||
	    (params.swap_bangpath && path_first(p, '!', &at)) ||
	    (params.allow_percent_hack && path_first(p, '%', &at));
}

/* take_domain - q->domain from the path; false when the path has none */
static bool
take_domain(struct question *q, size_t *at)
{
	size_t len;

	if (!path_last(&q->path, '@', at))
		return false;
	len = q->path.text.len;
	if (len - *at > 2 && q->path.text.ptr[len - 1] == '.' &&
	    q->path.text.ptr[len - 2] != '.')
		path_cut(&q->path, --len);
	/* An open bracket is closed, as if the user had. */
	if (q->path.text.ptr[*at + 1] == '[' &&
	    q->path.text.ptr[len - 1] != ']')
		path_adds(&q->path, "]");
	buf_sets(&q->domain, q->path.text.ptr + *at + 1);
	return true;
}

/* become_local - user without a domain, or with one that is ours */
static void
become_local(struct question *q, size_t local_len)
{
	q->is_local = true;
	if (local_len == 0) {
		q->is_null = true;
		path_set_raw(&q->path, params.empty_address_recipient);
		if (strchr(params.empty_address_recipient, '@') != NULL)
			return;
	} else {
		path_cut(&q->path, local_len);
	}
	path_adds(&q->path, "@");
	path_adds(&q->path, q->domain.ptr);
}

void
resolve_peel(struct question *q)
{
	enum table_result found;
	size_t at;

	for (;;) {
		q->has_domain = take_domain(q, &at);
		if (!q->has_domain) {
			if (path_unhack(&q->path)) {
				path_complete(&q->path, NULL, params.mydomain);
				continue;
			}
			buf_sets(&q->domain, params.myhostname);
			become_local(q, q->path.text.len);
			return;
		}
		if (q->domain.len == 0) {
			if (!params.resolve_null_domain) {
				q->flags |= RESOLVE_ERROR;
				if (at == 0) {
					path_set_raw(&q->path,
					    params.empty_address_recipient);
					path_adds(&q->path, "@");
				}
				return;
			}
			buf_sets(&q->domain, params.myhostname);
			q->has_domain = false;
		} else {
			found = local_domain(q->domain.ptr);
			if (found == TABLE_NOT_FOUND)
				return;
			if (found != TABLE_FOUND) {
				log_warning("mydestination lookup failure");
				q->flags |= RESOLVE_FAIL;
				return;
			}
		}
		path_cut(&q->path, at);
		if (!has_operator(&q->path)) {
			become_local(q, at);
			return;
		}
		path_complete(&q->path, NULL, params.mydomain);
		resolve_tell(q, "local", q->path.text.ptr, NULL,
		    "a domain of ours with a route in front comes off");
	}
}

void
resolve_check_domain(struct question *q)
{
	struct buf literal = BUF_INIT;
	size_t at;

	if (q->domain.ptr[0] == '[') {
		if (!address_is_literal(q->domain.ptr, NULL))
			q->flags |= RESOLVE_ERROR;
		return;
	}
	if (address_is_hostname(q->domain.ptr) &&
	    (params.smtputf8_enable || text_is_ascii(q->domain.ptr)))
		return;
	buf_addf(&literal, "[%s]", q->domain.ptr);
	if (params.resolve_numeric_domain &&
	    address_is_literal(literal.ptr, NULL) &&
	    path_last(&q->path, '@', &at)) {
		path_cut(&q->path, at + 1);
		path_adds(&q->path, literal.ptr);
		buf_sets(&q->domain, literal.ptr);
	} else {
		q->flags |= RESOLVE_ERROR;
	}
	buf_done(&literal);
}

bool
resolve_is_routed(struct question *q)
{
	struct path local = PATH_INIT;
	size_t at;
	bool routed;

	if (q->is_local || !path_last(&q->path, '@', &at))
		return false;
	buf_set(&local.text, q->path.text.ptr, at);
	buf_set(&local.quoted, q->path.quoted.ptr, at);
	routed = has_operator(&local);
	path_done(&local);
	return routed;
}
