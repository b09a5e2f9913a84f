/*
 * table_text_fuzz.c - fuzz all that reads table text: the first byte chooses
 * the reader, the rest is the text, its last line also the key
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdbool.h>
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
#include "lib/table/ip_pattern.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"
#include "lib/table/table_source.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_table(const char *type, const char *text, size_t len, const char *key)
{
	struct buf name = BUF_INIT, value = BUF_INIT;
	int fd = memfd_create("rules", 0);
	struct err err = ERR_INIT;
	struct table *t;

	if (fd == -1 || write(fd, text, len) != (ssize_t)len)
		abort();
	buf_setf(&name, "%s:/proc/self/fd/%d", type, fd);
	t = table_open(name.ptr, TABLE_READ, TABLE_FOLD | TABLE_UTF8, &err);
	if (t != NULL) {
		table_lookup(t, key, &value, &err);
		table_lookup(t, "192.0.2.1", &value, &err);
		table_lookup(t, "user@example.com", &value, &err);
	}
	table_close(t);
	close(fd);
	buf_done(&name);
	buf_done(&value);
}

static void
try_inline(const char *type, const char *text, const char *key)
{
	struct buf name = BUF_INIT;
	struct err err = ERR_INIT;
	struct table *t;

	buf_setf(&name, "%s:%s", type, text);
	t = table_open(name.ptr, TABLE_READ, TABLE_FOLD | TABLE_UTF8, &err);
	if (t != NULL)
		table_lookup(t, key, NULL, &err);
	table_close(t);
	buf_done(&name);
}

static void
try_alias(const char *text)
{
	struct buf key = BUF_INIT, value = BUF_INIT;

	table_source_alias(text, "fuzz", 1, false, &key, &value);
	buf_done(&key);
	buf_done(&value);
}

static void
try_list(const char *text, const char *key)
{
	struct match_list *ml;
	struct ip_pattern p;
	/* Files and servers are not ours to touch. */
	char *copy = xstrdup(text), *c;

	for (c = copy; *c != '\0'; c++)
		if (*c == ':' || *c == '/')
			*c = c > copy && c[-1] >= '0' && c[-1] <= '9' ? '/' : '.';
	if (copy[0] == '/')
		copy[0] = '.';
	ml = match_list_new("mynetworks", MATCH_HOST, copy);
	match_list_find(ml, key, "192.0.2.1");
	match_list_free(ml);
	ip_pattern_parse(&p, text, NULL);
	free(copy);
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
	char *text;
	const char *key;

	if (size < 2)
		return 0;
	log_to(0);
	params.smtputf8_enable = true;
	params.parent_domain_matches_subdomains = "";
	text = xstrndup((const char *)data + 1, size - 1);
	key = strrchr(text, '\n');
	key = key != NULL ? key + 1 : text;
	switch (data[0] % 8) {
	case 0: try_table("cidr", text, strlen(text), key); break;
	case 1:
		if (is_cheap(text))
			try_table("regexp", text, strlen(text), key);
		break;
	case 2: try_table("pcre", text, strlen(text), key); break;
	case 3: try_inline("inline", text, key); break;
	case 4: try_inline("randmap", text, key); break;
	case 5: try_alias(text); break;
	case 6: try_list(text, key); break;
	case 7: try_inline("static", text, key); break;
	}
	free(text);
	return 0;
}
