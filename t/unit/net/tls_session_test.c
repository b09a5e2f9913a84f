/*
 * tls_session_test.c - which sessions go on, and which must not?
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/net/tls_ticket.h"
#include "t/unit/net/tls_pair.h"
#include "t/unit/unit.h"

/* ---- where they are kept ---- */

static struct kept {		/* one of each side is enough */
	char		*id;
	struct buf	 bytes;
	int		 saves, drops;
} client_kept, server_kept;

static struct kept *
kept_of(const char *name)
{
	return strcmp(name, "client") == 0 ? &client_kept : &server_kept;
}

static bool
find(const char *name, const char *id, struct buf *out)
{
	struct kept *k = kept_of(name);

	if (k->id == NULL || strcmp(k->id, id) != 0)
		return false;
	buf_reset(out);
	buf_add(out, k->bytes.ptr, k->bytes.len);
	return true;
}

static void
save(const char *name, const char *id, const struct buf *session)
{
	struct kept *k = kept_of(name);

	free(k->id);
	k->id = xstrdup(id);
	buf_reset(&k->bytes);
	buf_add(&k->bytes, session->ptr, session->len);
	k->saves++;
}

static void
drop(const char *name, const char *id)
{
	struct kept *k = kept_of(name);

	(void)id;
	free(k->id);
	k->id = NULL;
	k->drops++;
}

static void
forget_all(void)
{
	free(client_kept.id);
	free(server_kept.id);
	buf_done(&client_kept.bytes);
	buf_done(&server_kept.bytes);
	client_kept = server_kept = (struct kept){ .bytes = BUF_INIT };
}

static const struct tls_sessions at_client = { "client", find, save, drop },
    at_server = { "server", find, save, drop };

static bool
ticket_key(void *ctx, const unsigned char *name, struct tls_ticket_key *out)
{
	(void)ctx, (void)name;
	*out = (struct tls_ticket_key){ .name = "sixteen bytes..",
	    .expires = clock_now() + 3600 };
	return true;
}

/* ---- one session after the other ---- */

struct world {
	struct tls_setup ss, cs;
	struct tls_options so, co;
};

static struct world
world_new(int version)
{
	struct world w = { setup_of(true), setup_of(false), options(),
	    options() };

	w.ss.ticket_key = ticket_key;
	w.ss.ticket_cipher = "aes-256-cbc";
	w.ss.ticket_lifetime_s = 3600;
	w.cs.sessions = &at_client;
	w.cs.ca_file = cert_file;
	w.co.session_policy = "secure";
	w.co.protocols.ceiling = version;
	w.co.names = "mail.example";
	w.co.names_len = sizeof("mail.example");
	return w;
}

struct outcome {
	bool		 reused, trusted, verified;
};

static struct outcome
talk(const struct world *w)
{
	struct server s = { .ctx = ctx_of(&w->ss), .o = w->so };
	struct tls_ctx *client = ctx_of(&w->cs);
	struct err err = ERR_INIT;
	struct outcome out;
	struct buf line = BUF_INIT;
	struct stream *st;
	struct tls *t;
	pthread_t thread;

	t = connect_pair(&s, &thread, client, &w->co, &st, &err);
	ck_assert_msg(t != NULL, "%s", err.text);
	out = (struct outcome){ tls_info(t)->is_reused,
	    tls_info(t)->is_trusted, tls_info(t)->is_verified };
	/* A ticket comes before the server's first word. */
	stream_puts(st, "hello\n");
	ck_assert_int_eq(stream_getline(st, &line, 100), 1);
	end_pair(&s, thread, st);
	buf_done(&line);
	tls_ctx_free(s.ctx);
	tls_ctx_free(client);
	return out;
}

static const int versions[] = { TLS_1_2, TLS_1_3 };

START_TEST(a_session_goes_on_and_is_as_good_as_it_was)
{
	struct world w = world_new(versions[_i]);
	struct outcome first = talk(&w), second = talk(&w);

	ck_assert(!first.reused && first.verified);
	ck_assert(second.reused && second.verified && second.trusted);
}
END_TEST

START_TEST(a_session_goes_on_from_the_server_s_cache)
{
	struct world w = world_new(versions[_i]);

	w.ss.ticket_cipher = "";
	ck_assert(!talk(&w).reused);
	ck_assert(!talk(&w).reused);
	w.ss.sessions = &at_server;
	talk(&w);
	ck_assert_int_gt(server_kept.saves, 0);
	ck_assert(talk(&w).reused);
	/* What it is asked to go on with, and does not have, begins anew. */
	drop("server", "");
	ck_assert(!talk(&w).reused);
}
END_TEST

