/*
 * tls_level.c - how much TLS a server of ours wants, as main.cf says
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/tls_level.h"

#include "lib/base/log.h"

enum tls_level
tls_level_of_server(const char *name, const char *text, bool enforce, bool use)
{
	enum tls_level level;

	if (text[0] == '\0')
		return enforce ? TLS_LEVEL_ENCRYPT :
		    use ? TLS_LEVEL_MAY : TLS_LEVEL_NONE;
	if ((level = tls_level_parse(text)) == TLS_LEVEL_BAD)
		log_fatal("Invalid TLS level \"%s\"", text);
	if (level <= TLS_LEVEL_ENCRYPT)
		return level;
	log_warning("%s: unsupported TLS level \"%s\", using \"encrypt\"",
	    name, text);
	return TLS_LEVEL_ENCRYPT;
}
