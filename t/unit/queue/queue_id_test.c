/*
 * queue_id_test.c - queue IDs and queue paths
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_id.h"

#include <check.h>
#include <stdlib.h>

#include "lib/base/buf.h"
#include "lib/conf/params.h"
#include "t/unit/unit.h"

START_TEST(a_short_id_is_microseconds_and_inode_in_hex)
{
	struct buf id = BUF_INIT;
	struct timeval tv = { 1795246642, 606330 };
	uint64_t inode;

	queue_id_make(&id, tv, 11026457, false);
	ck_assert_str_eq(id.ptr, "9407AA84019");
	ck_assert(!queue_id_is_long(id.ptr));
	ck_assert(queue_id_inode(id.ptr, &inode));
	ck_assert_uint_eq(inode, 11026457);
	ck_assert(queue_id_time(id.ptr, &tv));
	ck_assert_int_eq(tv.tv_sec, 0);
	ck_assert_int_eq(tv.tv_usec, 606330);
	buf_done(&id);
}
END_TEST

START_TEST(a_long_id_is_base_52_z_base_51)
{
	struct buf id = BUF_INIT;
	struct timeval tv = { 1795246706, 543822 };
	uint64_t inode;

	queue_id_make(&id, tv, 11026499, true);
	ck_assert_str_eq(id.ptr, "4jWkb63s66z1c6Jr");
	ck_assert(queue_id_is_long(id.ptr));
	ck_assert(queue_id_inode(id.ptr, &inode));
	ck_assert_uint_eq(inode, 11026499);
	ck_assert(queue_id_time(id.ptr, &tv));
	ck_assert_int_eq(tv.tv_sec, 1795246706);
	ck_assert_int_eq(tv.tv_usec, 543822);
	buf_done(&id);
}
END_TEST

START_TEST(what_does_not_decode_says_so)
{
	uint64_t inode;
	struct timeval tv;

	ck_assert(!queue_id_inode("12345", &inode));
	ck_assert(!queue_id_inode("12345xyz", &inode));
	ck_assert(!queue_id_inode("12345FFFFFFFFFFFFFFFFF", &inode));
	ck_assert(!queue_id_inode("0123456789z", &inode));
	ck_assert(!queue_id_inode("0123456789zA", &inode));
	ck_assert(!queue_id_inode("0123456789zzzzzzzzzzzzzzz", &inode));
	ck_assert(!queue_id_time("1234", &tv));
	ck_assert(!queue_id_time("FFFFF1", &tv));
	ck_assert(!queue_id_is_long("012345678z1"));
}
END_TEST

START_TEST(valid_ids_are_letters_digits_and_underscore)
{
	char text[300];

	ck_assert(queue_id_is_valid("9407AA84019"));
	ck_assert(queue_id_is_valid("remote_example"));
	ck_assert(!queue_id_is_valid(""));
	ck_assert(!queue_id_is_valid("123.456"));
	ck_assert(!queue_id_is_valid("ID#FIX"));
	ck_assert(!queue_id_is_valid("../x"));
	memset(text, 'A', sizeof(text));
	text[255] = '\0';
	ck_assert(queue_id_is_valid(text));
	text[255] = 'A';
	text[256] = '\0';
	ck_assert(!queue_id_is_valid(text));
	ck_assert(queue_name_is_valid("deferred"));
	ck_assert(!queue_name_is_valid("a_b"));
	ck_assert(!queue_name_is_valid("../x"));
}
END_TEST

static const struct {
	const char	*names;
	int		 depth;
	const char	*queue, *id, *path;
} paths[] = {
	{ "deferred, defer", 1, "incoming", "9407AA84019",
	    "incoming/9407AA84019" },
	{ "deferred, defer", 1, "deferred", "9407AA84019",
	    "deferred/9/9407AA84019" },
	{ "deferred, defer", 1, "defer", "9407AA84019",
	    "defer/9/9407AA84019" },
	{ "DEFERRED", 2, "deferred", "9407AA84019",
	    "deferred/9/4/9407AA84019" },
	{ "incoming", 3, "incoming", "4jWkP039RZz1c6Lr",
	    "incoming/6/D/3/4jWkP039RZz1c6Lr" },
	{ "incoming", 1, "incoming", "4jWkb63s66z1c6Jr",
	    "incoming/8/4jWkb63s66z1c6Jr" },
	{ "flush", 3, "flush", "ab", "flush/a/b/_/ab" },
	{ "a b,incoming", 1, "hold", "AB", "hold/AB" },
};

START_TEST(paths_follow_the_hash_parameters)
{
	struct buf path = BUF_INIT;

	params.hash_queue_names = paths[_i].names;
	params.hash_queue_depth = paths[_i].depth;
	queue_path(&path, paths[_i].queue, paths[_i].id);
	ck_assert_str_eq(path.ptr, paths[_i].path);
	buf_done(&path);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_id");

	tcase_add_test(tc, a_short_id_is_microseconds_and_inode_in_hex);
	tcase_add_test(tc, a_long_id_is_base_52_z_base_51);
	tcase_add_test(tc, what_does_not_decode_says_so);
	tcase_add_test(tc, valid_ids_are_letters_digits_and_underscore);
	UNIT_LOOP(tc, paths_follow_the_hash_parameters, paths);
	return unit_run("queue_id", tc);
}
