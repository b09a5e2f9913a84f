/*
 * tlsproxy.c - makes TLS for servers that serve many clients in one process
 *
 * postscreen talks to strangers and knows no keys; this role knows the keys
 * and makes nothing of what strangers say.
 *
 * SPDX-License-Identifier: ISC
 */
#include <unistd.h>

#include "daemon/role.h"
#include "daemon/serve/serve.h"
#include "daemon/serve/tls_level.h"
#include "daemon/serve/tls_service.h"
#include "daemon/tlsproxy/session.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"

static struct tls_service service;
static struct session_terms terms = { .service = &service };

static void
accepted(struct event_base *base, int fd, const char *name)
{
	(void)name;
	session_accept(base, &terms, fd);
}

static void
pre_jail(const char *name, char **argv)
{
	enum tls_level level = tls_level_of_server("tlsproxy_tls_security_level",
	    params.tlsproxy_tls_security_level, params.tlsproxy_enforce_tls,
	    params.tlsproxy_use_tls);
	struct tls_service_conf conf = {
		.prefix = "tlsproxy",
		.is_required = level == TLS_LEVEL_ENCRYPT,
		.loglevel = params.tlsproxy_tls_loglevel,
		.protocols = params.tlsproxy_tls_protocols,
		.mandatory_protocols = params.tlsproxy_tls_mandatory_protocols,
		.ciphers = params.tlsproxy_tls_ciphers,
		.mandatory_ciphers = params.tlsproxy_tls_mandatory_ciphers,
		.exclude_ciphers = params.tlsproxy_tls_exclude_ciphers,
		.mandatory_exclude_ciphers =
		    params.tlsproxy_tls_mandatory_exclude_ciphers,
		.cert_file = params.tlsproxy_tls_cert_file,
		.key_file = params.tlsproxy_tls_key_file,
		.eccert_file = params.tlsproxy_tls_eccert_file,
		.eckey_file = params.tlsproxy_tls_eckey_file,
		.dcert_file = params.tlsproxy_tls_dcert_file,
		.dkey_file = params.tlsproxy_tls_dkey_file,
		.chain_files = params.tlsproxy_tls_chain_files,
		.ca_file = params.tlsproxy_tls_CAfile,
		.ca_path = params.tlsproxy_tls_CApath,
		.dh_file = params.tlsproxy_tls_dh1024_param_file,
		.verify_depth = params.tlsproxy_tls_ccert_verifydepth,
		.digest = params.tlsproxy_tls_fingerprint_digest,
		.always_issues_ids =
		    params.tlsproxy_tls_always_issue_session_ids,
	};

	(void)name, (void)argv;
	/* postscreen takes no mail, so there is nothing that a certificate would let in. */
	terms.explains = params.tlsproxy_tls_req_ccert && conf.is_required;
	if (params.tlsproxy_tls_req_ccert && !conf.is_required)
		log_warning("Can't require client certs unless TLS is required");
	conf.asks_cert = terms.asks_cert = params.tlsproxy_tls_ask_ccert ||
	    terms.explains;
	if (level == TLS_LEVEL_NONE)
		log_warning("TLS server role is disabled with "
		    "tlsproxy_tls_security_level or tlsproxy_use_tls");
	else
		tls_service_init(&service, &conf);
}

static void
post_jail(const char *name, char **argv)
{
	(void)name, (void)argv;
	serve_set_watchdog(params.tlsproxy_watchdog_timeout);
}

const struct role tlsproxy_role = {
	.name = "tlsproxy",
	.summary = "make TLS for postscreen's clients",
	.skeleton = ROLE_MULTI,
	.needs = ROLE_MAXPROC_0,
	.pre_jail = pre_jail,
	.post_jail = post_jail,
	.accepted = accepted
};
