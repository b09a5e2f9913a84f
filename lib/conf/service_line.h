/*
 * service_line.h - may a module stand in for a service of master.cf?
 *
 * cleanup and rewrite work in-process. That is the same as asking the service
 * only while its line in master.cf is the plain one: with options of its own
 * ("-o header_checks=..."), or under another name, the service must be asked.
 */
#ifndef LIB_CONF_SERVICE_LINE_H
#define LIB_CONF_SERVICE_LINE_H

#include <stdbool.h>

/*
 * service_line_is_plain - is service NAME the program COMMAND, without arguments?
 *
 * usual	the name of the service whose line may be missing
 *
 * To be called before chroot. Where master.cf cannot be read, the usual name
 * counts as plain: there is no line that says otherwise.
 */
bool	service_line_is_plain(const char *name, const char *usual,
	    const char *command);

#endif
