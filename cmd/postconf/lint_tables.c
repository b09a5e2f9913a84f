/*
 * lint_tables.c - postconf --lint: the lookup tables that values name
 *
 * Looks at tables that are files. Servers are left in peace, and caches are
 * not there until a program makes them.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/lint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/account.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/table/table.h"
#include "lib/table/table_lint.h"
#include "lib/table/table_redirect.h"
#include "lib/table/table_report.h"
#include "lib/table/table_source.h"
#include "lib/table/table_tool.h"
#include "lib/table/table_verify.h"

enum table_kind { INDEXED, TEXT, RULES, CONFIG };

static const struct {
	const char	*type;
	enum table_kind	 kind;
} types[] = {
	{ "hash", INDEXED }, { "btree", INDEXED }, { "dbm", INDEXED },
	{ "sdbm", INDEXED }, { "lmdb", INDEXED }, { "cdb", INDEXED },
	{ "gdbm", INDEXED }, { "texthash", TEXT }, { "cidr", RULES },
	{ "pcre", RULES }, { "regexp", RULES }, { "ldap", CONFIG },
	{ "mysql", CONFIG }, { "pgsql", CONFIG }, { "sqlite", CONFIG },
	{ "mongodb", CONFIG }, { "memcache", CONFIG },
};

#define TYPE_COUNT	(sizeof(types) / sizeof(types[0]))

/* Which grammar of table_lint a parameter's tables follow. */
static const struct {
	const char	*parameter, *class;
} uses[] = {
	{ "alias_database", "aliases" }, { "alias_maps", "aliases" },
	{ "always_bcc_maps", "bcc" }, { "body_checks", "header-checks" },
	{ "canonical_maps", "canonical" },
	{ "header_checks", "header-checks" },
	{ "lmtp_sasl_password_maps", "sasl" },
	{ "lmtp_tls_policy_maps", "tls-policy" },
	{ "mime_header_checks", "header-checks" },
	{ "nested_header_checks", "header-checks" },
	{ "recipient_bcc_maps", "bcc" },
	{ "recipient_canonical_maps", "canonical" },
	{ "relocated_maps", "relocated" }, { "sender_bcc_maps", "bcc" },
	{ "sender_canonical_maps", "canonical" },
	{ "smtp_generic_maps", "generic" },
	{ "smtp_sasl_password_maps", "sasl" },
	{ "smtp_tls_policy_maps", "tls-policy" },
	{ "transport_maps", "transport" },
	{ "virtual_alias_maps", "virtual" },
	{ "virtual_mailbox_maps", "virtual-mailbox" },
};

/* One "type:path" in a value. */
struct use {
	struct lint			*l;
	const struct lint_value		*v;
	const char			*full;		/* with proxy: */
	const char			*name, *path;	/* "type:path", path */
	enum table_kind			 kind;
	bool				 is_access;	/* the argument of check_..._access */
};

/* ---- one table ------------------------------------------------------------ */

static void
report_missing(const struct use *u, const char *path, const char *fix)
{
	int saved = errno;

	lint_add(u->l, u->v->file, u->v->line, LINT_ERROR, "table-missing",
	    fix, "%s: %s: %s: %s", u->v->name, u->name, path,
	    strerror(saved));
}

static const char *
class_of(const struct use *u)
{
	size_t i;

	for (i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (strcmp(uses[i].parameter, u->v->name) == 0)
			return uses[i].class;
	if (u->is_access)
		return "access";
	if (lint_ends_with(u->v->name, "_header_checks") ||
	    lint_ends_with(u->v->name, "_body_checks"))
		return "header-checks";
	return u->kind != RULES ? NULL : *u->name == 'c' ? "cidr" :
	    *u->name == 'p' ? "pcre" : "regexp";
}

static bool
is_alias(const struct use *u)
{
	const char *class = class_of(u);

	return class != NULL && strcmp(class, "aliases") == 0;
}

/* "FILE:LINE: text" of table_lint is a finding of one of our rules. */
static void
take_finding(struct lint *l, char *line)
{
	static const struct {
		const char	*word;
		const char	*rule;
		enum lint_level	 level;
	} rules[] = {
		{ "never matches", "table-shadow", LINT_INFO },
		{ "stands in line", "table-shadow", LINT_INFO },
		{ "leads back to itself", "alias-loop", LINT_WARNING },
	};
	char *number = strstr(line, ":"), *text;
	size_t i;

	/* The path may hold colons; the number is between the first two with digits. */
	while (number != NULL && strspn(number + 1, "0123456789") == 0)
		number = strchr(number + 1, ':');
	if (number == NULL ||
	    (text = strstr(number + 1, ": ")) == NULL)
		return;
	*number = '\0';
	text += 2;
	if (strstr(text, "others may read") != NULL)
		return;		/* lint_files.c says so of every secret */
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strstr(text, rules[i].word) != NULL)
			break;
	if (i < sizeof(rules) / sizeof(rules[0]))
		lint_add(l, line, atoi(number + 1), rules[i].level,
		    rules[i].rule, NULL, "%s", text);
	else
		lint_add(l, line, atoi(number + 1), LINT_ERROR,
		    "table-syntax", NULL, "%s", text);
}

