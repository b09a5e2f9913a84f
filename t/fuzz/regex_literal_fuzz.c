/*
 * regex_literal_fuzz.c - the shortcut of regexp: and pcre: never changes an answer
 *
 * A branch that cannot match leaves no plain text that the shortcut could
 * use, so "P", among enough others to be filed in an index, and "(P|a^b)",
 * alone, must agree on every key. The first line is the pattern, the rest the
 * key.
 *
 * SPDX-License-Identifier: ISC
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/table/rules.h"
#include "lib/table/table.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 1 found, 0 not, -1 when the rule was not accepted. */
static int
ask(const char *type, const char *pattern, bool is_reference,
    const char *flags, const char *key)
{
	struct buf text = BUF_INIT, name = BUF_INIT, value = BUF_INIT;
	unsigned before = rule_warnings();
	int fd = memfd_create("rules", 0), rc = -1;
	struct table *t;
	int i;

	buf_setf(&text, is_reference ? "/(%s|a^b)/%s x\n" : "/%s/%s x\n",
	    pattern, flags);
	for (i = 0; !is_reference && i < 10; i++)
		buf_addf(&text, "/filler%d/ y\n", i);
	if (fd == -1 || write(fd, text.ptr, text.len) != (ssize_t)text.len)
		abort();
	buf_setf(&name, "%s:/proc/self/fd/%d", type, fd);
	t = table_open(name.ptr, TABLE_READ, TABLE_UTF8, NULL);
	if (t != NULL && rule_warnings() == before) {
		rc = table_lookup(t, key, &value, NULL) == TABLE_FOUND &&
		    strcmp(value.ptr, "x") == 0;
		if (rule_warnings() != before)
			rc = -1;
	}
	table_close(t);
	close(fd);
	buf_done(&text);
	buf_done(&name);
	buf_done(&value);
	return rc;
}

/*
 * Can the pattern be put in parentheses and stay what it is? Groups would be
 * counted anew, options and verbs act on what encloses them, and a stray
 * parenthesis (a plain character for some) would pair with ours.
 */
static bool
can_be_enclosed(const char *p)
{
	bool has_class = strchr(p, '[') != NULL;
	int depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '/')
			return false;
		if (*p == '\\') {
			if (p[1] == '\0' || p[1] == '/' ||
			    isalnum((unsigned char)p[1]))
				return false;
			p++;
		} else if (*p == '(') {
			if (p[1] == '?' || p[1] == '*' || has_class)
				return false;
			depth++;
		} else if (*p == ')' && depth-- == 0) {
			return false;
		}
	}
	return depth == 0;
}

/* The C library needs memory without bounds for "a+++++" and "a{9}{9}{9}". */
static bool
is_cheap(const char *p)
{
	int quantifiers = 0;

	for (; *p != '\0'; p++)
		if (strchr("*+?{", *p) != NULL && ++quantifiers > 6)
			return false;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const flags[] = { "", "i", "m", "im" };
	const char *type, *flag;
	char *text, *key;
	int a, b;

	if (size < 4 || size > 200)
		return 0;
	log_to(0);
	params.smtputf8_enable = true;
	type = (data[0] & 1) != 0 ? "pcre" : "regexp";
	flag = flags[data[0] >> 1 & 3];
	text = xstrndup((const char *)data + 1, size - 1);
	key = strchr(text, '\n');
	if (key != NULL)
		*key++ = '\0';
	if (!can_be_enclosed(text) || !is_cheap(text))
		key = NULL;
	if (key != NULL && *text != '\0') {
		a = ask(type, text, false, flag, key);
		b = ask(type, text, true, flag, key);
		if (a != -1 && b != -1 && a != b) {
			fprintf(stderr, "%s /%s/%s on \"%s\": %d and %d\n",
			    type, text, flag, key, a, b);
			abort();
		}
	}
	free(text);
	return 0;
}
