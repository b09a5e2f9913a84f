/*
 * selection.c - expressions, read by several threads while names are saved
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/selection.h"

#include <ctype.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cmd/qtop/line.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_select.h"
#include "lib/queue/queue_snapshot.h"

#define FILE_MAX	1048576

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

struct queue_select *
selection_parse(const char *text, time_t now, struct err *err)
{
	struct queue_select *s;

	pthread_mutex_lock(&mutex);
	s = queue_select_parse(text, now, err);
	pthread_mutex_unlock(&mutex);
	return s;
}

/* The file without the line that gives this name. */
static void
without(const struct buf *text, const char *name, struct buf *out)
{
	const char *line = text->ptr, *end;
	size_t len = strlen(name), blank;

	for (; *line != '\0'; line = end) {
		end = line + strcspn(line, "\n");
		end += *end == '\n';
		if (strncmp(line, name, len) == 0) {
			blank = strspn(line + len, " \t");
			if (line[len + blank] == '=')
				continue;
		}
		buf_add(out, line, (size_t)(end - line));
	}
	if (out->len > 0 && out->ptr[out->len - 1] != '\n')
		buf_addc(out, '\n');
}

int
selection_save(const char *name, const char *text, struct err *err)
{
	const char *home = getenv("HOME"), *p;
	struct buf path = BUF_INIT, old = BUF_INIT, new = BUF_INIT;
	int rc = 0;

	for (p = name; isalnum((unsigned char)*p) || *p == '-' || *p == '_';
	    p++)
		continue;
	if (*name == '\0' || *p != '\0')
		return err_set(err, ERR_SYNTAX, "a name has letters, digits, "
		    "'-' and '_'");
	if (text[0] == '\0' || strchr(text, '\n') != NULL)
		return err_set(err, ERR_SYNTAX, "there is no filter to save");
	if (home == NULL || home[0] != '/')
		return err_set(err, ERR_NOT_FOUND, "no home directory");
	buf_addf(&path, "%s/.config/posthorn", home);
	if (file_mkdirs(path.ptr, 0700, err) == -1)
		rc = -1;
	buf_adds(&path, "/selections");
	if (rc == 0 && access(path.ptr, F_OK) == 0)
		rc = file_read(path.ptr, &old, FILE_MAX, err);
	if (rc == 0) {
		without(&old, name, &new);
		buf_addf(&new, "%s = %s\n", name, text);
		rc = file_replace(path.ptr, new.ptr, new.len, 0600,
		    (uid_t)-1, (gid_t)-1, err);
	}
	if (rc == 0) {
		pthread_mutex_lock(&mutex);
		rc = queue_select_saved(path.ptr, err);
		pthread_mutex_unlock(&mutex);
	}
	buf_done(&path);
	buf_done(&old);
	buf_done(&new);
	return rc;
}

/* ---- completion ---- */

struct completing {
	const char	*word;
	size_t		 len, count, common;
	struct buf	 first, *all;
};

static void
offer(struct completing *c, const char *text)
{
	size_t i;

	if (strncasecmp(text, c->word, c->len) != 0)
		return;
	if (c->count++ == 0) {
		buf_sets(&c->first, text);
		c->common = strlen(text);
	}
	for (i = 0; i < c->common; i++)
		if (tolower((unsigned char)text[i]) !=
		    tolower((unsigned char)c->first.ptr[i]))
			break;
	c->common = i;
	buf_addf(c->all, "%s%s", c->count > 1 ? " " : "", text);
}

/* What may stand here: after a class or queue field its names, else fields. */
static void
offer_all(struct completing *c, const char *before)
{
	static const char *const words[] = { "and", "or", "not", "any rcpt (",
	    "all rcpt (", "no rcpt (", "header(", "is", "in", "between",
	    "under" };
	const struct queue_field *f;
	size_t i;

	if (strncasecmp(before, "class", 5) == 0) {
		for (i = 0; i < REASON_COUNT; i++)
			offer(c, queue_reason_class_name(
			    (enum queue_reason_class)i));
		return;
	}
	if (strncasecmp(before, "queue", 5) == 0) {
		for (i = 0; queue_snapshot_queues[i] != NULL; i++)
			offer(c, queue_snapshot_queues[i]);
		return;
	}
	for (i = 0; (f = queue_field_at(i)) != NULL; i++)
		if (strncasecmp(before, "is ", 3) != 0 ||
		    f->type == FIELD_FLAG)
			offer(c, f->name);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		offer(c, words[i]);
}

/* The word before the one at "at", with what stands between them. */
static const char *
word_before(const char *text, size_t at)
{
	while (at > 0 && strchr(" =!~<>(,\"", text[at - 1]) != NULL)
		at--;
	while (at > 0 && strchr(" =!~<>(,\"", text[at - 1]) == NULL)
		at--;
	return text + at;
}

void
selection_complete(struct line *line, struct buf *candidates)
{
	struct completing c = { .first = BUF_INIT, .all = candidates };
	size_t from = line->at;

	while (from > 0 && (isalnum((unsigned char)line->text.ptr[from - 1]) ||
	    strchr(".-_", line->text.ptr[from - 1]) != NULL))
		from--;
	c.len = line->at - from;
	c.word = line->text.ptr + from;
	offer_all(&c, word_before(line->text.ptr, from));
	if (c.count > 0 && c.common >= c.len) {
		buf_delete(&line->text, from, c.len);
		line->at = from;
		line_insert(line, c.first.ptr, c.common);
		if (c.count == 1)
			line_insert(line, " ", 1);
	}
	if (c.count <= 1)
		buf_reset(candidates);
	buf_done(&c.first);
}
