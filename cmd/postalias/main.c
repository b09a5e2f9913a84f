/*
 * main.c - postalias: build and query alias databases
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_command.h"

static const struct table_command postalias = {
	.usage = "usage: postalias [-Nfinoprsuvw] [-c config_dir] [-d key] "
	    "[-q key] [map_type:]file...",
	.letters = "+Nc:d:fijnopq:rsuvw",
	.is_alias = true,
};

int
main(int argc, char **argv)
{
	return table_command_main(&postalias, argc, argv);
}
