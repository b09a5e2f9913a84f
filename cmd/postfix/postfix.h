/*
 * postfix.h - the parts of the postfix command
 *
 *	main.c     options, rights, the table of verbs
 *	control.c  start, stop, reload, status and their like
 *	check.c    what "check" verifies
 *	health.c   does the system work now? for probes
 *	explain.c  what happens to mail, and what decides it (explain.h)
 *	layout.c   directories and their rights: made, repaired, reported
 *	upgrade.c  what an older configuration lacks
 *	init.c     a new private instance
 */
#ifndef CMD_POSTFIX_POSTFIX_H
#define CMD_POSTFIX_POSTFIX_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A verb: the arguments after it, NULL-terminated; returns the exit status.
 */
int	control_start(char **args);
int	control_start_fg(char **args);
int	control_stop(char **args);
int	control_quick_stop(char **args);
int	control_abort(char **args);
int	control_drain(char **args);
int	control_reload(char **args);
int	control_flush(char **args);
int	control_status(char **args);
int	control_logrotate(char **args);
int	check_verb(char **args);
int	health_verb(char **args);
int	explain_verb(char **args);	/* changes nothing: for everybody */
int	layout_set_permissions(char **args);
int	upgrade_configuration(char **args);
int	init_verb(char **args);		/* runs before any main.cf is read */

/* control_running - the supervisor's process id, 0 when it does not run */
pid_t	control_running(void);

/*
 * check_fatal - what must hold before anything is started
 *
 * with_postsuper	also let postsuper repair queue file names
 *
 * Returns 0, or 1 with the reasons logged.
 */
int	check_fatal(bool with_postsuper);
/* check_warn - one warning for each thing that looks wrong */
void	check_warn(void);

/* layout_create - make missing directories below queue and data directory; 0 or -1, logged */
int	layout_create(void);
/* layout_warn - report wrong owners, groups and modes of those */
void	layout_warn(void);

/* say - an informational line: to the log, and to standard error when that is a terminal */
void	say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* run_command - run a program and wait: its exit status, 127 when there is no such file */
int	run_command(const char *path, char **argv);

#endif
