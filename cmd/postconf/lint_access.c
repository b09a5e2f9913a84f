/*
 * lint_access.c - postconf --lint: restriction lists and address classes
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/lint.h"
#include "cmd/postconf/restrict.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/match_list.h"

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
	lint_add(l, v->file, v->line, LINT_ERROR, "name-unknown",
	    restrict_nearest(word),
	    "\"%s\" in %s is no restriction and no class", word, v->name);
}

static bool
is_list(struct lint *l, const struct lint_value *v)
{
	char *classes = lint_value_of(l, v->service,
	    "smtpd_restriction_classes");
	bool found = restrict_is_list(v->name, classes);

	free(classes);
	return found;
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

void
lint_access_value(struct lint *l, const struct lint_value *v)
{
	char *copy, *rest, *word, *over = NULL;
	const struct restriction *r;
	bool is_relay, after_permit = false, only_warns = false;

	if (!is_list(l, v))
		return;
	is_relay = is_relay_list(l, v);
	copy = rest = xstrdup(v->text);
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		r = restrict_find(word);
		if (over != NULL) {
			lint_add(l, v->file, v->line, LINT_WARNING,
			    "restriction-order", "remove it, or move it up",
			    "%s: \"%s\" is never reached after \"%s\"",
			    v->name, word, over);
			break;
		}
		if (r == NULL) {
			if (!restrict_is_table(word) && !is_class(l, v->service, word))
				unknown_restriction(l, v, word);
			continue;
		}
		if (r->has_argument)
			text_split_braced(&rest, TEXT_LIST_SEP);
		if (only_warns || r->effect == RESTRICT_WARNS) {
			only_warns = r->effect == RESTRICT_WARNS;
			continue;
		}
		if (r->effect == RESTRICT_PERMITS || (r->effect == RESTRICT_REJECTS &&
		    strcmp(word, "defer_if_permit") != 0))
			over = word;
		if (r->effect == RESTRICT_GUARDS && after_permit && is_relay)
			lint_add(l, v->file, v->line, LINT_WARNING,
			    "restriction-order", "put the guard first",
			    "%s: a table that answers OK permits relaying, "
			    "since it stands before \"%s\"", v->name, word);
		if (r->effect == RESTRICT_CLIENT || r->effect == RESTRICT_HELO ||
		    r->effect == RESTRICT_SENDER || r->effect == RESTRICT_RCPT)
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
		if (!restrict_is_table(word) && *word != '!' &&
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
	lint_each_value(l, lint_access_value);
	check_pair(l, 0, 1);
	check_pair(l, 0, 2);
	check_pair(l, 1, 2);
	check_pair(l, 1, 3);
	check_pair(l, 2, 3);
}
