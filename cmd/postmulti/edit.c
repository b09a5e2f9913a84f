/*
 * edit.c - make, take in, give away, remove, name, switch on and off
 *
 * main.cf is changed by postconf, which keeps its comments and order. The
 * primary instance is changed last when one comes and first when one goes:
 * what it lists can be read.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postmulti/postmulti.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

#define PREFIX		"postfix-"
#define NAME_SPECIALS	"!@%-_=+:."

static struct instance *
primary_of(struct instances *all)
{
	return &all->list[0];
}

/* The one that -i names; anything else is a mistake. */
static struct instance *
selected(struct instances *all, const struct edit *e)
{
	size_t i;

	if (e->choice.name == NULL)
		log_fatal("Select an instance via '-i name'");
	for (i = 0; i < all->count; i++)
		if (instance_matches(&all->list[i], &e->choice))
			return &all->list[i];
	log_fatal("No instance named %s", e->choice.name);
}

/* ---- names ---- */

static bool
is_safe(const char *name)
{
	for (; *name != '\0'; name++)
		if (!isascii((unsigned char)*name) ||
		    (!isalnum((unsigned char)*name) &&
		    strchr(NAME_SPECIALS, *name) == NULL))
			return false;
	return true;
}

/* They become parts of paths, and words of shell commands. "-" is no name. */
static void
check_names(const struct edit *e)
{
	if (e->name != NULL && strcmp(e->name, "-") != 0) {
		if (strncmp(e->name, PREFIX, strlen(PREFIX)) != 0)
			log_fatal("New instance name must start with '%s'",
			    PREFIX);
		if (strchr(e->name, '/') != NULL)
			log_fatal("Illegal '/' character in new instance "
			    "name: '%s'", e->name);
		if (!is_safe(e->name))
			log_fatal("Unsafe characters in new instance name: "
			    "'%s'", e->name);
	}
	if (e->group != NULL && !is_safe(e->group))
		log_fatal("Unsafe characters in '-G %s'", e->group);
}

/* "-" as a name or a group takes it away; NULL changes nothing. */
static void
set_names(const struct instance *i, const struct edit *e)
{
	struct buf name = BUF_INIT, group = BUF_INIT;
	const char *settings[3];
	size_t n = 0;

	buf_setf(&name, "multi_instance_name = %s", e->name == NULL ||
	    strcmp(e->name, "-") == 0 ? "" : e->name);
	buf_setf(&group, "multi_instance_group = %s", e->group == NULL ||
	    strcmp(e->group, "-") == 0 ? "" : e->group);
	if (e->name != NULL)
		settings[n++] = name.ptr;
	if (e->group != NULL)
		settings[n++] = group.ptr;
	settings[n] = NULL;
	if (n > 0)
		set_parameters(i->config_directory, settings);
	buf_done(&name);
	buf_done(&group);
}

/* ---- what the primary instance lists ---- */

/* "parameter = words", without one of the words, and with another behind them or in front of the nth. */
static void
put_list(struct buf *out, const char *parameter, const char *list,
    const char *without, const char *with, size_t before)
{
	char *copy = xstrdup(list), *rest = copy, *word;
	size_t n = 0;

	buf_setf(out, "%s =", parameter);
	for (; (word = text_split(&rest, TEXT_LIST_SEP)) != NULL; n++) {
		if (with != NULL && n == before)
			buf_addf(out, " %s", with);
		if (without == NULL || strcmp(word, without) != 0)
			buf_addf(out, " %s", word);
	}
	if (with != NULL && n <= before)
		buf_addf(out, " %s", with);
	free(copy);
}

/* Where -a, -g or -i want the new one: before which of the list; else the end. */
static size_t
place_of(const struct instances *all, const struct choice *choice)
{
	size_t i;

	if (choice->all)
		return 0;
	if (choice->name == NULL && choice->group == NULL)
		return all->count;
	for (i = 1; i < all->count; i++)
		if (instance_matches(&all->list[i], choice))
			return i - 1;
	log_fatal("No matching secondary instances");
}

