/*
 * table_module.c - table types in shared objects, loaded when first opened
 *
 * A module uses functions of the program that loads it; those are exported by
 * name in lib/table/module/exports. It must come from the same build, which
 * its first bytes say.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_module.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/table/table_abi.h"
#include "lib/table/table_source.h"
#include "lib/table/table_type.h"

#define SYMBOL		"posthorn_table"

/* What we make modules for, and what each is built and run with. */
static const struct {
	const char	*name;
	const char	*library, *headers;
} ours[] = {
	{ "ldap",	"libldap",	"libldap-dev, libsasl2-dev" },
	{ "mysql",	"libmariadb",	"libmariadb-dev" },
	{ "pgsql",	"libpq",	"libpq-dev" },
	{ "redis",	"libhiredis",	"libhiredis-dev" },
};

#define OUR_COUNT	(sizeof(ours) / sizeof(ours[0]))

/* What dynamicmaps.cf says: "TYPE LIBRARY posthorn_table". */
struct listed {
	char		*name, *library;
	struct listed	*next;
};

static struct listed *listed;

/* The directory of this program; false when that is not to be trusted. */
static bool
program_directory(char dir[PATH_MAX])
{
	ssize_t n;
	char *slash;

	/* Whoever calls a set-gid program may have linked it elsewhere. */
	if (getauxval(AT_SECURE) != 0 ||
	    (n = readlink("/proc/self/exe", dir, PATH_MAX - 1)) <= 0)
		return false;
	dir[n] = '\0';
	if ((slash = strrchr(dir, '/')) == NULL)
		return false;
	*slash = '\0';
	return true;
}

/* The nth directory to look in, appended to out; false behind the last. */
static bool
directory_at(int n, struct buf *out)
{
	char program[PATH_MAX];

	switch (n) {
	case 0:
		if (params.shlib_directory != NULL &&
		    strcmp(params.shlib_directory, "no") != 0)
			buf_adds(out, params.shlib_directory);
		return true;
	case 1:
		if (params.daemon_directory != NULL)
			buf_addf(out, "%s/modules", params.daemon_directory);
		return true;
	case 2:
	case 3:
		if (!program_directory(program))
			return false;
		buf_addf(out, "%s/../%s", program,
		    n == 2 ? "modules" : "libexec/posthorn/modules");
		return true;
	default:
		return false;
	}
}

/* Where library is; false with the places that were tried in *path. */
static bool
find_library(const char *library, struct buf *path)
{
	struct buf tried = BUF_INIT;
	bool found = false;
	int n;

	buf_sets(path, library);
	if (*library == '/')
		return access(library, R_OK) == 0;
	for (n = 0; !found; n++) {
		buf_reset(path);
		if (!directory_at(n, path))
			break;
		if (path->len == 0)
			continue;
		buf_addf(&tried, "%s%s", tried.len > 0 ? ", " : "", path->ptr);
		buf_addf(path, "/%s", library);
		found = access(path->ptr, R_OK) == 0;
	}
	if (!found)
		buf_swap(path, &tried);
	buf_done(&tried);
	return found;
}

static void
read_line(char *line, const char *file, int number)
{
	char *name = text_split(&line, " \t"),
	    *library = text_split(&line, " \t"),
	    *symbol = text_split(&line, " \t");
	struct listed *l;

	if (library == NULL) {
		log_warning("%s, line %d: need \"type library function\"",
		    file, number);
		return;
	}
	if (symbol == NULL || strcmp(symbol, SYMBOL) != 0)
		return;
	l = xcalloc(1, sizeof(*l));
	l->name = xstrdup(name);
	l->library = xstrdup(library);
	l->next = listed;
	listed = l;
}

static void
read_list(const char *file)
{
	struct table_source *source;
	struct buf line = BUF_INIT;
	struct err err = ERR_INIT;
	int number, got;

	if (access(file, F_OK) == -1)
		return;
	if ((source = table_source_open(file, -1, &err)) == NULL) {
		log_warning("%s", err.text);
		return;
	}
	while ((got = table_source_next(source, &line, &number, &err)) == 1)
		read_line(line.ptr, file, number);
	if (got == -1)
		log_warning("%s", err.text);
	table_source_close(source);
	buf_done(&line);
}

