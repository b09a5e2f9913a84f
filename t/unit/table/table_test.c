/*
 * table_test.c - does table.h keep its word, for every type?
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "t/unit/unit.h"

static char dir[] = "/tmp/posthorn-table.XXXXXX";

static void
enter_directory(void)
{
	params.smtputf8_enable = true;
	params.lmdb_map_size = 16777216;
	params.posthorn_bdb_redirect = "gdbm";
	params.default_database_type = "gdbm";
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void
leave_directory(void)
{
	char command[64];

	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static struct table *
must_open(const char *name, enum table_mode mode, unsigned flags)
{
	struct err err = ERR_INIT;
	struct table *t = table_open(name, mode, flags, &err);

	ck_assert_msg(t != NULL, "%s: %s", name, err.text);
	return t;
}

/* What a lookup answers, as one word: the value, or "-", "retry", "broken". */
static const char *
ask(struct table *t, const char *key)
{
	static struct buf value = BUF_INIT;
	struct err err = ERR_INIT;

	switch (table_lookup(t, key, &value, &err)) {
	case TABLE_FOUND:
		return value.ptr;
	case TABLE_NOT_FOUND:
		return "-";
	case TABLE_RETRY:
		return "retry";
	default:
		return "broken";
	}
}

/* Test vectors of spec/tables.md 20 that need no file, and their like. */
static const struct {
	const char	*name, *key, *answer;
} vectors[] = {
	{ "inline:{ {a = b c}, d=e }",		"a",	"b c" },
	{ "inline:{ {a = b c}, d=e }",		"D",	"e" },
	{ "inline:{ {a = b c}, d=e }",		"x",	"-" },
	{ "inline:{a=1 a=2}",			"a",	"2" },
	{ "inline:{ {\"q k\"=v} }",			"\"q k\"", "v" },
	{ "static:text",			"any",	"text" },
	{ "static:{ two words }",		"any",	"two words" },
	{ "fail:x",				"any",	"retry" },
	{ "randmap:{one}",			"any",	"one" },
	{ "randmap:{{a b}}",			"any",	"{a b}" },
	{ "internal:empty",			"a",	"-" },
	{ "unix:passwd.byname",			"root",	NULL },
	{ "unix:group.byname",			"no-such-group", "-" },
	{ "environ:x",				"home",	"-" },
	{ "regexp:{ {/^a(b)?(c)$/ x$1-${2}y$(2)$$} }", "ABC", "xB-CyC$" },
	{ "regexp:{ {/^a(b)?(c)$/ x$1-${2}y$(2)$$} }", "ac", "x-cyc$" },
	{ "pcre:{{/fo(.)/ x$1}}",		"FOO",	"xO" },
	{ "pcre:{{if !/x/}, {/^a/ 1}, {endif}, {/./ 2}}", "ab", "1" },
	{ "pcre:{{if !/x/}, {/^a/ 1}, {endif}, {/./ 2}}", "ax", "2" },
	{ "pcre:{{!/x/ no}}",			"a",	"no" },
	{ "pcre:{{/foo.*bar|baz/ y}}",		"xbaz",	"y" },
	{ "pcre:{{/fo(?:o|x)bar/ y}}",		"foxBAR", "y" },
	{ "pcre:{{/foob*a{0}r/ y}}",		"foor",	"y" },
	{ "pcre:{{/ab\\x41cd/ y}}",		"abAcd", "y" },
	{ "pcre:{{/\\Qa.b\\E/ y}}",		"a.b",	"y" },
	{ "pcre:{{/foo/i y}}",			"FOO",	"-" },
	{ "pcre:{{/\xc3\x84rger kiste/ y}}",	"\xc3\xa4RGER KISTE", "-" },
	{ "pcre:{{/kiste/ y}}",			"\xe2\x84\xaaiste", "-" },
	{ "pcre:{{/(*UTF)\xc3\x84rger kiste/ y}}", "\xc3\xa4RGER KISTE", "y" },
	{ "pcre:{{/(*UTF)kiste/ y}}",		"\xe2\x84\xaaiste", "y" },
	{ "pcre:{{/a(b)?(c)?/ [$1][$2]}}",	"a",	"[][]" },
	{ "regexp:{{/a/!/b/ y}}",		"a",	"y" },
	{ "regexp:{{/a/!/b/ y}}",		"ab",	"-" },
	{ "regexp:{{/[[:digit:]]+\\.x/ y}}",	"a12.X", "y" },
	{ "cidr:{ {! 10.0.0.0/8 notten}, {0.0.0.0/0 any} }", "11.1.1.1", "notten" },
	{ "cidr:{ {! 10.0.0.0/8 notten}, {0.0.0.0/0 any} }", "10.1.1.1", "any" },
	{ "cidr:{ {! 10.0.0.0/8 notten}, {0.0.0.0/0 any} }", "::2", "-" },
	{ "cidr:{ {[2001:db8::]/32 six} }",	"2001:DB8::9", "six" },
	{ "cidr:{ {2001:db8::/33 six} }",	"2001:db8:8000::9", "-" },
	{ "cidr:{ {if 10.0.0.0/8}, {10.1.0.0/16 in}, {endif}, {0.0.0.0/0 out} }", "10.1.2.3", "in" },
	{ "cidr:{ {if 10.0.0.0/8}, {10.1.0.0/16 in}, {endif}, {0.0.0.0/0 out} }", "11.1.2.3", "out" },
	{ "cidr:{ {10.1.2.3/8 x} }",		"10.1.2.3", "-" },
	{ "pipemap:{inline:{foo=bar}, inline:{bar=baz}}", "foo", "baz" },
	{ "unionmap:{inline:{foo=bar}, inline:{foo=baz}}", "foo", "bar,baz" },
	{ "unionmap:{inline:{foo=bar}, fail:x}", "foo", "retry" },
	{ "inline:{{\xc3\x89t\xc3\xa9=summer}}", "\xc3\xa9T\xc3\x89", "summer" },
	{ "inline:{a=b}",			"\xff",	"-" },
};

