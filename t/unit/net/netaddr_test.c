/*
 * netaddr_test.c - does netaddr.h keep its word?
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/netaddr.h"

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "t/unit/unit.h"

START_TEST(addresses_are_read_and_printed)
{
	static const struct {
		const char *in, *out;	/* out NULL: refused */
	} cases[] = {
		{ "127.0.0.1", "127.0.0.1" },
		{ "[127.0.0.1]", "127.0.0.1" },
		{ "::1", "::1" },
		{ "[2001:DB8::5]", "2001:db8::5" },
		{ "[IPv6:2001:db8::5]", "2001:db8::5" },
		{ "::1%lo", "::1%lo" },
		{ "127.0.0.256", NULL },
		{ "localhost", NULL },
		{ "", NULL },
		{ "[]", NULL },
		{ "1.2.3.4.5", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "11111111111111111111111111111111111111111111111111111111111"
		    "11111111", NULL },
	};
	char text[NETADDR_TEXT_SIZE];
	struct netaddr a;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].out == NULL) {
			ck_assert_msg(netaddr_parse(&a, cases[i].in, 25,
			    NULL) == -1, "accepted: %s", cases[i].in);
			continue;
		}
		ck_assert_msg(netaddr_parse(&a, cases[i].in, 25, NULL) == 0,
		    "refused: %s", cases[i].in);
		ck_assert_str_eq(netaddr_text(&a, text), cases[i].out);
		ck_assert_int_eq(netaddr_port(&a), 25);
	}
	ck_assert_int_eq(netaddr_parse(&a, "127.0.0.1", 65536, NULL), -1);
}
END_TEST

START_TEST(addresses_are_reversed_for_dns)
{
	char text[NETADDR_REVERSED_SIZE];
	struct netaddr a;

	ck_assert_int_eq(netaddr_parse(&a, "192.0.2.130", 0, NULL), 0);
	ck_assert_int_eq(netaddr_reversed(&a, text), 0);
	ck_assert_str_eq(text, "130.2.0.192");
	ck_assert_int_eq(netaddr_parse(&a, "2001:db8::a9", 0, NULL), 0);
	ck_assert_int_eq(netaddr_reversed(&a, text), 0);
	ck_assert_str_eq(text, "9.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	    "8.b.d.0.1.0.0.2");
	a.ss.ss_family = AF_UNIX;
	ck_assert_int_eq(netaddr_reversed(&a, text), -1);
}
END_TEST

START_TEST(hosts_compare_without_port)
{
	struct netaddr a, b;

	netaddr_parse(&a, "127.0.0.1", 25, NULL);
	netaddr_parse(&b, "127.0.0.1", 26, NULL);
	ck_assert(netaddr_same_host(&a, &b));
	ck_assert(netaddr_is_loopback(&a));
	netaddr_parse(&b, "::1", 25, NULL);
	ck_assert(!netaddr_same_host(&a, &b));
	ck_assert(netaddr_is_loopback(&b));
	netaddr_parse(&b, "192.0.2.1", 25, NULL);
	ck_assert(!netaddr_is_loopback(&b));
}
END_TEST

START_TEST(inet_protocols_chooses_families)
{
	params.inet_protocols = "ipv4";
	ck_assert(netaddr_wants(AF_INET));
	ck_assert(!netaddr_wants(AF_INET6));
	params.inet_protocols = "ipv4, IPv6";
	ck_assert(netaddr_wants(AF_INET6));
	params.inet_protocols = "all";
	ck_assert(netaddr_wants(AF_INET));
	ck_assert(netaddr_wants(AF_INET6));
}
END_TEST

START_TEST(own_addresses_come_from_interfaces_or_the_list)
{
	struct netaddr *own;
	size_t i, count;

	params.inet_protocols = "all";
	params.inet_interfaces = "loopback-only";
	params.proxy_interfaces = "192.0.2.99";
	own = netaddr_own(false, &count);
	ck_assert_uint_ge(count, 1);
	for (i = 0; i < count; i++)
		ck_assert(netaddr_is_loopback(&own[i]));
	free(own);
	params.inet_interfaces = "127.0.0.3, [::1]";
	own = netaddr_own(true, &count);
	ck_assert_uint_eq(count, 3);
	free(own);
	params.inet_interfaces = "";
	own = netaddr_own(false, &count);
	ck_assert_uint_eq(count, 0);
	ck_assert_ptr_nonnull(own);
	free(own);
}
END_TEST

START_TEST(connecting_says_why_not)
{
	struct err err = ERR_INIT;
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	struct netaddr to, from;
	int fd, got;

	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	getsockname(fd, (struct sockaddr *)&sin, &len);
	netaddr_parse(&to, "127.0.0.1", ntohs(sin.sin_port), NULL);
	ck_assert_int_eq(netaddr_connect(&to, NULL, 5, &err), -1);
	ck_assert_str_eq(err.text, "Connection refused");
	ck_assert_int_eq(err.errnum, ECONNREFUSED);
	listen(fd, 5);
	netaddr_parse(&from, "127.0.0.2", 0, NULL);
	got = netaddr_connect(&to, &from, 5, &err);
	ck_assert_int_ge(got, 0);
	close(got);
	netaddr_parse(&from, "192.0.2.77", 0, NULL);
	ck_assert_int_eq(netaddr_connect(&to, &from, 5, &err), -1);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	close(fd);
}
END_TEST

START_TEST(a_full_backlog_is_a_timeout)
{
	char path[] = "/tmp/netaddr_test.XXXXXX";
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct err err = ERR_INIT;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), c[10], i;

	ck_assert_ptr_nonnull(mkdtemp(path));
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	listen(fd, 1);
	for (i = 0; i < 10; i++)
		if ((c[i] = netaddr_connect_unix(sun.sun_path, 1, &err)) == -1)
			break;
	ck_assert_int_lt(i, 10);
	ck_assert_str_eq(err.text, "Connection timed out");
	while (i > 0)
		close(c[--i]);
	close(fd);
	unlink(sun.sun_path);
	rmdir(path);
}
END_TEST

START_TEST(services_have_ports)
{
	static char known[] = "lmtp=24, smtp=25, smtps=submissions=465, bad, =1";

	params.known_tcp_ports = known;
	ck_assert_int_eq(netaddr_service("smtp"), 25);
	ck_assert_int_eq(netaddr_service("smtps"), 465);
	ck_assert_int_eq(netaddr_service("submissions"), 465);
	ck_assert_int_eq(netaddr_service("bad"), -1);
	ck_assert_int_eq(netaddr_service("2525"), 2525);
	ck_assert_int_eq(netaddr_service("lmtp"), 24);
	ck_assert_int_eq(netaddr_service("no-such-service"), -1);
	ck_assert_int_eq(netaddr_service("70000"), -1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("netaddr");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, addresses_are_read_and_printed);
	tcase_add_test(tc, addresses_are_reversed_for_dns);
	tcase_add_test(tc, hosts_compare_without_port);
	tcase_add_test(tc, inet_protocols_chooses_families);
	tcase_add_test(tc, own_addresses_come_from_interfaces_or_the_list);
	tcase_add_test(tc, connecting_says_why_not);
	tcase_add_test(tc, a_full_backlog_is_a_timeout);
	tcase_add_test(tc, services_have_ports);
	return unit_run("netaddr", tc);
}
