/*
 * table_pcre.c - pcre: Perl's patterns by PCRE2
 *
 * Patterns and keys are bytes, as in Debian's postfix: "." is half of an "é",
 * the i flag folds ASCII. A pattern that wants characters begins with (*UTF).
 *
 * Patterns that are used turn into machine code (JIT) after a few matches;
 * those that are not cost only their parsing, so a command that looks up one
 * key stays quick. A process with many patterns goes without: most of them
 * fail at the first byte, and machine code of megabytes is slower at that
 * than the interpreter. Match limits end patterns that backtrack without end.
 *
 * SPDX-License-Identifier: ISC
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/table/regex_table.h"

#define FLAG_EXTENDED	8
#define FLAG_DOTALL	16
#define FLAG_ANCHORED	32
#define FLAG_DOLLAR_END	64
#define FLAG_UNGREEDY	128

#define JIT_AFTER	20		/* matches tried before compiling */
#define JIT_PATTERNS	500		/* with more, none is compiled */
#define JIT_STACK_BYTES	(512 * 1024)	/* grows from nothing to this */
#define MATCH_LIMIT	10000000	/* PCRE2's own default */

struct pcre {
	pcre2_code	*code;
	unsigned	 groups;
	unsigned	 uses;
	uint32_t	 options;	/* of each match */
};

static unsigned pattern_count;		/* of this process */

/* Shared by all tables: one match at a time. */
static pcre2_match_data *match_data;
static pcre2_match_context *match_context;

static bool
pcre_toggle(int letter, unsigned *flags, const struct rule_place *place)
{
	static const struct {
		char		letter;
		unsigned	flag;
	} letters[] = {
		{ 'i', REGEX_ICASE }, { 'm', REGEX_MULTILINE },
		{ 'x', FLAG_EXTENDED | REGEX_NO_LITERAL },
		{ 's', FLAG_DOTALL }, { 'A', FLAG_ANCHORED },
		{ 'E', FLAG_DOLLAR_END }, { 'U', FLAG_UNGREEDY },
	};
	size_t i;

	for (i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].letter == letter) {
			*flags ^= letters[i].flag;
			return true;
		}
	if (letter != 'X')
		return false;
	rule_warn(place, "ignoring obsolete regexp option \"X\"");
	return true;
}

static uint32_t
pcre_options(unsigned flags)
{
	static const struct {
		unsigned	flag;
		uint32_t	option;
	} options[] = {
		{ REGEX_ICASE, PCRE2_CASELESS },
		{ REGEX_MULTILINE, PCRE2_MULTILINE },
		{ FLAG_EXTENDED, PCRE2_EXTENDED },
		{ FLAG_DOTALL, PCRE2_DOTALL },
		{ FLAG_ANCHORED, PCRE2_ANCHORED },
		{ FLAG_DOLLAR_END, PCRE2_DOLLAR_ENDONLY },
		{ FLAG_UNGREEDY, PCRE2_UNGREEDY },
	};
	uint32_t how = 0;
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if ((flags & options[i].flag) != 0)
			how |= options[i].option;
	return how;
}

static void *
pcre_compile(const char *pattern, unsigned flags, bool wants_groups,
    const struct table *t, struct err *err)
{
	PCRE2_UCHAR text[256];
	struct pcre *re;
	pcre2_code *code;
	PCRE2_SIZE at;
	uint32_t groups;
	int rc;

	(void)wants_groups;
	code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
	    pcre_options(flags), &rc, &at, NULL);
	if (code == NULL) {
		pcre2_get_error_message(rc, text, sizeof(text));
		err_set(err, ERR_SYNTAX, "error in regex at offset %zu: %s",
		    (size_t)at, (char *)text);
		return NULL;
	}
	pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
	re = xcalloc(1, sizeof(*re));
	pattern_count++;
	re->code = code;
	re->groups = groups;
	/* The table has checked the subject already, once for all patterns. */
	re->options = t->has_utf8 ? PCRE2_NO_UTF_CHECK : 0;
	return re;
}

static void
pcre_free(void *compiled)
{
	struct pcre *re = compiled;

	pattern_count--;
	pcre2_code_free(re->code);
	free(re);
}

static unsigned
pcre_groups(const void *compiled)
{
	return ((const struct pcre *)compiled)->groups;
}

static void
prepare_shared(void)
{
	pcre2_jit_stack *stack;

	match_data = pcre2_match_data_create(REGEX_GROUPS_MAX, NULL);
	match_context = pcre2_match_context_create(NULL);
	stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK_BYTES, NULL);
	pcre2_set_match_limit(match_context, MATCH_LIMIT);
	pcre2_jit_stack_assign(match_context, NULL, stack);
}

static int
match_failed(int rc, const struct rule_place *place)
{
	PCRE2_UCHAR text[256];

	pcre2_get_error_message(rc, text, sizeof(text));
	rule_warn(place, "%s", (char *)text);
	return -1;
}

static int
pcre_match(void *compiled, const char *subject, size_t len,
    struct template_group *groups, size_t count,
    const struct rule_place *place)
{
	struct pcre *re = compiled;
	PCRE2_SIZE *at;
	size_t i;
	int rc;

	if (match_data == NULL)
		prepare_shared();
	if (re->uses < JIT_AFTER && ++re->uses == JIT_AFTER &&
	    pattern_count <= JIT_PATTERNS)
		pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE);
	rc = pcre2_match(re->code, (PCRE2_SPTR)subject, len, 0,
	    re->options, match_data,
	    match_context);
	if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
		rc = pcre2_match(re->code, (PCRE2_SPTR)subject, len, 0,
		    re->options | PCRE2_NO_JIT, match_data, match_context);
	if (rc == PCRE2_ERROR_NOMATCH)
		return 0;
	if (rc < 0)
		return match_failed(rc, place);
	at = pcre2_get_ovector_pointer(match_data);
	for (i = 0; i < count; i++) {
		/* Groups behind the last one that matched are not in rc. */
		bool took_part = (rc == 0 || i < (size_t)rc) &&
		    at[2 * i] != PCRE2_UNSET;

		groups[i].start = took_part ? (ssize_t)at[2 * i] : -1;
		groups[i].end = took_part ? (ssize_t)at[2 * i + 1] : -1;
	}
	return 1;
}

static const struct regex_engine engine = {
	.label = "pcre",
	.unclosed = "ignoring this rule",
	.zero_text = "out of range",
	.defaults = REGEX_ICASE | FLAG_DOTALL,
	.toggle = pcre_toggle,
	.compile = pcre_compile,
	.free = pcre_free,
	.groups = pcre_groups,
	.match = pcre_match,
};

static int
pcre_open(struct table *t, struct err *err)
{
	return regex_table_open(t, &engine, err);
}

const struct table_type table_pcre = {
	.name = "pcre",
	.is_pattern = true,
	.open = pcre_open,
	.close = regex_table_close,
	.lookup = regex_table_lookup,
	.describe = regex_table_describe,
	.each_result = regex_table_each_result,
};