START_TEST(lookup_answers_as_the_vectors_say)
{
	struct table *t;

	t = must_open(vectors[_i].name, TABLE_READ, TABLE_FOLD | TABLE_UTF8);
	if (vectors[_i].answer == NULL)
		ck_assert_int_eq(strncmp(ask(t, "root"), "root:x:0:0:", 11), 0);
	else
		ck_assert_str_eq(ask(t, vectors[_i].key), vectors[_i].answer);
	table_close(t);
}
END_TEST

static const struct {
	const char	*name, *text;
} bad_names[] = {
	{ "plain", "open dictionary: expecting \"type:name\" form instead of \"plain\"" },
	{ ":x", "open dictionary: expecting \"type:name\" form instead of \":x\"" },
	{ "x:", "open dictionary: expecting \"type:name\" form instead of \"x:\"" },
	{ "foo:x", "unsupported dictionary type: foo" },
	{ "cdb:none", "open database none.cdb: No such file or directory" },
	{ "lmdb:none", "open database none.lmdb: No such file or directory" },
	{ "gdbm:none", "open database none.gdbm: No such file or directory" },
	{ "hash:none", "open database none.gdbm: No such file or directory" },
	{ "texthash:none", "open database none: No such file or directory" },
	{ "inline:{a=b", "bad syntax: \"inline:{a=b\"; need \"inline:{name=value...}\"" },
	{ "inline:{,}", "empty table: \"inline:{,}\"; need \"inline:{name=value...}\"" },
	{ "inline:{foo}", "missing '=' after attribute name: \"inline:{foo}\"; need \"inline:{name=value...}\"" },
	{ "static:{x", "bad static:name syntax: missing '}' in \"{x\"" },
	{ "unix:x", "unknown table: unix:x" },
	{ "randmap:x", "bad syntax: \"randmap:x\"; need \"randmap:{value...}\"" },
};

