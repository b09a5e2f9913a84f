/*
 * main.c - postmulti: manage several instances of the mail system
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postmulti/postmulti.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"

#define USAGE	"postmulti -l [-aRv] [-g group] [-i name] | " \
		"postmulti -p [-av] [-g group] [-i name] command... | " \
		"postmulti -x [-aRv] [-g group] [-i name] command... | " \
		"postmulti -e action [-av] [-g group] [-i name] [-I name] " \
		"[-G group] [param=value ...]"

struct request {
	int		 mode;		/* one of "elpx", 0: none yet */
	bool		 is_reversed;
	struct edit	 edit;		/* has the choice, too */
};

static void
set_mode(struct request *r, int mode)
{
	if (r->mode != 0 && r->mode != mode)
		log_fatal("Specify exactly one of '-e', '-l', '-p', '-x'");
	r->mode = mode;
}

static void
choose(struct request *r, int option, const char *value)
{
	struct choice *c = &r->edit.choice;

	if (c->all || c->name != NULL || c->group != NULL)
		log_fatal("Specity no more than one of '-a', '-g', '-i'");
	if (option == 'a')
		c->all = true;
	else if (option == 'g')
		c->group = value;
	else
		c->name = value;
}

static void
set_once(const char **to, int option, const char *value)
{
	if (*to != NULL)
		log_fatal("Specify at most one '-%c' option", option);
	*to = value;
}

static void
parse(struct request *r, int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "+ae:g:i:G:I:lpRvx", options,
	    NULL)) != -1) {
		switch (ch) {
		case 'a':
		case 'g':
		case 'i':
			choose(r, ch, optarg);
			break;
		case 'e':
			r->edit.action = optarg;
			set_mode(r, ch);
			break;
		case 'l':
		case 'p':
		case 'x':
			set_mode(r, ch);
			break;
		case 'G': set_once(&r->edit.group, ch, optarg); break;
		case 'I': set_once(&r->edit.name, ch, optarg); break;
		case 'R': r->is_reversed = true; break;
		case 'v': log_verbose++; break;
		case 'h':
			puts("usage: " USAGE);
			r->mode = 'h';
			return;
		default:
			log_fatal("usage: " USAGE);
		}
	}
	r->edit.settings = argv + optind;
}

/* What goes together, before anything is read. */
static void
check(const struct request *r)
{
	const struct edit *e = &r->edit;
	bool has_words = e->settings[0] != NULL;

	if (r->mode == 0)
		log_fatal("Specify exactly one of '-e', '-l', '-p', '-x'");
	if (r->is_reversed && (r->mode == 'p' || r->mode == 'e'))
		log_fatal("The '-p' and '-e' options preclude the use of "
		    "'-R'");
	if (r->mode == 'e') {
		edit_check(e);
		return;
	}
	if (e->name != NULL || e->group != NULL)
		log_fatal("Cannot assign instance name or group without "
		    "'-e assign'");
	if (r->mode == 'l' && has_words)
		log_fatal("Command not allowed with '-l'");
	if (r->mode != 'l' && !has_words)
		log_fatal("Command required with '-p' or '-x' option");
}

int
main(int argc, char **argv)
{
	struct request r = { .mode = 0 };
	struct instances all;

	command_start(argv);
	parse(&r, argc, argv);
	if (r.mode == 'h')
		return 0;
	check(&r);
	command_load(NULL, COMMAND_KEEP_ENV);
	if (strcmp(params.config_directory, params_config_directory()) != 0)
		log_fatal("Non-default configuration directory: "
		    "MAIL_CONFIG=%s", params.config_directory);
	instances_load(&all);
	switch (r.mode) {
	case 'e': return edit_run(&all, &r.edit);
	case 'l': return run_list(&all, &r.edit.choice, r.is_reversed);
	case 'p': return run_postfix(&all, &r.edit.choice, r.edit.settings);
	default: return run_everywhere(&all, &r.edit.choice, r.is_reversed,
	    r.edit.settings);
	}
}
