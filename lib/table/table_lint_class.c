/*
 * table_lint_class.c - what each class of tables must look like
 *
 * A class is a check of the left side, a check of the right side, and
 * whether entries can lead to each other in a circle.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_lint_class.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address_list.h"
#include "lib/table/ip_pattern.h"
#include "lib/table/maps.h"

/* Left sides. */

static void
check_no_wildcard(struct lint *l, const char *key)
{
	if (strchr(key, '*') != NULL || strchr(key, '?') != NULL)
		lint_finding(l, "\"%s\": * and ? are no wildcards here; use "
		    "@domain, or a regexp: or pcre: table", key);
}

/* Parent-domain forms that the configured style never asks for (15.5). */
static void
check_parent_form(struct lint *l, const char *key, const char *parameter)
{
	if (key[0] == '.' && maps_parent_style(parameter))
		lint_finding(l, "\"%s\" never matches: parent_domain_matches_"
		    "subdomains lists %s, so \"%s\" matches subdomains", key,
		    parameter, key + 1);
}

static void
key_address(struct lint *l, const char *key)
{
	const char *at = strrchr(key, '@');

	check_no_wildcard(l, key);
	if (at == NULL && strchr(key, '.') != NULL)
		lint_finding(l, "\"%s\" is asked as a local part only; for a whole "
		    "domain write \"@%s\"", key, key);
	if (at != NULL && at[1] == '\0')
		lint_finding(l, "\"%s\" has nothing behind the @", key);
	if (at != NULL && at[1] == '.')
		lint_finding(l, "\"%s\": subdomains are not searched here", key);
}

/* virtual tables also name their domains: "example.com anything". */
static void
key_virtual(struct lint *l, const char *key)
{
	const char *at = strrchr(key, '@');

	check_no_wildcard(l, key);
	if (at != NULL && (at[1] == '\0' || at[1] == '.'))
		lint_finding(l, "\"%s\" is no address", key);
}

static void
key_access(struct lint *l, const char *key)
{
	struct ip_pattern pattern;

	if (strchr(key, '/') != NULL &&
	    ip_pattern_parse(&pattern, key, NULL) == 0)
		lint_finding(l, "\"%s\": networks with a mask need a cidr: table",
		    key);
	if (key[0] == '@')
		lint_finding(l, "\"%s\" never matches: write \"%s\"", key, key + 1);
	check_no_wildcard(l, key);
	check_parent_form(l, key, "smtpd_access_maps");
}

static void
key_transport(struct lint *l, const char *key)
{
	if (key[0] == '@')
		lint_finding(l, "\"%s\" never matches: write \"%s\"", key, key + 1);
	if (strcmp(key, "*") != 0)
		check_no_wildcard(l, key);
	check_parent_form(l, key, "transport_maps");
}

static void
key_any(struct lint *l, const char *key)
{
	(void)l, (void)key;
}

/* Right sides. */

static void
value_any(struct lint *l, const char *value)
{
	(void)l, (void)value;
}

static bool
is_in(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcasecmp(word, *list) == 0)
			return true;
	return false;
}

/* The first word of value into word; returns the rest. */
static const char *
first_word(const char *value, char *word, size_t size)
{
	size_t n = strcspn(value, " \t");

	snprintf(word, size, "%.*s", (int)(n < size ? n : size - 1), value);
	return text_skip_blank(value + n);
}

/* What follows FILTER, REDIRECT, BCC, PREPEND (17.2, 18). */
static void
check_argument(struct lint *l, const char *action, const char *text)
{
	if (strcasecmp(action, "FILTER") == 0 && strchr(text, ':') == NULL)
		lint_finding(l, "FILTER needs transport:destination");
	else if ((strcasecmp(action, "REDIRECT") == 0 ||
	    strcasecmp(action, "BCC") == 0) && strchr(text, '@') == NULL)
		lint_finding(l, "%s needs user@domain", action);
	else if (strcasecmp(action, "PREPEND") == 0 && *text == '\0')
		lint_finding(l, "PREPEND needs text");
}

