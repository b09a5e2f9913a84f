/*
 * table_source_fuzz.c - fuzz source files of tables: the first byte chooses the
 * grammar, the rest is the file
 *
 * What postmap stores must read back as itself: a dump can be built again.
 * Entries then go through the search for circles.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/table/table_circle.h"
#include "lib/table/table_source.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_alias(const struct source_entry *e)
{
	struct buf line = BUF_INIT, name = BUF_INIT, list = BUF_INIT;

	/* Odd lines do not come back as they were: the peer stores them so. */
	buf_setf(&line, "x: %s", e->value);
	if (table_source_alias(line.ptr, NULL, 1, false, &name, &list) ==
	    TABLE_ENTRY_OK && list.len > 0 && strcmp(name.ptr, "x") != 0)
		abort();
	buf_done(&line);
	buf_done(&name);
	buf_done(&list);
}

static void
check_pair(const struct source_entry *e)
{
	struct buf line = BUF_INIT;
	char *key, *value;

	if (e->key[0] == '\0' || e->value[0] == '\0')
		abort();
	buf_setf(&line, "%s\t%s", e->key, e->value);
	if (table_source_pair(line.ptr, NULL, 1, false, false, &key,
	    &value) != TABLE_ENTRY_OK || strcmp(key, e->key) != 0 ||
	    strcmp(value, e->value) != 0)
		abort();
	buf_done(&line);
}

static void
on_circle(const char *path, int line, const char *key, const char *way,
    void *ctx)
{
	(void)path, (void)line, (void)ctx;
	if (*key == '\0' && *way == '\0')
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_entry e = { 0 };
	struct circle_graph *graph;
	struct table_source *s;
	int fd;

	if (size < 2)
		return 0;
	log_to(0);
	params.recipient_delimiter = "+";
	params.mydestination = "a.example";
	params.myorigin = "a.example";
	params.parent_domain_matches_subdomains = "";
	params.inet_interfaces = "127.0.0.1";
	e.is_alias = (data[0] & 1) != 0;
	e.has_utf8 = (data[0] & 2) != 0;
	if ((fd = memfd_create("source", 0)) == -1 ||
	    write(fd, data + 1, size - 1) != (ssize_t)(size - 1) ||
	    lseek(fd, 0, SEEK_SET) != 0)
		abort();
	graph = circle_new(e.is_alias);
	s = table_source_open("fuzz", fd, NULL);
	while (table_source_entry(s, &e, NULL) == 1) {
		if (e.is_alias)
			check_alias(&e);
		else
			check_pair(&e);
		circle_add(graph, e.key, e.value, "fuzz", e.line);
	}
	circle_each(graph, on_circle, NULL);
	circle_free(graph);
	table_source_close(s);
	source_entry_done(&e);
	return 0;
}