START_TEST(a_server_keeps_nothing_of_who_has_a_ticket)
{
	struct world w = world_new(versions[_i]);

	w.ss.sessions = &at_server;
	talk(&w);
	ck_assert(talk(&w).reused);
	ck_assert_int_eq(server_kept.saves, 0);
}
END_TEST

START_TEST(what_nobody_vouched_for_stays_so)
{
	struct world w = world_new(versions[_i]);
	struct outcome second;

	w.cs.ca_file = "";
	w.co.names_len = 0;
	ck_assert(!talk(&w).trusted);
	second = talk(&w);
	ck_assert(second.reused && !second.trusted && !second.verified);
}
END_TEST

START_TEST(a_client_without_a_good_certificate_stays_one)
{
	struct world w = world_new(versions[_i]);
	struct tls_ctx *client;
	struct server s;
	struct err err = ERR_INIT;
	struct stream *st;
	pthread_t thread;
	bool is_trusted[2];
	int i;

	w.ss.asks_cert = w.so.asks_cert = true;
	w.cs.eccert_file = cert_file;
	w.cs.eckey_file = key_file;
	for (i = 0; i < 2; i++) {
		struct buf line = BUF_INIT;
		struct tls *t;

		s = (struct server){ .ctx = ctx_of(&w.ss), .o = w.so };
		client = ctx_of(&w.cs);
		t = connect_pair(&s, &thread, client, &w.co, &st, &err);
		ck_assert_ptr_nonnull(t);
		ck_assert_int_eq(tls_info(t)->is_reused, i == 1);
		stream_puts(st, "hello\n");
		ck_assert_int_eq(stream_getline(st, &line, 100), 1);
		is_trusted[i] = s.is_trusted;
		end_pair(&s, thread, st);
		buf_done(&line);
		tls_ctx_free(s.ctx);
		tls_ctx_free(client);
	}
	ck_assert(!is_trusted[0] && !is_trusted[1]);
}
END_TEST

/* ---- what a session depends on ---- */

static unsigned char other_bytes[32], right_bytes[32];

static void
other_policy(struct world *w)
{
	w->co.session_policy = "verify";
}

static void
other_name(struct world *w)
{
	w->co.names = "else.example";
	w->co.names_len = sizeof("else.example");
}

static void
no_name(struct world *w)
{
	w->co.names_len = 0;
}

static void
other_fingerprint(struct world *w)
{
	w->co.fingerprints = "00:11";
}

static void
other_authorities(struct world *w)
{
	w->cs.ca_file = "";
}

static void
other_depth(struct world *w)
{
	w->cs.verify_depth = 3;
}

static void
other_ciphers(struct world *w)
{
	w->co.ciphers = "HIGH:!aNULL";
}

static void
other_protocols(struct world *w)
{
	w->co.protocols.floor = TLS_1_2;
}

static void
other_servername(struct world *w)
{
	w->co.servername = "mail.example";
}

static void
other_peer(struct world *w)
{
	w->co.peer = "peer[192.0.2.2]";
}

static void
other_own_cert(struct world *w)
{
	w->cs.eccert_file = cert_file;
	w->cs.eckey_file = key_file;
}

static void
other_tlsa(struct world *w)
{
	static struct tls_tlsa bad = { 3, 1, 1, other_bytes, 32 };

	w->co.tlsa_base = "mail.example";
	w->co.tlsa = &bad;
	w->co.tlsa_count = 1;
}

static void
other_digests(struct world *w)
{
	(void)w;
	params.tls_dane_digests = "sha256";
}

static void
no_policy(struct world *w)
{
	w->co.session_policy = NULL;
}

static const struct {
	const char	*what;
	void		(*change)(struct world *w);
	bool		 is_verified;
} changes[] = {
	{ "policy", other_policy, true }, { "name", other_name, false },
	{ "no name", no_name, false },
	{ "fingerprint", other_fingerprint, false },
	{ "authorities", other_authorities, false },
	{ "depth", other_depth, true }, { "ciphers", other_ciphers, true },
	{ "protocols", other_protocols, true },
	{ "servername", other_servername, true },
	{ "peer", other_peer, true }, { "own certificate", other_own_cert, true },
	{ "TLSA", other_tlsa, false }, { "digests", other_digests, true }, { "no policy", no_policy, true },
};

START_TEST(what_a_session_depended_on_has_changed)
{
	struct world w = world_new(TLS_1_3);
	struct outcome out;

	ck_assert(talk(&w).verified);
	ck_assert(talk(&w).reused);
	changes[_i].change(&w);
	out = talk(&w);
	ck_assert_msg(!out.reused, "%s", changes[_i].what);
	ck_assert_msg(out.verified == changes[_i].is_verified, "%s",
	    changes[_i].what);
}
END_TEST

