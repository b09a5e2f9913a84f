/*
 * lint_access.c - postconf --lint: restriction lists and address classes
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

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params_docs.h"
#include "lib/table/ip_pattern.h"
#include "lib/table/match_list.h"
#include "lib/table/table.h"

#define DEPTH_MAX	20	/* classes within classes */
#define WORLD_BITS	8	/* a wider network than this is nobody's own */

/* ---- what may stand in a list --------------------------------------------- */

enum effect {
	DUNNO,			/* never decides for a stranger who behaves */
	PERMITS, REJECTS,
	GUARDS,			/* rejects what is not for a domain of ours */
	MYNETWORKS, AUTH_DESTINATION,
	WARNS,			/* what follows only warns */
	CLIENT, HELO, SENDER, RCPT	/* asks a table with that key */
};

static const struct restriction {
	const char	*name;
	enum effect	 effect;
	bool		 has_argument;
} restrictions[] = {
	{ "permit", PERMITS, false },
	{ "reject", REJECTS, false },
	{ "defer", REJECTS, false },
	{ "defer_if_permit", REJECTS, false },
	{ "defer_if_reject", DUNNO, false },
	{ "warn_if_reject", WARNS, false },
	{ "reject_unauth_destination", GUARDS, false },
	{ "defer_unauth_destination", GUARDS, false },
	{ "check_relay_domains", GUARDS, false },
	{ "permit_mynetworks", MYNETWORKS, false },
	{ "permit_auth_destination", AUTH_DESTINATION, false },
	{ "check_client_access", CLIENT, true },
	{ "check_address_map", CLIENT, true },
	{ "check_helo_access", HELO, true },
	{ "check_sender_access", SENDER, true },
	{ "check_recipient_access", RCPT, true },
	{ "check_ccert_access", DUNNO, true },
	{ "check_sasl_access", DUNNO, true },
	{ "check_etrn_access", DUNNO, true },
	{ "check_reverse_client_hostname_access", DUNNO, true },
	{ "check_client_a_access", DUNNO, true },
	{ "check_client_mx_access", DUNNO, true },
	{ "check_client_ns_access", DUNNO, true },
	{ "check_reverse_client_hostname_a_access", DUNNO, true },
	{ "check_reverse_client_hostname_mx_access", DUNNO, true },
	{ "check_reverse_client_hostname_ns_access", DUNNO, true },
	{ "check_helo_a_access", DUNNO, true },
	{ "check_helo_mx_access", DUNNO, true },
	{ "check_helo_ns_access", DUNNO, true },
	{ "check_sender_a_access", DUNNO, true },
	{ "check_sender_mx_access", DUNNO, true },
	{ "check_sender_ns_access", DUNNO, true },
	{ "check_recipient_a_access", DUNNO, true },
	{ "check_recipient_mx_access", DUNNO, true },
	{ "check_recipient_ns_access", DUNNO, true },
	/* A policy service leaves alone what it does not refuse. */
	{ "check_policy_service", DUNNO, true },
	{ "check_recipient_maps", DUNNO, false },
	{ "permit_inet_interfaces", DUNNO, false },
	{ "permit_sasl_authenticated", DUNNO, false },
	{ "permit_tls_clientcerts", DUNNO, false },
	{ "permit_tls_all_clientcerts", DUNNO, false },
	{ "permit_mx_backup", DUNNO, false },
	{ "permit_naked_ip_address", DUNNO, false },
	{ "permit_dnswl_client", DUNNO, true },
	{ "permit_rhswl_client", DUNNO, true },
	{ "reject_rbl_client", DUNNO, true },
	{ "reject_rhsbl_client", DUNNO, true },
	{ "reject_rhsbl_reverse_client", DUNNO, true },
	{ "reject_rhsbl_helo", DUNNO, true },
	{ "reject_rhsbl_sender", DUNNO, true },
	{ "reject_rhsbl_recipient", DUNNO, true },
	{ "reject_maps_rbl", DUNNO, false },
	{ "reject_unauth_pipelining", DUNNO, false },
	{ "reject_plaintext_session", DUNNO, false },
	{ "reject_unknown_client", DUNNO, false },
	{ "reject_unknown_client_hostname", DUNNO, false },
	{ "reject_unknown_reverse_client_hostname", DUNNO, false },
	{ "reject_unknown_forward_client_hostname", DUNNO, false },
	{ "reject_invalid_hostname", DUNNO, false },
	{ "reject_invalid_helo_hostname", DUNNO, false },
	{ "reject_non_fqdn_hostname", DUNNO, false },
	{ "reject_non_fqdn_helo_hostname", DUNNO, false },
	{ "reject_unknown_hostname", DUNNO, false },
	{ "reject_unknown_helo_hostname", DUNNO, false },
	{ "reject_non_fqdn_sender", DUNNO, false },
	{ "reject_unknown_address", DUNNO, false },
	{ "reject_unknown_sender_domain", DUNNO, false },
	{ "reject_unlisted_sender", DUNNO, false },
	{ "reject_unverified_sender", DUNNO, false },
	{ "reject_sender_login_mismatch", DUNNO, false },
	{ "reject_authenticated_sender_login_mismatch", DUNNO, false },
	{ "reject_unauthenticated_sender_login_mismatch", DUNNO, false },
	{ "reject_known_sender_login_mismatch", DUNNO, false },
	{ "reject_non_fqdn_recipient", DUNNO, false },
	{ "reject_unknown_recipient_domain", DUNNO, false },
	{ "reject_unlisted_recipient", DUNNO, false },
	{ "reject_unverified_recipient", DUNNO, false },
	{ "reject_multi_recipient_bounce", DUNNO, false },
	{ "sleep", DUNNO, true },
};

