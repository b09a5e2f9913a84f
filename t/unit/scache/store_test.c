/*
 * store_test.c - connections are found once, in order, and in time
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/scache/store.h"

#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "t/unit/unit.h"

static struct store *store;

static void
setup(void)
{
	store = store_new();
}

static void
teardown(void)
{
	store_free(store);
}

static int
save(const char *label, const char *property, int64_t expires)
{
	int fd = open("/dev/null", O_RDONLY);

	store_save_endp(store, label, property, fd, expires);
	return fd;
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

/* The property and the descriptor of what is found, -1 for nothing. */
static int
find(const char *label, bool is_dest, int64_t now, const char *property)
{
	struct store_found found;
	int rc = (is_dest ? store_find_dest : store_find_endp)(store, label,
	    now, &found);

	if (rc == -1)
		return -1;
	ck_assert_str_eq(found.endp_property, property);
	ck_assert_int_eq(found.dest_property != NULL, is_dest);
	ck_assert(is_open(found.fd));
	close(found.fd);
	free(found.endp_property);
	free(found.dest_property);
	return found.fd;
}

START_TEST(the_oldest_is_found_once)
{
	int a = save("e", "a", 100), b = save("e", "b", 100);

	ck_assert_int_eq(find("none", false, 0, ""), -1);
	ck_assert_int_eq(find("e", false, 0, "a"), a);
	ck_assert_int_eq(find("e", false, 0, "b"), b);
	ck_assert_int_eq(find("e", false, 0, ""), -1);
}
END_TEST

START_TEST(a_destination_leads_to_its_endpoints_in_order)
{
	int two = save("two", "2", 100), one = save("one", "1", 100), again;

	store_save_dest(store, "d", "p", "one", 100);
	store_save_dest(store, "d", "p", "two", 100);
	ck_assert_int_eq(find("d", true, 0, "1"), one);
	ck_assert_int_eq(find("d", true, 0, "2"), two);
	ck_assert_int_eq(find("d", true, 0, ""), -1);
	again = save("one", "3", 100);
	ck_assert_int_eq(find("d", true, 0, "3"), again);
	ck_assert_int_eq(find("one", true, 0, ""), -1);
}
END_TEST

START_TEST(a_destination_said_twice_lasts_longer)
{
	struct store_found found;

	store_save_dest(store, "d", "first", "e", 50);
	store_save_dest(store, "d", "second", "e", 100);
	store_save_dest(store, "d", "first", "e", 100);
	save("e", "x", 100);
	ck_assert_int_eq(store_expire(store, 60), 100);
	ck_assert_int_eq(store_find_dest(store, "d", 60, &found), 0);
	ck_assert_str_eq(found.dest_property, "first");
	close(found.fd);
	free(found.endp_property);
	free(found.dest_property);
}
END_TEST

START_TEST(time_ends_everything)
{
	int early = save("e", "early", 50), late = save("e", "late", 100);

	store_save_dest(store, "d", "p", "e", 70);
	ck_assert_int_eq(store_expire(store, 10), 50);
	ck_assert(is_open(early));
	ck_assert_int_eq(store_expire(store, 50), 70);
	ck_assert(!is_open(early));
	ck_assert_int_eq(find("d", true, 70, ""), -1);
	ck_assert_int_eq(store_expire(store, 75), 100);
	ck_assert_int_eq(find("d", true, 60, ""), -1);
	ck_assert_int_eq(find("e", false, 99, "late"), late);
	save("e", "gone", 120);
	ck_assert_int_eq(find("e", false, 120, ""), -1);
	ck_assert_int_eq(store_expire(store, 120), -1);
}
END_TEST

START_TEST(what_is_left_is_closed_at_the_end)
{
	int fd = save("e", "x", 100);

	store_save_dest(store, "d", "p", "e", 100);
	store_free(store);
	store = NULL;
	ck_assert(!is_open(fd));
}
END_TEST

START_TEST(hits_and_sizes_are_counted)
{
	const struct store_stats *st = store_stats(store);

	save("a", "1", 100);
	save("a", "2", 100);
	save("b", "3", 100);
	store_save_dest(store, "d", "p", "a", 100);
	find("d", true, 0, "1");
	find("a", false, 0, "2");
	find("a", false, 0, "");
	find("x", true, 0, "");
	find("d", true, 0, "");
	ck_assert_int_eq(st->dest_hits, 1);
	ck_assert_int_eq(st->dest_misses, 2);
	ck_assert_int_eq(st->endp_hits, 1);
	ck_assert_int_eq(st->endp_misses, 1);
	ck_assert_int_eq(st->connections_max, 3);
	ck_assert_int_eq(st->endps_max, 2);
	ck_assert_int_eq(st->dests_max, 1);
	store_stats_reset(store);
	ck_assert_int_eq(st->dest_hits, 0);
	ck_assert_int_eq(st->connections_max, 1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("store");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_oldest_is_found_once);
	tcase_add_test(tc, a_destination_leads_to_its_endpoints_in_order);
	tcase_add_test(tc, a_destination_said_twice_lasts_longer);
	tcase_add_test(tc, time_ends_everything);
	tcase_add_test(tc, what_is_left_is_closed_at_the_end);
	tcase_add_test(tc, hits_and_sizes_are_counted);
	return unit_run("scache store", tc);
}
