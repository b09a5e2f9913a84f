/*
 * restrict.c - restriction lists: evaluate, stage by stage
 *
 * What each rule decides is in rules.c, how it refuses in restrict_reject.c. A
 * lookup that fails never lets mail in that a working one would have kept out:
 * it is remembered, and what would have been a permit becomes a "try again
 * later".
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/restrict.h"

#include <stdlib.h>
#include <strings.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/rules.h"
#include "daemon/smtpd/session.h"
#include "daemon/smtpd/unlisted.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"

/* ---- evaluating ---- */

static enum restrict_result restrict_eval(struct session *s,
    const struct restrict_list *list, const char *reply_name,
    enum restrict_class class);

static bool
is_known(const struct session *s, unsigned needs)
{
	return ((needs & NEEDS_HELO) == 0 || s->helo != NULL) &&
	    ((needs & NEEDS_SENDER) == 0 || s->sender != NULL) &&
	    ((needs & NEEDS_RCPT) == 0 || s->rcpt != NULL);
}

/* A table's permit has been logged with the word that stands there. */
static void
note_permit(struct session *s, const struct ask *a)
{
	const char *name = a->rule->verb->name;

	if ((a->rule->verb->needs & TAKES_TABLE) != 0 ||
	    strcasecmp(name, "check_policy_service") == 0)
		return;
	if (strcasecmp(name, "permit") == 0)
		restrict_log_permit(s, name, a->class, a->reply_name, NULL);
	else if ((a->rule->verb->needs & NEEDS_RCPT) != 0)
		restrict_log_permit(s, name, CLASS_RCPT, s->rcpt, NULL);
	else
		restrict_log_permit(s, name, CLASS_CLIENT, s->peer.namaddr,
		    NULL);
}

static enum restrict_result
eval_rule(struct session *s, const struct restrict_rule *rule,
    const char *reply_name, enum restrict_class class)
{
	struct ask a = { rule, reply_name, class, 0 };
	enum restrict_result r;

	if (rule->sub != NULL)
		return restrict_eval(s, rule->sub, reply_name, class);
	if (rule->verb == NULL) {
		log_warning("unknown smtpd restriction: \"%s\"", rule->name);
		return restrict_server_error(s);
	}
	if ((rule->verb->needs & TAKES_TABLE) != 0 && rule->maps == NULL) {
		log_warning("restriction %s: bad argument \"%s\": need "
		    "maptype:mapname", rule->name, rule->arg);
		return restrict_server_error(s);
	}
	if (!is_known(s, rule->verb->needs))
		return RESTRICT_DUNNO;
	a.detail = rule->verb->detail;
	r = rule->verb->run(s, &a);
	if (r == RESTRICT_PERMIT)
		note_permit(s, &a);
	return r;
}

/* What stands behind it is never reached. */
static bool
is_final(const struct restrict_rule *rule)
{
	static const char *const names[] = { "permit", "reject", "defer",
	    "check_relay_domains" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(rule->name, names[i]) == 0)
			return true;
	return false;
}

/* One list; a rule made of other rules comes back here. */
static enum restrict_result
restrict_eval(struct session *s, const struct restrict_list *list,
    const char *reply_name, enum restrict_class class)
{
	enum restrict_result r = RESTRICT_DUNNO;
	bool only_warns;
	size_t i;

	if (s->rule_depth > RESTRICT_DEPTH_MAX) {
		log_warning("SMTPD access map, policy or parent map contains a "
		    "loop");
		return restrict_server_error(s);
	}
	s->rule_depth++;
	for (i = 0; r == RESTRICT_DUNNO && i < list->count; i++) {
		only_warns = strcasecmp(list->rules[i].name,
		    "warn_if_reject") == 0;
		if (only_warns && ++i == list->count) {
			log_warning("%s: warn_if_reject needs a restriction "
			    "behind it", list->title);
			break;
		}
		s->warn_depth += only_warns;
		r = eval_rule(s, list->rules + i, reply_name, class);
		if ((r != RESTRICT_DUNNO || s->warn_depth == 0) &&
		    i + 1 < list->count &&
		    is_final(list->rules + i))
			log_warning("restriction `%s' after `%s' is ignored",
			    list->rules[i + 1].name, list->rules[i].name);
		s->warn_depth -= only_warns;
		if (only_warns && r == RESTRICT_REJECT)
			r = RESTRICT_DUNNO;
	}
	s->rule_depth--;
	return r;
}

