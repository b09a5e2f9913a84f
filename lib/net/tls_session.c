/*
 * tls_session.c - sessions that go on: kept by somebody else, found again
 *
 * A session that goes on skips what was verified when it began. So a client
 * looks for it under a name that has all in it that the verification depended
 * on: the policy, the names and keys that were wanted, whom we trust, who we
 * are. A change of any of it is another name. What did not pass then is not
 * kept; what was found out about the certificate stands in front of the
 * session, and a certificate that is too old by now begins anew.
 *
 * A server gives a session a random name. OpenSSL compares the context of it
 * (tls_ticket.c) with our own.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/tls_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"

#define ID_MAX		480	/* bytes; a key of lmdb has 511 at most */
#define SESSION_MAX	24576	/* bytes; some hold a large certificate */

/* In front of a kept session. */
enum { IS_TRUSTED = 'T', IS_UNTRUSTED = 'U' };

static bool
is_logged(const struct tls *t)
{
	return (t->ctx->log & TLS_LOG_VERBOSE) != 0;
}

/* ---- what a client's session depends on ---- */

/* With its length, so that no two lists of texts look the same. */
static void
put(struct buf *out, const void *data, size_t len)
{
	buf_addf(out, "%zu:", len);
	buf_add(out, data, len);
}

static void
put_text(struct buf *out, const char *text)
{
	if (text == NULL)
		buf_adds(out, "-");
	else
		put(out, text, strlen(text));
}

static void
put_cert(struct buf *out, const X509 *cert)
{
	unsigned char print[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (cert != NULL && X509_digest(cert, EVP_sha256(), print, &len) == 1)
		put(out, print, len);
}

static void
put_authorities(struct buf *out, SSL_CTX *ssl)
{
	STACK_OF(X509_OBJECT) *all =
	    X509_STORE_get0_objects(SSL_CTX_get_cert_store(ssl));
	int i;

	for (i = 0; i < sk_X509_OBJECT_num(all); i++)
		put_cert(out,
		    X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i)));
}

static void
put_own_certs(struct buf *out, SSL_CTX *ssl)
{
	int more = SSL_CTX_set_current_cert(ssl, SSL_CERT_SET_FIRST);

	for (; more == 1;
	    more = SSL_CTX_set_current_cert(ssl, SSL_CERT_SET_NEXT))
		put_cert(out, SSL_CTX_get0_certificate(ssl));
	SSL_CTX_set_current_cert(ssl, SSL_CERT_SET_FIRST);
}

static void
print_ctx(struct tls_ctx *ctx, const struct tls_setup *setup)
{
	struct buf all = BUF_INIT;

	put_text(&all, OpenSSL_version(OPENSSL_VERSION));
	buf_addf(&all, "%d %d ", setup->verify_depth,
	    params.tls_append_default_CA);
	put_text(&all, setup->digest);
	put_text(&all, params.tls_dane_digests);
	put_authorities(&all, ctx->ssl);
	buf_adds(&all, "own");
	put_own_certs(&all, ctx->ssl);
	EVP_Digest(all.ptr, all.len, ctx->session_print,
	    &ctx->session_print_len, EVP_sha256(), NULL);
	buf_done(&all);
}

/* The authorities there are read at need; when one comes or goes, its folder shows it. */
static void
put_ca_path(struct buf *out, const char *path)
{
	struct stat st;

	put_text(out, path);
	if (path[0] != '\0' && stat(path, &st) == 0)
		buf_addf(out, "%lld.%09ld", (long long)st.st_mtim.tv_sec,
		    st.st_mtim.tv_nsec);
}

static int
compare_tlsa(const void *a, const void *b)
{
	const struct tls_tlsa *x = *(const struct tls_tlsa *const *)a,
	    *y = *(const struct tls_tlsa *const *)b;

	if (x->usage != y->usage)
		return x->usage - y->usage;
	if (x->selector != y->selector)
		return x->selector - y->selector;
	if (x->matching != y->matching)
		return x->matching - y->matching;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->data, y->data, x->len);
}

/* DNS gives them in a different order each time. */
static void
put_tlsa(struct buf *out, const struct tls_options *o)
{
	const struct tls_tlsa **list;
	size_t i;

	put_text(out, o->tlsa_base);
	buf_addf(out, "%zu", o->tlsa_count);
	if (o->tlsa_count == 0)
		return;
	list = xcalloc(o->tlsa_count, sizeof(*list));
	for (i = 0; i < o->tlsa_count; i++)
		list[i] = &o->tlsa[i];
	qsort(list, o->tlsa_count, sizeof(*list), compare_tlsa);
	for (i = 0; i < o->tlsa_count; i++) {
		buf_addf(out, " %u %u %u ", list[i]->usage, list[i]->selector,
		    list[i]->matching);
		put(out, list[i]->data, list[i]->len);
	}
	free(list);
}

