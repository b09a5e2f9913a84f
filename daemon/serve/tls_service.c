/*
 * tls_service.c - what a server needs to offer TLS, as main.cf says
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/tls_service.h"

#include "daemon/serve/tls_kept.h"
#include "daemon/serve/tls_tickets.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/net/tls.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

static int
find_chain(void *ctx, const char *name, struct buf *pem)
{
	switch (search_server_name(ctx, name, pem)) {
	case TABLE_FOUND:
		return 1;
	case TABLE_NOT_FOUND:
		return 0;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		break;
	}
	return -1;
}

static unsigned
log_bits(const struct tls_service_conf *c)
{
	unsigned bits = 0;

	if (tls_log_parse(&bits, c->loglevel) == -1)
		log_warning("unknown %s_tls_loglevel value \"%s\"", c->prefix,
		    c->loglevel);
	return bits;
}

static bool
set_protocols(struct tls_service *t, const struct tls_service_conf *c)
{
	const char *text = c->is_required ? c->mandatory_protocols :
	    c->protocols;

	if (tls_protocols_parse(&t->protocols, text) == 0)
		return true;
	log_warning("Invalid TLS protocol list \"%s\": disabling TLS support",
	    text);
	return false;
}

/* A cipher without certificates has no room for the client's either. */
static void
set_ciphers(struct tls_service *t, const struct tls_service_conf *c)
{
	const char *const excludes[] = {
		c->exclude_ciphers,
		c->is_required ? c->mandatory_exclude_ciphers : "",
		c->asks_cert ? "aNULL" : "", NULL
	};

	tls_cipher_list(&t->ciphers, c->is_required ? c->mandatory_ciphers :
	    c->ciphers, excludes);
}

static struct tls_ctx *
make_ctx(const struct tls_service *t, const struct tls_service_conf *c)
{
	struct tls_setup setup = {
		.is_server = true,
		.log = log_bits(c),
		.cert_file = c->cert_file, .key_file = c->key_file,
		.eccert_file = c->eccert_file, .eckey_file = c->eckey_file,
		.dcert_file = c->dcert_file, .dkey_file = c->dkey_file,
		.chain_files = c->chain_files,
		.ca_file = c->ca_file, .ca_path = c->ca_path,
		.dh_file = c->dh_file,
		.verify_depth = c->verify_depth,
		.digest = c->digest,
		.find_chain = maps_is_empty(t->sni) ? NULL : find_chain,
		.find_ctx = t->sni,
		.ticket_key = tls_tickets_key,
		.ticket_cipher = params.tls_session_ticket_cipher,
		.ticket_lifetime_s = params.smtpd_tls_session_cache_timeout,
		.sessions = tls_kept("smtpd",
		    params.smtpd_tls_session_cache_database,
		    params.smtpd_tls_session_cache_timeout),
		.asks_cert = c->asks_cert,
		.always_issues_ids = c->always_issues_ids,
	};

	return tls_ctx_or_warn(&setup);
}

void
tls_service_init(struct tls_service *t, const struct tls_service_conf *c)
{
	*t = (struct tls_service){ .ciphers = BUF_INIT };
	t->sni = maps_open("tls_server_sni_maps", params.tls_server_sni_maps,
	    TABLE_FOLD | TABLE_VALUE_IS_FILE);
	set_ciphers(t, c);
	if (set_protocols(t, c))
		t->ctx = make_ctx(t, c);
}

void
tls_service_done(struct tls_service *t)
{
	tls_ctx_free(t->ctx);
	maps_free(t->sni);
	buf_done(&t->ciphers);
}
