/*
 * table_pgsql.c - pgsql: queries on PostgreSQL servers
 *
 * The client is driven without blocking, so that each wait has its limit.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/table/table_abi.h"
#include "lib/table/table_config.h"
#include "lib/table/table_query.h"
#include "lib/table/module/sql_table.h"

/* The library's text, on one line, without what says "Is the server running?". */
static int
set_reason(struct err *err, enum err_kind kind, const PGconn *conn)
{
	const char *text = PQerrorMessage(conn);

	return err_set(err, kind, "%.*s", (int)strcspn(text, "\n"), text);
}

/* Wait for the socket; false when the time is up. */
static bool
wait_for(const PGconn *conn, short events, long long deadline_ms)
{
	struct pollfd p = { .fd = PQsocket(conn), .events = events };
	long long left;
	int rc;

	do {
		left = deadline_ms - clock_mono_ms();
		rc = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (rc == -1 && errno == EINTR);
	return rc > 0;
}

/* What a server wants to tell while all is well. */
static void
notice(void *arg, const char *text)
{
	(void)arg;
	log_debug("pgsql: %.*s", (int)strcspn(text, "\n"), text);
}

static PGconn *
start(const struct table_config *c, const struct sql_host *host)
{
	const char *names[] = { "host", "port", "dbname", "user", "password",
	    "client_encoding", NULL };
	const char *values[] = { host->where, host->port,
	    table_config_text(c, "dbname", ""),
	    table_config_text(c, "user", ""),
	    table_config_text(c, "password", ""),
	    table_config_text(c, "encoding", "UTF8"), NULL };
	const char *uri_names[] = { "dbname", "client_encoding", NULL };
	const char *uri_values[] = { host->where,
	    table_config_text(c, "encoding", "UTF8"), NULL };

	if (strncmp(host->where, "postgresql://", 13) == 0)
		return PQconnectStartParams(uri_names, uri_values, 1);
	return PQconnectStartParams(names, values, 0);
}

static void *
pgsql_connect(const struct table_config *c, const struct sql_host *host,
    int timeout_s, struct err *err)
{
	long long deadline_ms = clock_mono_ms() + timeout_s * 1000LL;
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;
	PGconn *conn = start(c, host);

	if (conn == NULL) {
		err_set(err, ERR_RETRY, "out of memory");
		return NULL;
	}
	while (PQstatus(conn) != CONNECTION_BAD &&
	    status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
		if (!wait_for(conn, status == PGRES_POLLING_READING ? POLLIN :
		    POLLOUT, deadline_ms)) {
			err_set(err, ERR_TIMEOUT, "no answer within %d s",
			    timeout_s);
			PQfinish(conn);
			return NULL;
		}
		status = PQconnectPoll(conn);
	}
	if (status == PGRES_POLLING_OK && PQsetnonblocking(conn, 1) == 0) {
		PQsetNoticeProcessor(conn, notice, NULL);
		return conn;
	}
	set_reason(err, ERR_RETRY, conn);
	PQfinish(conn);
	return NULL;
}

static void
pgsql_disconnect(void *link)
{
	PQfinish(link);
}

static bool
pgsql_quote(void *link, struct buf *out, const char *text, size_t len)
{
	int failed = 0;

	buf_reserve(out, 2 * len + 1);
	out->len += PQescapeStringConn(link, out->ptr + out->len, text, len,
	    &failed);
	return failed == 0;
}

/* Have all results that wait in the library; -1 with err. */
static int
send_query(PGconn *conn, const char *sql, long long deadline_ms,
    struct err *err)
{
	int rc;

	if (PQsendQuery(conn, sql) == 0)
		return set_reason(err, ERR_EOF, conn);
	while ((rc = PQflush(conn)) == 1)
		if (!wait_for(conn, POLLIN | POLLOUT, deadline_ms) ||
		    PQconsumeInput(conn) == 0)
			return err_set(err, ERR_TIMEOUT,
			    "the query was not taken in time");
	return rc == 0 ? 0 : set_reason(err, ERR_EOF, conn);
}

/* The next result; NULL with *failed when there is none because of trouble. */
static PGresult *
next_result(PGconn *conn, int timeout_s, long long deadline_ms, bool *failed,
    struct err *err)
{
	*failed = false;
	while (PQisBusy(conn) != 0) {
		if (!wait_for(conn, POLLIN, deadline_ms)) {
			*failed = true;
			err_set(err, ERR_TIMEOUT, "no answer within %d s",
			    timeout_s);
			return NULL;
		}
		if (PQconsumeInput(conn) == 0) {
			*failed = true;
			set_reason(err, ERR_EOF, conn);
			return NULL;
		}
	}
	return PQgetResult(conn);
}

static void
add_rows(const PGresult *result, struct sql_rows *rows)
{
	int row, field;

	/* A NULL is an empty string here. */
	for (row = 0; row < PQntuples(result); row++)
		for (field = 0; field < PQnfields(result); field++)
			if (!sql_rows_add(rows,
			    PQgetvalue(result, row, field)))
				return;
}

/*
 * A template may hold several statements; the rows of the last one count, and
 * an error in one is an error of all.
 */
static enum sql_result
pgsql_query(void *link, const struct table_config *c, const char *sql,
    int timeout_s, struct sql_rows *rows, struct err *err)
{
	long long deadline_ms = clock_mono_ms() + timeout_s * 1000LL;
	PGresult *result, *last = NULL;
	enum sql_result rc = SQL_DONE;
	bool failed;

	(void)c;
	if (send_query(link, sql, deadline_ms, err) == -1)
		return SQL_LOST;
	while ((result = next_result(link, timeout_s, deadline_ms, &failed,
	    err)) != NULL) {
		PQclear(last);
		last = result;
		switch (PQresultStatus(result)) {
		case PGRES_TUPLES_OK:
		case PGRES_COMMAND_OK:
			break;
		default:
			set_reason(err, ERR_RETRY, link);
			rc = SQL_REFUSED;
		}
	}
	if (failed || PQstatus(link) == CONNECTION_BAD)
		rc = SQL_LOST;
	if (rc == SQL_DONE && last != NULL)
		add_rows(last, rows);
	PQclear(last);
	return rc;
}

static const struct sql_client client = {
	.uri_prefix = "postgresql://",
	.connect = pgsql_connect,
	.disconnect = pgsql_disconnect,
	.quote = pgsql_quote,
	.query = pgsql_query,
};

/* Besides the forms of all SQL clients: select_function. */
static int
pgsql_sql(struct buf *out, const struct table_config *c, struct err *err)
{
	const char *function = table_config_text(c, "select_function", "");

	if (*table_config_text(c, "query", "") != '\0' || *function == '\0')
		return table_query_sql(out, c, err);
	buf_addf(out, "SELECT %s('%%s')", function);
	return 0;
}

static int
pgsql_open(struct table *t, struct err *err)
{
	return sql_table_open(t, &client, pgsql_sql, err);
}

static const struct table_type type = {
	.name = "pgsql",
	.open = pgsql_open,
	.close = sql_table_close,
	.lookup = sql_table_lookup,
};

const struct table_module posthorn_table = {
	TABLE_ABI, &type
};
