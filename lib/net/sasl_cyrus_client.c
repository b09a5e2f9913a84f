/*
 * sasl_cyrus_client.c - logins at other servers, with the mechanisms of the Cyrus library
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/cyrus.h"
#include "lib/net/sasl_internal.h"

static const struct cyrus *lib;

struct login {
	sasl_conn_t	*conn;
	char		*user, *act_for;
	sasl_secret_t	*password;
	sasl_callback_t	 callbacks[4];
};

static int
init(const char *config_path, struct err *err)
{
	int code;

	if ((lib = cyrus_load(config_path, err)) == NULL)
		return -1;
	code = lib->sasl_client_init(cyrus_callbacks());
	if (code != SASL_OK)
		return err_set(err, ERR_CONFIG, "SASL library initialization "
		    "error: %s", lib->sasl_errstring(code, NULL, NULL));
	return 0;
}

/* ---- what the library asks for ---- */

static int
tell_name(void *ctx, int id, const char **out, unsigned *len)
{
	const struct login *l = ctx;

	*out = id == SASL_CB_USER ? l->act_for : l->user;
	if (len != NULL)
		*len = (unsigned)strlen(*out);
	return SASL_OK;
}

static int
tell_password(sasl_conn_t *conn, void *ctx, int id, sasl_secret_t **out)
{
	const struct login *l = ctx;

	if (conn == NULL || out == NULL || id != SASL_CB_PASS)
		return SASL_BADPARAM;
	*out = l->password;
	return SASL_OK;
}

static void
set_callbacks(struct login *l)
{
	sasl_callback_t *c = l->callbacks;

	*c++ = (sasl_callback_t){ SASL_CB_AUTHNAME, CYRUS_PROC(tell_name),
	    l };
	*c++ = (sasl_callback_t){ SASL_CB_PASS, CYRUS_PROC(tell_password),
	    l };
	/* Without it the one who acts is the one to act for. */
	if (l->act_for != NULL)
		*c++ = (sasl_callback_t){ SASL_CB_USER,
		    CYRUS_PROC(tell_name), l };
	*c = (sasl_callback_t){ SASL_CB_LIST_END, NULL, NULL };
}

/* ---- one login ---- */

static sasl_secret_t *
make_secret(const char *password)
{
	size_t len = strlen(password);
	sasl_secret_t *s = xcalloc(1, sizeof(*s) + len);

	s->len = len;
	memcpy(s->data, password, len);
	return s;
}

static void
login_free(void *ctx)
{
	struct login *l = ctx;

	if (l->conn != NULL)
		lib->sasl_dispose(&l->conn);
	explicit_bzero(l->password->data, l->password->len);
	free(l->password);
	free(l->user);
	free(l->act_for);
	free(l);
}

static void *
login_new(const char *service, const char *host,
    const struct sasl_credentials *who, unsigned security, struct err *err)
{
	struct login *l = xcalloc(1, sizeof(*l));
	int code;

	l->user = xstrdup(who->user);
	l->act_for = who->act_for != NULL ? xstrdup(who->act_for) : NULL;
	l->password = make_secret(who->password);
	set_callbacks(l);
	code = lib->sasl_client_new(service, host, NULL, NULL, l->callbacks, 0,
	    &l->conn);
	if (code == SASL_OK)
		code = cyrus_secure(lib, l->conn, security);
	if (code == SASL_OK)
		return l;
	err_set(err, ERR_SYSTEM, "per-session SASL client initialization: %s",
	    lib->sasl_errstring(code, NULL, NULL));
	login_free(l);
	return NULL;
}

static enum sasl_step
result(int code, const char *out, unsigned len, struct buf *text)
{
	if (code == SASL_OK || code == SASL_CONTINUE) {
		base64_encode(text, out != NULL ? out : "", len);
		return SASL_STEP_MORE;
	}
	cyrus_explain(lib, text, code);
	return SASL_STEP_REFUSED;
}

static enum sasl_step
first(void *ctx, const char *mechanisms, const char **mechanism,
    struct buf *text)
{
	struct login *l = ctx;
	const char *out = NULL;
	unsigned len = 0;
	int code;

	code = lib->sasl_client_start(l->conn, mechanisms, NULL, &out, &len,
	    mechanism);
	return result(code, out, len, text);
}

static enum sasl_step
next(void *ctx, const char *challenge, struct buf *text)
{
	struct login *l = ctx;
	struct buf in = BUF_INIT;
	const char *out = NULL;
	unsigned len = 0;
	int code = cyrus_decode(lib, &in, challenge);

	if (code != SASL_OK) {
		buf_done(&in);
		cyrus_explain(lib, text, code);
		return SASL_STEP_REFUSED;
	}
	code = lib->sasl_client_step(l->conn, in.ptr, (unsigned)in.len, NULL,
	    &out, &len);
	buf_done(&in);
	return result(code, out, len, text);
}

const struct sasl_client_ops sasl_cyrus_client = {
	.type = "cyrus",
	.init = init, .login_new = login_new, .login_free = login_free,
	.first = first, .next = next
};
