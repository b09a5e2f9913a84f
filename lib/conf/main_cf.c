/*
 * main_cf.c - main.cf as a dictionary: names, unexpanded values, lines
 *
 * A sorted array: a few dozen names are read once and looked up a few
 * hundred times, and a listing wants them in order anyway.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/main_cf.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/cf_lines.h"

#define MAIN_CF_MAX	(16 * 1024 * 1024)	/* bytes; a bound, not a goal */
#define READ_TRIES	10

/* Index of name, or of where it belongs with *found false. */
static size_t
position(const struct main_cf *cf, const char *name, bool *found)
{
	size_t lo = 0, hi = cf->count;

	*found = false;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int cmp = strcmp(name, cf->entries[mid].name);

		if (cmp == 0) {
			*found = true;
			return mid;
		}
		if (cmp < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

const struct main_cf_entry *
main_cf_find(const struct main_cf *cf, const char *name)
{
	bool found;
	size_t at = position(cf, name, &found);

	return found ? &cf->entries[at] : NULL;
}

void
main_cf_set(struct main_cf *cf, const char *name, const char *value, int line)
{
	bool found;
	size_t at = position(cf, name, &found);
	struct main_cf_entry *e;

	if (!found) {
		if (cf->count == cf->size) {
			cf->size = cf->size == 0 ? 64 : cf->size * 2;
			cf->entries = xreallocarray(cf->entries, cf->size,
			    sizeof(*cf->entries));
		}
		memmove(cf->entries + at + 1, cf->entries + at,
		    (cf->count - at) * sizeof(*cf->entries));
		cf->count++;
		cf->entries[at].name = xstrdup(name);
		cf->entries[at].value = NULL;
	}
	e = &cf->entries[at];
	free(e->value);
	e->value = xstrdup(value);
	e->line = line;
}

void
main_cf_done(struct main_cf *cf)
{
	size_t i;

	for (i = 0; i < cf->count; i++) {
		free(cf->entries[i].name);
		free(cf->entries[i].value);
	}
	free(cf->entries);
	*cf = (struct main_cf)MAIN_CF_INIT;
}

const char *
main_cf_split(char *line, char **name, char **value)
{
	char *p = line, *end;

	while (isspace((unsigned char)*p))
		p++;
	*name = p;
	while (*p != '\0' && *p != '=' && !isspace((unsigned char)*p))
		p++;
	end = p;
	while (isspace((unsigned char)*p))
		p++;
	if (*p != '=' && *p != '\0')
		return "missing '=' after attribute name";
	if (end == *name)
		return "missing attribute name";
	if (*p == '\0')
		return "missing '=' after attribute name";
	*end = '\0';
	*value = text_trim(p + 1);
	return NULL;
}

int
main_cf_parse(struct main_cf *cf, const char *name, const char *text,
    size_t len, struct err *err)
{
	struct cf_lines lines;
	struct buf line = BUF_INIT, kept = BUF_INIT;
	int rc = 0;

	cf_lines_init(&lines, name, text, len);
	while (rc == 0 && cf_lines_next(&lines, &line)) {
		const struct main_cf_entry *old;
		const char *bad;
		char *key, *value;

		buf_set(&kept, line.ptr, line.len);	/* the split destroys */
		if ((bad = main_cf_split(line.ptr, &key, &value)) != NULL) {
			rc = err_set(err, ERR_SYNTAX, "%s, line %d: %s: \"%s\"",
			    name, lines.line, bad, kept.ptr);
			break;
		}
		old = main_cf_find(cf, key);
		if (old != NULL && strcmp(old->value, value) != 0)
			log_warning("%s, line %d: overriding earlier entry: "
			    "%s=%s", name, lines.line, key, old->value);
		main_cf_set(cf, key, value, lines.line);
	}
	buf_done(&line);
	buf_done(&kept);
	return rc;
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Read until nobody writes to it: an editor may be at work in place. */
static int
read_quiet(const char *path, struct buf *text, struct err *err)
{
	static const struct timespec pause = { 0, 100 * 1000 * 1000 };
	struct stat before, after;
	int fd, i;

	for (i = 0; ; i++) {
		if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
			return err_sys(err, "open %s", path);
		buf_reset(text);
		fstat(fd, &before);
		if (file_read_fd(fd, text, MAIN_CF_MAX, err) == -1) {
			close(fd);
			return err_prefix(err, "%s: ", path);
		}
		fstat(fd, &after);
		close(fd);
		if (is_same_file(&before, &after) || i == READ_TRIES)
			return 0;
		nanosleep(&pause, NULL);
	}
}

int
main_cf_read(struct main_cf *cf, const char *path, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc = read_quiet(path, &text, err);

	if (rc == 0)
		rc = main_cf_parse(cf, path, text.ptr, text.len, err);
	buf_done(&text);
	return rc;
}
