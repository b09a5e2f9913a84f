/*
 * service_params.h - parameters as a service of master.cf has them
 *
 * For tools that say what a service will do: main.cf, and the -o options of
 * its line.
 */
#ifndef LIB_CONF_SERVICE_PARAMS_H
#define LIB_CONF_SERVICE_PARAMS_H

struct err;
struct master_cf;
struct master_service;

/* service_params_find - the "unix" service of that name; NULL: none */
const struct master_service	*service_params_find(
			    const struct master_cf *cf, const char *name);

/*
 * service_params_load - params_load as s does it
 *
 * s		NULL: main.cf without options
 *
 * Returns 0, or -1 with err as params_load does.
 */
int	service_params_load(const struct master_service *s, struct err *err);

#endif
