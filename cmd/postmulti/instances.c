/*
 * instances.c - the instances that the primary one lists, and which are meant
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postmulti/postmulti.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/conf/scope.h"

#define PREFIX	"postfix-"

/* A value of a main.cf that is not the one we were started with. */
static char *
value_of(struct scope *scope, const char *file, const char *name)
{
	const char *raw = scope_lookup(name, scope);
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (scope_expand(scope, &text, raw, &err) == -1) {
		log_error("%s: %s: %s", file, name, err.text);
		log_fatal("Failed to obtain all required %s parameters", file);
	}
	return buf_take(&text);
}

static void
read_instance(struct instance *i, const char *directory)
{
	struct scope scope = { .config_directory = directory,
	    .process_name = params.process_name,
	    .service_name = params.service_name };
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	char *enable;

	buf_setf(&file, "%s/main.cf", directory);
	if (main_cf_read(&scope.cf, file.ptr, &err) == -1) {
		log_error("%s", err.text);
		log_fatal("Failed to obtain all required %s parameters",
		    file.ptr);
	}
	*i = (struct instance){ .config_directory = xstrdup(directory) };
	i->queue_directory = value_of(&scope, file.ptr, "queue_directory");
	i->data_directory = value_of(&scope, file.ptr, "data_directory");
	i->name = value_of(&scope, file.ptr, "multi_instance_name");
	i->group = value_of(&scope, file.ptr, "multi_instance_group");
	enable = value_of(&scope, file.ptr, "multi_instance_enable");
	i->is_enabled = strcmp(enable, "yes") == 0;
	if (!i->is_enabled && strcmp(enable, "no") != 0)
		log_fatal("Unexpected %s entry: multi_instance_enable = %s",
		    file.ptr, enable);
	free(enable);
	scope_done(&scope);
	buf_done(&file);
}

struct property {
	const char	*parameter;
	const char	*value;
};

#define PROPERTIES	4

/* What no two instances may have in common. */
static void
properties(const struct instance *i, struct property out[PROPERTIES])
{
	out[0] = (struct property){ "multi_instance_name", i->name };
	out[1] = (struct property){ "config_directory", i->config_directory };
	out[2] = (struct property){ "queue_directory", i->queue_directory };
	out[3] = (struct property){ "data_directory", i->data_directory };
}

static void
check_pair(const struct instance *a, const struct property *p,
    const struct instance *b, const struct property *q)
{
	if (*p->value != '\0' && strcmp(p->value, q->value) == 0)
		log_fatal("instance %s, %s=%s conflicts with instance %s, "
		    "%s=%s", a->config_directory, p->parameter, p->value,
		    b->config_directory, q->parameter, q->value);
}

static void
check_against(const struct instance *a, const struct instance *b)
{
	struct property mine[PROPERTIES], theirs[PROPERTIES];
	size_t i, j;

	/* Listed twice: the same one. */
	if (strcmp(a->config_directory, b->config_directory) == 0)
		return;
	properties(a, mine);
	properties(b, theirs);
	for (i = 0; i < PROPERTIES; i++)
		for (j = 0; j < PROPERTIES; j++)
			check_pair(a, &mine[i], b, &theirs[j]);
}

void
instances_check(const struct instances *all, const struct instance *one)
{
	struct property own[PROPERTIES];
	size_t i, j;

	properties(one, own);
	for (i = 1; i < PROPERTIES; i++)
		for (j = 1; j < i; j++)
			check_pair(one, &own[i], one, &own[j]);
	for (i = 0; i < all->count; i++)
		if (&all->list[i] != one)
			check_against(one, &all->list[i]);
}

struct instance *
instances_add(struct instances *all, const char *directory)
{
	struct instance *i;

	all->list = xreallocarray(all->list, all->count + 1,
	    sizeof(*all->list));
	i = &all->list[all->count++];
	read_instance(i, directory);
	instances_check(all, i);
	return i;
}

void
instances_load(struct instances *all)
{
	char *copy = xstrdup(params.multi_instance_directories), *rest = copy;
	char *word;

	*all = (struct instances){ NULL, 0 };
	instances_add(all, params.config_directory)->is_primary = true;
	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		instances_add(all, word);
	/* Without others there is nothing that it could be left out of. */
	if (all->count == 1)
		all->list[0].is_enabled = true;
	free(copy);
}

static bool
has_name(const struct instance *i, const char *name)
{
	if (strcmp(name, "-") == 0)
		return i->is_primary;
	if (*name == '/')
		return strcmp(name, i->config_directory) == 0;
	return strcmp(name, i->name) == 0 ||
	    (strncmp(i->name, PREFIX, strlen(PREFIX)) == 0 &&
	    strcmp(name, i->name + strlen(PREFIX)) == 0);
}

bool
instance_matches(const struct instance *i, const struct choice *choice)
{
	if (choice->name != NULL)
		return *choice->name != '\0' && has_name(i, choice->name);
	return choice->group == NULL || (*choice->group != '\0' &&
	    strcmp(choice->group, i->group) == 0);
}
