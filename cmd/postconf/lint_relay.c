/*
 * lint_relay.c - postconf --lint: may strangers relay?
 *
 * Whether a server is an open relay is not read off the words of a list: the
 * lists are evaluated for a client that is in none of the networks and a
 * recipient in none of the domains, as smtpd would. What a list cannot know
 * (a table that needs a server) makes the answer "perhaps", and then nothing
 * is reported.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/lint.h"
#include "cmd/postconf/restrict.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/ip_pattern.h"
#include "lib/table/match_list.h"
#include "lib/table/table.h"

#define DEPTH_MAX	20	/* classes within classes */
#define WORLD_BITS	8	/* a wider network than this is nobody's own */

/* ---- evaluation ------------------------------------------------------------ */

enum verdict { V_DUNNO, V_PERMIT, V_REJECT, V_PERHAPS };

struct eval {
	struct lint		*l;
	const struct pc_service	*service;
	const char		*client, *recipient, *domain, *sender,
				*sender_domain;
	struct match_list	*mynetworks;
	bool			 is_ours;	/* the recipient's domain */
	int			 depth;
};

static enum verdict	eval_list(struct eval *e, const char *text,
			    enum restrict_effect asks);

/* What a table answers is an action, or a list again. */
static enum verdict
eval_action(struct eval *e, const char *action, enum restrict_effect asks)
{
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(action, " \t,"),
	    action);
	if (isdigit((unsigned char)*word))
		return (*word == '4' || *word == '5') && strlen(word) == 3 &&
		    action[3] != '\0' ? V_REJECT : V_PERMIT;
	if (strcasecmp(word, "OK") == 0 || strcasecmp(word, "RELAY") == 0)
		return V_PERMIT;
	if (strncasecmp(word, "REJECT", 7) == 0 ||
	    strncasecmp(word, "DEFER", 6) == 0 ||
	    strcasecmp(word, "DISCARD") == 0)
		return V_REJECT;
	if (restrict_find(word) != NULL ||
	    main_cf_find(&e->l->pc->scope.cf, word) != NULL)
		return eval_list(e, action, asks);
	return V_DUNNO;
}

/* Only what is on this machine is asked: a lint run disturbs no server. */
static bool
can_open(const char *name)
{
	static const char *const types[] = { "static:", "inline:", "cidr:",
	    "texthash:", "regexp:", "pcre:", "hash:", "btree:", "lmdb:",
	    "cdb:", "gdbm:", "dbm:", "fail:", NULL };
	size_t i;

	for (i = 0; types[i] != NULL; i++)
		if (strncmp(name, types[i], strlen(types[i])) == 0)
			return true;
	return false;
}

static enum verdict
ask_keys(struct eval *e, struct table *t, enum restrict_effect asks)
{
	const char *keys[3] = { NULL, NULL, NULL };
	struct buf value = BUF_INIT;
	enum verdict verdict = V_DUNNO;
	size_t i;

	keys[0] = asks == RESTRICT_CLIENT ? e->client : asks == RESTRICT_SENDER ? e->sender :
	    asks == RESTRICT_HELO ? e->domain : e->recipient;
	if (asks == RESTRICT_RCPT || asks == RESTRICT_SENDER)
		keys[1] = asks == RESTRICT_RCPT ? e->domain : e->sender_domain;
	for (i = 0; keys[i] != NULL; i++) {
		if (i > 0 && table_is_pattern(t))
			break;
		switch (table_lookup(t, keys[i], &value, NULL)) {
		case TABLE_FOUND:
			verdict = eval_action(e, value.ptr, asks);
			goto out;
		case TABLE_NOT_FOUND:
			continue;
		default:
			verdict = V_PERHAPS;
			goto out;
		}
	}
out:
	buf_done(&value);
	return verdict;
}

static enum verdict
eval_table(struct eval *e, const char *word, enum restrict_effect asks)
{
	struct table *t;
	enum verdict verdict;
	char *copy = xstrdup(word), *name = copy, *inner, *rest;

	if (*name == '{' && text_brace_strip(copy, &inner) == NULL) {
		rest = inner;
		name = text_split_braced(&rest, TEXT_LIST_SEP);
	}
	if (asks == RESTRICT_DUNNO || name == NULL) {
		free(copy);
		return V_DUNNO;
	}
	if (!e->l->params_are_loaded || !can_open(name) ||
	    (t = table_open(name, TABLE_READ, TABLE_FOLD, NULL)) == NULL)
		verdict = V_PERHAPS;
	else {
		verdict = ask_keys(e, t, asks);
		table_close(t);
	}
	free(copy);
	return verdict;
}

