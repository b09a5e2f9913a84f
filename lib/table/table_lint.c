/*
 * table_lint.c - find entries of a table that cannot do what they look like
 *
 * A class is a check of the left side, a check of the right side, and
 * whether entries can lead to each other in a circle. Text sources are read
 * line by line; for tables of rules the loader reports the patterns and the
 * right side is checked here.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_lint.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/master_cf.h"
#include "lib/conf/params.h"
#include "lib/mail/address_list.h"
#include "lib/table/ip_pattern.h"
#include "lib/table/maps.h"
#include "lib/table/pairs.h"
#include "lib/table/rules.h"
#include "lib/table/table.h"
#include "lib/table/table_circle.h"
#include "lib/table/table_report.h"
#include "lib/table/table_source.h"
#include "lib/table/table_tool.h"

struct lint;

typedef void (*check_fn)(struct lint *l, const char *text);

struct class {
	const char	*name;
	check_fn	 key, value;
	bool		 is_alias;
	const char	*circles;	/* parameter whose tables may lead in circles */
};

struct lint {
	const struct class *class;
	const struct table_report *r;
	const char	*path;
	int		 line;
	int		 findings;
	struct pairs	*lines;		/* folded key -> its line, as text */
	struct circle_graph *graph;
	struct master_cf services;
	bool		 has_services;
};

