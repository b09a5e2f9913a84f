/*
 * maps_test.c - address searches and match lists
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/maps.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/conf/params.h"
#include "lib/table/match_list.h"
#include "t/unit/unit.h"

static void
set_params(void)
{
	params.smtputf8_enable = true;
	params.recipient_delimiter = "+-";
	params.owner_request_special = true;
	params.double_bounce_sender = "double-bounce";
	params.parent_domain_matches_subdomains =
	    "debug_peer_list,mynetworks,relay_domains,smtpd_access_maps";
}

static enum table_result
is_local(const char *domain)
{
	if (strcmp(domain, "broken.example") == 0)
		return TABLE_RETRY;
	return strcmp(domain, "local.example") == 0 ? TABLE_FOUND :
	    TABLE_NOT_FOUND;
}

/* Each row: tables, what is asked, what comes back as "VALUE EXTENSION". */
static const struct {
	const char		*tables, *address;
	enum maps_strategy	 strategy;
	enum maps_form		 form;
	bool			 parent_style;
	const char		*answer;
} searches[] = {
	{ "inline:{a+x@b.c=1, a@b.c=2}", "a+x@b.c", MAPS_DEFAULT, MAPS_BOTH, false, "1 " },
	{ "inline:{a@b.c=2}", "a+x@b.c", MAPS_DEFAULT, MAPS_BOTH, false, "2 +x" },
	{ "inline:{a@b.c=2}", "a+x-y@b.c", MAPS_DEFAULT, MAPS_BOTH, false, "2 +x-y" },
	{ "inline:{a=3}", "a+x@local.example", MAPS_DEFAULT, MAPS_BOTH, false, "3 +x" },
	{ "inline:{a+x=3}", "a+x@local.example", MAPS_DEFAULT, MAPS_BOTH, false, "3 " },
	{ "inline:{a=3}", "a+x@other.example", MAPS_DEFAULT, MAPS_BOTH, false, "-" },
	{ "inline:{a=3}", "a@broken.example", MAPS_DEFAULT, MAPS_BOTH, false, "retry" },
	{ "inline:{@b.c=4}", "a+x@b.c", MAPS_DEFAULT, MAPS_BOTH, false, "4 " },
	{ "inline:{b.c=5}", "a@b.c", MAPS_DEFAULT, MAPS_BOTH, false, "-" },
	{ "inline:{b.c=5}", "a@b.c", MAPS_DOMAIN, MAPS_BOTH, false, "5 " },
	{ "inline:{c=6}", "a@b.c", MAPS_DOMAIN, MAPS_BOTH, false, "-" },
	{ "inline:{.c=6}", "a@b.c", MAPS_DOMAIN, MAPS_BOTH, false, "6 " },
	{ "inline:{c=6}", "a@b.c", MAPS_DOMAIN, MAPS_BOTH, true, "6 " },
	{ "inline:{a@=7}", "a+x@b.c", MAPS_ACCESS, MAPS_BOTH, true, "7 " },
	{ "inline:{a@=7}", "a@b.c", MAPS_DOMAIN, MAPS_BOTH, true, "-" },
	{ "pcre:{{/^\"a b\"@c/ 8}}", "a b@c", MAPS_DEFAULT, MAPS_EXTERNAL, false, "8 " },
	{ "pcre:{{/^a b@c/ 8}}", "a b@c", MAPS_DEFAULT, MAPS_EXTERNAL, false, "-" },
	{ "pcre:{{/^a b@c/ 8}}", "a b@c", MAPS_DEFAULT, MAPS_BOTH, false, "8 " },
	{ "pcre:{{/a@b/ full}} inline:{b.c=5}", "a@b.c", MAPS_DOMAIN, MAPS_BOTH, false, "full " },
	{ "pcre:{{/^b.c$/ no}} inline:{b.c=5}", "a@b.c", MAPS_DOMAIN, MAPS_BOTH, false, "5 " },
	{ "inline:{b.c=5} inline:{a@b.c=first}", "a@b.c", MAPS_DOMAIN, MAPS_BOTH, false, "first " },
	{ "inline:{x=1} fail:x", "a@b.c", MAPS_DOMAIN, MAPS_BOTH, false, "retry" },
	{ "inline:{{a@b.c=}}", "a@b.c", MAPS_DEFAULT, MAPS_BOTH, false, "broken" },
	{ "inline:{owner=1}", "owner-list@local.example", MAPS_DEFAULT, MAPS_BOTH, false, "-" },
	{ "inline:{postmaster=1}", "postmaster@local.example", MAPS_DEFAULT, MAPS_BOTH, false, "1 " },
	{ "inline:{bare=1}", "bare+x", MAPS_DEFAULT, MAPS_BOTH, false, "1 +x" },
	{ "", "a@b", MAPS_DEFAULT, MAPS_BOTH, false, "-" },
};

