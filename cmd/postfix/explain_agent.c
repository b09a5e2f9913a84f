/*
 * explain_agent.c - what the transport at the end does: limits, TLS, login
 *
 * Limits are the queue manager's, the rest is an SMTP client's, each with the
 * options of its own line in master.cf. Who answers for a domain is DNS's
 * business, and nothing is asked here: so hosts that only DNS can name are not
 * looked up in tables of hosts.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postfix/explain.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/conf/service_params.h"
#include "lib/net/tls_grammar.h"
#include "lib/route/rewrite.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

#define PICK(lmtp, smtp)	(is_lmtp ? (lmtp) : (smtp))
#define TITLE(name)	(is_lmtp ? "lmtp_" name : "smtp_" name)

static void
find_limits(const struct explain_question *q, struct explain_way *w)
{
	const struct master_service *s = service_params_find(&q->master_cf,
	    w->transport.ptr);
	struct explain_agent *a = &w->agent;
	const char *name = w->transport.ptr;

	if (s == NULL) {
		a->is_unknown = true;
		w->verdict = explain_worse(w->verdict, EXPLAIN_NO_ROUTE);
		return;
	}
	a->concurrency = params_service_int(name,
	    "destination_concurrency_limit");
	a->recipients = params_service_int(name,
	    "destination_recipient_limit");
	a->rate_delay_s = params_service_time(name, "destination_rate_delay");
	a->transport_delay_s = params_service_time(name,
	    "transport_rate_delay");
	a->processes = s->maxproc;
	a->is_put_off = text_list_has(params.defer_transports, name);
	a->has_client = strcmp(s->command, "smtp") == 0 ||
	    strcmp(s->command, "lmtp") == 0;
}

/* ---- TLS ---- */

/* The policy table's word; false: it has none. */
static bool
ask_policies(const struct explain_question *q, struct explain_way *w,
    bool is_lmtp)
{
	struct explain_agent *a = &w->agent;
	const char *title = TITLE("tls_policy_maps"), *list =
	    PICK(params.lmtp_tls_policy_maps, params.smtp_tls_policy_maps);
	struct buf value = BUF_INIT;
	enum table_result found;
	struct maps *maps;
	char *word;

	if (*list == '\0')
		return false;
	maps = maps_open(title, list, SEARCH_ADDRESSES);
	found = search_nexthop(maps, w->nexthop.ptr, &value);
	if (found != TABLE_NOT_FOUND)
		explain_step_hit(q, &a->tls_step, "tls", value.ptr, title);
	word = xstrndup(value.ptr, strcspn(value.ptr, TEXT_LIST_SEP));
	if (found == TABLE_FOUND && tls_level_parse(word) != TLS_LEVEL_BAD) {
		buf_sets(&a->tls, value.ptr);
	} else if (found != TABLE_NOT_FOUND) {
		buf_sets(&a->tls, found == TABLE_FOUND ?
		    "no such level: nothing is sent" :
		    "the table cannot answer: nothing is sent");
		w->verdict = explain_worse(w->verdict, EXPLAIN_FAILED);
	}
	free(word);
	maps_free(maps);
	buf_done(&value);
	return found != TABLE_NOT_FOUND;
}

static void
find_tls(const struct explain_question *q, struct explain_way *w, bool is_lmtp)
{
	const char *text = PICK(params.lmtp_tls_security_level,
	    params.smtp_tls_security_level);
	bool uses = PICK(params.lmtp_use_tls, params.smtp_use_tls);
	bool enforces = PICK(params.lmtp_enforce_tls, params.smtp_enforce_tls);
	struct explain_agent *a = &w->agent;
	const char *parameter = *text != '\0' ? TITLE("tls_security_level") :
	    enforces ? TITLE("enforce_tls") : uses ? TITLE("use_tls") :
	    TITLE("tls_security_level");
	enum tls_level level;

	if (!ask_policies(q, w, is_lmtp)) {
		level = tls_level_of_client(text, uses, enforces,
		    PICK(params.lmtp_tls_enforce_peername,
		    params.smtp_tls_enforce_peername));
		buf_sets(&a->tls, level == TLS_LEVEL_BAD ?
		    "no such level: nothing is sent" : tls_level_name(level));
		if (level == TLS_LEVEL_BAD)
			w->verdict = explain_worse(w->verdict, EXPLAIN_FAILED);
		explain_step_of(q, &a->tls_step, "tls", a->tls.ptr, parameter);
	}
	if (PICK(params.lmtp_tls_wrappermode, params.smtp_tls_wrappermode))
		buf_adds(&a->tls, ", from the first byte");
	if (*PICK(params.lmtp_tls_policy_maps, params.smtp_tls_policy_maps) ==
	    '\0' && *PICK(params.lmtp_tls_per_site,
	    params.smtp_tls_per_site) != '\0')
		buf_addf(&a->tls, ", unless %s says more",
		    TITLE("tls_per_site"));
}

