/*
 * postmulti.h - several instances of the mail system on one host
 *
 *	main.c       options, and what they may not be together
 *	instances.c  the instances that the primary one lists; which are meant
 *	run.c        list them, run a command for each
 *	edit.c       make, take in, give away, remove, name, switch on and off
 *	files.c      directories and files of an instance
 *
 * spec/commands.md 6.
 */
#ifndef CMD_POSTMULTI_POSTMULTI_H
#define CMD_POSTMULTI_POSTMULTI_H

#include <stdbool.h>
#include <stddef.h>

struct err;

struct instance {
	char	*config_directory;
	char	*queue_directory, *data_directory;
	char	*name, *group;		/* "" when it has none */
	bool	 is_enabled, is_primary;
};

struct instances {
	struct instance	*list;		/* the primary one first, then as it names them */
	size_t		 count;
};

/* Which instances are meant; all fields empty: every one. */
struct choice {
	const char	*name;		/* -i: name, name without "postfix-", directory; "-" the primary */
	const char	*group;		/* -g */
	bool		 all;		/* -a was given */
};

/* What -e is to do, and with what. */
struct edit {
	const char	*action;
	const char	*name, *group;	/* -I and -G; NULL when not given */
	char		**settings;	/* "parameter=/path", NULL-terminated */
	struct choice	 choice;
};

/*
 * instances_load - the default configuration, which is loaded already, and
 * all that its multi_instance_directories name
 *
 * Ends the process when one of them cannot be read or two would share a name
 * or a directory.
 */
void	instances_load(struct instances *all);
/* instances_add - read the instance of a directory and put it behind the others; ends the process likewise */
struct instance	*instances_add(struct instances *all, const char *directory);
/*
 * instances_check - may this be one more, where main.cf is not written yet?
 * Ends the process with the conflict.
 */
void	instances_check(const struct instances *all, const struct instance *one);
/* instance_matches - is it one of those that are meant? */
bool	instance_matches(const struct instance *i, const struct choice *choice);

/* run_list - one line for each that is meant, last first when reversed; exit status */
int	run_list(const struct instances *all, const struct choice *choice,
	    bool is_reversed);
/* run_everywhere - any command, with each instance's directories in its environment; exit status */
int	run_everywhere(const struct instances *all,
	    const struct choice *choice, bool is_reversed, char **argv);
/* run_postfix - a postfix command: who is disabled is checked, not started; exit status */
int	run_postfix(const struct instances *all, const struct choice *choice,
	    char **argv);

/* edit_check - what can be said of an edit before anything is read; ends the process */
void	edit_check(const struct edit *e);
/* edit_run - do it; exit status */
int	edit_run(struct instances *all, const struct edit *e);

/*
 * files_create - directories, main.cf and master.cf of a new instance, from
 * the prototypes in meta_directory; files that are there already stay
 */
void	files_create(const struct instance *i);
/* files_remove - what of an instance is empty; tells what is not */
void	files_remove(const struct instance *i);

/*
 * call - run a command of ours and wait for it
 *
 * name		of a file in command_directory
 * argv		its arguments, without its name, NULL-terminated
 * is_quiet	only its exit status counts
 *
 * Returns its exit status, 128 and more for a signal.
 */
int	call(const char *name, const char *const *argv, bool is_quiet);
/* set_parameters - postconf -c DIRECTORY -e SETTING...; ends the process when that fails */
void	set_parameters(const char *directory, const char *const *settings);

#endif