START_TEST(open_says_what_is_wrong)
{
	struct err err = ERR_INIT;

	ck_assert_ptr_null(table_open(bad_names[_i].name, TABLE_READ, 0, &err));
	ck_assert_str_eq(err.text, bad_names[_i].text);
}
END_TEST

static const char *const indexed[] = { "gdbm:t", "lmdb:t", "cdb:t", "hash:t" };
static const char *const index_files[] = { "t.gdbm", "t.lmdb", "t.cdb",
	"t.gdbm" };

static void
build(const char *name, unsigned flags, int count)
{
	struct table *t = must_open(name, TABLE_CREATE, flags);
	char key[32], value[32];
	struct err err = ERR_INIT;
	int i;

	for (i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "Key%d", i);
		snprintf(value, sizeof(value), "value %d", i);
		ck_assert_int_eq(table_update(t, key, value, &err), 0);
	}
	ck_assert_msg(table_commit(t, &err) == 0, "%s", err.text);
	table_close(t);
}

START_TEST(an_index_gives_back_what_was_built)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct table *t;
	int n = 0;

	build(indexed[_i], TABLE_FOLD, 5000);
	t = must_open(indexed[_i], TABLE_READ, TABLE_FOLD);
	ck_assert_str_eq(ask(t, "KEY4999"), "value 4999");
	ck_assert_str_eq(ask(t, "key0"), "value 0");
	ck_assert_str_eq(ask(t, "key5000"), "-");
	while (table_next(t, n == 0, &key, &value, NULL) == TABLE_FOUND) {
		ck_assert_int_eq(strncmp(key.ptr, "key", 3), 0);
		ck_assert_str_eq(key.ptr + 3, value.ptr + 6);
		n++;
	}
	ck_assert_int_eq(n, 5000);
	table_close(t);
	buf_done(&key);
	buf_done(&value);
}
END_TEST

START_TEST(both_nul_conventions_are_read)
{
	struct table *t;

	build(indexed[_i], TABLE_TRY0NULL, 3);
	t = must_open(indexed[_i], TABLE_READ, 0);
	ck_assert_str_eq(ask(t, "Key1"), "value 1");
	table_close(t);
	build(indexed[_i], TABLE_TRY1NULL, 3);
	t = must_open(indexed[_i], TABLE_READ, 0);
	ck_assert_str_eq(ask(t, "Key2"), "value 2");
	table_close(t);
}
END_TEST

START_TEST(duplicates_follow_their_policy)
{
	static const struct {
		unsigned	 flags;
		int		 rc;
		const char	*stays;
	} policies[] = {
		{ TABLE_DUP_WARN, 0, "first" },
		{ TABLE_DUP_IGNORE, 0, "first" },
		{ TABLE_DUP_REPLACE, 0, "second" },
		{ 0, -1, NULL },
	};
	struct err err;
	struct table *t;
	size_t i;

	for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		t = must_open(indexed[_i], TABLE_CREATE, policies[i].flags);
		ck_assert_int_eq(table_update(t, "k", "first", &err), 0);
		ck_assert_int_eq(table_update(t, "k", "second", &err),
		    policies[i].rc);
		if (policies[i].stays == NULL) {
			ck_assert_ptr_nonnull(strstr(err.text,
			    "duplicate entry: \"k\""));
			table_close(t);
			continue;
		}
		ck_assert_int_eq(table_commit(t, &err), 0);
		table_close(t);
		t = must_open(indexed[_i], TABLE_READ, 0);
		ck_assert_str_eq(ask(t, "k"), policies[i].stays);
		table_close(t);
	}
}
END_TEST