/* A restriction or class of restrictions that an access result may name. */
static bool
is_restriction(const char *word)
{
	static const char *const starts[] = { "permit", "reject", "defer",
		"warn_if_reject", "check_", "sleep", NULL };
	size_t i;

	for (i = 0; starts[i] != NULL; i++)
		if (strncasecmp(word, starts[i], strlen(starts[i])) == 0)
			return true;
	return text_list_has(params.smtpd_restriction_classes, word);
}

static void
value_access(struct lint *l, const char *value)
{
	static const char *const actions[] = { "OK", "RELAY", "REJECT",
		"DEFER", "DEFER_IF_REJECT", "DEFER_IF_PERMIT", "DUNNO",
		"FILTER", "HOLD", "DISCARD", "REDIRECT", "BCC", "PREPEND",
		"INFO", "WARN", "HANGUP", NULL };
	size_t digits = strspn(value, "0123456789");
	char word[128];
	const char *rest = first_word(value, word, sizeof(word));

	if (digits > 0 && digits == strlen(word)) {
		if (*rest == '\0' && strlen(word) == 3 &&
		    (word[0] == '4' || word[0] == '5'))
			lint_finding(l, "\"%s\" alone permits; to refuse, write a "
			    "text behind it", word);
		else if (*rest != '\0' && (digits != 3 ||
		    (word[0] != '4' && word[0] != '5')))
			lint_finding(l, "\"%s\" is no reply code: 4NN or 5NN", word);
		return;
	}
	if (is_in(word, actions)) {
		check_argument(l, word, rest);
		return;
	}
	word[strcspn(word, ",")] = '\0';
	if (!is_restriction(word))
		lint_finding(l, "\"%s\" is neither an action nor a restriction",
		    word);
}

static void
value_header_checks(struct lint *l, const char *value)
{
	static const char *const actions[] = { "BCC", "DISCARD", "DUNNO",
		"OK", "FILTER", "HOLD", "IGNORE", "INFO", "WARN", "PASS",
		"PREPEND", "REDIRECT", "REJECT", "REPLACE", "STRIP", NULL };
	char word[128];
	const char *rest = first_word(value, word, sizeof(word));

	if (!is_in(word, actions))
		lint_finding(l, "unknown action \"%s\"", word);
	else
		check_argument(l, word, rest);
}

struct counted {
	struct lint	*lint;
	int		 count;
};

static bool
count_address(const char *internal, size_t offset, size_t len, void *ctx)
{
	struct counted *c = ctx;

	(void)offset, (void)len;
	if (*internal == '\0')
		lint_finding(c->lint, "the right side has an empty address");
	c->count++;
	return true;
}

static int
count_addresses(struct lint *l, const char *value)
{
	struct counted c = { l, 0 };

	address_list_each(value, false, count_address, &c);
	if (c.count == 0)
		lint_finding(l, "\"%s\" holds no address", value);
	return c.count;
}

static void
value_one_address(struct lint *l, const char *value)
{
	if (count_addresses(l, value) > 1)
		lint_finding(l, "several addresses; only the first is used");
}

static void
value_addresses(struct lint *l, const char *value)
{
	count_addresses(l, value);
}

static void
value_aliases(struct lint *l, const char *value)
{
	char *copy = xstrdup(value), *p = copy, *item, *end;

	/* Quotes protect commas; what is in them is taken as it stands. */
	while (*p != '\0') {
		bool quoted = false;

		for (item = p; *p != '\0' && (quoted || *p != ','); p++)
			if (*p == '"')
				quoted = !quoted;
		if (*p != '\0')
			*p++ = '\0';
		item = (char *)text_skip_blank(item);
		if (*item == '"')
			item++;
		end = item + strlen(item);
		while (end > item && (end[-1] == ' ' || end[-1] == '"'))
			*--end = '\0';
		if (strncmp(item, ":include:", 9) == 0 &&
		    access(item + 9, R_OK) == -1)
			lint_finding(l, "%s: cannot be read", item);
		if (*item == '|' && item[1] == '\0')
			lint_finding(l, "a command without a command");
	}
	free(copy);
}

