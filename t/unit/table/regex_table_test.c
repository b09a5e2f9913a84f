/*
 * regex_table_test.c - no shortcut changes which rule answers
 *
 * Tables of random patterns are asked random keys; the answer must be the
 * first pattern that the matcher finds when it is asked alone.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/regex_table.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/table/table.h"
#include "t/unit/unit.h"

#define RULES	10
#define TABLES	600
#define KEYS	20

static const char *const atoms[] = {
	"a", "b", "B", "0", "-", "\\.", ".", "[ab]", "[^a]", "[^A-C]", "[0-2]",
	"[.]", "[]-]", "[[:alpha:]]", "[[:upper:]0]", "(a|b)", "(ab)", "\\w",
	"abab", "\\^",
};
static const char *const times[] = {
	"", "", "", "", "", "", "*", "+", "?", "{2}", "{0}", "{1,2}", "{0,1}",
};
static const char *const flags[] = { "", "", "i", "m" };

#define PICK(list)	list[(size_t)rand() % (sizeof(list) / sizeof(list[0]))]

struct pattern {
	char		 text[128];
	const char	*flags;		/* toggle: i is the default */
};

static void
make_pattern(struct pattern *p)
{
	int i, n = 2 + rand() % 5;

	snprintf(p->text, sizeof(p->text), "%s", rand() % 2 ? "^" : "");
	for (i = 0; i < n; i++) {
		strcat(p->text, PICK(atoms));
		strcat(p->text, PICK(times));
		if (rand() % 20 == 0)
			strcat(p->text, "|");
	}
	if (rand() % 3 == 0)
		strcat(p->text, "$");
	p->flags = PICK(flags);
}

static void
make_key(char *key, size_t size)
{
	static const char from[] = "aabbAB0012-.^\n";
	size_t i, n = 1 + (size_t)rand() % (size - 1);

	for (i = 0; i < n; i++)
		key[i] = from[(size_t)rand() % (sizeof(from) - 1)];
	key[n] = '\0';
}

static bool
regexp_matches(const struct pattern *p, const char *key)
{
	int how = REG_EXTENDED | REG_NOSUB;
	regex_t re;
	int rc;

	how |= p->flags[0] == 'i' ? 0 : REG_ICASE;
	how |= p->flags[0] == 'm' ? REG_NEWLINE : 0;
	if (regcomp(&re, p->text, how) != 0)
		return false;
	rc = regexec(&re, key, 0, NULL, 0);
	regfree(&re);
	return rc == 0;
}

static bool
pcre_matches(const struct pattern *p, const char *key)
{
	uint32_t how = PCRE2_DOTALL;
	pcre2_match_data *data;
	pcre2_code *code;
	PCRE2_SIZE at;
	int rc;

	how |= p->flags[0] == 'i' ? 0 : PCRE2_CASELESS;
	how |= p->flags[0] == 'm' ? PCRE2_MULTILINE : 0;
	code = pcre2_compile((PCRE2_SPTR)p->text, PCRE2_ZERO_TERMINATED, how,
	    &rc, &at, NULL);
	if (code == NULL)
		return false;
	data = pcre2_match_data_create(1, NULL);
	rc = pcre2_match(code, (PCRE2_SPTR)key, strlen(key), 0, 0, data, NULL);
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return rc >= 0;
}

static const struct {
	const char	*type;
	bool		(*matches)(const struct pattern *p, const char *key);
} engines[] = {
	{ "regexp", regexp_matches },
	{ "pcre", pcre_matches },
};

static struct table *
open_rules(const char *type, const struct pattern *patterns)
{
	struct buf text = BUF_INIT, name = BUF_INIT;
	int fd = memfd_create("rules", 0), i;
	struct table *t;

	for (i = 0; i < RULES; i++)
		buf_addf(&text, "/%s/%s %d\n", patterns[i].text,
		    patterns[i].flags, i);
	ck_assert_int_eq(write(fd, text.ptr, text.len), (ssize_t)text.len);
	buf_setf(&name, "%s:/proc/self/fd/%d", type, fd);
	t = table_open(name.ptr, TABLE_READ, 0, NULL);
	ck_assert_ptr_nonnull(t);
	close(fd);
	buf_done(&text);
	buf_done(&name);
	return t;
}

START_TEST(the_first_pattern_that_matches_answers)
{
	struct pattern patterns[RULES];
	struct buf value = BUF_INIT;
	struct table *t;
	char key[14];
	int round, i, k, found, hits = 0;

	srand((unsigned)_i + 1);
	for (round = 0; round < TABLES; round++) {
		for (i = 0; i < RULES; i++)
			make_pattern(&patterns[i]);
		t = open_rules(engines[_i].type, patterns);
		for (k = 0; k < KEYS; k++) {
			make_key(key, sizeof(key));
			for (i = 0; i < RULES &&
			    !engines[_i].matches(&patterns[i], key); i++)
				;
			found = table_lookup(t, key, &value, NULL) ==
			    TABLE_FOUND ? atoi(value.ptr) : RULES;
			ck_assert_msg(found == i, "%s: \"%s\": %d, not %d: "
			    "/%s/%s", engines[_i].type, key, found, i,
			    patterns[found < i ? found : i].text,
			    patterns[found < i ? found : i].flags);
			hits += i < RULES;
		}
		table_close(t);
	}
	ck_assert_int_gt(hits, TABLES * KEYS / 4);
	buf_done(&value);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("regex_table");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, the_first_pattern_that_matches_answers, 0,
	    sizeof(engines) / sizeof(engines[0]));
	return unit_run("regex_table", tc);
}