/* The directory joins the list of instances at a place, or leaves it. */
static void
move_directory(const struct instances *all, const char *directory,
    bool joins, size_t place, bool stays_known)
{
	struct buf instances = BUF_INIT, others = BUF_INIT;
	const char *settings[] = { NULL, NULL, NULL };

	put_list(&instances, "multi_instance_directories",
	    params.multi_instance_directories, joins ? NULL : directory,
	    joins ? directory : NULL, place);
	settings[0] = instances.ptr;
	put_list(&others, "alternate_config_directories",
	    params.alternate_config_directories, directory,
	    stays_known ? directory : NULL, SIZE_MAX);
	if (stays_known || text_list_has(params.alternate_config_directories,
	    directory))
		settings[1] = others.ptr;
	set_parameters(all->list[0].config_directory, settings);
	buf_done(&instances);
	buf_done(&others);
}

static void
need_init(struct instances *all)
{
	if (*params.multi_instance_wrapper == '\0')
		log_fatal("multi_instance_wrapper is empty, run "
		    "'postmulti -e init' first.");
	if (!primary_of(all)->is_enabled)
		log_fatal("multi_instance_enable!=yes, run "
		    "'postmulti -e init' first.");
}

/* ---- an instance that is not listed yet ---- */

/* The primary one's path with the last part replaced. */
static char *
sibling(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	struct buf out = BUF_INIT;

	buf_setf(&out, "%.*s/%s", slash == NULL ? 0 : (int)(slash - path),
	    path, name);
	return buf_take(&out);
}

static void
take_setting(struct instance *i, const char *setting, const char *action)
{
	const struct {
		const char	*name;
		char		**value;
	} all[] = {
		{ "config_directory", &i->config_directory },
		{ "queue_directory", &i->queue_directory },
		{ "data_directory", &i->data_directory }
	};
	size_t count = strcmp(action, "import") == 0 ? 1 : 3, n;
	const char *eq = strchr(setting, '=');
	char *name;

	if (eq == NULL || eq == setting)
		log_fatal("Malformed parameter setting '%s'", setting);
	name = xstrndup(setting, (size_t)(eq - setting));
	for (n = 0; n < count; n++)
		if (strcmp(name, all[n].name) == 0)
			break;
	if (n == count)
		log_fatal("Parameter '%s' not valid with action %s", name,
		    action);
	if (eq[1] != '/')
		log_fatal("Parameter setting '%s' is not an absolute path",
		    name);
	if (eq[1 + strspn(eq + 1, "/")] == '\0')
		log_fatal("Parameter setting '%s' is the root directory",
		    name);
	free(name);
	free(*all[n].value);
	*all[n].value = xstrdup(eq + 1);
}

/* A path that was not given has the name of the instance. */
static void
complete(char **path, const char *parameter, const char *primary,
    const struct edit *e)
{
	if (*path != NULL)
		return;
	if (e->name == NULL || strcmp(e->name, "-") == 0)
		log_fatal("Missing %s parameter value", parameter);
	*path = sibling(primary, e->name);
}

static struct instance
described(struct instances *all, const struct edit *e)
{
	const struct instance *primary = primary_of(all);
	struct instance new = { .name = xstrdup(e->name != NULL ? e->name :
	    ""), .group = xstrdup(e->group != NULL ? e->group : "") };
	size_t i;

	for (i = 0; e->settings[i] != NULL; i++)
		take_setting(&new, e->settings[i], e->action);
	complete(&new.config_directory, "config_directory",
	    primary->config_directory, e);
	for (i = 0; i < all->count; i++)
		if (strcmp(new.config_directory,
		    all->list[i].config_directory) == 0)
			log_fatal("new config_directory=%s is already in use "
			    "by instance %s, config_directory=%s",
			    new.config_directory, new.config_directory,
			    new.config_directory);
	return new;
}

static void
free_description(struct instance *i)
{
	free(i->config_directory);
	free(i->queue_directory);
	free(i->data_directory);
	free(i->name);
	free(i->group);
}

/* Its main.cf is there: name it, list it, and let postfix make what it needs. */
static int
enlist(struct instances *all, const struct instance *i,
    const struct edit *e, size_t place)
{
	const char *const repair[] = { "-c", i->config_directory,
	    "set-permissions", NULL };

	set_names(i, e);
	move_directory(all, i->config_directory, true, place, false);
	return call("postfix", repair, false);
}

static void
begin_changes(void)
{
	log_open("postfix/postmulti-script", LOG_TO_STDERR);
	params_log(LOG_TO_STDERR, false);
}