static int
is_list(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Read dynamicmaps.cf and dynamicmaps.cf.d, once. */
static void
read_lists(void)
{
	static bool is_done;
	struct dirent **list;
	struct buf path = BUF_INIT;
	int i, count;

	if (is_done || params.meta_directory == NULL)
		return;
	is_done = true;
	buf_setf(&path, "%s/dynamicmaps.cf", params.meta_directory);
	read_list(path.ptr);
	buf_adds(&path, ".d");
	count = scandir(path.ptr, &list, is_list, alphasort);
	for (i = 0; i < count; i++) {
		buf_setf(&path, "%s/dynamicmaps.cf.d/%s",
		    params.meta_directory, list[i]->d_name);
		read_list(path.ptr);
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	buf_done(&path);
}

static const struct listed *
find_listed(const char *name)
{
	const struct listed *l;

	read_lists();
	for (l = listed; l != NULL; l = l->next)
		if (strcmp(l->name, name) == 0)
			return l;
	return NULL;
}

/* Load path; NULL with the reason, needs names a library package or is NULL. */
static const struct table_type *
load(const char *name, const char *path, const char *needs, struct err *err)
{
	const struct table_module *module;
	void *handle;

	if ((handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL) {
		err_set(err, ERR_CONFIG, "unsupported dictionary type: %s. "
		    "Cannot load its module: %s%s%s%s", name, dlerror(),
		    needs != NULL ? ". Is the package of " : "",
		    needs != NULL ? needs : "",
		    needs != NULL ? " installed?" : "");
		return NULL;
	}
	module = dlsym(handle, SYMBOL);
	if (module == NULL ||
	    memcmp(module->abi, TABLE_ABI, sizeof(TABLE_ABI)) != 0 ||
	    strcmp(module->type->name, name) != 0) {
		err_set(err, ERR_CONFIG, "unsupported dictionary type: %s. "
		    "%s is not its module, or one of another version", name,
		    path);
		dlclose(handle);
		return NULL;
	}
	return module->type;
}

const struct table_type *
table_module_find(const char *name_start, size_t len, struct err *err)
{
	static struct loaded {
		const struct table_type *type;
		struct loaded	*next;
	} *all, *l;
	const struct table_type *type = NULL;
	const struct listed *said;
	struct buf library = BUF_INIT, path = BUF_INIT;
	char *name = xstrndup(name_start, len);
	size_t i;

	for (l = all; l != NULL && type == NULL; l = l->next)
		if (strcmp(l->type->name, name) == 0)
			type = l->type;
	if (type != NULL) {
		free(name);
		return type;
	}
	for (i = 0; i < OUR_COUNT && strcmp(ours[i].name, name) != 0; i++)
		;
	if ((said = find_listed(name)) != NULL)
		buf_sets(&library, said->library);
	else if (i < OUR_COUNT)
		buf_setf(&library, "posthorn-%s.so", name);
	if (library.len == 0)
		err_set(err, ERR_CONFIG, "unsupported dictionary type: %s",
		    name);
	else if (find_library(library.ptr, &path))
		type = load(name, path.ptr,
		    i < OUR_COUNT ? ours[i].library : NULL, err);
	else if (i < OUR_COUNT)
		err_set(err, ERR_CONFIG, "unsupported dictionary type: %s. "
		    "Is the module %s installed? Not in %s; \"make modules\" "
		    "builds it and needs %s", name, library.ptr,
		    path.ptr, ours[i].headers);
	else
		err_set(err, ERR_CONFIG, "unsupported dictionary type: %s. "
		    "Is the module %s installed? Not in %s", name,
		    library.ptr, path.ptr);
	if (type != NULL) {
		l = xmalloc(sizeof(*l));
		l->type = type;
		l->next = all;
		all = l;
	}
	buf_done(&library);
	buf_done(&path);
	free(name);
	return type;
}

void
table_module_each(void (*fn)(const char *name, void *ctx), void *ctx)
{
	struct buf library = BUF_INIT, path = BUF_INIT;
	const struct listed *said;
	size_t i;

	read_lists();
	for (said = listed; said != NULL; said = said->next)
		fn(said->name, ctx);
	for (i = 0; i < OUR_COUNT; i++) {
		buf_setf(&library, "posthorn-%s.so", ours[i].name);
		if (find_listed(ours[i].name) == NULL &&
		    find_library(library.ptr, &path))
			fn(ours[i].name, ctx);
	}
	buf_done(&library);
	buf_done(&path);
}