static const struct restriction *
find_restriction(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(restrictions) / sizeof(restrictions[0]); i++)
		if (strcasecmp(restrictions[i].name, name) == 0)
			return &restrictions[i];
	return NULL;
}

/* What a bare table in the list is asked with. */
static const struct list {
	const char	*name;
	enum effect	 asks;
} lists[] = {
	{ "smtpd_client_restrictions", CLIENT },
	{ "smtpd_helo_restrictions", HELO },
	{ "smtpd_sender_restrictions", SENDER },
	{ "smtpd_relay_restrictions", RCPT },
	{ "smtpd_recipient_restrictions", RCPT },
	{ "smtpd_data_restrictions", DUNNO },
	{ "smtpd_end_of_data_restrictions", DUNNO },
	{ "smtpd_etrn_restrictions", DUNNO },
};

#define LIST_COUNT	(sizeof(lists) / sizeof(lists[0]))
#define RELAY_LISTS	5	/* those that an ordinary recipient passes */

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
			    enum effect asks);

static bool
is_table(const char *word)
{
	return *word == '{' || strchr(word, ':') != NULL ||
	    *word == '/';
}

/* What a table answers is an action, or a list again. */
static enum verdict
eval_action(struct eval *e, const char *action, enum effect asks)
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
	if (find_restriction(word) != NULL ||
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
ask_keys(struct eval *e, struct table *t, enum effect asks)
{
	const char *keys[3] = { NULL, NULL, NULL };
	struct buf value = BUF_INIT;
	enum verdict verdict = V_DUNNO;
	size_t i;

	keys[0] = asks == CLIENT ? e->client : asks == SENDER ? e->sender :
	    asks == HELO ? e->domain : e->recipient;
	if (asks == RCPT || asks == SENDER)
		keys[1] = asks == RCPT ? e->domain : e->sender_domain;
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
eval_table(struct eval *e, const char *word, enum effect asks)
{
	struct table *t;
	enum verdict verdict;
	char *copy = xstrdup(word), *name = copy, *inner, *rest;

	if (*name == '{' && text_brace_strip(copy, &inner) == NULL) {
		rest = inner;
		name = text_split_braced(&rest, TEXT_LIST_SEP);
	}
	if (asks == DUNNO || name == NULL) {
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
eval_class(struct eval *e, const char *name, enum effect asks)
{
	char *text = lint_value_of(e->l, e->service, name);
	enum verdict verdict = eval_list(e, text, asks);

	free(text);
	return verdict;
}

static enum verdict
eval_one(struct eval *e, const char *word, char **rest, enum effect asks)
{
	const struct restriction *r = find_restriction(word);
	const char *argument = NULL;

	if (r == NULL)
		return is_table(word) ? eval_table(e, word, asks) :
		    eval_class(e, word, asks);
	if (r->has_argument)
		argument = text_split_braced(rest, TEXT_LIST_SEP);
	switch (r->effect) {
	case PERMITS:
		return V_PERMIT;
	case REJECTS:
		return V_REJECT;
	case GUARDS:
		return e->is_ours ? V_DUNNO : V_REJECT;
	case AUTH_DESTINATION:
		return e->is_ours ? V_PERMIT : V_DUNNO;
	case MYNETWORKS:
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
	case CLIENT:
	case HELO:
	case SENDER:
	case RCPT:
		return argument != NULL ? eval_table(e, argument, r->effect) :
		    V_DUNNO;
	default:
		return V_DUNNO;
	}
}

static enum verdict
eval_list(struct eval *e, const char *text, enum effect asks)
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
		if ((r = find_restriction(word)) != NULL)
			found = r->effect == GUARDS || r->effect == REJECTS;
		else if (!is_table(word))
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
	for (i = 0; i < RELAY_LISTS && verdict != V_REJECT &&
	    verdict != V_PERHAPS; i++) {
		text = lint_value_of(l, s, lists[i].name);
		verdict = eval_list(&e, text, lists[i].asks);
		if (strcmp(lists[i].name, "smtpd_relay_restrictions") == 0)
			relay = verdict;
		free(text);
	}
	if (!e.is_ours && verdict != V_REJECT && verdict != V_PERHAPS)
		report_relay(&e, relay);
	match_list_free(e.mynetworks);
	free(networks);
}

/* ---- order and names --------------------------------------------------------- */

static bool
is_class(const struct lint *l, const struct pc_service *s, const char *word)
{
	return pc_class(l->pc, word, NULL) == PC_USER ||
	    (s != NULL && pc_names_find(&s->names, word) != NULL);
}

static void
unknown_restriction(struct lint *l, const struct lint_value *v,
    const char *word)
{
	const char *hint = NULL;
	size_t n = strlen(word), i;

	/* Nearly the same: one letter too many, too few, or changed. */
	for (i = 0; i < sizeof(restrictions) / sizeof(restrictions[0]); i++) {
		const char *known = restrictions[i].name;
		size_t head = 0, tail = 0, m = strlen(known);

		while (head < n && head < m && word[head] == known[head])
			head++;
		while (tail < n - head && tail < m - head &&
		    word[n - 1 - tail] == known[m - 1 - tail])
			tail++;
		if (head + tail + 2 >= (n > m ? n : m) && n + 2 >= m)
			hint = known;
	}
	lint_add(l, v->file, v->line, LINT_ERROR, "name-unknown", hint,
	    "\"%s\" in %s is no restriction and no class", word, v->name);
}

static bool
is_list(struct lint *l, const struct lint_value *v)
{
	char *names, *rest, *word;
	size_t i;

	for (i = 0; i < LIST_COUNT; i++)
		if (strcmp(lists[i].name, v->name) == 0)
			return true;
	names = rest = lint_value_of(l, v->service,
	    "smtpd_restriction_classes");
	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL &&
	    strcmp(word, v->name) != 0)
		;
	free(names);
	return word != NULL;
}

/*
 * Is this the list that keeps strangers from relaying? The recipient list is
 * only where the relay list has no guard.
 */
static bool
is_relay_list(struct lint *l, const struct lint_value *v)
{
	char *relay;
	bool has_guard;

	if (strcmp(v->name, "smtpd_recipient_restrictions") != 0)
		return strcmp(v->name, "smtpd_relay_restrictions") == 0;
	relay = lint_value_of(l, v->service, "smtpd_relay_restrictions");
	has_guard = strstr(relay, "unauth_destination") != NULL ||
	    strstr(relay, "reject") != NULL;
	free(relay);
	return !has_guard;
}

static void
check_list(struct lint *l, const struct lint_value *v)
{
	char *copy, *rest, *word, *over = NULL;
	const struct restriction *r;
	bool is_relay, after_permit = false;

	if (!is_list(l, v))
		return;
	is_relay = is_relay_list(l, v);
	copy = rest = xstrdup(v->text);
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		r = find_restriction(word);
		if (over != NULL) {
			lint_add(l, v->file, v->line, LINT_WARNING,
			    "restriction-order", "remove it, or move it up",
			    "%s: \"%s\" is never reached after \"%s\"",
			    v->name, word, over);
			break;
		}
		if (r == NULL) {
			if (!is_table(word) && !is_class(l, v->service, word))
				unknown_restriction(l, v, word);
			continue;
		}
		if (r->has_argument)
			text_split_braced(&rest, TEXT_LIST_SEP);
		if (r->effect == WARNS) {
			text_split_braced(&rest, TEXT_LIST_SEP);
			continue;
		}
		if (r->effect == PERMITS || (r->effect == REJECTS &&
		    strcmp(word, "defer_if_permit") != 0))
			over = word;
		if (r->effect == GUARDS && after_permit && is_relay)
			lint_add(l, v->file, v->line, LINT_WARNING,
			    "restriction-order", "put the guard first",
			    "%s: a table that answers OK permits relaying, "
			    "since it stands before \"%s\"", v->name, word);
		if (r->effect == CLIENT || r->effect == HELO ||
		    r->effect == SENDER || r->effect == RCPT)
			after_permit = true;
	}
	free(copy);
}

/* ---- one domain, two classes --------------------------------------------------- */

static const struct {
	const char	*name;
	enum match_kind	 kind;
} classes[] = {
	{ "mydestination", MATCH_STRING },
	{ "virtual_alias_domains", MATCH_STRING },
	{ "virtual_mailbox_domains", MATCH_STRING },
	{ "relay_domains", MATCH_DOMAIN },
};

static bool
names_domain(const char *list, const char *domain)
{
	char *copy = xstrdup(list), *rest = copy, *word;
	bool found = false;

	while (!found &&
	    (word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL)
		found = strcasecmp(word, domain) == 0;
	free(copy);
	return found;
}

static void
check_pair(struct lint *l, size_t a, size_t b)
{
	char *first = lint_value_of(l, NULL, classes[a].name);
	char *second = lint_value_of(l, NULL, classes[b].name);
	char *rest = first, *word;
	const char *file;
	int line;

	lint_where(l, NULL, main_cf_find(&l->pc->scope.cf,
	    classes[b].name) != NULL ? classes[b].name : classes[a].name,
	    &file, &line);
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL)
		if (!is_table(word) && *word != '!' &&
		    names_domain(second, word))
			lint_add(l, file, line, LINT_ERROR, "domain-twice",
			    "keep it in one of them", "\"%s\" is in both %s "
			    "and %s", word, classes[a].name, classes[b].name);
	free(first);
	free(second);
}

void
lint_access(struct lint *l)
{
	size_t i;

	lint_each_value(l, check_list);
	check_pair(l, 0, 1);
	check_pair(l, 0, 2);
	check_pair(l, 1, 2);
	check_pair(l, 1, 3);
	check_pair(l, 2, 3);
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
