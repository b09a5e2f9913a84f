/*
 * table_mysql.c - mysql: queries on MySQL and MariaDB servers
 *
 * SPDX-License-Identifier: ISC
 */
#include <errmsg.h>
#include <mysql.h>
#include <string.h>
#include <strings.h>

#include "lib/base/clock.h"
#include "lib/base/num.h"
#include "lib/table/table_abi.h"
#include "lib/table/table_config.h"
#include "lib/table/table_query.h"
#include "lib/table/module/sql_table.h"

static bool
is_yes(const struct table_config *c, const char *name, const char *fallback)
{
	return strcasecmp(table_config_text(c, name, fallback), "yes") == 0;
}

/* Settings that are one string each in the client library. */
static void
set_options(MYSQL *m, const struct table_config *c, int timeout_s)
{
	static const struct {
		const char	*name;
		enum mysql_option option;
	} texts[] = {
		{ "option_file",	MYSQL_READ_DEFAULT_FILE },
		{ "option_group",	MYSQL_READ_DEFAULT_GROUP },
		{ "tls_key_file",	MYSQL_OPT_SSL_KEY },
		{ "tls_cert_file",	MYSQL_OPT_SSL_CERT },
		{ "tls_CAfile",		MYSQL_OPT_SSL_CA },
		{ "tls_CApath",		MYSQL_OPT_SSL_CAPATH },
		{ "tls_ciphers",	MYSQL_OPT_SSL_CIPHER },
	};
	unsigned seconds = (unsigned)timeout_s;
	const char *text;
	bool wants_tls = false;
	my_bool on = 1;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		text = table_config_text(c, texts[i].name, "");
		if (*text == '\0')
			continue;
		mysql_optionsv(m, texts[i].option, text);
		wants_tls |= strncmp(texts[i].name, "tls_", 4) == 0;
	}
	if (wants_tls)
		mysql_optionsv(m, MYSQL_OPT_SSL_ENFORCE, &on);
	if (is_yes(c, "tls_verify_cert", "no"))
		mysql_optionsv(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
	mysql_optionsv(m, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	mysql_optionsv(m, MYSQL_OPT_READ_TIMEOUT, &seconds);
	mysql_optionsv(m, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
	mysql_optionsv(m, MYSQL_SET_CHARSET_NAME,
	    table_config_text(c, "charset", "utf8mb4"));
}

/* NULL where nothing is said, so that the option file may say it. */
static const char *
text_or_null(const struct table_config *c, const char *name)
{
	const char *text = table_config_text(c, name, "");

	return *text != '\0' ? text : NULL;
}

static void *
my_connect(const struct table_config *c, const struct sql_host *host,
    int timeout_s, struct err *err)
{
	uint64_t port = 0;
	MYSQL *m;

	if (host->port != NULL &&
	    num_parse_uint(host->port, 65535, &port, NULL) == -1) {
		err_set(err, ERR_CONFIG, "bad port \"%s\"", host->port);
		return NULL;
	}
	if ((m = mysql_init(NULL)) == NULL) {
		err_set(err, ERR_RETRY, "out of memory");
		return NULL;
	}
	set_options(m, c, timeout_s);
	if (mysql_real_connect(m, host->is_unix ? NULL : host->where,
	    text_or_null(c, "user"), text_or_null(c, "password"),
	    table_config_text(c, "dbname", ""), (unsigned)port,
	    host->is_unix ? host->where : NULL,
	    CLIENT_MULTI_RESULTS) != NULL)
		return m;
	err_set(err, ERR_RETRY, "%s", mysql_error(m));
	mysql_close(m);
	return NULL;
}

static void
my_disconnect(void *link)
{
	mysql_close(link);
}

static bool
my_quote(void *link, struct buf *out, const char *text, size_t len)
{
	unsigned long n;

	buf_reserve(out, 2 * len + 1);
	n = mysql_real_escape_string(link, out->ptr + out->len, text, len);
	if (n == (unsigned long)-1) {
		out->ptr[out->len] = '\0';
		return false;
	}
	out->len += n;
	return true;
}

/*
 * Errors of the client library tell of the connection, others of the query.
 * The library calls a time-out a lost connection, so we look at the clock.
 */
static enum sql_result
failed(MYSQL *m, int timeout_s, long long began_ms, struct err *err)
{
	unsigned code = mysql_errno(m);

	if (code < CR_MIN_ERROR || code > CR_MAX_ERROR) {
		err_set(err, ERR_RETRY, "%s", mysql_error(m));
		return SQL_REFUSED;
	}
	if (clock_mono_ms() - began_ms >= timeout_s * 1000LL)
		err_set(err, ERR_TIMEOUT, "no answer within %d s", timeout_s);
	else
		err_set(err, ERR_EOF, "%s", mysql_error(m));
	return SQL_LOST;
}

static void
add_rows(MYSQL_RES *result, struct sql_rows *rows)
{
	unsigned fields = mysql_num_fields(result), i;
	bool wants_more = true;
	MYSQL_ROW row;

	while (wants_more && (row = mysql_fetch_row(result)) != NULL)
		for (i = 0; wants_more && i < fields; i++)
			wants_more = sql_rows_add(rows, row[i]);
}

/* A stored procedure gives several results: the first with rows is the answer. */
static enum sql_result
my_query(void *link, const struct table_config *c, const char *sql,
    int timeout_s, struct sql_rows *rows, struct err *err)
{
	MYSQL *m = link;
	MYSQL_RES *result, *answer = NULL;
	enum sql_result rc = SQL_DONE;
	long long began_ms = clock_mono_ms();
	int more;

	if (mysql_real_query(m, sql, strlen(sql)) != 0)
		return failed(m, timeout_s, began_ms, err);
	do {
		if ((result = mysql_store_result(m)) == NULL) {
			if (mysql_errno(m) != 0) {
				rc = failed(m, timeout_s, began_ms, err);
				break;
			}
		} else if (answer == NULL) {
			answer = result;
		} else {
			mysql_free_result(result);
		}
	} while ((more = mysql_next_result(m)) == 0);
	if (rc == SQL_DONE && more > 0)
		rc = failed(m, timeout_s, began_ms, err);
	if (rc == SQL_DONE && answer == NULL &&
	    is_yes(c, "require_result_set", "yes")) {
		err_set(err, ERR_RETRY, "query returned no result set "
		    "(require_result_set = yes)");
		rc = SQL_REFUSED;
	}
	if (rc == SQL_DONE && answer != NULL)
		add_rows(answer, rows);
	if (answer != NULL)
		mysql_free_result(answer);
	return rc;
}

static const struct sql_client client = {
	.connect = my_connect,
	.disconnect = my_disconnect,
	.quote = my_quote,
	.query = my_query,
};

static int
my_open(struct table *t, struct err *err)
{
	return sql_table_open(t, &client, table_query_sql, err);
}

static const struct table_type type = {
	.name = "mysql",
	.open = my_open,
	.close = sql_table_close,
	.lookup = sql_table_lookup,
};

const struct table_module posthorn_table = {
	TABLE_ABI, &type
};
