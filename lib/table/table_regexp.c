/*
 * table_regexp.c - regexp: POSIX patterns by the C library
 *
 * SPDX-License-Identifier: ISC
 */
#include <regex.h>
#include <stdlib.h>

#include "lib/base/mem.h"
#include "lib/table/regex_table.h"
#include "lib/table/regex_weight.h"

#define FLAG_EXTENDED	8

static bool
regexp_toggle(int letter, unsigned *flags, const struct rule_place *place)
{
	(void)place;
	switch (letter) {
	case 'i':
		*flags ^= REGEX_ICASE;
		return true;
	case 'm':
		*flags ^= REGEX_MULTILINE;
		return true;
	case 'x':
		*flags ^= FLAG_EXTENDED | REGEX_NO_LITERAL;
		return true;
	default:
		return false;
	}
}

static void *
regexp_compile(const char *pattern, unsigned flags, bool wants_groups,
    const struct table *t, struct err *err)
{
	regex_t *re;
	const char *fault;
	char text[256];
	int how = wants_groups ? 0 : REG_NOSUB, rc;

	(void)t;
	fault = regex_weight_fault(pattern, (flags & FLAG_EXTENDED) != 0);
	if (fault != NULL) {
		err_set(err, ERR_LIMIT, "%s: skipping this rule", fault);
		return NULL;
	}
	re = xcalloc(1, sizeof(*re));
	if ((flags & REGEX_ICASE) != 0)
		how |= REG_ICASE;
	if ((flags & FLAG_EXTENDED) != 0)
		how |= REG_EXTENDED;
	if ((flags & REGEX_MULTILINE) != 0)
		how |= REG_NEWLINE;
	if ((rc = regcomp(re, pattern, how)) == 0)
		return re;
	regerror(rc, re, text, sizeof(text));
	err_set(err, ERR_SYNTAX, "%s", text);
	free(re);
	return NULL;
}

static void
regexp_free(void *compiled)
{
	regfree(compiled);
	free(compiled);
}

static unsigned
regexp_groups(const void *compiled)
{
	return (unsigned)((const regex_t *)compiled)->re_nsub;
}

static int
regexp_match(void *compiled, const char *subject, size_t len,
    struct template_group *groups, size_t count,
    const struct rule_place *place)
{
	regmatch_t m[REGEX_GROUPS_MAX];
	char text[256];
	size_t i;
	int rc;

	(void)len;
	rc = regexec(compiled, subject, count, m, 0);
	if (rc == REG_NOMATCH)
		return 0;
	if (rc != 0) {
		regerror(rc, compiled, text, sizeof(text));
		rule_warn(place, "%s", text);
		return -1;
	}
	for (i = 0; i < count; i++) {
		groups[i].start = m[i].rm_so;
		groups[i].end = m[i].rm_eo;
	}
	return 1;
}

static const struct regex_engine engine = {
	.label = "regexp",
	.unclosed = "skipping this rule",
	.zero_text = "out-of-range",
	.defaults = REGEX_ICASE | FLAG_EXTENDED,
	.has_second = true,
	.toggle = regexp_toggle,
	.compile = regexp_compile,
	.free = regexp_free,
	.groups = regexp_groups,
	.match = regexp_match,
};

static int
regexp_open(struct table *t, struct err *err)
{
	return regex_table_open(t, &engine, err);
}

const struct table_type table_regexp = {
	.name = "regexp",
	.is_pattern = true,
	.open = regexp_open,
	.close = regex_table_close,
	.lookup = regex_table_lookup,
	.describe = regex_table_describe,
	.each_result = regex_table_each_result,
};
