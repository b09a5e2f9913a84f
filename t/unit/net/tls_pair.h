/*
 * tls_pair.h - a TLS client and a server for unit tests: two threads with a
 * socket pair between them
 *
 * Two tests include it. The certificate is made at the start of each test.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef T_UNIT_NET_TLS_PAIR_H
#define T_UNIT_NET_TLS_PAIR_H

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "lib/net/stream.h"
#include "lib/net/tls.h"

static char dir[] = "/tmp/tls_test.XXXXXX";
static char cert_file[64], key_file[64], both_file[64];

/* ---- a certificate ---- */

static X509 *
make_cert(EVP_PKEY *key, const char *cn, const char *san, long good_s)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *ext;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -7200);
	X509_gmtime_adj(X509_getm_notAfter(cert), good_s);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(cert, name);
	ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	X509_set_pubkey(cert, key);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	return cert;
}

static void
write_pem(const char *path, EVP_PKEY *key, X509 *cert)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	if (key != NULL)
		PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	if (cert != NULL)
		PEM_write_X509(f, cert);
	fclose(f);
}

static void
setup(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert;

	signal(SIGPIPE, SIG_IGN);
	params.tls_high_cipherlist = params.tls_medium_cipherlist = "HIGH";
	params.tls_eecdh_auto_curves = "X25519 no-such-curve prime256v1";
	params.tls_ffdhe_auto_groups = "";
	params.tls_config_file = "default";
	params.tls_config_name = "";
	params.tls_dane_digests = "sha512 sha256";
	params.tls_disable_workarounds = params.tls_ssl_options = "";
	params.tls_wildcard_matches_multiple_labels = true;
	params.tls_fast_shutdown_enable = true;
	strcpy(dir, "/tmp/tls_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(cert_file, sizeof(cert_file), "%s/cert", dir);
	snprintf(key_file, sizeof(key_file), "%s/key", dir);
	snprintf(both_file, sizeof(both_file), "%s/both", dir);
	cert = make_cert(key, "cn.example",
	    "DNS:mail.example,DNS:*.wild.example", 3600);
	write_pem(cert_file, NULL, cert);
	write_pem(key_file, key, NULL);
	write_pem(both_file, key, cert);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
teardown(void)
{
	unlink(cert_file);
	unlink(key_file);
	unlink(both_file);
	rmdir(dir);
}

/* ---- two sides ---- */

static struct tls_setup
setup_of(bool is_server)
{
	struct tls_setup s = { .is_server = is_server, .cert_file = "",
	    .key_file = "", .eccert_file = "", .eckey_file = "",
	    .dcert_file = "", .dkey_file = "", .chain_files = "",
	    .ca_file = "", .ca_path = "", .dh_file = "", .verify_depth = 9,
	    .digest = "sha256" };

	if (is_server) {
		s.eccert_file = cert_file;
		s.eckey_file = key_file;
	}
	return s;
}

static struct tls_ctx *
ctx_of(const struct tls_setup *s)
{
	struct err err = ERR_INIT;
	struct tls_ctx *ctx = tls_ctx_new(s, &err);

	ck_assert_msg(ctx != NULL, "%s", err.text);
	return ctx;
}

static struct tls_options
options(void)
{
	return (struct tls_options){ .peer = "peer[192.0.2.1]",
	    .ciphers = "HIGH", .timeout_s = 10 };
}

struct server {
	struct tls_ctx	*ctx;
	struct tls_options o;
	struct stream	*stream;
	bool		 is_up;
	bool		 is_trusted;	/* the client is */
	struct err	 err;
};

/* Echo lines until the client goes. */
static void *
server_main(void *arg)
{
	struct server *s = arg;
	struct buf line = BUF_INIT;
	struct tls *t = tls_start(s->ctx, &s->o, s->stream, &s->err);

	s->is_up = t != NULL;
	s->is_trusted = s->is_up && tls_info(t)->is_trusted;
	while (s->is_up && stream_getline(s->stream, &line, 1 << 20) == 1) {
		stream_write(s->stream, line.ptr, line.len);
		buf_reset(&line);
	}
	if (s->is_up)
		stream_flush(s->stream);
	buf_done(&line);
	return NULL;
}

/* One session; what the client learns is in *st, the server runs on. */
static struct tls *
connect_pair(struct server *s, pthread_t *thread, struct tls_ctx *client,
    const struct tls_options *o, struct stream **st, struct err *err)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	s->stream = stream_new(fd[0], 10);
	*st = stream_new(fd[1], 10);
	ck_assert_int_eq(pthread_create(thread, NULL, server_main, s), 0);
	return tls_start(client, o, *st, err);
}

static void
end_pair(struct server *s, pthread_t thread, struct stream *st)
{
	stream_free(st);
	pthread_join(thread, NULL);
	stream_free(s->stream);
}

#endif