START_TEST(a_build_that_is_not_committed_leaves_the_old_index)
{
	struct table *t;

	build(indexed[_i], 0, 2);
	t = must_open(indexed[_i], TABLE_CREATE, 0);
	ck_assert_int_eq(table_update(t, "other", "x", NULL), 0);
	table_close(t);
	t = must_open(indexed[_i], TABLE_READ, 0);
	ck_assert_str_eq(ask(t, "Key1"), "value 1");
	ck_assert_str_eq(ask(t, "other"), "-");
	table_close(t);
}
END_TEST

START_TEST(a_reader_keeps_the_old_index_and_learns_of_the_new)
{
	struct table *t;

	build(indexed[_i], 0, 1);
	t = must_open(indexed[_i], TABLE_READ, 0);
	ck_assert_str_eq(ask(t, "Key0"), "value 0");
	ck_assert_ptr_null(table_any_changed());
	build(indexed[_i], 0, 2);
	ck_assert_str_eq(ask(t, "Key1"), "-");
	ck_assert(table_has_changed(t));
	ck_assert_ptr_nonnull(strstr(table_any_changed(), ":t(0,lock)"));
	table_close(t);
}
END_TEST

START_TEST(a_build_keeps_the_mode_of_the_old_index)
{
	struct stat st;

	umask(022);
	build(indexed[_i], 0, 1);
	ck_assert_int_eq(chmod(index_files[_i], 0640), 0);
	build(indexed[_i], 0, 1);
	ck_assert_int_eq(stat(index_files[_i], &st), 0);
	/* A cdb file is new each time, for any program that makes one. */
	ck_assert_int_eq(st.st_mode & 0777,
	    strcmp(indexed[_i], "cdb:t") == 0 ? 0644 : 0640);
}
END_TEST

START_TEST(entries_change_in_place_or_by_copy)
{
	static const char *const names[] = { "gdbm:t", "lmdb:t" };
	struct err err = ERR_INIT;
	struct table *t;

	build(names[_i], TABLE_TRY0NULL, 3);
	t = must_open(names[_i], TABLE_WRITE, TABLE_DUP_REPLACE);
	ck_assert_int_eq(table_update(t, "Key1", "changed", &err), 0);
	ck_assert_int_eq(table_update(t, "new", "one", &err), 0);
	ck_assert_int_eq(table_delete(t, "Key0", &err), TABLE_FOUND);
	ck_assert_int_eq(table_delete(t, "Key9", &err), TABLE_NOT_FOUND);
	ck_assert_str_eq(ask(t, "Key1"), "changed");
	ck_assert_int_eq(table_commit(t, &err), 0);
	table_close(t);
	t = must_open(names[_i], TABLE_READ, 0);
	ck_assert_str_eq(ask(t, "Key0"), "-");
	ck_assert_str_eq(ask(t, "Key1"), "changed");
	ck_assert_str_eq(ask(t, "new"), "one");
	table_close(t);
}
END_TEST

START_TEST(a_cache_is_created_and_keeps_its_changes)
{
	static const char *const names[] = { "gdbm:cache", "lmdb:cache",
		"btree:cache" };
	struct table *t;

	t = must_open(names[_i], TABLE_WRITE,
	    TABLE_OPEN_LOCK | TABLE_DUP_REPLACE);
	ck_assert_int_eq(table_update(t, "a", "1", NULL), 0);
	ck_assert_int_eq(table_update(t, "b", "2", NULL), 0);
	ck_assert_int_eq(table_delete(t, "a", NULL), TABLE_FOUND);
	table_close(t);
	t = must_open(names[_i], TABLE_READ, 0);
	ck_assert_str_eq(ask(t, "a"), "-");
	ck_assert_str_eq(ask(t, "b"), "2");
	table_close(t);
}
END_TEST

