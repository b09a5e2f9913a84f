/*
 * sasl_cyrus_server.c - passwords that the Cyrus library checks, or has checked
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

struct authority {
	const struct cyrus *lib;
	const char	*service, *realm, *host;
};

struct check {
	const struct authority *a;
	const struct cyrus *lib;
	sasl_conn_t	*conn;
	bool		 is_used;	/* conn: it knows of an earlier try */
	struct buf	 own, other;	/* both ends; empty: not known */
	unsigned	 security;
	struct buf	 list;		/* of mechanisms */
	char		*user;
};

static void *
authority_new(const struct sasl_setup *setup, struct err *err)
{
	const struct cyrus *lib = cyrus_load(setup->config_path, err);
	struct authority *a;
	int code;

	if (lib == NULL)
		return NULL;
	if ((code = lib->sasl_server_init(cyrus_callbacks(),
	    setup->path)) != SASL_OK) {
		err_set(err, ERR_CONFIG, "SASL per-process initialization "
		    "failed: %s", lib->sasl_errstring(code, NULL, NULL));
		return NULL;
	}
	a = xcalloc(1, sizeof(*a));
	a->lib = lib;
	a->service = setup->service;
	a->realm = setup->realm[0] != '\0' ? setup->realm : NULL;
	a->host = setup->host;
	return a;
}

static void
authority_free(void *ctx)
{
	free(ctx);	/* the library stays as long as the process */
}

/* "address;port", as the library writes them, if both are known. */
static void
put_endpoint(struct buf *out, const char *addr, const char *port)
{
	buf_init(out);
	if (strcmp(addr, "unknown") != 0 && strcmp(port, "unknown") != 0)
		buf_addf(out, "%s;%s", addr, port);
}

static const char *
or_null(const struct buf *b)
{
	return b->len > 0 ? b->ptr : NULL;
}

/* A connection as the library sees it, which has not been used. */
static int
make_conn(struct check *c)
{
	const struct authority *a = c->a;
	int code;

	if (c->conn != NULL && !c->is_used)
		return SASL_OK;
	if (c->conn != NULL)
		c->lib->sasl_dispose(&c->conn);
	c->conn = NULL;
	c->is_used = false;
	code = c->lib->sasl_server_new(a->service, a->host, a->realm,
	    or_null(&c->own), or_null(&c->other), NULL, 0, &c->conn);
	return code == SASL_OK ? cyrus_secure(c->lib, c->conn, c->security) :
	    code;
}

static void
check_free(void *ctx)
{
	struct check *c = ctx;

	if (c->conn != NULL)
		c->lib->sasl_dispose(&c->conn);
	buf_done(&c->own);
	buf_done(&c->other);
	buf_done(&c->list);
	free(c->user);
	free(c);
}

static void *
check_new(void *authority, const struct sasl_peer *peer, unsigned security,
    struct err *err)
{
	struct authority *a = authority;
	struct check *c = xcalloc(1, sizeof(*c));
	const char *list = NULL;
	unsigned len = 0;
	int code;

	c->a = a;
	c->lib = a->lib;
	c->security = security;
	put_endpoint(&c->own, peer->own_addr, peer->own_port);
	put_endpoint(&c->other, peer->addr, peer->port);
	buf_init(&c->list);
	if ((code = make_conn(c)) != SASL_OK) {
		err_set(err, ERR_SYSTEM, "SASL per-connection initialization "
		    "failed: %s", a->lib->sasl_errstring(code, NULL, NULL));
		check_free(c);
		return NULL;
	}
	/* Without any it is an error there, and a question of taste here. */
	if (a->lib->sasl_listmech(c->conn, NULL, "", " ", "", &list, &len,
	    NULL) == SASL_OK)
		buf_set(&c->list, list, len);
	return c;
}

static const char *
mechanisms(const void *ctx)
{
	return ((const struct check *)ctx)->list.ptr;
}

static const char *
user(const void *ctx)
{
	return ((const struct check *)ctx)->user;
}

static void
find_user(struct check *c)
{
	const void *name = NULL;

	free(c->user);
	c->user = NULL;
	if (c->conn != NULL && c->lib->sasl_getprop(c->conn, SASL_USERNAME, &name) == SASL_OK &&
	    name != NULL)
		c->user = xstrdup(name);
}

/* Is it the client's fault, or might it work later? */
static enum sasl_step
failure(int code)
{
	switch (code) {
	case SASL_FAIL:
	case SASL_NOMEM:
	case SASL_BUFOVER:
	case SASL_TRYAGAIN:
	case SASL_BADPARAM:
	case SASL_NOTINIT:
	case SASL_UNAVAIL:
	case SASL_CONFIGERR:
		return SASL_STEP_RETRY;
	default:
		return SASL_STEP_REFUSED;
	}
}

static enum sasl_step
result(struct check *c, int code, const char *out, unsigned len,
    struct buf *text)
{
	find_user(c);
	if (code == SASL_CONTINUE) {
		base64_encode(text, out != NULL ? out : "", len);
		return SASL_STEP_MORE;
	}
	if (code == SASL_OK && c->user != NULL)
		return SASL_STEP_DONE;
	/* Which names there are is nobody's business. */
	cyrus_explain(c->lib, text, code == SASL_NOUSER ? SASL_BADAUTH : code);
	return code == SASL_OK ? SASL_STEP_RETRY : failure(code);
}

/* What the client says, decoded; false after it was refused. */
static bool
decode(struct check *c, struct buf *out, const char *response,
    struct buf *text)
{
	int code = cyrus_decode(c->lib, out, response);

	if (code != SASL_OK)
		cyrus_explain(c->lib, text, code);
	return code == SASL_OK;
}

static void
wipe(struct buf *b)
{
	explicit_bzero(b->ptr, b->len);
	buf_done(b);
}

static enum sasl_step
first(void *ctx, const char *mechanism, const char *response, struct buf *text)
{
	struct check *c = ctx;
	struct buf in = BUF_INIT;
	const char *out = NULL;
	unsigned len = 0;
	int code;

	free(c->user);
	c->user = NULL;
	if (response != NULL && !decode(c, &in, response, text))
		return SASL_STEP_REFUSED;
	if ((code = make_conn(c)) == SASL_OK)
		code = c->lib->sasl_server_start(c->conn, mechanism,
		    response != NULL ? in.ptr : NULL, (unsigned)in.len, &out,
		    &len);
	c->is_used = true;
	wipe(&in);
	return result(c, code, out, len, text);
}

static enum sasl_step
next(void *ctx, const char *response, struct buf *text)
{
	struct check *c = ctx;
	struct buf in = BUF_INIT;
	const char *out = NULL;
	unsigned len = 0;
	int code;

	if (!decode(c, &in, response, text))
		return SASL_STEP_REFUSED;
	code = c->lib->sasl_server_step(c->conn, in.ptr, (unsigned)in.len,
	    &out, &len);
	wipe(&in);
	return result(c, code, out, len, text);
}

const struct sasl_server_ops sasl_cyrus_server = {
	.type = "cyrus",
	.authority_new = authority_new, .authority_free = authority_free,
	.check_new = check_new, .check_free = check_free,
	.mechanisms = mechanisms, .first = first, .next = next, .user = user
};