static void
put_hex(struct buf *out, const unsigned char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf_addf(out, "%02X", bytes[i]);
}

/* "smtp&mail.example[192.0.2.1]:25&DIGEST", or NULL when that is too long */
static char *
client_id(const struct tls *t, const struct tls_options *o)
{
	const struct tls_ctx *ctx = t->ctx;
	unsigned char print[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct buf all = BUF_INIT, id = BUF_INIT;

	put(&all, ctx->session_print, ctx->session_print_len);
	put_ca_path(&all, ctx->ca_path);
	put_text(&all, o->session_policy);
	buf_addf(&all, "%d %d %u %d ", o->protocols.floor,
	    o->protocols.ceiling, o->protocols.excluded,
	    params.tls_wildcard_matches_multiple_labels);
	put_text(&all, o->ciphers);
	put_text(&all, o->servername);
	put(&all, o->names != NULL ? o->names : "", o->names_len);
	put_text(&all, o->fingerprints);
	put_tlsa(&all, o);
	EVP_Digest(all.ptr, all.len, print, &len, EVP_sha256(), NULL);
	buf_addf(&id, "%s&%s&", ctx->sessions->name, o->peer);
	put_hex(&id, print, len);
	buf_done(&all);
	if (id.len <= ID_MAX)
		return buf_take(&id);
	buf_done(&id);
	return NULL;
}

/* ---- client ---- */

static bool
wants_proof(const struct tls_options *o)
{
	return o->names_len > 0 || o->fingerprints != NULL ||
	    o->tlsa_count > 0;
}

/* Would it still pass? The name it has says that it did. */
static bool
is_still_good(const SSL_SESSION *s, bool is_trusted,
    const struct tls_options *o)
{
	X509 *cert = SSL_SESSION_get0_peer((SSL_SESSION *)s);

	if (SSL_SESSION_is_resumable(s) != 1)
		return false;
	if (cert == NULL)
		return !wants_proof(o);
	/* A fingerprint is compared again; trust is not. */
	if (wants_proof(o) && o->fingerprints == NULL && !is_trusted)
		return false;
	return X509_cmp_current_time(X509_get0_notAfter(cert)) > 0;
}

static bool
use(struct tls *t, const struct tls_options *o, const struct buf *kept)
{
	const unsigned char *der = (const unsigned char *)kept->ptr + 1;
	SSL_SESSION *s;
	bool ok = false;

	if (kept->len < 2)
		return false;
	t->offered_is_trusted = kept->ptr[0] == IS_TRUSTED;
	if ((s = d2i_SSL_SESSION(NULL, &der, (long)kept->len - 1)) != NULL)
		ok = is_still_good(s, t->offered_is_trusted, o) &&
		    SSL_set_session(t->ssl, s) == 1;
	SSL_SESSION_free(s);
	ERR_clear_error();
	return ok;
}

static void
forget(struct tls *t)
{
	if (is_logged(t))
		log_info("remove session %s from %s cache", t->session_id,
		    t->ctx->sessions->name);
	t->ctx->sessions->drop(t->ctx->sessions->name, t->session_id);
}

void
tls_session_offer(struct tls *t, const struct tls_options *o)
{
	const struct tls_sessions *k = t->ctx->sessions;
	struct buf kept = BUF_INIT;

	if (k == NULL || o->session_policy == NULL ||
	    (t->session_id = client_id(t, o)) == NULL)
		return;
	if (is_logged(t))
		log_info("looking for session %s in %s cache", t->session_id,
		    k->name);
	if (k->find(k->name, t->session_id, &kept)) {
		t->was_offered = use(t, o, &kept);
		if (!t->was_offered)
			forget(t);
		else if (is_logged(t))
			log_info("reloaded session %s from %s cache",
			    t->session_id, k->name);
	}
	OPENSSL_cleanse(kept.ptr, kept.len);
	buf_done(&kept);
}

/* Append it to out; false when it is too large. */
static bool
encode(SSL_SESSION *s, struct buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_SSL_SESSION(s, &der);
	bool ok = len > 0 && len <= SESSION_MAX;

	if (ok)
		buf_add(out, der, (size_t)len);
	if (len > 0)
		OPENSSL_clear_free(der, (size_t)len);
	return ok;
}

static void
keep(struct tls *t, SSL_SESSION *s)
{
	const struct tls_sessions *k = t->ctx->sessions;
	struct buf out = BUF_INIT;

	/* A server of TLS 1.3 may send several; one is enough. */
	if (!t->may_be_kept || t->is_kept)
		return;
	t->is_kept = true;
	buf_addc(&out, t->info.is_trusted ? IS_TRUSTED : IS_UNTRUSTED);
	if (encode(s, &out)) {
		if (is_logged(t))
			log_info("save session %s to %s cache", t->session_id,
			    k->name);
		k->save(k->name, t->session_id, &out);
	}
	OPENSSL_cleanse(out.ptr, out.len);
	buf_done(&out);
}

void
tls_session_judge(struct tls *t, const struct tls_options *o)
{
	if (t->session_id == NULL)
		return;
	t->is_judged = true;
	t->may_be_kept = !wants_proof(o) || t->info.is_verified;
	if (t->fresh != NULL)
		keep(t, t->fresh);
	SSL_SESSION_free(t->fresh);
	t->fresh = NULL;
}

void
tls_session_failed(struct tls *t)
{
	if (t->was_offered)
		forget(t);
}

/* TLS 1.2 says it within the handshake, TLS 1.3 some time later. 1: it is ours now. */
static int
client_has_new(SSL *ssl, SSL_SESSION *s)
{
	struct tls *t = tls_of(ssl);

	if (t->session_id == NULL)
		return 0;
	if (t->is_judged) {
		keep(t, s);
		return 0;
	}
	SSL_SESSION_free(t->fresh);
	t->fresh = s;
	return 1;
}

/* ---- server ---- */

/* A library of another version might write it in another way. */
static void
server_id(struct buf *id, const unsigned char *bytes, size_t len)
{
	put_hex(id, bytes, len);
	buf_addf(id, "&l=%lu", OpenSSL_version_num());
}

static int
server_has_new(SSL *ssl, SSL_SESSION *s)
{
	struct tls *t = tls_of(ssl);
	const struct tls_sessions *k = t->ctx->sessions;
	struct buf id = BUF_INIT, out = BUF_INIT;
	const unsigned char *bytes;
	unsigned len = 0;

	/* Who has a ticket brings the session along. */
	if (t->has_ticket)
		return 0;
	bytes = SSL_SESSION_get_id(s, &len);
	server_id(&id, bytes, len);
	if (len > 0 && encode(s, &out)) {
		if (is_logged(t))
			log_info("%s: save session %s to %s cache", t->peer,
			    id.ptr, k->name);
		k->save(k->name, id.ptr, &out);
	}
	OPENSSL_cleanse(out.ptr, out.len);
	buf_done(&out);
	buf_done(&id);
	return 0;
}

static SSL_SESSION *
server_find(SSL *ssl, const unsigned char *bytes, int len, int *is_shared)
{
	struct tls *t = tls_of(ssl);
	const struct tls_sessions *k = t->ctx->sessions;
	struct buf id = BUF_INIT, kept = BUF_INIT;
	const unsigned char *der;
	SSL_SESSION *s = NULL;

	*is_shared = 0;
	server_id(&id, bytes, (size_t)len);
	if (is_logged(t))
		log_info("%s: looking up session %s in %s cache", t->peer,
		    id.ptr, k->name);
	if (k->find(k->name, id.ptr, &kept)) {
		der = (const unsigned char *)kept.ptr;
		s = d2i_SSL_SESSION(NULL, &der, (long)kept.len);
		OPENSSL_cleanse(kept.ptr, kept.len);
		t->is_from_cache = s != NULL;
		if (s != NULL && is_logged(t))
			log_info("%s: reloaded session %s from %s cache",
			    t->peer, id.ptr, k->name);
	}
	ERR_clear_error();
	buf_done(&kept);
	buf_done(&id);
	return s;
}

/* ---- either ---- */

void
tls_keep_sessions(struct tls_ctx *ctx, const struct tls_setup *setup)
{
	if (setup->sessions == NULL)
		return;
	ctx->sessions = setup->sessions;
	SSL_CTX_set_session_cache_mode(ctx->ssl, SSL_SESS_CACHE_NO_INTERNAL |
	    (setup->is_server ? SSL_SESS_CACHE_SERVER :
	    SSL_SESS_CACHE_CLIENT));
	if (setup->is_server) {
		SSL_CTX_sess_set_new_cb(ctx->ssl, server_has_new);
		SSL_CTX_sess_set_get_cb(ctx->ssl, server_find);
		return;
	}
	SSL_CTX_sess_set_new_cb(ctx->ssl, client_has_new);
	ctx->ca_path = xstrdup(setup->ca_path);
	print_ctx(ctx, setup);
}