/*
 * What the readers of sources and rules warn of: "FILE, line N: text", and
 * "regexp map FILE, line N: text".
 */
static void
take_warning(enum log_severity sev, const char *text, void *ctx)
{
	const char *at = strstr(text, ", line "), *map = strstr(text, " map "),
	    *end;
	char *file;
	int line;

	(void)sev;
	if (at == NULL || (line = atoi(at + 7)) == 0 ||
	    (end = strstr(at, ": ")) == NULL)
		return;
	if (map != NULL && map < at)
		text = map + 5;
	file = xstrndup(text, (size_t)(at - text));
	lint_add(ctx, file, line, LINT_ERROR, "table-syntax", NULL, "%s",
	    end + 2);
	free(file);
}

static void
check_contents(const struct use *u)
{
	const char *class = class_of(u);
	struct table_report r = { NULL, false };
	struct err err = ERR_INIT;
	char *names[1] = { xstrdup(u->name) };
	char *text = NULL, *rest, *line;
	size_t size;

	if (class != NULL && u->l->params_are_loaded &&
	    (r.out = open_memstream(&text, &size)) != NULL) {
		log_capture(take_warning, u->l);
		if (table_lint(class, names, 1, &r, &err) == -1)
			lint_add(u->l, u->path, 1, LINT_ERROR, "table-syntax",
			    NULL, "%s", err.text);
		log_capture(NULL, NULL);
		fclose(r.out);
		rest = text;
		while ((line = text_split(&rest, "\n")) != NULL)
			take_finding(u->l, line);
		free(text);
	}
	free(names[0]);
}