static enum verdict
eval_class(struct eval *e, const char *name, enum restrict_effect asks)
{
	char *text = lint_value_of(e->l, e->service, name);
	enum verdict verdict = eval_list(e, text, asks);

	free(text);
	return verdict;
}

static enum verdict
eval_one(struct eval *e, const char *word, char **rest, enum restrict_effect asks)
{
	const struct restriction *r = restrict_find(word);
	const char *argument = NULL;

	if (r == NULL)
		return restrict_is_table(word) ? eval_table(e, word, asks) :
		    eval_class(e, word, asks);
	if (r->has_argument)
		argument = text_split_braced(rest, TEXT_LIST_SEP);
	switch (r->effect) {
	case RESTRICT_PERMITS:
		return V_PERMIT;
	case RESTRICT_REJECTS:
		return V_REJECT;
	case RESTRICT_GUARDS:
		return e->is_ours ? V_DUNNO : V_REJECT;
	case RESTRICT_AUTH_DESTINATION:
		return e->is_ours ? V_PERMIT : V_DUNNO;
	case RESTRICT_MYNETWORKS:
		if (e->mynetworks == NULL)
			return V_PERHAPS;
		switch (match_list_find(e->mynetworks, e->client, NULL)) {
		case TABLE_FOUND:
			return V_PERMIT;
		case TABLE_NOT_FOUND:
			return V_DUNNO;
		default:
			return V_PERHAPS;
		}
	case RESTRICT_CLIENT:
	case RESTRICT_HELO:
	case RESTRICT_SENDER:
	case RESTRICT_RCPT:
		return argument != NULL ? eval_table(e, argument, r->effect) :
		    V_DUNNO;
	default:
		return V_DUNNO;
	}
}

static enum verdict
eval_list(struct eval *e, const char *text, enum restrict_effect asks)
{
	char *copy = xstrdup(text), *rest = copy, *word;
	enum verdict verdict = V_DUNNO;
	bool only_warns = false;

	if (++e->depth > DEPTH_MAX)
		verdict = V_PERHAPS;
	while (verdict == V_DUNNO &&
	    (word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		if (strcasecmp(word, "warn_if_reject") == 0) {
			only_warns = true;
			continue;
		}
		verdict = eval_one(e, word, &rest, asks);
		if (only_warns && verdict == V_REJECT)
			verdict = V_DUNNO;
		only_warns = false;
	}
	e->depth--;
	free(copy);
	return verdict;
}

/* ---- the stranger ----------------------------------------------------------- */

/* Is the domain in a list of ours? An answer that cannot be had is a yes. */
static bool
is_in_domains(struct lint *l, const struct pc_service *s, const char *name,
    enum match_kind kind, const char *domain)
{
	char *text = lint_value_of(l, s, name);
	struct match_list *ml = match_list_new(name, kind, text);
	bool found = match_list_find(ml, domain, NULL) != TABLE_NOT_FOUND;

	match_list_free(ml);
	free(text);
	return found;
}

static bool
is_ours(struct lint *l, const struct pc_service *s, const char *domain)
{
	return is_in_domains(l, s, "mydestination", MATCH_STRING, domain) ||
	    is_in_domains(l, s, "relay_domains", MATCH_DOMAIN, domain) ||
	    is_in_domains(l, s, "virtual_alias_domains", MATCH_STRING,
	    domain) ||
	    is_in_domains(l, s, "virtual_mailbox_domains", MATCH_STRING,
	    domain);
}

static const char *const witnesses[] = { "198.51.100.77", "203.0.113.77",
	"192.0.2.77", "8.8.8.8", "2001:db8:77::1", NULL };

/* A network so wide that it holds strangers. */
static void
check_mynetworks(struct lint *l, const struct pc_service *s)
{
	char *text = lint_value_of(l, s, "mynetworks"), *rest = text, *word;
	struct ip_pattern p;
	const char *file;
	int line;

	lint_where(l, s, "mynetworks", &file, &line);
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL)
		if ((strcmp(word, "static:all") == 0 ||
		    (ip_pattern_parse(&p, word, NULL) == 0 &&
		    p.bits < WORLD_BITS)))
			lint_add(l, file, line, LINT_ERROR, "open-relay",
			    "list your own networks only", "mynetworks holds "
			    "%s, so anybody may relay: for example client "
			    "8.8.8.8 to recipient user@elsewhere.example",
			    word);
	free(text);
}

