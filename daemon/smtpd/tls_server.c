/*
 * tls_server.c - TLS as smtpd offers it: what the process has, how a session starts it
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/tls_server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/serve/tls_level.h"
#include "daemon/serve/tls_service.h"
#include "daemon/smtpd/anvil_client.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/net/tls.h"
#include "lib/queue/queue_rec.h"

struct tls_server {
	struct tls_service service;
	bool		 is_required, wraps, asks_cert, requires_cert;
};

/* ---- what the configuration says ---- */

static void
make_service(struct tls_server *v)
{
	const struct tls_service_conf conf = {
		.prefix = "smtpd",
		.is_required = v->is_required, .asks_cert = v->asks_cert,
		.loglevel = params.smtpd_tls_loglevel,
		.protocols = params.smtpd_tls_protocols,
		.mandatory_protocols = params.smtpd_tls_mandatory_protocols,
		.ciphers = params.smtpd_tls_ciphers,
		.mandatory_ciphers = params.smtpd_tls_mandatory_ciphers,
		.exclude_ciphers = params.smtpd_tls_exclude_ciphers,
		.mandatory_exclude_ciphers =
		    params.smtpd_tls_mandatory_exclude_ciphers,
		.cert_file = params.smtpd_tls_cert_file,
		.key_file = params.smtpd_tls_key_file,
		.eccert_file = params.smtpd_tls_eccert_file,
		.eckey_file = params.smtpd_tls_eckey_file,
		.dcert_file = params.smtpd_tls_dcert_file,
		.dkey_file = params.smtpd_tls_dkey_file,
		.chain_files = params.smtpd_tls_chain_files,
		.ca_file = params.smtpd_tls_CAfile,
		.ca_path = params.smtpd_tls_CApath,
		.dh_file = params.smtpd_tls_dh1024_param_file,
		.verify_depth = params.smtpd_tls_ccert_verifydepth,
		.digest = params.smtpd_tls_fingerprint_digest,
		.always_issues_ids = params.smtpd_tls_always_issue_session_ids,
	};

	tls_service_init(&v->service, &conf);
}

struct tls_server *
tls_server_new(void)
{
	enum tls_level level = tls_level_of_server("smtpd_tls_security_level",
	    params.smtpd_tls_security_level, params.smtpd_enforce_tls,
	    params.smtpd_use_tls);
	struct tls_server *v;

	if (level == TLS_LEVEL_NONE && !params.smtpd_tls_wrappermode)
		return NULL;
	v = xcalloc(1, sizeof(*v));
	v->wraps = params.smtpd_tls_wrappermode;
	v->is_required = level == TLS_LEVEL_ENCRYPT || v->wraps;
	v->requires_cert = params.smtpd_tls_req_ccert;
	if (v->requires_cert && !v->is_required) {
		log_warning("Can't require client certs unless TLS is required");
		v->requires_cert = false;
	}
	v->asks_cert = params.smtpd_tls_ask_ccert || v->requires_cert;
	make_service(v);
	return v;
}

void
tls_server_free(struct tls_server *v)
{
	if (v == NULL)
		return;
	tls_service_done(&v->service);
	free(v);
}

bool
tls_server_is_required(const struct tls_server *v)
{
	return v != NULL && v->is_required;
}

bool
tls_server_wraps(const struct tls_server *v)
{
	return v != NULL && v->wraps;
}

bool
tls_server_works(const struct tls_server *v)
{
	return v != NULL && v->service.ctx != NULL;
}

/* ---- how many ---- */

static bool
is_counted(const struct session *s)
{
	return params.smtpd_client_new_tls_session_rate_limit > 0 &&
	    s->anvil != NULL && !session_is_listed(s, s->env->xclient_hosts) &&
	    !session_is_listed(s, s->env->event_exceptions);
}