/* A user, or an alias of any table that alias_maps names. */
static bool
is_local_name(struct lint *l, const char *name)
{
	char *maps = lint_value_of(l, NULL, "alias_maps"), *rest = maps,
	    *word;
	char *key = text_lower(xstrdup(name));
	enum table_result result = TABLE_NOT_FOUND;
	struct table *t;

	key[strcspn(key, "+")] = '\0';	/* name+extension is for name */
	if (account_named(key) != NULL)
		result = TABLE_FOUND;
	while (result == TABLE_NOT_FOUND &&
	    (word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		if ((t = table_open(word, TABLE_READ, TABLE_FOLD |
		    TABLE_NO_PROXY, NULL)) == NULL) {
			result = TABLE_RETRY;
			break;
		}
		result = table_lookup(t, key, NULL, NULL);
		table_close(t);
	}
	free(maps);
	free(key);
	return result != TABLE_NOT_FOUND;
}

/* Mail for an alias whose members do not exist comes back, one day. */
static void
check_members(const struct use *u)
{
	struct source_entry e = { .is_alias = true };
	struct table_source *source;
	char *rest, *word;

	if (!is_alias(u) || !u->l->params_are_loaded ||
	    (source = table_source_open(u->path, -1, NULL)) == NULL)
		return;
	lint_quiet(true);
	table_source_be_quiet(source);
	while (table_source_entry(source, &e, NULL) == 1) {
		rest = e.value;
		/* Only plain names: no address, command, file or list. */
		while ((word = text_split(&rest, ", \t")) != NULL)
			if (word[strcspn(word, "@/|:\"\\!%<>()")] == '\0' &&
			    !is_local_name(u->l, word))
				lint_add(u->l, u->path, e.line, LINT_WARNING,
				    "alias-loop", NULL, "\"%s\" leads to "
				    "\"%s\", which is no user and no alias",
				    e.key, word);
	}
	lint_quiet(false);
	source_entry_done(&e);
	table_source_close(source);
}

/* Newer is not different: an editor that saved the same text changed nothing. */
static void
check_stale(const struct use *u, const struct stat *source,
    const struct stat *index)
{
	struct table_tool tool = { .is_alias = is_alias(u) };
	struct buf fix = BUF_INIT;
	int n;

	if (source->st_mtime <= index->st_mtime || !u->l->params_are_loaded)
		return;
	lint_quiet(true);
	n = table_verify_entries(&tool, u->name, NULL);
	lint_quiet(false);
	if (n == 0)
		return;
	buf_setf(&fix, "%s %s", tool.is_alias ? "postalias" : "postmap",
	    u->name);
	lint_add(u->l, u->v->file, u->v->line, LINT_WARNING, "table-stale",
	    fix.ptr, "%s: %s was changed after its index was built",
	    u->v->name, u->path);
	buf_done(&fix);
}

static void
check_indexed(const struct use *u)
{
	const char *suffix = table_suffix(u->name);
	struct buf index = BUF_INIT, fix = BUF_INIT;
	struct stat source, built;
	bool has_source = stat(u->path, &source) == 0;

	buf_setf(&index, "%s%s", u->path, suffix != NULL ? suffix : "");
	buf_setf(&fix, "%s %s", is_alias(u) ? "postalias" : "postmap",
	    u->name);
	if (lint_ends_with(u->path, ".db") || lint_ends_with(u->path, ".lmdb") ||
	    lint_ends_with(u->path, ".cdb") || lint_ends_with(u->path, ".gdbm"))
		lint_add(u->l, u->v->file, u->v->line, LINT_ERROR,
		    "table-missing", "name the text file; the suffix is "
		    "added", "%s: %s names an index", u->v->name, u->name);
	else if (stat(index.ptr, &built) == -1)
		report_missing(u, index.ptr, has_source ? fix.ptr : NULL);
	else if (access(index.ptr, R_OK) == -1)
		report_missing(u, index.ptr, NULL);
	else {
		lint_reader(u->l, u->v, u->full, index.ptr);
		if (has_source) {
			check_stale(u, &source, &built);
			check_contents(u);
			check_members(u);
		}
	}
	buf_done(&index);
	buf_done(&fix);
}

static void
check_file(const struct use *u)
{
	if (*u->path != '/' && *u->path != '.')
		return;		/* settings in main.cf, or rules in braces */
	if (access(u->path, R_OK) == -1)
		report_missing(u, u->path, NULL);
	else {
		lint_reader(u->l, u->v, u->full, u->path);
		if (u->kind != CONFIG)
			check_contents(u);
	}
}

static bool
is_known(const char *type)
{
	const char *known;
	size_t i;

	for (i = 0; (known = table_type_at(i)) != NULL; i++)
		if (strcmp(known, type) == 0)
			return true;
	return false;
}

/* hash: and its kin need Berkeley DB, or a redirection to something else. */
static bool
is_supported(const struct use *u)
{
	char *type = xstrndup(u->name, strcspn(u->name, ":"));
	struct buf to = BUF_INIT, fix = BUF_INIT;
	struct err err = ERR_INIT;
	bool supported = is_known(type);

	if (strcmp(type, "hash") == 0 || strcmp(type, "btree") == 0 ||
	    strcmp(type, "dbm") == 0 || strcmp(type, "sdbm") == 0)
		supported = !u->l->params_are_loaded ||
		    table_redirect(type, u->path, &to, &err) == 0;
	if (!supported) {
		if (err.kind != ERR_NONE)
			buf_setf(&fix, "postmap --convert %s gdbm:%s",
			    u->name, u->path);
		lint_add(u->l, u->v->file, u->v->line, LINT_ERROR,
		    "table-type", fix.len > 0 ? fix.ptr :
		    "install the module that brings it",
		    "%s: table type \"%s\" is not supported here",
		    u->v->name, type);
	}
	buf_done(&to);
	buf_done(&fix);
	free(type);
	return supported;
}

/* proxymap opens only what it is told to. */
static void
check_proxy(struct lint *l, const struct lint_value *v, const char *name)
{
	char *list = lint_value_of(l, v->service, "proxy_read_maps");
	char *rest = list, *word;
	bool found = false;

	while (!found &&
	    (word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL)
		found = strcmp(word, name) == 0;
	if (!found)
		lint_add(l, v->file, v->line, LINT_WARNING, "proxy-table",
		    "add it to proxy_read_maps", "%s: the proxymap service "
		    "may not open %s", v->name, name);
	free(list);
}

/* ---- finding them ---------------------------------------------------------- */

/* In most parameters a word may be something else than a table. */
static bool
has_only_tables(const struct lint_value *v)
{
	return lint_ends_with(v->name, "_maps") &&
	    params_row_find(v->name) != NULL;
}

/* A word that is no table that we know more of: is it one at all? */
static void
check_form(const struct use *u)
{
	size_t n = strcspn(u->name, ":");
	char *type = xstrndup(u->name, n);

	if (u->name[n] == '\0' || !is_known(type))
		lint_add(u->l, u->v->file, u->v->line, LINT_ERROR,
		    "table-type", "write type:name; postconf -m lists types",
		    "%s: \"%s\" is no table", u->v->name, u->name);
	free(type);
}

static void	check_words(struct lint *l, const struct lint_value *v,
		    char *text, bool is_access);

static void
check_word(struct lint *l, const struct lint_value *v, char *word,
    bool is_access)
{
	struct use u = { l, v, word, word, NULL, INDEXED, is_access };
	size_t n, i;
	char *inner;

	if (*word == '{') {
		if (text_brace_strip(word, &inner) == NULL)
			check_words(l, v, inner, is_access);
		return;
	}
	if (strncmp(word, "proxy:", 6) == 0) {
		check_proxy(l, v, word);
		while (strncmp(u.name, "proxy:", 6) == 0)
			u.name += 6;
	}
	lint_late_paths(l, v, word);
	n = strcspn(u.name, ":");
	for (i = 0; i < TYPE_COUNT; i++)
		if (strncmp(types[i].type, u.name, n) == 0 &&
		    types[i].type[n] == '\0')
			break;
	if ((i == TYPE_COUNT || u.name[n] == '\0') && has_only_tables(v))
		check_form(&u);
	if (i == TYPE_COUNT || u.name[n] == '\0' || u.name[n + 1] == '{')
		return;
	if (strncmp(u.name + n, "://", 3) == 0)
		return;		/* the address of a server */
	u.kind = types[i].kind;
	u.path = u.name + n + 1;
	if (!is_supported(&u))
		return;
	if (u.kind == INDEXED)
		check_indexed(&u);
	else
		check_file(&u);
}

static void
check_words(struct lint *l, const struct lint_value *v, char *text,
    bool is_access)
{
	char *rest = text, *word;
	bool next_is_access = is_access;

	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		check_word(l, v, word, next_is_access);
		next_is_access = is_access || (strncmp(word, "check_", 6) == 0
		    && lint_ends_with(word, "_access"));
	}
}

void
lint_table_value(struct lint *l, const struct lint_value *v)
{
	const struct params_row *row = params_row_find(v->name);
	char *copy;

	if ((row != NULL && row->type == PARAMS_RAW) ||
	    (v->service == NULL && pc_class(l->pc, v->name, NULL) == 0))
		return;		/* no program looks for a table there */
	/* Caches are made when first used; these lists only repeat others. */
	if (lint_ends_with(v->name, "_cache_database") ||
	    lint_ends_with(v->name, "_cache_map") ||
	    strcmp(v->name, "address_verify_map") == 0 ||
	    strcmp(v->name, "postscreen_cache_map") == 0 ||
	    strcmp(v->name, "proxy_read_maps") == 0 ||
	    strcmp(v->name, "proxy_write_maps") == 0 ||
	    (strchr(v->text, ':') == NULL && !has_only_tables(v)))
		return;
	copy = xstrdup(v->text);
	check_words(l, v, copy, false);
	free(copy);
}

void
lint_tables(struct lint *l)
{
	lint_each_value(l, lint_table_value);
}