static void finding(struct lint *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
finding(struct lint *l, const char *fmt, ...)
{
	struct buf text = BUF_INIT, shown = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	buf_setf(&shown, "%s:%d: %s", l->path, l->line, text.ptr);
	table_report(l->r, shown.ptr, "file", l->path, "#line",
	    (long long)l->line, "finding", text.ptr, NULL);
	l->findings++;
	buf_done(&text);
	buf_done(&shown);
}

/* Left sides. */

static void
check_no_wildcard(struct lint *l, const char *key)
{
	if (strchr(key, '*') != NULL || strchr(key, '?') != NULL)
		finding(l, "\"%s\": * and ? are no wildcards here; use "
		    "@domain, or a regexp: or pcre: table", key);
}

/* Parent-domain forms that the configured style never asks for (15.5). */
static void
check_parent_form(struct lint *l, const char *key, const char *parameter)
{
	if (key[0] == '.' && maps_parent_style(parameter))
		finding(l, "\"%s\" never matches: parent_domain_matches_"
		    "subdomains lists %s, so \"%s\" matches subdomains", key,
		    parameter, key + 1);
}

static void
key_address(struct lint *l, const char *key)
{
	const char *at = strrchr(key, '@');

	check_no_wildcard(l, key);
	if (at == NULL && strchr(key, '.') != NULL)
		finding(l, "\"%s\" is asked as a local part only; for a whole "
		    "domain write \"@%s\"", key, key);
	if (at != NULL && at[1] == '\0')
		finding(l, "\"%s\" has nothing behind the @", key);
	if (at != NULL && at[1] == '.')
		finding(l, "\"%s\": subdomains are not searched here", key);
}

/* virtual tables also name their domains: "example.com anything". */
static void
key_virtual(struct lint *l, const char *key)
{
	const char *at = strrchr(key, '@');

	check_no_wildcard(l, key);
	if (at != NULL && (at[1] == '\0' || at[1] == '.'))
		finding(l, "\"%s\" is no address", key);
}

static void
key_access(struct lint *l, const char *key)
{
	struct ip_pattern pattern;

	if (strchr(key, '/') != NULL &&
	    ip_pattern_parse(&pattern, key, NULL) == 0)
		finding(l, "\"%s\": networks with a mask need a cidr: table",
		    key);
	if (key[0] == '@')
		finding(l, "\"%s\" never matches: write \"%s\"", key, key + 1);
	check_no_wildcard(l, key);
	check_parent_form(l, key, "smtpd_access_maps");
}

static void
key_transport(struct lint *l, const char *key)
{
	if (key[0] == '@')
		finding(l, "\"%s\" never matches: write \"%s\"", key, key + 1);
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
		finding(l, "FILTER needs transport:destination");
	else if ((strcasecmp(action, "REDIRECT") == 0 ||
	    strcasecmp(action, "BCC") == 0) && strchr(text, '@') == NULL)
		finding(l, "%s needs user@domain", action);
	else if (strcasecmp(action, "PREPEND") == 0 && *text == '\0')
		finding(l, "PREPEND needs text");
}

/* A restriction or class of restrictions that an access result may name. */
static bool
is_restriction(const char *word)
{
	static const char *const starts[] = { "permit", "reject", "defer",
		"warn_if_reject", "check_", "sleep", NULL };
	char *classes = xstrdup(params.smtpd_restriction_classes), *rest,
	    *name;
	bool found = false;
	size_t i;

	for (i = 0; starts[i] != NULL && !found; i++)
		found = strncasecmp(word, starts[i], strlen(starts[i])) == 0;
	rest = classes;
	while (!found && (name = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		found = strcmp(word, name) == 0;
	free(classes);
	return found;
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
			finding(l, "\"%s\" alone permits; to refuse, write a "
			    "text behind it", word);
		else if (*rest != '\0' && (digits != 3 ||
		    (word[0] != '4' && word[0] != '5')))
			finding(l, "\"%s\" is no reply code: 4NN or 5NN", word);
		return;
	}
	if (is_in(word, actions)) {
		check_argument(l, word, rest);
		return;
	}
	word[strcspn(word, ",")] = '\0';
	if (!is_restriction(word))
		finding(l, "\"%s\" is neither an action nor a restriction",
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
		finding(l, "unknown action \"%s\"", word);
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
		finding(c->lint, "the right side has an empty address");
	c->count++;
	return true;
}

static int
count_addresses(struct lint *l, const char *value)
{
	struct counted c = { l, 0 };

	address_list_each(value, false, count_address, &c);
	if (c.count == 0)
		finding(l, "\"%s\" holds no address", value);
	return c.count;
}

static void
value_one_address(struct lint *l, const char *value)
{
	if (count_addresses(l, value) > 1)
		finding(l, "several addresses; only the first is used");
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
			finding(l, "%s: cannot be read", item);
		if (*item == '|' && item[1] == '\0')
			finding(l, "a command without a command");
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
		finding(l, "\"%s\" is no transport:nexthop", value);
	else if (*transport != '\0' && !is_service(l, transport))
		finding(l, "master.cf has no service \"%s\"%s", transport,
		    strchr(value, ':') == NULL ?
		    "; for a host write \":host\" or \"smtp:host\"" : "");
	free(transport);
}

static void
value_sasl(struct lint *l, const char *value)
{
	if (strchr(value, ':') == NULL)
		finding(l, "the right side is no user:password");
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
		finding(l, "\"%s\" is no TLS level", word != NULL ? word : "");
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		if ((eq = strchr(word, '=')) == NULL) {
			finding(l, "\"%s\" is no name=value", word);
			continue;
		}
		*eq = '\0';
		if (!is_in(word, names))
			finding(l, "unknown attribute \"%s\"", word);
	}
	free(copy);
}

static const struct class classes[] = {
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

const char *
table_lint_class_at(size_t i)
{
	return i < CLASS_COUNT ? classes[i].name : NULL;
}

static void
remember(struct lint *l, const char *key, const char *value)
{
	struct buf folded = BUF_INIT;
	const struct pair *old;
	char line[16];

	text_fold(&folded, key);
	old = pairs_find(l->lines, folded.ptr, folded.len);
	if (old != NULL) {
		finding(l, "\"%s\" stands in line %s already; this one is "
		    "not used", key, old->value);
	} else {
		snprintf(line, sizeof(line), "%d", l->line);
		pairs_add(l->lines, folded.ptr, folded.len, line,
		    strlen(line));
		if (l->graph != NULL)
			circle_add(l->graph, key, value, l->path, l->line);
	}
	buf_done(&folded);
}

static int
lint_source(struct lint *l, struct err *err)
{
	struct source_entry e = { .is_alias = l->class->is_alias,
	    .has_utf8 = params.smtputf8_enable };
	struct table_source *source;
	int got;

	if ((source = table_source_open(l->path, -1, err)) == NULL)
		return -1;
	while ((got = table_source_entry(source, &e, err)) == 1) {
		l->line = e.line;
		l->class->key(l, e.key);
		l->class->value(l, e.value);
		remember(l, e.key, e.value);
	}
	l->findings += e.skipped;	/* the parser has said why */
	table_source_close(source);
	source_entry_done(&e);
	return got;
}

static void
lint_result(int line, const char *text, void *ctx)
{
	struct lint *l = ctx;

	l->line = line;
	l->class->value(l, text);
}

/* A table of rules: the loader knows its patterns. */
static int
lint_rules(struct lint *l, const char *name, struct err *err)
{
	unsigned before = rule_warnings();
	struct table *t = table_open(name, TABLE_READ, TABLE_UTF8, err);

	if (t == NULL)
		return -1;
	l->findings += (int)(rule_warnings() - before);
	table_each_result(t, lint_result, l);
	table_close(t);
	return 0;
}

static void
lint_rights(struct lint *l)
{
	struct stat st;

	l->line = 0;
	if (strcmp(l->class->name, "sasl") == 0 && stat(l->path, &st) == 0 &&
	    (st.st_mode & 044) != 0)
		finding(l, "passwords that others may read: mode %03o",
		    st.st_mode & 0777);
}

/* "type:file" as it is, or the class' own type for a bare file. */
static char *
typed_name(const struct class *class, const char *name)
{
	static const char *const rules[] = { "cidr", "pcre", "regexp" };
	struct buf full = BUF_INIT;
	const char *type = NULL;
	size_t i;

	if (strchr(name, ':') != NULL)
		return xstrdup(name);
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcmp(class->name, rules[i]) == 0)
			type = rules[i];
	if (strcmp(class->name, "header-checks") == 0)
		type = "regexp";
	if (type == NULL)
		return table_tool_full_name(name);
	buf_setf(&full, "%s:%s", type, name);
	return buf_take(&full);
}

static int
lint_one(struct lint *l, const char *operand, struct err *err)
{
	char *full = typed_name(l->class, operand);
	char *type = xstrndup(full, strcspn(full, ":"));
	int rc;

	l->path = strchr(full, ':') + 1;
	l->lines = pairs_new();
	if (strcmp(type, "cidr") == 0 || strcmp(type, "pcre") == 0 ||
	    strcmp(type, "regexp") == 0)
		rc = lint_rules(l, full, err);
	else
		rc = lint_source(l, err);
	if (rc == 0)
		lint_rights(l);
	pairs_free(l->lines);
	free(type);
	free(full);
	return rc;
}

/* The sources of the other tables are there to lead through, not to judge. */
static void
add_others(struct lint *l)
{
	const char *list = params_lookup(l->class->circles);
	char *copy = xstrdup(list != NULL ? list : ""), *rest = copy, *name;
	struct source_entry e = { .is_alias = l->class->is_alias };
	struct table_source *source;

	while ((name = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		if (strchr(name, ':') == NULL || table_suffix(name) == NULL)
			continue;
		name = strchr(name, ':') + 1;
		if ((source = table_source_open(name, -1, NULL)) == NULL)
			continue;
		table_source_be_quiet(source);
		while (table_source_entry(source, &e, NULL) == 1)
			circle_add(l->graph, e.key, e.value, name, e.line);
		table_source_close(source);
	}
	source_entry_done(&e);
	free(copy);
}

static void
circle_found(const char *path, int line, const char *key, const char *way,
    void *ctx)
{
	struct lint *l = ctx;

	l->path = path;
	l->line = line;
	finding(l, "\"%s\" leads back to itself by way of %s", key, way);
}

int
table_lint(const char *name, char **names, size_t count,
    const struct table_report *r, struct err *err)
{
	struct lint l = { .r = r };
	size_t i;
	int rc = 0;

	for (i = 0; i < CLASS_COUNT; i++)
		if (strcmp(classes[i].name, name) == 0)
			l.class = &classes[i];
	if (l.class == NULL)
		return err_set(err, ERR_CONFIG, "unknown class \"%s\"; "
		    "--lint help lists them", name);
	if (l.class->circles != NULL)
		l.graph = circle_new(l.class->is_alias);
	for (i = 0; i < count && rc == 0; i++)
		rc = lint_one(&l, names[i], err);
	if (rc == 0 && l.graph != NULL) {
		add_others(&l);
		circle_each(l.graph, circle_found, &l);
	}
	circle_free(l.graph);
	if (l.has_services)
		master_cf_done(&l.services);
	return rc == -1 ? -1 : l.findings;
}
