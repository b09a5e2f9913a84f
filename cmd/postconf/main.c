/*
 * main.c - postconf: show and change main.cf and master.cf
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/options.h"
#include "cmd/postconf/postconf.h"

#include <getopt.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"

static void
find_directory(struct command_line *cl)
{
	struct postconf *pc = cl->pc;
	const char *dir = cl->config_dir;
	struct buf path = BUF_INIT;

	if (dir == NULL)
		dir = getenv("MAIL_CONFIG");
	pc->dir_was_given = dir != NULL;
	pc->dir = xstrdup(dir != NULL ? dir : params_config_directory());
	setenv("MAIL_CONFIG", pc->dir, 1);
	buf_setf(&path, "%s/main.cf", pc->dir);
	pc->main_file = buf_take(&path);
	buf_setf(&path, "%s/master.cf", pc->dir);
	pc->master_file = buf_take(&path);
}

static void
run_edit(struct command_line *cl, char **args)
{
	enum pc_edit how = options_given(cl, "X") ? PC_EDIT_EXCLUDE :
	    options_given(cl, "#") ? PC_EDIT_COMMENT : PC_EDIT_SET;

	if (args[0] == NULL)
		log_fatal("%s", how == PC_EDIT_SET ?
		    "-e requires name=value argument" :
		    "missing service argument");
	if (options_given(cl, "M"))
		pc_edit_master(cl->pc, 'M', how, args);
	else if (options_given(cl, "F"))
		pc_edit_master(cl->pc, 'F', how, args);
	else if (options_given(cl, "P"))
		pc_edit_master(cl->pc, 'P', how, args);
	else
		pc_edit_main(cl->pc, how, args);
}

static void
run_templates(struct command_line *cl, char **args)
{
	if (args[0] != NULL && args[1] != NULL)
		log_fatal("options -b and -t require at most one template "
		    "file");
	pc_load_main(cl->pc);
	pc_show_templates(cl->pc, args[0], options_given(cl, "b"));
}

static int
run_document(struct command_line *cl, char **args)
{
	if (options_given_beside(cl, "no"))
		log_fatal("--json goes with -n and -o only");
	pc_load_all(cl->pc);
	pc_json_document(cl->pc, args);
	return 0;
}

static void
run_show(struct command_line *cl, char **args)
{
	struct postconf *pc = cl->pc;
	bool is_master = options_given(cl, "MFP2");

	pc_load_main(pc);
	pc_load_master(pc, is_master);
	pc_names_collect(pc);
	if (options_given(cl, "M"))
		pc_show_entries(pc, args);
	else if (options_given(cl, "F"))
		pc_show_fields(pc, args);
	else if (options_given(cl, "P"))
		pc_show_overrides(pc, args, options_given(cl, "2"));
	else
		pc_show(pc, args);
	if (fflush(stdout) != 0)
		log_fatal("write standard output: %m");
	if (pc->show_defaults || pc->no_warnings)
		return;
	if (!is_master)
		pc_warn_unused_main(pc);
	pc_warn_unused_master(pc);
}

static int
run_long(struct command_line *cl, char **args)
{
	bool is_json = (cl->flags & PC_LONG_JSON) != 0;

	if (args[0] != NULL && cl->mode != LONG_DIFF && cl->mode != LONG_SET)
		log_fatal("--%s: unexpected argument \"%s\"", cl->mode_name,
		    args[0]);
	switch (cl->mode) {
	case LONG_LINT:
		return pc_lint(cl->pc, (cl->flags & PC_LONG_STRICT) != 0,
		    is_json);
	case LONG_EXPLAIN:
		return pc_explain(cl->pc, cl->argument, is_json);
	case LONG_WHO_USES:
		return pc_who_uses(cl->pc, cl->argument, is_json);
	case LONG_DIFF:
		return pc_diff(cl->pc, args, is_json);
	case LONG_SET:
		return pc_set(cl->pc, args, cl->flags);
	case LONG_UNDO:
		return pc_undo(cl->pc, cl->flags);
	case LONG_GREP:
		return pc_grep(cl->pc, cl->argument, is_json);
	case LONG_SCHEMA:
		return pc_schema();
	default:
		return pc_profile(cl->argument);
	}
}

/* Nothing starts a failed postconf again and again: no pause as in a daemon. */
static int
exit_status(void)
{
	return 1;
}

int
main(int argc, char **argv)
{
	struct postconf pc = { .argv0 = argv[0], .classes = PC_ALL };
	struct command_line cl = { .pc = &pc };
	char **args;

	command_start(argv);
	log_open(argv[0], LOG_TO_STDERR);	/* the name as given: spec 5 */
	log_is_ascii = true;
	log_on_fatal(exit_status);
	options_read(&cl, argc, argv);
	args = argv + optind;
	find_directory(&cl);
	if (cl.mode != LONG_NONE)
		return run_long(&cl, args);
	if (options_given(&cl, "l"))
		pc_show_lock_types();
	else if (options_given(&cl, "m"))
		pc_show_table_types(pc.dir);
	else if (options_given(&cl, "aA"))
		pc_show_sasl_types(options_given(&cl, "a"));
	else if (options_given(&cl, "T"))
		return pc_show_tls(cl.tls_mode);
	else if (options_given(&cl, "bt"))
		run_templates(&cl, args);
	else if (options_given(&cl, "eX#"))
		run_edit(&cl, args);
	else if ((cl.flags & PC_LONG_JSON) != 0)
		return run_document(&cl, args);
	else
		run_show(&cl, args);
	return 0;
}