static bool
is_service(struct lint *l, const char *name)
{
	struct buf path = BUF_INIT;
	bool found = false;
	size_t i;

	if (!l->has_services) {
		buf_setf(&path, "%s/master.cf", params.config_directory);
		l->has_services = master_cf_read(&l->services, path.ptr,
		    NULL) == 0;
		buf_done(&path);
		if (!l->has_services)
			return true;	/* nobody can say */
	}
	for (i = 0; i < l->services.count && !found; i++)
		found = strcmp(l->services.services[i].name, name) == 0;
	return found;
}

static void
value_transport(struct lint *l, const char *value)
{
	char *transport = xstrndup(value, strcspn(value, ":"));

	if (strpbrk(transport, " \t") != NULL)
		lint_finding(l, "\"%s\" is no transport:nexthop", value);
	else if (*transport != '\0' && !is_service(l, transport))
		lint_finding(l, "master.cf has no service \"%s\"%s", transport,
		    strchr(value, ':') == NULL ?
		    "; for a host write \":host\" or \"smtp:host\"" : "");
	free(transport);
}

static void
value_sasl(struct lint *l, const char *value)
{
	if (strchr(value, ':') == NULL)
		lint_finding(l, "the right side is no user:password");
}

static void
value_tls_policy(struct lint *l, const char *value)
{
	static const char *const levels[] = { "none", "may", "encrypt",
		"dane", "dane-only", "fingerprint", "verify", "secure", NULL };
	static const char *const names[] = { "match", "protocols", "ciphers",
		"exclude", "connection_reuse", "servername", "tafile",
		"enable_rpk", NULL };
	char *copy = xstrdup(value), *rest = copy, *word, *eq;

	if ((word = text_split(&rest, TEXT_LIST_SEP)) == NULL ||
	    !is_in(word, levels))
		lint_finding(l, "\"%s\" is no TLS level", word != NULL ? word : "");
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		if ((eq = strchr(word, '=')) == NULL) {
			lint_finding(l, "\"%s\" is no name=value", word);
			continue;
		}
		*eq = '\0';
		if (!is_in(word, names))
			lint_finding(l, "unknown attribute \"%s\"", word);
	}
	free(copy);
}

static const struct lint_class classes[] = {
	/* name		left side	right side	alias	circles */
	{ "access",	key_access,	value_access,	false,	NULL },
	{ "aliases",	key_any,	value_aliases,	true,	"alias_maps" },
	{ "bcc",	key_address,	value_one_address, false, NULL },
	{ "canonical",	key_address,	value_one_address, false, "canonical_maps" },
	{ "cidr",	key_any,	value_any,	false,	NULL },
	{ "generic",	key_address,	value_one_address, false, NULL },
	{ "header-checks", key_any,	value_header_checks, false, NULL },
	{ "pcre",	key_any,	value_any,	false,	NULL },
	{ "regexp",	key_any,	value_any,	false,	NULL },
	{ "relocated",	key_address,	value_any,	false,	NULL },
	{ "sasl",	key_any,	value_sasl,	false,	NULL },
	{ "tls-policy",	key_any,	value_tls_policy, false, NULL },
	{ "transport",	key_transport,	value_transport, false,	NULL },
	{ "virtual",	key_virtual,	value_addresses, false,	"virtual_alias_maps" },
	{ "virtual-mailbox", key_virtual, value_any,	false,	NULL },
};

#define CLASS_COUNT	(sizeof(classes) / sizeof(classes[0]))

const struct lint_class *
lint_class_at(size_t i)
{
	return i < CLASS_COUNT ? &classes[i] : NULL;
}