enum restrict_result
restrict_text(struct session *s, const char *table, const char *text,
    const char *reply_name, enum restrict_class class)
{
	struct restrict_list list;
	enum restrict_result r;

	restrict_parse(&list, table, text, class, false);
	if (list.names_table) {
		log_warning("access table %s has entry with lookup table: %s",
		    table, text);
		log_warning("do not specify lookup tables inside SMTPD access "
		    "maps");
		log_warning("define a restriction class and specify its name "
		    "instead.");
		r = restrict_server_error(s);
	} else {
		r = restrict_eval(s, &list, reply_name, class);
	}
	restrict_done(&list);
	return r;
}

/* ---- stages ---- */

static void
deferral_reset(struct deferral *d)
{
	d->is_active = false;
}

static void
deferral_copy(struct deferral *to, const struct deferral *from)
{
	free(to->text);
	*to = *from;
	to->text = from->text != NULL ? xstrdup(from->text) : NULL;
}

/* A fresh judgement: what earlier recipients met does not count. */
static void
begin(struct session *s, enum restrict_class stage)
{
	s->stage = stage;
	s->warn_depth = s->rule_depth = 0;
	deferral_reset(&s->if_permit);
	deferral_reset(&s->if_reject);
	if (stage == CLASS_CLIENT || params.smtpd_delay_reject)
		return;
	if (stage == CLASS_HELO || stage == CLASS_ETRN)
		deferral_copy(&s->if_permit, s->early +
		    (stage == CLASS_HELO ? CLASS_CLIENT : CLASS_HELO));
	else
		deferral_copy(&s->if_permit, s->early +
		    (stage == CLASS_SENDER ? CLASS_HELO : CLASS_SENDER));
}

/*
 * What client, HELO and sender rules found, when they run ahead of RCPT:
 * later stages go on from there. A new name or sender is judged anew.
 */
static void
keep_early(struct session *s)
{
	int i;

	for (i = (int)s->stage; i <= CLASS_SENDER; i++)
		deferral_copy(s->early + i, &s->if_permit);
}

static const char *
verdict(struct session *s, enum restrict_result r)
{
	return r == RESTRICT_REJECT ? s->reject.ptr : NULL;
}

static enum restrict_result
eval_client(struct session *s)
{
	return restrict_eval(s, &s->env->client, s->peer.namaddr,
	    CLASS_CLIENT);
}

static enum restrict_result
eval_helo(struct session *s)
{
	if (s->helo == NULL)
		return RESTRICT_DUNNO;
	return restrict_eval(s, &s->env->helo, s->helo, CLASS_HELO);
}

static enum restrict_result
eval_sender(struct session *s)
{
	enum restrict_result r;

	if (s->sender == NULL)
		return RESTRICT_DUNNO;
	r = restrict_eval(s, &s->env->sender, s->sender,
	    CLASS_SENDER);
	if (r != RESTRICT_REJECT && params.smtpd_reject_unlisted_sender &&
	    s->sender[0] != '\0')
		r = unlisted_check(s, s->sender, CLASS_SENDER);
	return r;
}

bool
restrict_local_client(struct session *s)
{
	enum restrict_result r;

	begin(s, CLASS_CLIENT);
	s->lets_nobody_in = true;
	r = restrict_eval(s, &s->env->rewrite_clients, s->peer.namaddr,
	    CLASS_CLIENT);
	s->lets_nobody_in = false;
	return r == RESTRICT_PERMIT;
}

const char *
restrict_client(struct session *s)
{
	enum restrict_result r;

	begin(s, CLASS_CLIENT);
	r = eval_client(s);
	keep_early(s);
	return verdict(s, r);
}