/* The digest of the server's key is what a record says of it. */
static void
learn_key(void)
{
	FILE *f = fopen(cert_file, "r");
	X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	EVP_Digest(der, (size_t)len, right_bytes, NULL, EVP_sha256(), NULL);
	OPENSSL_free(der);
	X509_free(cert);
	fclose(f);
}

START_TEST(tlsa_records_count_in_any_order_and_only_these)
{
	struct world w = world_new(versions[_i]);
	struct tls_tlsa list[2] = { { 3, 1, 1, right_bytes, 32 },
	    { 3, 1, 1, other_bytes, 32 } }, first = list[0];
	struct outcome out;

	learn_key();
	w.cs.ca_file = "";
	w.co.tlsa_base = "mail.example";
	w.co.tlsa = list;
	w.co.tlsa_count = 2;
	ck_assert(talk(&w).verified);
	list[0] = list[1];
	list[1] = first;
	out = talk(&w);
	ck_assert(out.reused && out.verified);
	w.co.tlsa_count = 1;
	out = talk(&w);
	ck_assert(!out.reused && !out.verified);
}
END_TEST

START_TEST(what_was_not_verified_is_not_kept)
{
	struct world w = world_new(versions[_i]);

	other_name(&w);
	ck_assert(!talk(&w).verified);
	ck_assert_int_eq(client_kept.saves, 0);
	other_fingerprint(&w);
	ck_assert(!talk(&w).verified);
	ck_assert_int_eq(client_kept.saves, 0);
}
END_TEST

START_TEST(a_certificate_that_is_too_old_by_now_begins_anew)
{
	struct world w = world_new(TLS_1_3);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = make_cert(key, "cn.example", "DNS:mail.example", -60);

	write_pem(cert_file, NULL, cert);
	write_pem(key_file, key, NULL);
	/* Who asks for no proof takes it as it is. */
	w.co.names_len = 0;
	talk(&w);
	ck_assert_int_eq(client_kept.saves, 1);
	ck_assert(!talk(&w).reused);
	ck_assert_int_eq(client_kept.drops, 1);
	X509_free(cert);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(a_damaged_session_begins_anew)
{
	struct world w = world_new(TLS_1_3);
	size_t i;

	talk(&w);
	for (i = 0; i < client_kept.bytes.len; i++)
		client_kept.bytes.ptr[i] ^= 0x55;
	ck_assert(!talk(&w).reused);
	ck_assert_int_eq(client_kept.drops, 1);
	/* What says no more of its certificate than that nobody vouched for it is no proof. */
	client_kept.bytes.ptr[0] = 'U';
	ck_assert(!talk(&w).reused);
	ck_assert_int_eq(client_kept.drops, 2);
	ck_assert(talk(&w).reused);
}
END_TEST

START_TEST(a_session_that_ends_the_handshake_is_dropped)
{
	struct world w = world_new(TLS_1_3);
	struct tls_ctx *client;
	struct err err = ERR_INIT;
	struct stream *st;
	int fd[2];

	talk(&w);
	client = ctx_of(&w.cs);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	ck_assert_int_eq(write(fd[0], "no TLS here\r\n", 13), 13);
	st = stream_new(fd[1], 10);
	ck_assert_ptr_null(tls_start(client, &w.co, st, &err));
	ck_assert_int_eq(client_kept.drops, 1);
	tls_log_problems();
	stream_free(st);
	close(fd[0]);
	tls_ctx_free(client);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("tls_session");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_checked_fixture(tc, forget_all, forget_all);
	tcase_set_timeout(tc, 60);
	UNIT_LOOP(tc, a_session_goes_on_and_is_as_good_as_it_was, versions);
	UNIT_LOOP(tc, a_session_goes_on_from_the_server_s_cache, versions);
	UNIT_LOOP(tc, a_server_keeps_nothing_of_who_has_a_ticket, versions);
	UNIT_LOOP(tc, what_nobody_vouched_for_stays_so, versions);
	UNIT_LOOP(tc, a_client_without_a_good_certificate_stays_one, versions);
	UNIT_LOOP(tc, what_a_session_depended_on_has_changed, changes);
	UNIT_LOOP(tc, tlsa_records_count_in_any_order_and_only_these, versions);
	UNIT_LOOP(tc, what_was_not_verified_is_not_kept, versions);
	tcase_add_test(tc, a_certificate_that_is_too_old_by_now_begins_anew);
	tcase_add_test(tc, a_damaged_session_begins_anew);
	tcase_add_test(tc, a_session_that_ends_the_handshake_is_dropped);
	return unit_run("tls_session", tc);
}
