/*
 * queue_select_saved.c - selections that have a name
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_select.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uthash.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_select_lex.h"

#define SAVED_FILE_MAX	(1024 * 1024)

struct saved {
	char		*name, *text;
	UT_hash_handle	 hh;
};

static struct saved *saved;

static const char *const built_in[][2] = {
	{ "bounces", "is bounce" },
	{ "stuck", "queue = deferred and age > 4h" },
	{ "backscatter", "is bounce and queue = deferred and age > 1d" },
	{ "local-trouble",
	    "class in (local-config, local-resource, filter)" },
	{ "giants", "size > 10M" },
	{ "dying", "is dying" },
};

const char *
saved_find(const char *name)
{
	struct saved *s;
	size_t i;

	HASH_FIND_STR(saved, name, s);
	if (s != NULL)
		return s->text;
	for (i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		if (strcmp(built_in[i][0], name) == 0)
			return built_in[i][1];
	return NULL;
}

int
queue_select_saved(const char *path, struct err *err)
{
	struct buf file = BUF_INIT;
	char *rest, *line, *eq, *end;
	struct saved *s, *old;
	int number = 0, rc = 0;

	if (file_read(path, &file, SAVED_FILE_MAX, err) == -1)
		return -1;
	rest = file.ptr;
	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL) {
		number++;
		line += strspn(line, " \t");
		if (*line == '\0' || *line == '#')
			continue;
		if ((eq = strchr(line, '=')) == NULL) {
			rc = err_set(err, ERR_SYNTAX,
			    "%s:%d: missing '=' after the name", path, number);
			break;
		}
		for (end = eq; end > line && (end[-1] == ' ' ||
		    end[-1] == '\t'); end--)
			;
		s = xcalloc(1, sizeof(*s));
		s->name = xstrndup(line + (*line == '@'),
		    (size_t)(end - line) - (*line == '@'));
		s->text = xstrdup(eq + 1 + strspn(eq + 1, " \t"));
		HASH_FIND_STR(saved, s->name, old);
		if (old != NULL) {
			HASH_DEL(saved, old);
			free(old->name);
			free(old->text);
			free(old);
		}
		HASH_ADD_KEYPTR(hh, saved, s->name, strlen(s->name), s);
	}
	buf_done(&file);
	return rc;
}

int
queue_select_setup(const char *home, struct err *err)
{
	struct buf path = BUF_INIT;
	int rc = 0;

	if (params.posthorn_reasons_file[0] != '\0' &&
	    queue_reason_load(params.posthorn_reasons_file, err) == -1)
		return -1;
	if (params.posthorn_selections[0] != '\0' &&
	    queue_select_saved(params.posthorn_selections, err) == -1)
		return -1;
	if (home == NULL)
		return 0;
	buf_setf(&path, "%s/.config/posthorn/selections", home);
	if (access(path.ptr, R_OK) == 0)
		rc = queue_select_saved(path.ptr, err);
	buf_done(&path);
	return rc;
}
