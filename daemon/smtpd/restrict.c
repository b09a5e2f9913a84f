/*
 * restrict.c - restriction lists: parse, evaluate, reject
 *
 * What each rule decides is in rules.c. A lookup that fails never lets mail
 * in that a working one would have kept out: it is remembered, and what would
 * have been a permit becomes a "try again later".
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/restrict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/rules.h"
#include "daemon/smtpd/session.h"
#include "daemon/smtpd/unlisted.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

#define DEPTH_MAX	100	/* rules within rules */

static const char *const class_texts[] = {
	[CLASS_CLIENT] = "Client host", [CLASS_HELO] = "Helo command",
	[CLASS_SENDER] = "Sender address", [CLASS_RCPT] = "Recipient address",
	[CLASS_DATA] = "Data command", [CLASS_EOD] = "End-of-data",
	[CLASS_ETRN] = "Etrn command"
};

const char *
restrict_class_text(enum restrict_class class)
{
	return class_texts[class];
}

/* ---- refusing ---- */

void
restrict_dsn(char out[16], const char *dsn, enum restrict_class class)
{
	/* RFC 3463 3.2: address status, index is the detail of X.1.detail. */
	static const char *const sender[] = { "1.0", "1.7", "1.8", "1.7",
	    "1.7", "1.0", "1.7", "1.7", "1.8" };
	static const char *const rcpt[] = { "1.0", "1.1", "1.2", "1.3", "1.4",
	    "1.5", "1.6", "1.3", "1.2" };
	const char *fit = "0.0";
	int detail;

	snprintf(out, 16, "%s", dsn);
	if (strncmp(dsn + 1, ".1.", 3) != 0)
		return;
	detail = atoi(dsn + 4);
	if (class == CLASS_SENDER)
		fit = detail <= 8 ? sender[detail] :
		    detail == 10 ? "1.10" : "1.0";
	else if (class == CLASS_RCPT)
		fit = detail <= 8 ? rcpt[detail] :
		    detail == 10 ? "1.10" : "1.0";
	if (strcmp(dsn + 2, fit) == 0)
		return;
	snprintf(out, 16, "%c.%s", dsn[0], fit);
	log_info("mapping DSN status %s into %s status %s", dsn,
	    class_texts[class], out);
}

static void
add_address(struct buf *line, const char *what, const char *address)
{
	struct buf text = BUF_INIT;

	if (address == NULL)
		return;
	if (address[0] != '\0')
		address_quote(&text, address);
	buf_addf(line, " %s=<%s>", what, text.ptr);
	buf_done(&text);
}

void
restrict_log(struct session *s, const char *what, const char *text)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s: %s: %s from %s: %s;",
	    s->queue_id != NULL ? s->queue_id : "NOQUEUE", what, s->where,
	    s->peer.namaddr, text);
	add_address(&line, "from", s->sender);
	add_address(&line, "to", s->rcpt != NULL ? s->rcpt :
	    s->rcpt_count == 1 ? s->first_rcpt : NULL);
	buf_addf(&line, " proto=%s", s->protocol);
	if (s->helo != NULL)
		buf_addf(&line, " helo=<%s>", s->helo);
	log_info("%s", line.ptr);
	buf_done(&line);
}

/* Refuse with what is in s->reject after "CODE DSN ". */
static enum restrict_result
refuse(struct session *s, int code, const char *dsn, const char *text)
{
	struct buf reply = BUF_INIT;
	char status[16];

	snprintf(status, sizeof(status), "%s", dsn);
	if (s->if_reject.is_active && s->warn_depth == 0 && code / 100 == 5) {
		code = s->if_reject.code;
		snprintf(status, sizeof(status), "%s", s->if_reject.dsn);
		text = s->if_reject.text;
	}
	if (params.soft_bounce && code / 100 == 5) {
		code -= 100;
		status[0] = '4';
	}
	/* Code and status must not contradict each other (RFC 2034 4). */
	if ((code / 100 == 4 || code / 100 == 5) &&
	    status[0] != '0' + code / 100)
		status[0] = (char)('0' + code / 100);
	buf_addf(&reply, "%d %s ", code, status);
	text_printable(&reply, text, strlen(text), params.smtputf8_enable);
	restrict_log(s, s->warn_depth > 0 ? "reject_warning" : "reject",
	    reply.ptr);
	if (s->warn_depth > 0) {
		buf_done(&reply);
		return RESTRICT_DUNNO;
	}
	buf_swap(&s->reject, &reply);
	buf_done(&reply);
	return RESTRICT_REJECT;
}

enum restrict_result
restrict_reject(struct session *s, int code, const char *dsn, const char *fmt,
    ...)
{
	struct buf text = BUF_INIT;
	enum restrict_result result;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	result = refuse(s, code, dsn, text.ptr);
	buf_done(&text);
	return result;
}