/* Could another process change it now? */
static bool
is_free(const char *path)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd, status;
	pid_t pid = fork();

	if (pid == 0) {
		fd = open(path, O_RDWR);
		_exit(fd != -1 && fcntl(fd, F_SETLK, &whole) == 0 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status == 0;
}

START_TEST(a_change_of_nothing_keeps_no_lock)
{
	struct table *t = must_open("lmdb:cache", TABLE_WRITE,
	    TABLE_OPEN_LOCK | TABLE_DUP_IGNORE);

	ck_assert_int_eq(table_delete(t, "a", NULL), TABLE_NOT_FOUND);
	ck_assert(is_free("cache.lmdb"));
	ck_assert_int_eq(table_update(t, "a", "1", NULL), 0);
	ck_assert_int_eq(table_update(t, "a", "2", NULL), 0);
	ck_assert(is_free("cache.lmdb"));
	ck_assert_str_eq(ask(t, "a"), "1");
	table_close(t);
}
END_TEST

START_TEST(an_lmdb_table_grows_beyond_its_map)
{
	static char big[30001];
	struct err err = ERR_INIT;
	struct table *t;
	char key[16];
	int i;

	params.lmdb_map_size = 1 << 20;
	memset(big, 'x', sizeof(big) - 1);
	build("lmdb:t", 0, 10);
	t = must_open("lmdb:t", TABLE_WRITE, 0);
	for (i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "big%d", i);
		ck_assert_msg(table_update(t, key, big, &err) == 0, "%s",
		    err.text);
	}
	ck_assert_int_eq(table_commit(t, &err), 0);
	table_close(t);
	t = must_open("lmdb:t", TABLE_READ, 0);
	ck_assert_str_eq(ask(t, "big99"), big);
	ck_assert_str_eq(ask(t, "big0"), big);
	ck_assert_str_eq(ask(t, "Key9"), "value 9");
	table_close(t);
}
END_TEST

START_TEST(damaged_index_files_are_refused_or_broken)
{
	static const char *const names[] = { "gdbm:t", "lmdb:t", "cdb:t" };
	struct err err = ERR_INIT;
	struct table *t;

	write_file(index_files[_i], "this is no database at all, be sure of it");
	t = table_open(names[_i], TABLE_READ, 0, &err);
	if (t != NULL) {
		ck_assert_str_eq(ask(t, "key"), "broken");
		table_close(t);
	} else {
		ck_assert_str_ne(err.text, "");
	}
}
END_TEST

START_TEST(texthash_reads_logical_lines)
{
	struct timespec old[2] = { { 1000000, 0 }, { 1000000, 0 } };
	struct table *t;

	write_file("f", " lost\nkey value\n  cont\n# c\n\n  more\n"
	    "KEY again\nalone\n\"a b\" quoted\n\"bad x\nlast one");
	ck_assert_int_eq(utimensat(AT_FDCWD, "f", old, 0), 0);
	t = must_open("texthash:f", TABLE_READ, TABLE_FOLD | TABLE_UTF8);
	ck_assert_str_eq(ask(t, "key"), "value  cont  more");
	ck_assert_str_eq(ask(t, "\"a b\""), "quoted");
	ck_assert_str_eq(ask(t, "a b"), "-");
	ck_assert_str_eq(ask(t, "alone"), "-");
	ck_assert_str_eq(ask(t, "LAST"), "one");
	write_file("f", "key new\n");
	ck_assert(table_has_changed(t));
	table_close(t);
}
END_TEST

