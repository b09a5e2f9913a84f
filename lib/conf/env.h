/*
 * env.h - which environment variables survive (spec/commands.md 1.3)
 *
 * A list is what import_environment and export_environment hold: "NAME"
 * lets a variable through, "NAME=value" sets it.
 */
#ifndef LIB_CONF_ENV_H
#define LIB_CONF_ENV_H

/* env_import_full - drop every variable that list does not name, then apply its NAME=value */
void	env_import_full(const char *list);

/* env_import_set - apply the NAME=value entries only */
void	env_import_set(const char *list);

#endif
