/*
 * tls_test.c - does tls.h keep its word?
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/tls.h"

#include <errno.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "t/unit/net/tls_pair.h"
#include "t/unit/unit.h"

/* ---- the tests ---- */

START_TEST(bytes_go_through_encrypted)
{
	struct tls_setup ss = setup_of(true), cs = setup_of(false);
	struct tls_options o = options();
	struct server s = { .ctx = ctx_of(&ss), .o = options() };
	struct tls_ctx *client = ctx_of(&cs);
	struct err err = ERR_INIT;
	struct buf sent = BUF_INIT, got = BUF_INIT;
	const struct tls_info *info;
	struct stream *st;
	struct tls *t;
	pthread_t thread;
	int i;

	t = connect_pair(&s, &thread, client, &o, &st, &err);
	ck_assert_msg(t != NULL, "%s", err.text);
	info = tls_info(t);
	ck_assert_str_eq(info->protocol, "TLSv1.3");
	ck_assert(info->has_cert);
	ck_assert(!info->is_trusted);
	ck_assert_str_eq(info->subject_cn, "cn.example");
	ck_assert_str_eq(info->issuer_cn, "cn.example");
	ck_assert_uint_eq(strlen(info->cert_print), 95);
	ck_assert_str_eq(info->server_part.ptr, " key-exchange X25519 "
	    "server-signature ECDSA (prime256v1) server-digest SHA256");
	ck_assert_str_eq(info->client_part.ptr, "");
	ck_assert(!stream_wait_readable(st, 0));

	for (i = 0; i < 100000; i++)
		buf_addc(&sent, 'a' + i % 26);
	buf_addc(&sent, '\n');
	stream_puts(st, "one\n");
	stream_write(st, sent.ptr, sent.len);
	ck_assert_int_eq(stream_getline(st, &got, 10), 1);
	ck_assert_str_eq(got.ptr, "one\n");
	buf_reset(&got);
	ck_assert_int_eq(stream_getline(st, &got, 1 << 20), 1);
	ck_assert_uint_eq(got.len, sent.len);
	ck_assert_mem_eq(got.ptr, sent.ptr, sent.len);

	end_pair(&s, thread, st);
	ck_assert(s.is_up);
	buf_done(&sent);
	buf_done(&got);
	tls_ctx_free(s.ctx);
	tls_ctx_free(client);
}
END_TEST

static const struct {
	const char	*name;
	bool		 matches;
} names[] = {
	{ "mail.example", true }, { "MAIL.EXAMPLE", true },
	{ ".example", true }, { "cn.example", false }, { "example", false },
	{ "a.wild.example", true }, { "a.b.wild.example", true },
	{ "wild.example", false }, { ".wild.example", true },
	{ "mail.example.", false }, { "x.mail.example", false },
};

START_TEST(a_trusted_certificate_with_the_name_is_verified)
{
	struct tls_setup ss = setup_of(true), cs = setup_of(false);
	struct tls_options o = options();
	struct server s = { .ctx = ctx_of(&ss), .o = options() };
	struct tls_ctx *client;
	struct err err = ERR_INIT;
	struct stream *st;
	struct tls *t;
	pthread_t thread;

	cs.ca_file = cert_file;
	client = ctx_of(&cs);
	o.names = names[_i].name;
	o.names_len = strlen(o.names) + 1;
	t = connect_pair(&s, &thread, client, &o, &st, &err);
	ck_assert_msg(t != NULL, "%s", err.text);
	ck_assert_msg(tls_info(t)->is_verified == names[_i].matches, "%s",
	    names[_i].name);
	end_pair(&s, thread, st);
	tls_ctx_free(s.ctx);
	tls_ctx_free(client);
}
END_TEST

/* OpenSSL takes any name where none is set. */
START_TEST(an_empty_name_matches_no_server)
{
	struct tls_setup ss = setup_of(true), cs = setup_of(false);
	struct tls_options o = options();
	struct server s = { .ctx = ctx_of(&ss), .o = options() };
	struct tls_ctx *client;
	struct err err = ERR_INIT;
	struct stream *st;
	pthread_t thread;

	cs.ca_file = cert_file;
	client = ctx_of(&cs);
	o.names = "";
	o.names_len = 1;
	ck_assert_ptr_null(connect_pair(&s, &thread, client, &o, &st, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "no name to match"));
	end_pair(&s, thread, st);
	tls_ctx_free(s.ctx);
	tls_ctx_free(client);
}
END_TEST