static int
create(struct instances *all, const struct edit *e)
{
	const struct instance *primary = primary_of(all);
	struct instance new = described(all, e);
	size_t place = place_of(all, &e->choice);
	int status;

	complete(&new.queue_directory, "queue_directory",
	    primary->queue_directory, e);
	complete(&new.data_directory, "data_directory",
	    primary->data_directory, e);
	instances_check(all, &new);
	begin_changes();
	need_init(all);
	files_create(&new);
	status = enlist(all, &new, e, place);
	free_description(&new);
	return status;
}

static int
import(struct instances *all, const struct edit *e)
{
	struct instance new = described(all, e), *i;
	size_t place = place_of(all, &e->choice);
	struct buf master = BUF_INIT;
	int status;

	i = instances_add(all, new.config_directory);
	begin_changes();
	need_init(all);
	buf_setf(&master, "%s/master.cf", new.config_directory);
	if (access(master.ptr, F_OK) == -1)
		log_fatal("'%s' lacks a master.cf file",
		    new.config_directory);
	status = enlist(all, i, e, place);
	buf_done(&master);
	free_description(&new);
	return status;
}

/* ---- an instance that is listed ---- */

/* The one to be removed, at rest. */
static struct instance *
removable(struct instances *all, const struct edit *e)
{
	struct instance *i = selected(all, e);
	const char *const status[] = { "-c", i->config_directory, "status",
	    NULL };

	if (i->is_primary)
		log_fatal("Cannot remove the primary instance");
	if (i->is_enabled)
		log_fatal("Cannot remove enabled instances");
	begin_changes();
	need_init(all);
	if (call("postfix", status, true) == 0)
		log_fatal("Instance '%s' is not stopped",
		    i->config_directory);
	return i;
}

static int
deport(struct instances *all, const struct edit *e)
{
	move_directory(all, removable(all, e)->config_directory, false, 0,
	    true);
	return 0;
}

static int
destroy(struct instances *all, const struct edit *e)
{
	const struct instance *i = removable(all, e);

	move_directory(all, i->config_directory, false, 0, false);
	files_remove(i);
	return 0;
}

static int
set_enabled(struct instances *all, const struct edit *e, const char *setting)
{
	const char *const settings[] = { setting, NULL };

	set_parameters(selected(all, e)->config_directory, settings);
	return 0;
}

static int
enable(struct instances *all, const struct edit *e)
{
	return set_enabled(all, e, "multi_instance_enable = yes");
}

static int
disable(struct instances *all, const struct edit *e)
{
	return set_enabled(all, e, "multi_instance_enable = no");
}

static int
assign(struct instances *all, const struct edit *e)
{
	struct instance *i = selected(all, e);

	begin_changes();
	need_init(all);
	set_names(i, e);
	return 0;
}

static int
init(struct instances *all, const struct edit *e)
{
	static const char *const settings[] = {
		"multi_instance_wrapper = ${command_directory}/postmulti -p --",
		"multi_instance_enable = yes", NULL };

	(void)e;
	set_parameters(primary_of(all)->config_directory, settings);
	return 0;
}

/* ---- all of them ---- */

static const struct action {
	const char	*name;
	int		(*run)(struct instances *all, const struct edit *e);
	bool		 takes_names, takes_settings;
} actions[] = {
	{ "create",	create,		true,	true },
	{ "destroy",	destroy,	false,	false },
	{ "import",	import,		true,	true },
	{ "deport",	deport,		false,	false },
	{ "enable",	enable,		false,	false },
	{ "disable",	disable,	false,	false },
	{ "assign",	assign,		true,	false },
	{ "init",	init,		false,	false },
};

static const struct action *
action_of(const struct edit *e)
{
	size_t i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(e->action, actions[i].name) == 0)
			return &actions[i];
	log_fatal("Invalid '-e' edit action '%s'. Specify 'create', "
	    "'destroy', 'import', 'deport', 'enable', 'disable', 'assign' or "
	    "'init'", e->action);
}

void
edit_check(const struct edit *e)
{
	const struct action *action = action_of(e);
	bool has_names = e->name != NULL || e->group != NULL;

	if (has_names && !action->takes_names)
		log_fatal("Cannot assign instance name or group with "
		    "'-e %s'", e->action);
	if (!has_names && action->run == assign)
		log_fatal("Specify new instance name or group with "
		    "'-e assign'");
	if (e->settings[0] != NULL && !action->takes_settings)
		log_fatal("Parameter overrides not valid with '-e %s'",
		    e->action);
}

int
edit_run(struct instances *all, const struct edit *e)
{
	check_names(e);
	return action_of(e)->run(all, e);
}
