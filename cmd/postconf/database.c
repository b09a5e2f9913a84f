/*
 * database.c - names that belong to client databases (spec/postconf.md 3.6)
 *
 * "ldap:ld" makes ld_search_base and its siblings known names; "ldap:/file"
 * holds them in a file of its own, whose names are checked instead.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

static const struct {
	const char	*type;
	const char	*suffixes;	/* spec/tables.md 9 */
} databases[] = {
	{ "ldap", "bind bind_dn bind_pw cache cache_expiry cache_size "
	    "chase_referrals debuglevel dereference domain expansion_limit "
	    "leaf_result_attribute query_filter recursion_limit "
	    "result_attribute result_filter result_format sasl_authz_id "
	    "sasl_mechs sasl_minssf sasl_realm scope search_base server_host "
	    "server_port size_limit special_result_attribute start_tls "
	    "terminal_result_attribute timeout tls_ca_cert_dir "
	    "tls_ca_cert_file tls_cert tls_cipher_suite tls_key "
	    "tls_random_file tls_require_cert version" },
	{ "memcache", "backup data_size_limit domain flags key_digest "
	    "key_format line_size_limit max_try memcache retry_pause timeout "
	    "ttl" },
	{ "mongodb", "collection dbname domain expansion_limit projection "
	    "query_filter result_attribute result_format uri" },
	{ "mysql", "additional_conditions charset dbname domain "
	    "expansion_limit hosts idle_interval option_file option_group "
	    "password query require_result_set result_format retry_interval "
	    "select_field table tls_CAfile tls_CApath tls_cert_file "
	    "tls_ciphers tls_key_file tls_verify_cert user where_field" },
	{ "pgsql", "additional_conditions dbname domain encoding "
	    "expansion_limit hosts idle_interval password query "
	    "result_format retry_interval select_field select_function table "
	    "user where_field" },
	{ "sqlite", "additional_conditions dbpath domain expansion_limit "
	    "query result_format select_field table where_field" },
};

#define DATABASE_COUNT	(sizeof(databases) / sizeof(databases[0]))

static struct pc_names files;		/* "type:/path" seen so far */

static bool
is_suffix(size_t db, const char *name)
{
	char *list = xstrdup(databases[db].suffixes), *rest = list, *word;
	bool found = false;

	while (!found && (word = text_split(&rest, " ")) != NULL)
		found = strcmp(word, name) == 0;
	free(list);
	return found;
}

static void
add_prefix(size_t db, const char *prefix, struct pc_names *names,
    const struct main_cf *cf, const struct main_cf *outer)
{
	char *list = xstrdup(databases[db].suffixes), *rest = list, *word;
	struct buf name = BUF_INIT;

	while ((word = text_split(&rest, " ")) != NULL) {
		buf_setf(&name, "%s_%s", prefix, word);
		if (main_cf_find(cf, name.ptr) != NULL ||
		    main_cf_find(outer, name.ptr) != NULL)
			pc_names_add(names, name.ptr, NULL, PC_USER);
	}
	buf_done(&name);
	free(list);
}

/* "type:prefix" or "type:/file" of a client database. */
static void
note_table(struct postconf *pc, struct pc_names *names,
    const struct main_cf *cf, const char *word)
{
	const char *colon = strchr(word, ':');
	size_t i;

	if (colon == NULL || colon[1] == '\0')
		return;
	for (i = 0; i < DATABASE_COUNT; i++)
		if (strncmp(word, databases[i].type,
		    (size_t)(colon - word)) == 0 &&
		    databases[i].type[colon - word] == '\0')
			break;
	if (i == DATABASE_COUNT)
		return;
	if (colon[1] != '/')
		add_prefix(i, colon + 1, names, cf, &pc->scope.cf);
	else if (pc_names_add(&files, word, NULL, PC_USER) &&
	    access(colon + 1, R_OK) == -1)
		log_warning("open \"%s\" configuration \"%s\": %s",
		    databases[i].type, colon + 1, strerror(errno));
}

/* What is in the braces of a table of tables; NULL for other words. */
static char *
inner_list(char *word)
{
	static const char *const holders[] = { "pipemap:", "unionmap:",
	    "randmap:" };
	char *inner;
	size_t i, n;

	for (i = 0; i < sizeof(holders) / sizeof(holders[0]); i++) {
		n = strlen(holders[i]);
		if (strncmp(word, holders[i], n) == 0 &&
		    text_brace_strip(word + n, &inner) == NULL)
			return inner;
	}
	return NULL;
}

static void
note_tables(struct postconf *pc, struct pc_names *names,
    const struct main_cf *cf, char *text)
{
	char *rest = text, *word, *inner;

	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		/* A table with attributes is looked into; behind proxy: not. */
		if (*word == '{') {
			if (text_brace_strip(word, &inner) == NULL)
				note_tables(pc, names, cf, inner);
			continue;
		}
		while (strncmp(word, "proxy:", 6) == 0)
			word += 6;
		if ((inner = inner_list(word)) != NULL)
			note_tables(pc, names, cf, inner);
		else
			note_table(pc, names, cf, word);
	}
}

void
pc_database_names(struct postconf *pc, struct pc_names *names,
    const struct main_cf *cf, const char *value)
{
	char *copy = xstrdup(value);

	note_tables(pc, names, cf, copy);
	free(copy);
}

static void
warn_file(size_t db, const char *type_path, const char *path)
{
	struct main_cf cf = MAIN_CF_INIT;
	struct err err = ERR_INIT;
	size_t i;

	if (access(path, R_OK) == -1)
		return;		/* said so when it was met */
	if (main_cf_read(&cf, path, &err) == -1)
		log_fatal("%s", err.text);
	for (i = 0; i < cf.count; i++)
		if (!is_suffix(db, cf.entries[i].name))
			log_warning("%s: unused parameter: %s=%s", type_path,
			    cf.entries[i].name, cf.entries[i].value);
	main_cf_done(&cf);
}

void
pc_database_warn(void)
{
	size_t i, db;

	for (i = 0; i < files.count; i++)
		for (db = 0; db < DATABASE_COUNT; db++) {
			const char *name = files.list[i].name;
			size_t n = strlen(databases[db].type);

			if (strncmp(name, databases[db].type, n) == 0 &&
			    name[n] == ':')
				warn_file(db, name, name + n + 1);
		}
}