START_TEST(a_fingerprint_verifies_without_any_authority)
{
	struct tls_setup ss = setup_of(true), cs = setup_of(false);
	struct tls_options o = options();
	struct server s = { .ctx = ctx_of(&ss), .o = options() };
	struct tls_ctx *client = ctx_of(&cs);
	struct err err = ERR_INIT;
	struct buf list = BUF_INIT;
	struct stream *st;
	struct tls *t;
	pthread_t thread;
	int round;

	o.fingerprints = "00:11";
	for (round = 0; round < 3; round++) {
		t = connect_pair(&s, &thread, client, &o, &st, &err);
		ck_assert_msg(t != NULL, "%s", err.text);
		ck_assert(tls_info(t)->is_verified == (round > 0));
		buf_setf(&list, "00:11|%s", round == 0 ?
		    tls_info(t)->cert_print : tls_info(t)->key_print);
		end_pair(&s, thread, st);
		o.fingerprints = list.ptr;
	}
	buf_done(&list);
	tls_ctx_free(s.ctx);
	tls_ctx_free(client);
}
END_TEST

START_TEST(a_client_certificate_reaches_the_server)
{
	struct tls_setup ss = setup_of(true), cs = setup_of(false);
	struct tls_options o = options();
	struct server s = { .o = options() };
	struct tls_ctx *client;
	struct err err = ERR_INIT;
	struct stream *st;
	struct tls *t;
	pthread_t thread;

	ss.ca_file = cert_file;
	ss.eccert_file = ss.eckey_file = "";
	ss.chain_files = both_file;
	s.ctx = ctx_of(&ss);
	s.o.asks_cert = true;
	cs.chain_files = both_file;
	client = ctx_of(&cs);
	t = connect_pair(&s, &thread, client, &o, &st, &err);
	ck_assert_msg(t != NULL, "%s", err.text);
	/* In TLS 1.3 the server is done later than the client. */
	stream_puts(st, "x\n");
	ck_assert_int_eq(stream_getc(st), 'x');
	ck_assert_str_eq(tls_info(t)->client_part.ptr, " client-signature "
	    "ECDSA (prime256v1) client-digest SHA256");
	end_pair(&s, thread, st);
	tls_ctx_free(s.ctx);
	tls_ctx_free(client);
}
END_TEST

START_TEST(a_handshake_has_one_deadline_however_it_drips)
{
	struct tls_setup ss = setup_of(true);
	struct tls_options o = options();
	struct tls_ctx *ctx = ctx_of(&ss);
	struct err err = ERR_INIT;
	struct stream *st;
	int64_t began = clock_mono_ms();
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	/* The start of a record, and then nothing. */
	ck_assert_int_eq(write(fd[1], "\x16\x03\x01\x02\x00\x01", 6), 6);
	st = stream_new(fd[0], 300);
	o.timeout_s = 1;
	ck_assert_ptr_null(tls_start(ctx, &o, st, &err));
	ck_assert_str_eq(err.text, "SSL_accept error from peer[192.0.2.1]: "
	    "Connection timed out");
	ck_assert_int_ge(clock_mono_ms() - began, 900);
	ck_assert_int_lt(clock_mono_ms() - began, 60000);
	stream_free(st);
	close(fd[1]);
	tls_ctx_free(ctx);
}
END_TEST

START_TEST(garbage_and_silence_end_a_handshake)
{
	static const struct {
		const char	*bytes, *why;
	} rows[] = {
		{ "GET / HTTP/1.0\r\n\r\n", "-1" },
		{ "", "lost connection" },
		{ "\x16\x03\x01", "lost connection" },
	};
	struct tls_setup ss = setup_of(true);
	struct tls_options o = options();
	struct tls_ctx *ctx = ctx_of(&ss);
	struct stream *st;
	char want[80];
	size_t i, n;
	int fd[2];

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;

		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
		n = strlen(rows[i].bytes);
		ck_assert_int_eq(write(fd[1], rows[i].bytes, n), (int)n);
		shutdown(fd[1], SHUT_WR);
		st = stream_new(fd[0], 10);
		ck_assert_ptr_null(tls_start(ctx, &o, st, &err));
		snprintf(want, sizeof(want), "SSL_accept error from "
		    "peer[192.0.2.1]: %s", rows[i].why);
		ck_assert_str_eq(err.text, want);
		tls_log_problems();
		stream_free(st);
		close(fd[1]);
	}
	tls_ctx_free(ctx);
}
END_TEST

