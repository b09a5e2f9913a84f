/*
 * main.c - postmap: build and query lookup tables
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postmap/message.h"
#include "lib/table/table_command.h"

static const struct table_command postmap = {
	.usage = "usage: postmap [-bfFhimnNoprsuUvw] [-c config_dir] [-d key] "
	    "[-q key] [map_type:]file...",
	.letters = "+bc:d:fFhijmnNopq:rsuUvw",
	.message = message_query,
};

int
main(int argc, char **argv)
{
	return table_command_main(&postmap, argc, argv);
}
