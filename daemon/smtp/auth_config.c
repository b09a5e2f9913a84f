/*
 * auth_config.c - parameters about logins, whether they are called smtp_ or lmtp_
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/auth.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/net/sasl.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"
#include "lib/table/search.h"

#define PICK(lmtp, smtp)	(is_lmtp ? (lmtp) : (smtp))
#define TITLE(name)	(is_lmtp ? "lmtp_" name : "smtp_" name)

static void
load_security(struct auth_config *c, bool is_lmtp)
{
	c->security = sasl_security_need(
	    PICK(params.lmtp_sasl_security_options,
	    params.smtp_sasl_security_options));
	c->tls_security = sasl_security_need(
	    PICK(params.lmtp_sasl_tls_security_options,
	    params.smtp_sasl_tls_security_options));
	c->verified_security = sasl_security_need(
	    PICK(params.lmtp_sasl_tls_verified_security_options,
	    params.smtp_sasl_tls_verified_security_options));
}

/* Only one process may write: that is what the proxymap service is for. */
static void
open_cache(struct auth_config *c, bool is_lmtp)
{
	struct err err = ERR_INIT;

	c->cache_name = PICK(params.lmtp_sasl_auth_cache_name,
	    params.smtp_sasl_auth_cache_name);
	c->cache_time_s = PICK(params.lmtp_sasl_auth_cache_time,
	    params.smtp_sasl_auth_cache_time);
	if (c->cache_name[0] == '\0')
		return;
	if (strncmp(c->cache_name, "proxy:", 6) != 0)
		log_fatal("%s: \"%s\" must be accessed as \"proxy:%s\"",
		    TITLE("sasl_auth_cache_name"), c->cache_name,
		    c->cache_name);
	c->cache = table_open(c->cache_name, TABLE_WRITE, TABLE_DUP_REPLACE |
	    TABLE_UTF8, &err);
	if (c->cache == NULL)
		log_fatal("%s: %s", TITLE("sasl_auth_cache_name"), err.text);
}

static void
load_library(bool is_lmtp)
{
	struct err err = ERR_INIT;

	if (sasl_login_init(PICK(params.lmtp_sasl_type, params.smtp_sasl_type),
	    params.cyrus_sasl_config_path, &err) == 0)
		return;
	log_warning("%s", err.text);
	log_fatal("SASL library initialization");
}

void
auth_config_load(struct auth_config *c, bool is_lmtp)
{
	const char *list;

	memset(c, 0, sizeof(*c));
	if (!PICK(params.lmtp_sasl_auth_enable, params.smtp_sasl_auth_enable))
		return;
	list = PICK(params.lmtp_sasl_password_maps,
	    params.smtp_sasl_password_maps);
	if (list[0] == '\0')
		log_fatal("specify a password table via the `%s' configuration "
		    "parameter", TITLE("sasl_password_maps"));
	load_library(is_lmtp);
	c->passwords = maps_open(TITLE("sasl_password_maps"), list,
	    SEARCH_ADDRESSES);
	c->by_sender = PICK(params.lmtp_sender_dependent_authentication,
	    params.smtp_sender_dependent_authentication);
	c->is_soft = PICK(params.lmtp_sasl_auth_soft_bounce,
	    params.smtp_sasl_auth_soft_bounce);
	c->marks_mail = PICK(params.lmtp_send_dummy_mail_auth,
	    params.smtp_send_dummy_mail_auth);
	c->says_authzid = params.send_cyrus_sasl_authzid;
	c->delimiter = PICK(params.lmtp_sasl_password_result_delimiter,
	    params.smtp_sasl_password_result_delimiter)[0];
	c->service = PICK("lmtp", "smtp");
	list = PICK(params.lmtp_sasl_mechanism_filter,
	    params.smtp_sasl_mechanism_filter);
	if (list[0] != '\0')
		c->filter = match_list_new(TITLE("sasl_mechanism_filter"),
		    MATCH_STRING, list);
	load_security(c, is_lmtp);
	open_cache(c, is_lmtp);
}