/* Reached by this machine only: whatever it permits, strangers do not get in. */
static bool
is_loopback(const struct pc_service *s)
{
	const char *name = s->fields[PC_F_NAME];

	return strncmp(name, "127.", 4) == 0 ||
	    strncmp(name, "[::1]:", 6) == 0 || strncmp(name, "::1:", 4) == 0 ||
	    strncmp(name, "localhost:", 10) == 0 ||
	    (strcmp(s->fields[PC_F_TYPE], "inet") != 0 &&
	    strcmp(s->fields[PC_F_TYPE], "pass") != 0);
}

/* smtpd does not start without a restriction that can refuse strangers. */
static bool
has_guard(struct eval *e, const char *name, int depth)
{
	char *text = lint_value_of(e->l, e->service, name), *rest = text,
	    *word;
	const struct restriction *r;
	bool found = false;

	while (!found && depth < DEPTH_MAX &&
	    (word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL)
		if ((r = restrict_find(word)) != NULL)
			found = r->effect == RESTRICT_GUARDS || r->effect == RESTRICT_REJECTS;
		else if (!restrict_is_table(word))
			found = has_guard(e, word, depth + 1);
	free(text);
	return found;
}

/* The list that let it through, where a person would look first. */
static void
report_relay(struct eval *e, enum verdict relay)
{
	const char *name = "smtpd_relay_restrictions", *file;
	char *text = lint_value_of(e->l, e->service, name);
	int line;

	if (relay != V_PERMIT && *text == '\0' && main_cf_find(
	    &e->l->pc->scope.cf, "smtpd_recipient_restrictions") != NULL)
		name = "smtpd_recipient_restrictions";
	lint_where(e->l, e->service, name, &file, &line);
	if (!has_guard(e, "smtpd_relay_restrictions", 0) &&
	    !has_guard(e, "smtpd_recipient_restrictions", 0))
		lint_add(e->l, file, line, LINT_ERROR, "restriction-order",
		    "add reject_unauth_destination to "
		    "smtpd_relay_restrictions", "%s has nothing that refuses "
		    "mail for other domains; smtpd will refuse all mail",
		    e->service->key);
	else
		lint_add(e->l, file, line, LINT_ERROR, "open-relay",
		    "put reject_unauth_destination before what permits",
		    "%s relays for strangers: client %s, sender %s, recipient "
		    "%s is permitted", e->service->key, e->client, e->sender,
		    e->recipient);
	free(text);
}

static void
eval_service(struct lint *l, const struct pc_service *s)
{
	struct eval e = { .l = l, .service = s,
	    .domain = "elsewhere.example",
	    .recipient = "user@elsewhere.example",
	    .sender = "stranger@abroad.example",
	    .sender_domain = "abroad.example" };
	char *networks = lint_value_of(l, s, "mynetworks"), *text;
	enum verdict verdict = V_DUNNO, relay = V_DUNNO;
	size_t i;

	e.mynetworks = match_list_new("mynetworks", MATCH_ADDRESS, networks);
	for (i = 0; witnesses[i] != NULL; i++)
		if (match_list_find(e.mynetworks, e.client = witnesses[i],
		    NULL) == TABLE_NOT_FOUND)
			break;
	e.is_ours = is_ours(l, s, e.domain);
	for (i = 0; i < RESTRICT_RELAY_LISTS && verdict != V_REJECT &&
	    verdict != V_PERHAPS; i++) {
		text = lint_value_of(l, s, restrict_lists[i].name);
		verdict = eval_list(&e, text, restrict_lists[i].asks);
		if (strcmp(restrict_lists[i].name, "smtpd_relay_restrictions") == 0)
			relay = verdict;
		free(text);
	}
	if (!e.is_ours && verdict != V_REJECT && verdict != V_PERHAPS)
		report_relay(&e, relay);
	match_list_free(e.mynetworks);
	free(networks);
}

void
lint_relay(struct lint *l)
{
	size_t i;

	if (!l->params_are_loaded)
		return;
	lint_quiet(true);
	check_mynetworks(l, NULL);
	for (i = 0; i < l->pc->service_count; i++) {
		const struct pc_service *s = &l->pc->services[i];

		if (strcmp(s->argv[0], "smtpd") == 0 && !is_loopback(s)) {
			if (main_cf_find(&s->overrides, "mynetworks") != NULL)
				check_mynetworks(l, s);
			eval_service(l, s);
		}
	}
	lint_quiet(false);
}
