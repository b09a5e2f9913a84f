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
	{ "redis", "database domain expansion_limit key_format password redis "
	    "result_format retry_interval timeout ttl user" },
	{ "sqlite", "additional_conditions dbpath domain expansion_limit "
	    "query result_format select_field table where_field" },
};

#define DATABASE_COUNT	(sizeof(databases) / sizeof(databases[0]))

static struct pc_names files;		/* "type:/path" seen so far */

static void
add_prefix(struct postconf *pc, struct pc_service *service, size_t db,
    const char *prefix)
{
	char *list = xstrdup(databases[db].suffixes), *rest = list, *word;
	struct buf name = BUF_INIT;

	while ((word = text_split(&rest, " ")) != NULL) {
		buf_setf(&name, "%s_%s", prefix, word);
		pc_names_used(pc, service, name.ptr);
	}
	buf_done(&name);
	free(list);
}

/* "type:prefix" or "type:/file" of a client database. */
static void
note_table(struct postconf *pc, struct pc_service *service, const char *word)
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
		add_prefix(pc, service, i, colon + 1);
	else if (pc_names_add(&files, word, NULL, PC_USER) &&
	    access(colon + 1, R_OK) == -1)
		log_warning("open \"%s\" configuration \"%s\": %s",
		    databases[i].type, colon + 1, strerror(errno));
}

/*
 * Words of a list, and of the lists in braces within it: attributes of a
 * table, tables of tables, and whatever else a type has in its braces.
 */
static void
note_tables(struct postconf *pc, struct pc_service *service, char *text,
    const char *where)
{
	char *rest = text, *word, *brace, *inner;

	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		brace = *word == '{' ? word : NULL;
		while (strncmp(word, "proxy:", 6) == 0)
			word += 6;
		if (brace == NULL && (brace = strchr(word, ':')) != NULL)
			brace++;
		if (brace != NULL && *brace == '{') {
			inner = pc_strip_braces(xstrdup(brace), where);
			note_tables(pc, service, inner, where);
			free(inner);
		} else
			note_table(pc, service, word);
	}
}

void
pc_database_names(struct postconf *pc, struct pc_service *service,
    const char *value)
{
	struct buf where = BUF_INIT;
	char *copy = xstrdup(value);

	if (service != NULL)
		buf_setf(&where, "master.cf:%s", service->key);
	else
		buf_sets(&where, "main.cf");
	note_tables(pc, service, copy, pc->is_lenient ? NULL : where.ptr);
	buf_done(&where);
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
		if (!text_list_has(databases[db].suffixes, cf.entries[i].name))
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
