/*
 * table_config_fuzz.c - settings files of database clients, and templates
 *
 * The first line is a key, the second a template, the rest a settings file.
 * What a template makes of a quoted key must hold no quote of the key's.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/table/table.h"
#include "lib/table/table_query.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
quote(struct buf *out, const char *text, size_t len, void *ctx)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] == '\0')
			abort();
		buf_addc(out, text[i] == '\'' ? 'q' : text[i]);
	}
	*(size_t *)ctx += len;
}

static size_t
count(const char *text, char c)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == c;
	return n;
}

static void
try_template(const char *template, const char *key)
{
	struct buf out = BUF_INIT;
	size_t quoted = 0;

	if (table_query_is_template(template) &&
	    table_query_expand_text(template, &out, key, quote, &quoted) &&
	    (count(out.ptr, '\'') != count(template, '\'') ||
	    quoted > out.len || strlen(out.ptr) != out.len))
		abort();
	buf_done(&out);
}

/* Opening reads all settings and asks no server. */
static void
try_settings(const char *text)
{
	struct buf name = BUF_INIT;
	struct err err = ERR_INIT;
	int fd = memfd_create("settings", 0);

	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	buf_setf(&name, "memcache:/proc/self/fd/%d", fd);
	table_close(table_open(name.ptr, TABLE_READ, TABLE_FOLD, &err));
	close(fd);
	buf_done(&name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *key = xstrndup((const char *)data, size), *template, *settings;

	log_to(0);
	if ((template = strchr(key, '\n')) != NULL &&
	    (settings = strchr(template + 1, '\n')) != NULL) {
		*template++ = '\0';
		*settings++ = '\0';
		try_template(template, key);
		/* Tables that settings name are not ours to touch. */
		if (strstr(settings, "backup") == NULL &&
		    strchr(settings, ':') == NULL &&
		    strchr(settings, '/') == NULL)
			try_settings(settings);
	}
	free(key);
	return 0;
}