/* ---- login ---- */

/* "[host]:port", "host:port": the name in it */
static char *
host_of(const char *nexthop)
{
	if (*nexthop == '[')
		return xstrndup(nexthop + 1, strcspn(nexthop + 1, "]"));
	return xstrndup(nexthop, strcspn(nexthop, ":"));
}

/* A file may be named; "inline:{...}" and "static:user:password" are what they hold. */
static bool
is_file_name(const char *table)
{
	const char *slash = strchr(table, '/');

	return slash != NULL && slash > table && slash[-1] == ':' &&
	    strchr(table, '{') == NULL;
}

static void
find_login(const struct explain_question *q, struct explain_way *w,
    bool is_lmtp)
{
	struct explain_agent *a = &w->agent;
	const char *title = TITLE("sasl_password_maps");
	bool by_sender = PICK(params.lmtp_sender_dependent_authentication,
	    params.smtp_sender_dependent_authentication);
	struct buf value = BUF_INIT;
	struct maps *maps;
	char *host;

	if (!PICK(params.lmtp_sasl_auth_enable, params.smtp_sasl_auth_enable)) {
		buf_sets(&a->login, "not wanted");
		explain_step_of(q, &a->login_step, "login", "not wanted",
		    TITLE("sasl_auth_enable"));
		return;
	}
	host = host_of(w->nexthop.ptr);
	maps = maps_open(title, PICK(params.lmtp_sasl_password_maps,
	    params.smtp_sasl_password_maps), SEARCH_ADDRESSES);
	switch (search_password(maps, by_sender ? q->sender_rewritten.ptr :
	    NULL, host, w->nexthop.ptr, &value)) {
	case TABLE_FOUND:
		buf_sets(&a->login, "present");
		break;
	case TABLE_NOT_FOUND:
		buf_sets(&a->login, "none");
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		buf_sets(&a->login, "the table cannot answer");
		w->verdict = explain_worse(w->verdict, EXPLAIN_FAILED);
		break;
	}
	/* What was found stays here, and a table that holds it in its name. */
	explain_step_hit(q, &a->login_step, "login", a->login.ptr, title);
	if (a->login_step.table != NULL &&
	    !is_file_name(a->login_step.table))
		a->login_step.table[strcspn(a->login_step.table, ":")] = '\0';
	if (w->nexthop.ptr[0] != '[')
		a->login_step.note = xstrdup("hosts that MX records name are "
		    "asked for first");
	maps_free(maps);
	free(host);
	buf_done(&value);
}

/* ---- the whole ---- */

static bool
is_sent(const struct explain_way *w)
{
	return (w->flags & (RESOLVE_ERROR | RESOLVE_FAIL)) == 0;
}

void
explain_agents(const struct explain_question *q, struct explanation *x)
{
	struct explain_steps none = { NULL, 0 };
	const struct master_service *s;
	struct explain_way *w;
	bool is_lmtp;

	explain_load(q, params.queue_service_name);
	for (w = x->ways; w < x->ways + x->way_count; w++)
		if (is_sent(w))
			find_limits(q, w);
	/* Lookups are heard for their places only: they are of passwords. */
	explain_listen(q, &none, NULL, 0);
	for (w = x->ways; w < x->ways + x->way_count; w++) {
		if (!w->agent.has_client)
			continue;
		s = service_params_find(&q->master_cf, w->transport.ptr);
		is_lmtp = strcmp(s->command, "lmtp") == 0;
		explain_load(q, s->name);
		find_tls(q, w, is_lmtp);
		find_login(q, w, is_lmtp);
	}
	explain_listen(q, NULL, NULL, 0);
}
