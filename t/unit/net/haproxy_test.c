/*
 * haproxy_test.c - headers of load balancers, whole, cut, and wrong
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/haproxy.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "t/unit/unit.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"

static struct haproxy h;
static size_t used;
static struct err err;

static int
parse(const char *data, size_t len)
{
	err = (struct err)ERR_INIT;
	return haproxy_parse(&h, data, len, &used, &err);
}

static void
check_ends(const char *client, int client_port, const char *server,
    int server_port)
{
	char text[NETADDR_TEXT_SIZE];

	ck_assert(h.is_proxied);
	ck_assert_str_eq(netaddr_text(&h.client, text), client);
	ck_assert_int_eq(netaddr_port(&h.client), client_port);
	ck_assert_str_eq(netaddr_text(&h.server, text), server);
	ck_assert_int_eq(netaddr_port(&h.server), server_port);
}

START_TEST(a_line_names_both_ends)
{
	const char line[] = "PROXY TCP4 192.0.2.1 192.0.2.2 1234 25\r\nEHLO x\r\n";
	const char six[] = "PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n";

	ck_assert_int_eq(parse(line, strlen(line)), 1);
	ck_assert_uint_eq(used, strlen(line) - 8);
	check_ends("192.0.2.1", 1234, "192.0.2.2", 25);
	ck_assert_int_eq(parse(six, strlen(six)), 1);
	check_ends("2001:db8::1", 65535, "2001:db8::2", 0);
}
END_TEST

START_TEST(every_part_of_a_header_asks_for_more)
{
	const char line[] = "PROXY TCP4 192.0.2.1 192.0.2.2 1234 25\r\n";
	const char block[] = V2 "\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02"
	    "\x02\x04\xd2\x00\x19";
	size_t i;

	for (i = 0; i < sizeof(line) - 1; i++)
		ck_assert_int_eq(parse(line, i), 0);
	ck_assert_int_eq(parse(line, sizeof(line) - 1), 1);
	for (i = 0; i < sizeof(block) - 1; i++)
		ck_assert_int_eq(parse(block, i), 0);
	ck_assert_int_eq(parse(block, sizeof(block) - 1), 1);
	ck_assert_uint_eq(used, sizeof(block) - 1);
	check_ends("192.0.2.1", 1234, "192.0.2.2", 25);
}
END_TEST

START_TEST(what_follows_the_addresses_of_a_block_is_skipped)
{
	const char block[] = V2 "\x21\x21\x00\x28" "\x20\x01\x0d\xb8\0\0\0\0"
	    "\0\0\0\0\0\0\0\x01" "\x20\x01\x0d\xb8\0\0\0\0" "\0\0\0\0\0\0\0\x02"
	    "\x04\xd2\x00\x19" "\x04\x00\x01\x00" "EHLO";

	ck_assert_int_eq(parse(block, sizeof(block) - 1), 1);
	ck_assert_uint_eq(used, sizeof(block) - 1 - 4);
	check_ends("2001:db8::1", 1234, "2001:db8::2", 25);
}
END_TEST

START_TEST(the_balancers_own_connection_is_nobody_elses)
{
	const char block[] = V2 "\x20\x00\x00\x00";

	ck_assert_int_eq(parse(block, sizeof(block) - 1), 1);
	ck_assert(!h.is_proxied);
}
END_TEST

#define BAD(text, why) { text, sizeof(text) - 1, why }

START_TEST(anything_else_is_named)
{
	static const struct {
		const char	*data;
		size_t		len;
		const char	*why;
	} bad[] = {
		BAD("EHLO x\r\n", "short protocol header"),
		BAD("\r\nEHLO", "short protocol header"),
		BAD("PROXY UDP4 1.2.3.4 1.2.3.5 1 2\r\n",
		    "bad or missing protocol type"),
		BAD("PROXY TCP4 2001:db8::1 1.2.3.5 1 2\r\n",
		    "bad or missing client address"),
		BAD("PROXY TCP4 1.2.3.4\r\n", "bad or missing server address"),
		BAD("PROXY TCP4 1.2.3.4 1.2.3.5 65536 2\r\n",
		    "bad or missing client port"),
		BAD("PROXY TCP4 1.2.3.4 1.2.3.5 1\r\n",
		    "bad or missing server port"),
		BAD("PROXY TCP4 [1.2.3.4] 1.2.3.5 1 2\r\n",
		    "bad or missing client address"),
		BAD(V2 "\x31\x11\x00\x0c" "123456789012",
		    "unrecognized protocol version"),
		BAD(V2 "\x22\x11\x00\x0c" "123456789012",
		    "bad command in header"),
		BAD(V2 "\x21\x12\x00\x0c" "123456789012",
		    "unsupported network protocol"),
		BAD(V2 "\x21\x11\x00\x0b" "12345678901", "short address field"),
		BAD(V2 "\x21\x21\x00\x23" "12345678901234567890123456789012345",
		    "short address field"),
		BAD(V2 "\x21\x11\xff\xff", "header too long"),
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(parse(bad[i].data, bad[i].len), -1);
		ck_assert_str_eq(err.text, bad[i].why);
	}
}
END_TEST

START_TEST(a_line_without_end_is_not_kept_for_ever)
{
	char line[200] = "PROXY ";

	memset(line + 6, 'x', sizeof(line) - 6);
	ck_assert_int_eq(parse(line, 106), 0);
	ck_assert_int_eq(parse(line, 107), -1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("haproxy");

	tcase_add_test(tc, a_line_names_both_ends);
	tcase_add_test(tc, every_part_of_a_header_asks_for_more);
	tcase_add_test(tc, what_follows_the_addresses_of_a_block_is_skipped);
	tcase_add_test(tc, the_balancers_own_connection_is_nobody_elses);
	tcase_add_test(tc, anything_else_is_named);
	tcase_add_test(tc, a_line_without_end_is_not_kept_for_ever);
	return unit_run("haproxy", tc);
}
