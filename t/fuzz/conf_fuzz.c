/*
 * conf_fuzz.c - main.cf, the $name language, list edits, master.cf
 *
 * The first line is an item of a list, the rest a main.cf and a master.cf. An
 * item that was added is there, one that was removed is not, and doing either
 * twice is doing it once.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/list_edit.h"
#include "lib/conf/main_cf.h"
#include "lib/conf/master_cf.h"
#include "lib/conf/scope.h"

#define SIZE_MAX_TRIED	4096	/* a value may refer to another, and that to a third */

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
same(const struct buf *a, const struct buf *b)
{
	if (strcmp(a->ptr, b->ptr) != 0)
		abort();
}

/* As restrictions do, by any rule. */
static bool
takes(const char *word, size_t len)
{
	return len > 1 && (word[0] & 1) != 0;
}

static void
edit_list(const char *list, const char *item)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;

	list_add(&once, list, item);
	list_add(&twice, once.ptr, item);
	/* What has an open brace takes in all that follows. */
	if (strpbrk(list, "{}") == NULL && strpbrk(item, "{}") == NULL)
		same(&once, &twice);
	list_remove(&once, list, item, takes);
	if (strlen(once.ptr) > strlen(list))
		abort();
	list_remove(&once, list, item, NULL);
	list_remove(&twice, once.ptr, item, NULL);
	if (strlen(once.ptr) > strlen(list))
		abort();
	buf_done(&once);
	buf_done(&twice);
}

static void
expand_all(struct scope *scope, const char *item)
{
	struct buf out = BUF_INIT;
	size_t i;

	for (i = 0; i < scope->cf.count && i < 8; i++) {
		buf_reset(&out);
		if (scope_expand(scope, &out, scope->cf.entries[i].value,
		    NULL) == 0 && memchr(out.ptr, '\0', out.len) != NULL)
			abort();
		edit_list(scope->cf.entries[i].value, item);
	}
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scope scope = { .process_name = "fuzz", .service_name = "",
	    .config_directory = "/etc" };
	struct master_cf master = { 0 };
	struct buf item = BUF_INIT;
	const char *text = (const char *)data, *end;

	log_open("fuzz", 0);
	if (size > SIZE_MAX_TRIED || (end = memchr(text, '\n', size)) == NULL)
		return 0;
	buf_set(&item, text, (size_t)(end - text));
	size -= (size_t)(end + 1 - text);
	text = end + 1;
	if (main_cf_parse(&scope.cf, "main.cf", text, size, NULL) == 0)
		expand_all(&scope, item.ptr);
	if (master_cf_parse(&master, "master.cf", text, size, NULL) == 0)
		master_cf_done(&master);
	scope_done(&scope);
	buf_done(&item);
	return 0;
}
