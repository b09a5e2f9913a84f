/*
 * cyrus.c - the Cyrus SASL library, loaded when it is needed
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/cyrus.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/net/sasl.h"

#define LIBRARY	"libsasl2.so.2"
/* Debian's way has the files beside main.cf, others have a place for all programs. */
#define SYSTEM_PATH	"/etc/sasl2:/usr/lib/sasl2:/usr/lib/sasl"

static struct cyrus lib;

/* ---- loading ---- */

static int
load(struct err *err)
{
	static const struct {
		const char	*name;
		size_t		 offset;
	} rows[] = {
#define ROW(name) { #name, offsetof(struct cyrus, name) },
		CYRUS_FUNCTIONS(ROW)
#undef ROW
	};
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL), *function;
	size_t i;

	if (handle == NULL)
		return err_set(err, ERR_CONFIG, "SASL library: %s", dlerror());
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((function = dlsym(handle, rows[i].name)) == NULL)
			return err_set(err, ERR_CONFIG, "SASL library: %s",
			    dlerror());
		memcpy((char *)&lib + rows[i].offset, &function,
		    sizeof(function));
	}
	return 0;
}

static int
set_config_path(const char *config_path, struct err *err)
{
	struct buf path = BUF_INIT;
	int rc;

	buf_addf(&path, "%s%s%s/sasl:" SYSTEM_PATH, config_path,
	    config_path[0] != '\0' ? ":" : "", params.config_directory);
	rc = lib.sasl_set_path(SASL_PATH_TYPE_CONFIG, path.ptr);
	if (rc != SASL_OK)
		rc = err_set(err, ERR_CONFIG, "failed to set SASL "
		    "configuration path: \"%s\": %s", path.ptr,
		    lib.sasl_errstring(rc, NULL, NULL));
	buf_done(&path);
	return rc;
}

const struct cyrus *
cyrus_load(const char *config_path, struct err *err)
{
	if (load(err) == -1 || set_config_path(config_path, err) == -1)
		return NULL;
	return &lib;
}

/* ---- what both sides need ---- */

static int
take_log(void *ctx, int level, const char *message)
{
	(void)ctx;
	switch (level) {
	case SASL_LOG_ERR:
		log_warning("SASL authentication problem: %s", message);
		break;
	case SASL_LOG_FAIL:
		log_warning("SASL authentication failure: %s", message);
		break;
	case SASL_LOG_WARN:
		log_warning("SASL authentication warning: %s", message);
		break;
	case SASL_LOG_NOTE:
		log_info("SASL authentication info: %s", message);
		break;
	case SASL_LOG_DEBUG:
	case SASL_LOG_TRACE:
		log_debug("SASL authentication debug: %s", message);
		break;
	default:		/* among them passwords */
		break;
	}
	return SASL_OK;
}

const sasl_callback_t *
cyrus_callbacks(void)
{
	static const sasl_callback_t callbacks[] = {
		{ SASL_CB_LOG, CYRUS_PROC(take_log), NULL },
		{ SASL_CB_LIST_END, NULL, NULL }
	};

	return callbacks;
}

int
cyrus_secure(const struct cyrus *l, sasl_conn_t *conn, unsigned security)
{
	static const struct {
		unsigned	 ours, theirs;
	} bits[] = {
		{ SASL_NO_PLAINTEXT, SASL_SEC_NOPLAINTEXT },
		{ SASL_NO_ACTIVE, SASL_SEC_NOACTIVE },
		{ SASL_NO_DICTIONARY, SASL_SEC_NODICTIONARY },
		{ SASL_FORWARD_SECRECY, SASL_SEC_FORWARD_SECRECY },
		{ SASL_NO_ANONYMOUS, SASL_SEC_NOANONYMOUS },
		{ SASL_MUTUAL_AUTH, SASL_SEC_MUTUAL_AUTH }
	};
	sasl_security_properties_t properties;
	size_t i;

	/* No layer of its own: encryption is TLS's work. */
	memset(&properties, 0, sizeof(properties));
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if ((security & bits[i].ours) != 0)
			properties.security_flags |= bits[i].theirs;
	return l->sasl_setprop(conn, SASL_SEC_PROPS, &properties);
}

int
cyrus_decode(const struct cyrus *l, struct buf *out, const char *base64)
{
	unsigned len = (unsigned)strlen(base64), got = 0;
	int rc;

	buf_reset(out);
	buf_reserve(out, len + 1);
	rc = l->sasl_decode64(base64, len, out->ptr, len + 1, &got);
	out->len = rc == SASL_OK ? got : 0;
	out->ptr[out->len] = '\0';
	return rc;
}

void
cyrus_explain(const struct cyrus *l, struct buf *text, int code)
{
	buf_sets(text, l->sasl_errstring(code, NULL, NULL));
}