START_TEST(what_came_in_the_clear_is_dropped)
{
	struct tls_setup ss = setup_of(true), cs = setup_of(false);
	struct tls_options o = options();
	struct server s = { .ctx = ctx_of(&ss), .o = options() };
	struct tls_ctx *client = ctx_of(&cs);
	struct err err = ERR_INIT;
	struct buf line = BUF_INIT;
	struct stream *st;
	pthread_t thread;
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	s.stream = stream_new(fd[0], 10);
	st = stream_new(fd[1], 10);
	ck_assert_int_eq(write(fd[1], "STARTTLS\r\ninjected\n", 19), 19);
	ck_assert_int_eq(stream_getline(s.stream, &line, 100), 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, server_main, &s), 0);
	ck_assert_ptr_nonnull(tls_start(client, &o, st, &err));
	stream_puts(st, "honest\n");
	buf_reset(&line);
	ck_assert_int_eq(stream_getline(st, &line, 100), 1);
	ck_assert_str_eq(line.ptr, "honest\n");
	end_pair(&s, thread, st);
	buf_done(&line);
	tls_ctx_free(s.ctx);
	tls_ctx_free(client);
}
END_TEST

START_TEST(bad_files_are_named)
{
	struct tls_setup s;
	struct err err = ERR_INIT;
	char want[256];

	s = setup_of(true);
	s.eccert_file = "";
	ck_assert_ptr_null(tls_ctx_new(&s, &err));
	ck_assert_str_eq(err.text, "No server certs available. TLS won't be "
	    "enabled");
	s.eccert_file = "/no/such";
	ck_assert_ptr_null(tls_ctx_new(&s, &err));
	ck_assert_str_eq(err.text, "cannot get ECDSA certificate from file "
	    "\"/no/such\": disabling TLS support");
	s.eccert_file = cert_file;
	s.eckey_file = cert_file;
	ck_assert_ptr_null(tls_ctx_new(&s, &err));
	snprintf(want, sizeof(want), "cannot get ECDSA private key from file "
	    "\"%s\": disabling TLS support", cert_file);
	ck_assert_str_eq(err.text, want);
	s = setup_of(false);
	s.chain_files = key_file;
	ck_assert_ptr_null(tls_ctx_new(&s, &err));
	snprintf(want, sizeof(want), "No certs for key at index 1 in %s: "
	    "disabling TLS support", key_file);
	ck_assert_str_eq(err.text, want);
	s.chain_files = cert_file;
	ck_assert_ptr_null(tls_ctx_new(&s, &err));
	snprintf(want, sizeof(want), "certificate before any private key in "
	    "%s: disabling TLS support", cert_file);
	ck_assert_str_eq(err.text, want);
	s = setup_of(false);
	s.digest = "md77";
	ck_assert_ptr_null(tls_ctx_new(&s, &err));
	ck_assert_str_eq(err.text, "Digest algorithm \"md77\" not found: "
	    "disabling TLS support");
}
END_TEST

static int
find_chain(void *ctx, const char *name, struct buf *pem)
{
	(void)ctx;
	buf_sets(pem, "no PEM at all");
	return strcmp(name, "bad.example") == 0 ? 1 :
	    strcmp(name, "retry.example") == 0 ? -1 : 0;
}

START_TEST(a_server_name_chooses_the_chain_or_ends_it)
{
	static const struct {
		const char	*name;
		bool		 works;
	} rows[] = { { "other.example", true }, { "bad.example", false },
	    { "retry.example", false } };
	struct tls_setup ss = setup_of(true), cs = setup_of(false);
	struct server s = { .o = options() };
	struct tls_ctx *client = ctx_of(&cs);
	struct stream *st;
	pthread_t thread;
	size_t i;

	ss.find_chain = find_chain;
	s.ctx = ctx_of(&ss);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tls_options o = options();
		struct err err = ERR_INIT;

		o.servername = rows[i].name;
		ck_assert((connect_pair(&s, &thread, client, &o, &st, &err) !=
		    NULL) == rows[i].works);
		tls_log_problems();
		end_pair(&s, thread, st);
	}
	tls_ctx_free(s.ctx);
	tls_ctx_free(client);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("tls");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, bytes_go_through_encrypted);
	UNIT_LOOP(tc, a_trusted_certificate_with_the_name_is_verified, names);
	tcase_add_test(tc, an_empty_name_matches_no_server);
	tcase_add_test(tc, a_fingerprint_verifies_without_any_authority);
	tcase_add_test(tc, a_client_certificate_reaches_the_server);
	tcase_add_test(tc, a_handshake_has_one_deadline_however_it_drips);
	tcase_add_test(tc, garbage_and_silence_end_a_handshake);
	tcase_add_test(tc, what_came_in_the_clear_is_dropped);
	tcase_add_test(tc, bad_files_are_named);
	tcase_add_test(tc, a_server_name_chooses_the_chain_or_ends_it);
	return unit_run("tls", tc);
}