static enum restrict_result
remember(struct session *s, struct deferral *d, int code, const char *dsn,
    const char *fmt, va_list ap)
{
	struct buf text = BUF_INIT;

	buf_vaddf(&text, fmt, ap);
	if (s->warn_depth > 0) {
		struct buf line = BUF_INIT;

		buf_setf(&line, "%d %s %s", code, dsn, text.ptr);
		restrict_log(s, "reject_warning", line.ptr);
		buf_done(&line);
	} else if (!d->is_active) {	/* the first problem is reported */
		d->is_active = true;
		d->code = code;
		snprintf(d->dsn, sizeof(d->dsn), "%s", dsn);
		free(d->text);
		d->text = buf_take(&text);
	}
	buf_done(&text);
	return RESTRICT_DUNNO;
}

enum restrict_result
restrict_defer_if_permit(struct session *s, int code, const char *dsn,
    const char *fmt, ...)
{
	enum restrict_result r;
	va_list ap;

	va_start(ap, fmt);
	r = remember(s, &s->if_permit, code, dsn, fmt, ap);
	va_end(ap);
	return r;
}

enum restrict_result
restrict_defer_if_reject(struct session *s, int code, const char *dsn,
    const char *fmt, ...)
{
	enum restrict_result r;
	va_list ap;

	va_start(ap, fmt);
	r = remember(s, &s->if_reject, code, dsn, fmt, ap);
	va_end(ap);
	return r;
}

enum restrict_result
restrict_server_error(struct session *s)
{
	return restrict_reject(s, 451, "4.3.5", "Server configuration error");
}

/* ---- parsing ---- */

/* What a bare "type:name" does in a list of this class. */
static const struct restrict_verb *
bare_table_verb(enum restrict_class class)
{
	switch (class) {
	case CLASS_HELO:
		return rule_find("check_helo_access");
	case CLASS_SENDER:
		return rule_find("check_sender_access");
	case CLASS_RCPT:
		return rule_find("check_recipient_access");
	case CLASS_ETRN:
		return rule_find("check_etrn_access");
	default:
		return rule_find("check_client_access");
	}
}

static bool
is_class_name(const char *name)
{
	char *copy = xstrdup(params.smtpd_restriction_classes), *rest = copy,
	    *word;
	bool found = false;

	while (!found && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		found = strcasecmp(word, name) == 0;
	free(copy);
	return found;
}

static void
parse_at(struct restrict_list *out, const char *title, const char *text,
    enum restrict_class class, bool has_tables, int depth);

static void
set_class(struct restrict_rule *rule, const char *name,
    enum restrict_class class, bool has_tables, int depth)
{
	const char *value;

	if (depth >= DEPTH_MAX || (value = params_lookup(name)) == NULL)
		return;		/* stays unknown: refused when it is reached */
	rule->sub = xcalloc(1, sizeof(*rule->sub));
	parse_at(rule->sub, rule->name, value, class, has_tables, depth + 1);
}

static bool
is_table_name(const char *word)
{
	return strchr(word, ':') != NULL && *word != '[';
}

static void
set_table(struct restrict_rule *rule, const char *title, bool has_tables)
{
	if (has_tables)
		rule->maps = maps_open(title, rule->arg,
		    SEARCH_ADDRESSES);
}

static void
parse_at(struct restrict_list *out, const char *title, const char *text,
    enum restrict_class class, bool has_tables, int depth)
{
	char *copy = xstrdup(text), *rest = copy, *word, *inner;
	struct restrict_rule *rule;

	*out = (struct restrict_list){ .title = title, .class = class };
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		out->rules = xreallocarray(out->rules, out->count + 1,
		    sizeof(*out->rules));
		rule = out->rules + out->count++;
		memset(rule, 0, sizeof(*rule));
		rule->name = xstrdup(word);
		if (strcasecmp(word, "warn_if_reject") == 0)
			continue;
		if (is_table_name(word) && *word != '{') {
			rule->verb = bare_table_verb(class);
			rule->arg = xstrdup(word);
			set_table(rule, title, has_tables);
			continue;
		}
		if (is_class_name(word)) {
			set_class(rule, rule->name, class, has_tables, depth);
			continue;
		}
		if ((rule->verb = rule_find(word)) == NULL ||
		    (rule->verb->needs & (TAKES_TABLE | TAKES_WORD)) == 0)
			continue;
		if ((word = text_split_braced(&rest, TEXT_LIST_SEP)) == NULL) {
			log_warning("%s: restriction %s needs an argument",
			    title, rule->name);
			rule->verb = NULL;
			break;
		}
		if (*word == '{' && text_brace_strip(word, &inner) == NULL)
			word = inner;
		rule->arg = xstrdup(word);
		if ((rule->verb->needs & TAKES_TABLE) != 0)
			set_table(rule, title, has_tables);
	}
	free(copy);
}

