/*
 * tls_grammar_test.c - does tls_grammar.h keep its word?
 *
 * The expectations about protocols were seen with Debian's postfix.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/tls_grammar.h"

#include <check.h>
#include <string.h>

#include <openssl/ssl.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "t/unit/unit.h"

#define NOT(version)	(1u << ((version) - TLS_SSL3))

START_TEST(protocol_lists_mean_what_they_say)
{
	static const struct {
		const char	*text;
		int		 rc, floor, ceiling;
		unsigned	 excluded;
	} rows[] = {
		{ "", 0, 0, 0, 0 },
		{ ">=TLSv1.2", 0, TLS_1_2, 0, 0 },
		{ ">=tlsv1.2, <=TLSv1.3", 0, TLS_1_2, TLS_1_3, 0 },
		{ ">=0303", 0, TLS_1_2, 0, 0 },
		{ ">=0x303:<=0305", 0, TLS_1_2, 0x0305, 0 },
		{ ">= TLSv1.2", 0, 0, 0, NOT(TLS_SSL3) | NOT(TLS_1_0) |
		    NOT(TLS_1_1) | NOT(TLS_1_3) },
		{ "!SSLv2,!SSLv3", 0, 0, 0, NOT(TLS_SSL3) },
		{ "SSLv2", 0, 0, 0, 0 },
		{ "TLSv1.2 tlsv1.3", 0, 0, 0, NOT(TLS_SSL3) | NOT(TLS_1_0) |
		    NOT(TLS_1_1) },
		{ "TLSv1.3 !TLSv1.3", 0, 0, 0, NOT(TLS_SSL3) | NOT(TLS_1_0) |
		    NOT(TLS_1_1) | NOT(TLS_1_2) | NOT(TLS_1_3) },
		{ "TLSv1.4", -1, 0, 0, 0 },
		{ "=TLSv1", -1, 0, 0, 0 },
		{ ">=TLSv1.2x", -1, 0, 0, 0 },
		{ ">=-1", -1, 0, 0, 0 },
		{ "<=10303", -1, 0, 0, 0 },
		{ "0304", -1, 0, 0, 0 },
		{ "!", -1, 0, 0, 0 },
	};
	struct tls_protocols p;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(tls_protocols_parse(&p, rows[i].text) ==
		    rows[i].rc, "%s", rows[i].text);
		if (rows[i].rc == -1)
			continue;
		ck_assert_msg(p.floor == rows[i].floor &&
		    p.ceiling == rows[i].ceiling &&
		    p.excluded == rows[i].excluded, "%s: %x %x %x",
		    rows[i].text, p.floor, p.ceiling, p.excluded);
	}
}
END_TEST

START_TEST(a_grade_is_its_list_with_exclusions_behind)
{
	struct buf b = BUF_INIT;

	params.tls_high_cipherlist = "HIGH";
	params.tls_medium_cipherlist = "MEDIUM";
	params.tls_null_cipherlist = "eNULL";
	ck_assert_int_eq(tls_cipher_list(&b, "High", (const char *[]){ "",
	    NULL }), 0);
	ck_assert_str_eq(b.ptr, "HIGH");
	ck_assert_int_eq(tls_cipher_list(&b, "medium", (const char *[]){
	    "aNULL, MD5", "kRSA:DES+MD5", NULL }), 0);
	ck_assert_str_eq(b.ptr, "MEDIUM:!aNULL:!MD5:!kRSA:!DES+MD5");
	ck_assert_int_eq(tls_cipher_list(&b, "export", (const char *[]){
	    NULL }), 0);
	ck_assert_str_eq(b.ptr, "MEDIUM");
	ck_assert_int_eq(tls_cipher_list(&b, "null", (const char *[]){
	    NULL }), 0);
	ck_assert_str_eq(b.ptr, "eNULL");
	ck_assert_int_eq(tls_cipher_list(&b, "best", (const char *[]){
	    NULL }), -1);
	buf_done(&b);
}
END_TEST

START_TEST(names_to_match_follow_the_rules)
{
	struct buf b = BUF_INIT;
	static const char want[] = "d.example\0.d.example\0mx.e.example\0"
	    "a.example\0.b.example";

	tls_match_names(&b, "nexthop, Dot-Nexthop:hostname a.example "
	    ".b.example", "d.example", "mx.e.example");
	ck_assert_uint_eq(b.len, sizeof(want));
	ck_assert_mem_eq(b.ptr, want, sizeof(want));
	buf_done(&b);
}
END_TEST

START_TEST(levels_rise)
{
	ck_assert_int_eq(tls_level_parse("none"), TLS_LEVEL_NONE);
	ck_assert_int_eq(tls_level_parse("May"), TLS_LEVEL_MAY);
	ck_assert_int_eq(tls_level_parse("dane-only"), TLS_LEVEL_DANE_ONLY);
	ck_assert_int_eq(tls_level_parse("secure"), TLS_LEVEL_SECURE);
	ck_assert_int_eq(tls_level_parse("must"), TLS_LEVEL_BAD);
	ck_assert_int_eq(tls_level_parse(""), TLS_LEVEL_BAD);
	ck_assert_str_eq(tls_level_name(TLS_LEVEL_FINGERPRINT), "fingerprint");
	ck_assert_int_lt(TLS_LEVEL_MAY, TLS_LEVEL_ENCRYPT);
	ck_assert_int_lt(TLS_LEVEL_ENCRYPT, TLS_LEVEL_DANE);
}
END_TEST

START_TEST(each_log_level_holds_those_below)
{
	unsigned bits;

	ck_assert_int_eq(tls_log_parse(&bits, "0"), 0);
	ck_assert_uint_eq(bits, 0);
	ck_assert_int_eq(tls_log_parse(&bits, "2"), 0);
	ck_assert_uint_eq(bits, TLS_LOG_SUMMARY | TLS_LOG_VERBOSE);
	ck_assert_int_eq(tls_log_parse(&bits, "much"), -1);
	ck_assert_int_eq(tls_log_parse(&bits, ""), -1);
	ck_assert_int_eq(tls_log_parse(&bits, "5"), -1);
}
END_TEST

START_TEST(option_bits_have_names_and_numbers)
{
	struct err err = ERR_INIT;
	unsigned long bits;

	ck_assert_int_eq(tls_ssl_options(&bits, "no_compression, 0x4", &err),
	    0);
	ck_assert_uint_eq(bits, SSL_OP_NO_COMPRESSION | 4);
	ck_assert_int_eq(tls_ssl_options(&bits, "no_such", &err), -1);
	ck_assert_str_eq(err.text, "unknown tls_ssl_options value \"no_such\" "
	    "in \"no_such\"");
	ck_assert_int_eq(tls_ssl_options(&bits, "0xzz", &err), -1);
	ck_assert_int_eq(tls_workarounds(&bits, "LEGACY_SERVER_CONNECT "
	    "TLS_D5_BUG", &err), 0);
	ck_assert_uint_eq(bits, SSL_OP_LEGACY_SERVER_CONNECT);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("tls_grammar");

	tcase_add_test(tc, protocol_lists_mean_what_they_say);
	tcase_add_test(tc, a_grade_is_its_list_with_exclusions_behind);
	tcase_add_test(tc, names_to_match_follow_the_rules);
	tcase_add_test(tc, levels_rise);
	tcase_add_test(tc, each_log_level_holds_those_below);
	tcase_add_test(tc, option_bits_have_names_and_numbers);
	return unit_run("tls_grammar", tc);
}
