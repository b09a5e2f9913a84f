/*
 * tls_library.c - the TLS library's own configuration file (tls_config_file, tls_config_name)
 *
 * It is read once a process, before anything else is asked of the library.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/tls_internal.h"

#include <string.h>

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "lib/base/err.h"
#include "lib/conf/params.h"

#define DISABLING	"disabling TLS support"

/* What is named has to be there; the system's own file need not. */
static int
set_up(OPENSSL_INIT_SETTINGS *st, struct err *err)
{
	const char *file = params.tls_config_file,
	    *name = params.tls_config_name;
	unsigned long flags = name[0] == '\0' ? CONF_MFLAGS_DEFAULT_SECTION :
	    0;

	if (strcmp(file, "default") == 0) {
		if (name[0] == '\0')
			return 0;
		flags |= CONF_MFLAGS_IGNORE_MISSING_FILE;
	} else if (file[0] != '/') {
		return err_set(err, ERR_CONFIG, "bad tls_config_file: \"%s\": "
		    "it is \"default\", \"none\" or an absolute path: "
		    DISABLING, file);
	} else if (OPENSSL_INIT_set_config_filename(st, file) != 1) {
		return err_set(err, ERR_SYSTEM, "out of memory: " DISABLING);
	}
	if (name[0] != '\0' && OPENSSL_INIT_set_config_appname(st, name) != 1)
		return err_set(err, ERR_SYSTEM, "out of memory: " DISABLING);
	OPENSSL_INIT_set_config_file_flags(st, flags);
	return 0;
}

int
tls_library_init(struct err *err)
{
	static int state = 1;	/* 0 or -1 once it is known */
	OPENSSL_INIT_SETTINGS *st;

	if (state == 0)
		return 0;
	if (strcmp(params.tls_config_file, "none") == 0) {
		state = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG,
		    NULL) == 1 ? 0 : -1;
	} else if ((st = OPENSSL_INIT_new()) == NULL) {
		return err_set(err, ERR_SYSTEM, "out of memory: " DISABLING);
	} else {
		if (set_up(st, err) == -1) {
			OPENSSL_INIT_free(st);
			return -1;
		}
		state = OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, st) ==
		    1 ? 0 : -1;
		OPENSSL_INIT_free(st);
	}
	if (state == -1)
		return err_set(err, ERR_CONFIG, "cannot load the TLS library's "
		    "configuration: tls_config_file = %s, tls_config_name = "
		    "%s: " DISABLING, params.tls_config_file,
		    params.tls_config_name);
	return 0;
}
