/*
 * command.h - how every command begins: descriptors, rights, environment
 *
 *	command_start(argv);			first thing in main
 *	... options ...
 *	command_load(config_dir, COMMAND_KEEP_ENV);
 *
 * spec/commands.md 1.1 to 1.4.
 */
#ifndef LIB_CONF_COMMAND_H
#define LIB_CONF_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

enum command_env {
	COMMAND_KEEP_ENV,	/* only the name=value entries of import_environment apply */
	COMMAND_CLEAN_ENV	/* and everything not listed is dropped */
};

/*
 * command_start - descriptors 0 to 2 are open, umask is 022, the logger is
 * named after the command and writes to standard error
 *
 * Returns the command's name: the last component of argv[0].
 */
const char	*command_start(char **argv);

/*
 * command_misused - getopt_long did not take an option: end with the usage
 * line, or where the long options are told of when it was one of those
 */
void	command_misused(const char *usage) __attribute__((noreturn));

/*
 * command_is_unsafe - set-id, and the caller is somebody else than the rights
 * we hold: nothing from the environment may be believed
 */
bool	command_is_unsafe(void);

/*
 * command_load - main.cf, logging and environment; ends the process when
 * that fails
 *
 * config_dir	argument of -c, exported as MAIL_CONFIG; NULL if not given
 */
void	command_load(const char *config_dir, enum command_env how);

/*
 * command_number, command_duration, command_rate - the value of a long option
 *
 * option	its name, without dashes
 *
 * A number has digits only; a duration is "90", "90s" or "1d12h", in seconds; a
 * rate "50", "50/s", "100/m" or "2000/h", as times a second. Anything else
 * ends the process.
 */
int64_t	command_number(const char *option, const char *text);
int64_t	command_duration(const char *option, const char *text);
double	command_rate(const char *option, const char *text);

#endif