START_TEST(a_table_that_was_opened_works_in_a_chroot)
{
	static const char *const names[] = { "gdbm:t", "lmdb:t", "cdb:t",
		"texthash:f", "regexp:r", "pcre:r", "inline:{ {key1=value 1} }" };
	struct table *tables[sizeof(names) / sizeof(names[0])];
	int status;
	pid_t pid;
	size_t i;

	if (geteuid() != 0)
		return;
	for (i = 0; i < 3; i++)
		build(names[i], TABLE_FOLD, 5000);
	write_file("f", "key1 value 1\n");
	write_file("r", "/^key1$/ value 1\n");
	ck_assert_int_eq(mkdir("jail", 0755), 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		tables[i] = must_open(names[i], TABLE_READ, TABLE_FOLD |
		    TABLE_UTF8);
	if ((pid = fork()) == 0) {
		if (chroot("jail") == -1 || chdir("/") == -1)
			_exit(100);
		for (i = 0; i < 7; i++)
			if (strcmp(ask(tables[i], "key1"), "value 1") != 0 ||
			    strcmp(ask(tables[i], "key4999"),
			    i < 3 ? "value 4999" : "-") != 0)
				_exit(10 + (int)i);
		_exit(table_any_changed() == NULL ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		table_close(tables[i]);
}
END_TEST

START_TEST(one_name_is_one_instance)
{
	struct table *a = must_open("internal:x", TABLE_READ, TABLE_FOLD);
	struct table *b = must_open("internal:x", TABLE_READ, TABLE_FOLD);
	struct table *c = must_open("internal:x", TABLE_READ, 0);

	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_ne(a, c);
	ck_assert_int_eq(table_update(a, "K", "v", NULL), 0);
	table_close(a);
	ck_assert_str_eq(ask(b, "k"), "v");
	table_close(b);
	table_close(c);
}
END_TEST

START_TEST(a_stand_in_answers_try_again)
{
	struct table *t = must_open("cdb:none", TABLE_READ, TABLE_SURROGATE);

	ck_assert_str_eq(ask(t, "x"), "retry");
	table_close(t);
}
END_TEST

START_TEST(values_can_be_files)
{
	struct table *t;

	write_file("a", "one");
	write_file("b", "two\n");
	write_file("src", "k a b\nbad nofile\n");
	t = must_open("texthash:src", TABLE_READ, TABLE_VALUE_IS_FILE);
	ck_assert_str_eq(ask(t, "k"), "one\ntwo\n");
	ck_assert_str_eq(ask(t, "bad"), "-");
	table_close(t);
	t = must_open("texthash:src", TABLE_READ, 0);
	ck_assert_str_eq(ask(t, "k"), "a b");
	table_close(t);
}
END_TEST

START_TEST(a_type_list_is_sorted)
{
	size_t i;

	for (i = 1; table_type_at(i) != NULL; i++)
		ck_assert_int_lt(strcmp(table_type_at(i - 1),
		    table_type_at(i)), 0);
	ck_assert_uint_gt(i, 10);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("table");

	tcase_add_checked_fixture(tc, enter_directory, leave_directory);
	tcase_set_timeout(tc, 60);
	UNIT_LOOP(tc, lookup_answers_as_the_vectors_say, vectors);
	UNIT_LOOP(tc, open_says_what_is_wrong, bad_names);
	UNIT_LOOP(tc, an_index_gives_back_what_was_built, indexed);
	UNIT_LOOP(tc, both_nul_conventions_are_read, indexed);
	UNIT_LOOP(tc, duplicates_follow_their_policy, indexed);
	UNIT_LOOP(tc, a_build_that_is_not_committed_leaves_the_old_index,
	    indexed);
	UNIT_LOOP(tc, a_reader_keeps_the_old_index_and_learns_of_the_new,
	    indexed);
	UNIT_LOOP(tc, a_build_keeps_the_mode_of_the_old_index, indexed);
	tcase_add_loop_test(tc, entries_change_in_place_or_by_copy, 0, 2);
	tcase_add_loop_test(tc, a_cache_is_created_and_keeps_its_changes, 0, 3);
	tcase_add_test(tc, a_change_of_nothing_keeps_no_lock);
	tcase_add_test(tc, an_lmdb_table_grows_beyond_its_map);
	tcase_add_loop_test(tc, damaged_index_files_are_refused_or_broken, 0,
	    3);
	tcase_add_test(tc, texthash_reads_logical_lines);
	tcase_add_test(tc, a_table_that_was_opened_works_in_a_chroot);
	tcase_add_test(tc, one_name_is_one_instance);
	tcase_add_test(tc, a_stand_in_answers_try_again);
	tcase_add_test(tc, values_can_be_files);
	tcase_add_test(tc, a_type_list_is_sorted);
	return unit_run("table", tc);
}