const char *
restrict_helo(struct session *s)
{
	enum restrict_result r;

	begin(s, CLASS_HELO);
	r = eval_helo(s);
	keep_early(s);
	return verdict(s, r);
}

const char *
restrict_sender(struct session *s)
{
	enum restrict_result r;

	begin(s, CLASS_SENDER);
	r = eval_sender(s);
	keep_early(s);
	return verdict(s, r);
}

/* Some rule could not be judged: then it is not a yes. */
static enum restrict_result
not_a_yes(struct session *s, enum restrict_result r)
{
	if (r == RESTRICT_REJECT || !s->if_permit.is_active)
		return r;
	s->if_reject.is_active = false;
	return restrict_reject(s, s->if_permit.code, s->if_permit.dsn, "%s",
	    s->if_permit.text);
}

static enum restrict_result
eval_rcpt(struct session *s, const char *name)
{
	const struct restrict_list *order[2] = { &s->env->relay,
	    &s->env->rcpt };
	enum restrict_result r = RESTRICT_DUNNO;
	int i;

	if (!params.smtpd_relay_before_recipient_restrictions) {
		order[0] = &s->env->rcpt;
		order[1] = &s->env->relay;
	}
	for (i = 0; i < 2 && r != RESTRICT_REJECT; i++)
		r = restrict_eval(s, order[i], name, CLASS_RCPT);
	if (r != RESTRICT_REJECT && !s->unlisted_done &&
	    params.smtpd_reject_unlisted_recipient && s->env->checks_unlisted)
		r = unlisted_check(s, s->rcpt, CLASS_RCPT);
	return not_a_yes(s, r);
}

const char *
restrict_rcpt(struct session *s)
{
	enum restrict_result r = RESTRICT_DUNNO;

	/* A message that goes nowhere may go to anybody. */
	if ((s->access_flags & CLEANUP_DISCARD) != 0 || s->is_rcpt_exempt)
		return NULL;
	begin(s, CLASS_RCPT);
	s->unlisted_done = false;
	if (params.smtpd_delay_reject) {
		r = eval_client(s);
		if (r != RESTRICT_REJECT)
			r = eval_helo(s);
		if (r != RESTRICT_REJECT)
			r = eval_sender(s);
	}
	if (r != RESTRICT_REJECT)
		r = eval_rcpt(s, s->rcpt);
	return verdict(s, r);
}

const char *
restrict_etrn(struct session *s, const char *domain)
{
	enum restrict_result r = RESTRICT_DUNNO;

	begin(s, CLASS_ETRN);
	s->etrn_domain = domain;
	if (params.smtpd_delay_reject) {
		r = eval_client(s);
		if (r != RESTRICT_REJECT)
			r = eval_helo(s);
	}
	if (r != RESTRICT_REJECT)
		r = restrict_eval(s, &s->env->etrn, domain, CLASS_ETRN);
	r = not_a_yes(s, r);
	s->etrn_domain = NULL;
	return verdict(s, r);
}

/* At DATA and behind it only a single recipient can be spoken about. */
static const char *
judge_content(struct session *s, const struct restrict_list *list,
    const char *name, enum restrict_class class)
{
	enum restrict_result r;

	begin(s, class);
	s->rcpt = s->rcpt_count == 1 ? xstrdup(s->first_rcpt) : NULL;
	r = not_a_yes(s, restrict_eval(s, list, name, class));
	session_forget(&s->rcpt);
	return verdict(s, r);
}

const char *
restrict_data(struct session *s)
{
	if ((s->access_flags & CLEANUP_DISCARD) != 0)
		return NULL;
	return judge_content(s, &s->env->data, "DATA", CLASS_DATA);
}

const char *
restrict_eod(struct session *s)
{
	if (s->env->eod.count == 0 ||
	    (s->access_flags & CLEANUP_DISCARD) != 0)
		return NULL;
	return judge_content(s, &s->env->eod, "END-OF-MESSAGE", CLASS_EOD);
}