bool
tls_server_refuses(struct session *s, const char *log)
{
	int rate = 0;

	if (!is_counted(s) || !anvil_client_event(s->anvil,
	    ANVIL_NEWTLS_STATUS, s->peer.addr, NULL, &rate) ||
	    rate <= params.smtpd_client_new_tls_session_rate_limit)
		return false;
	log_warning("Refusing %s from %s for service %s", log,
	    s->peer.namaddr, s->env->service);
	return true;
}

static bool
is_over_limit(struct session *s)
{
	int rate = 0;

	if (s->tls->is_reused || !is_counted(s) ||
	    !anvil_client_event(s->anvil, ANVIL_NEWTLS, s->peer.addr, NULL,
	    &rate) || rate <= params.smtpd_client_new_tls_session_rate_limit)
		return false;
	log_warning("New TLS session rate limit exceeded: %d from %s for "
	    "service %s", rate, s->peer.namaddr, s->env->service);
	session_reply(s, "421 4.7.0 %s Error: too many new TLS sessions from "
	    "%s", params.myhostname, s->peer.namaddr);
	return true;
}

/* ---- starting ---- */

static void
check_cert(struct session *s)
{
	const char *what = NULL;

	if (!s->tls->has_cert)
		what = "No client certificate presented";
	else if (!s->tls->is_trusted)
		what = "Client certificate not trusted";
	if (what == NULL)
		return;
	log_info("NOQUEUE: abort: TLS from %s: %s", s->peer.namaddr, what);
	session_reply(s, "421 4.7.1 %s Error: %s", params.myhostname, what);
}

bool
tls_server_start(struct session *s, struct stream *st)
{
	const struct tls_server *v = s->env->tls;
	struct tls_options o = { .peer = s->peer.namaddr,
	    .protocols = v->service.protocols,
	    .ciphers = v->service.ciphers.ptr,
	    .timeout_s = params.smtpd_starttls_timeout,
	    .explains = v->requires_cert, .asks_cert = v->asks_cert };
	struct err err = ERR_INIT;
	struct tls *t;

	if (v->service.ciphers.len == 0) {
		log_warning("%s: invalid cipher grade: \"%s\"",
		    s->peer.namaddr, v->is_required ?
		    params.smtpd_tls_mandatory_ciphers :
		    params.smtpd_tls_ciphers);
		return false;
	}
	if ((t = tls_start(v->service.ctx, &o, st, &err)) == NULL) {
		log_info("%s", err.text);
		tls_log_problems();
		return false;
	}
	session_tls_started(s, tls_info(t));
	if (!is_over_limit(s)) {
		if (v->requires_cert)
			check_cert(s);
	} else if (!v->wraps) {
		s->done[VERB_STARTTLS]--;
	}
	return true;
}

/* ---- Received: ---- */

void
tls_server_put_received(struct session *s)
{
	const struct tls_info *info = s->tls;
	struct buf line = BUF_INIT;

	buf_adds(&line, "\t(using ");
	tls_summary(&line, info);
	if (info->server_part.len > 0) {
		session_put(s, QUEUE_REC_TEXT, "%s", line.ptr);
		buf_setf(&line, "\t%s", info->server_part.ptr);
	}
	if (info->client_part.len > 0) {
		session_put(s, QUEUE_REC_TEXT, "%s", line.ptr);
		buf_setf(&line, "\t%s", info->client_part.ptr);
	}
	session_put(s, QUEUE_REC_TEXT, "%s)", line.ptr);
	if (info->has_cert) {
		buf_sets(&line, "\t(Client CN \"");
		session_add_comment(&line, info->subject_cn);
		buf_adds(&line, "\", Issuer \"");
		session_add_comment(&line, info->issuer_cn);
		session_put(s, QUEUE_REC_TEXT, "%s\" (%s))", line.ptr,
		    info->is_trusted ? "verified OK" : "not verified");
	} else {
		session_put(s, QUEUE_REC_TEXT, "\t(%s)", info->asked_cert ?
		    "Client did not present a certificate" :
		    "No client certificate requested");
	}
	buf_done(&line);
}