START_TEST(an_address_search_tries_the_keys_in_order)
{
	struct buf value = BUF_INIT, extension = BUF_INIT;
	struct maps *maps = maps_open("test_maps", searches[_i].tables,
	    TABLE_FOLD | TABLE_UTF8);
	const char *got = value.ptr;

	switch (maps_find_address(maps, searches[_i].address,
	    searches[_i].strategy, searches[_i].form,
	    searches[_i].parent_style, is_local, &extension, &value)) {
	case TABLE_FOUND:
		buf_addf(&value, " %s", extension.ptr);
		got = value.ptr;
		break;
	case TABLE_NOT_FOUND:
		got = "-";
		break;
	case TABLE_RETRY:
		got = "retry";
		break;
	case TABLE_BROKEN:
		got = "broken";
		break;
	}
	ck_assert_str_eq(got, searches[_i].answer);
	buf_done(&value);
	buf_done(&extension);
	maps_free(maps);
}
END_TEST

static const struct {
	const char		*title;
	enum match_kind		 kind;
	const char		*list, *name, *address;
	enum table_result	 answer;
} lists[] = {
	{ "mydestination", MATCH_STRING, "a.b, c.d", "C.D", NULL, TABLE_FOUND },
	{ "mydestination", MATCH_STRING, "a.b, c.d", "x.c.d", NULL, TABLE_NOT_FOUND },
	{ "mydestination", MATCH_STRING, "!a.b, static:x", "a.b", NULL, TABLE_NOT_FOUND },
	{ "mydestination", MATCH_STRING, "!a.b, static:x", "c.d", NULL, TABLE_FOUND },
	{ "mydestination", MATCH_STRING, "!!a.b", "a.b", NULL, TABLE_FOUND },
	{ "mydestination", MATCH_STRING, "inline:{{a=b}, c=d} e", "c", NULL, TABLE_FOUND },
	{ "mydestination", MATCH_STRING, "", "a", NULL, TABLE_NOT_FOUND },
	{ "mydestination", MATCH_STRING, "a fail:x b", "b", NULL, TABLE_RETRY },
	{ "mydestination", MATCH_STRING, "a fail:x b", "a", NULL, TABLE_FOUND },
	{ "mydestination", MATCH_STRING, "/nonexistent/file", "a", NULL, TABLE_RETRY },
	{ "mydestination", MATCH_STRING, "!", "a", NULL, TABLE_RETRY },
	{ "relay_domains", MATCH_DOMAIN, "b.c", "a.b.c", NULL, TABLE_FOUND },
	{ "relay_domains", MATCH_DOMAIN, "b.c", "ab.c", NULL, TABLE_NOT_FOUND },
	{ "relay_domains", MATCH_DOMAIN, "inline:{b.c=x}", "a.b.c", NULL, TABLE_FOUND },
	{ "fast_flush_domains", MATCH_DOMAIN, "b.c", "a.b.c", NULL, TABLE_NOT_FOUND },
	{ "fast_flush_domains", MATCH_DOMAIN, ".b.c", "a.b.c", NULL, TABLE_FOUND },
	{ "fast_flush_domains", MATCH_DOMAIN, "inline:{.b.c=x}", "a.b.c", NULL, TABLE_FOUND },
	{ "mynetworks", MATCH_ADDRESS, "127.0.0.0/8 [::1]/128", "127.3.2.1", NULL, TABLE_FOUND },
	{ "mynetworks", MATCH_ADDRESS, "127.0.0.0/8 [::1]/128", "::1", NULL, TABLE_FOUND },
	{ "mynetworks", MATCH_ADDRESS, "127.0.0.0/8 [::1]/128", "128.3.2.1", NULL, TABLE_NOT_FOUND },
	{ "mynetworks", MATCH_ADDRESS, "![2001:db8::1] [2001:db8::/32]", "2001:DB8:0::1", NULL, TABLE_NOT_FOUND },
	{ "mynetworks", MATCH_ADDRESS, "![2001:db8::1] [2001:db8::/32]", "2001:db8::2", NULL, TABLE_FOUND },
	{ "mynetworks", MATCH_ADDRESS, "10.1.2.3/8", "10.1.2.3", NULL, TABLE_RETRY },
	{ "mynetworks", MATCH_ADDRESS, "host.name 10.0.0.1", "10.0.0.1", NULL, TABLE_FOUND },
	{ "mynetworks", MATCH_ADDRESS, "cidr:{{10.0.0.0/8 x}}", "10.0.0.1", NULL, TABLE_FOUND },
	{ "mynetworks", MATCH_ADDRESS, "", "10.0.0.1", NULL, TABLE_NOT_FOUND },
	{ "debug_peer_list", MATCH_HOST, "example.com 10.0.0.0/8", "a.example.com", "192.0.2.1", TABLE_FOUND },
	{ "debug_peer_list", MATCH_HOST, "example.com 10.0.0.0/8", "unknown", "10.2.0.1", TABLE_FOUND },
	{ "debug_peer_list", MATCH_HOST, "example.com 10.0.0.0/8", "unknown", "192.0.2.1", TABLE_NOT_FOUND },
	{ "debug_peer_list", MATCH_HOST, "!10.0.0.1 example.com", "a.example.com", "10.0.0.1", TABLE_NOT_FOUND },
};