void
restrict_parse(struct restrict_list *out, const char *title, const char *text,
    enum restrict_class class, bool has_tables)
{
	parse_at(out, title, text, class, has_tables, 0);
}

void
restrict_done(struct restrict_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		free(list->rules[i].name);
		free(list->rules[i].arg);
		if (list->rules[i].maps != NULL)
			maps_free(list->rules[i].maps);
		if (list->rules[i].sub != NULL) {
			restrict_done(list->rules[i].sub);
			free(list->rules[i].sub);
		}
	}
	free(list->rules);
	*list = (struct restrict_list){ 0 };
}

bool
restrict_guards_relay(const struct restrict_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct restrict_rule *rule = list->rules + i;

		if (strcasecmp(rule->name, "permit") == 0)
			return false;	/* nothing behind it works */
		if (strcasecmp(rule->name, "warn_if_reject") == 0) {
			i++;
			continue;
		}
		if (rule->verb != NULL &&
		    (rule->verb->needs & GUARDS_RELAY) != 0)
			return true;
		if (rule->sub != NULL && restrict_guards_relay(rule->sub))
			return true;
	}
	return false;
}

/* ---- evaluating ---- */

static bool
is_known(const struct session *s, unsigned needs)
{
	return ((needs & NEEDS_HELO) == 0 || s->helo != NULL) &&
	    ((needs & NEEDS_SENDER) == 0 || s->sender != NULL) &&
	    ((needs & NEEDS_RCPT) == 0 || s->rcpt != NULL);
}

static enum restrict_result
eval_rule(struct session *s, const struct restrict_rule *rule,
    const char *reply_name, enum restrict_class class)
{
	struct ask a = { rule, reply_name, class, 0 };

	if (rule->sub != NULL)
		return restrict_eval(s, rule->sub, reply_name, class);
	if (rule->verb == NULL) {
		log_warning("unknown smtpd restriction: \"%s\"", rule->name);
		return restrict_server_error(s);
	}
	if (!is_known(s, rule->verb->needs))
		return RESTRICT_DUNNO;
	if ((rule->verb->needs & TAKES_TABLE) != 0 && rule->maps == NULL) {
		log_warning("access table has entry with lookup table: %s",
		    rule->arg);
		log_warning("do not specify lookup tables inside SMTPD access "
		    "maps");
		log_warning("define a restriction class and specify its name "
		    "instead.");
		return restrict_server_error(s);
	}
	a.detail = rule->verb->detail;
	return rule->verb->run(s, &a);
}

enum restrict_result
restrict_eval(struct session *s, const struct restrict_list *list,
    const char *reply_name, enum restrict_class class)
{
	enum restrict_result r = RESTRICT_DUNNO;
	bool only_warns;
	size_t i;

	if (s->rule_depth > DEPTH_MAX) {
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
	r = restrict_eval(s, &list, reply_name, class);
	restrict_done(&list);
	return r;
}

/* ---- stages ---- */

static void
deferral_reset(struct deferral *d)
{
	d->is_active = false;
}

/* A fresh judgement: what earlier recipients met does not count. */
static void
begin(struct session *s, enum restrict_class stage)
{
	s->stage = stage;
	s->warn_depth = s->rule_depth = 0;
	deferral_reset(&s->if_permit);
	deferral_reset(&s->if_reject);
	if (s->early_if_permit.is_active) {
		free(s->if_permit.text);
		s->if_permit = s->early_if_permit;
		s->if_permit.text = xstrdup(s->early_if_permit.text);
	}
}

/* What client, HELO and sender rules found, when they run ahead of RCPT. */
static void
keep_early(struct session *s)
{
	if (s->early_if_permit.is_active || !s->if_permit.is_active)
		return;
	free(s->early_if_permit.text);
	s->early_if_permit = s->if_permit;
	s->if_permit.text = NULL;
	s->if_permit.is_active = false;
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
	/* Some rule could not be judged: then it is not a yes. */
	if (r != RESTRICT_REJECT && s->if_permit.is_active) {
		s->if_reject.is_active = false;
		r = refuse(s, s->if_permit.code, s->if_permit.dsn,
		    s->if_permit.text);
	}
	return r;
}

const char *
restrict_rcpt(struct session *s)
{
	enum restrict_result r = RESTRICT_DUNNO;

	/* A message that goes nowhere may go to anybody. */
	if ((s->access_flags & CLEANUP_DISCARD) != 0)
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
	r = restrict_eval(s, list, name, class);
	if (r == RESTRICT_DUNNO && s->if_permit.is_active)
		r = refuse(s, s->if_permit.code, s->if_permit.dsn,
		    s->if_permit.text);
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