START_TEST(a_match_list_decides_by_its_first_match)
{
	struct match_list *ml = match_list_new(lists[_i].title,
	    lists[_i].kind, lists[_i].list);

	ck_assert_int_eq(match_list_find(ml, lists[_i].name,
	    lists[_i].address), lists[_i].answer);
	match_list_free(ml);
}
END_TEST

START_TEST(a_list_may_name_files)
{
	char path[] = "/tmp/posthorn-list.XXXXXX", list[64];
	int fd = mkstemp(path);
	struct match_list *ml;

	ck_assert_int_ge(fd, 0);
	dprintf(fd, "# comment\na.b c.d\n  e.f\n!g.h\n");
	close(fd);
	snprintf(list, sizeof(list), "!c.d %s static:x", path);
	ml = match_list_new("mydestination", MATCH_STRING, list);
	ck_assert_int_eq(match_list_find(ml, "a.b", NULL), TABLE_FOUND);
	ck_assert_int_eq(match_list_find(ml, "c.d", NULL), TABLE_NOT_FOUND);
	ck_assert_int_eq(match_list_find(ml, "e.f", NULL), TABLE_FOUND);
	ck_assert_int_eq(match_list_find(ml, "g.h", NULL), TABLE_NOT_FOUND);
	match_list_free(ml);
	snprintf(list, sizeof(list), "!%s static:x", path);
	ml = match_list_new("mydestination", MATCH_STRING, list);
	ck_assert_int_eq(match_list_find(ml, "a.b", NULL), TABLE_NOT_FOUND);
	ck_assert_int_eq(match_list_find(ml, "g.h", NULL), TABLE_FOUND);
	match_list_free(ml);
	unlink(path);
}
END_TEST

START_TEST(a_file_that_names_itself_is_refused)
{
	char path[] = "/tmp/posthorn-list.XXXXXX";
	int fd = mkstemp(path);
	struct match_list *ml;

	ck_assert_int_ge(fd, 0);
	dprintf(fd, "a.b %s\n", path);
	close(fd);
	ml = match_list_new("mydestination", MATCH_STRING, path);
	ck_assert_int_eq(match_list_find(ml, "a.b", NULL), TABLE_FOUND);
	ck_assert_int_eq(match_list_find(ml, "c.d", NULL), TABLE_RETRY);
	match_list_free(ml);
	unlink(path);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("maps");

	tcase_add_checked_fixture(tc, set_params, NULL);
	UNIT_LOOP(tc, an_address_search_tries_the_keys_in_order, searches);
	UNIT_LOOP(tc, a_match_list_decides_by_its_first_match, lists);
	tcase_add_test(tc, a_list_may_name_files);
	tcase_add_test(tc, a_file_that_names_itself_is_refused);
	return unit_run("maps", tc);
}
