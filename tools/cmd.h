/* The verbs: each runs one command and returns its exit status. */
#ifndef TUSK_TOOLS_CMD_H
#define TUSK_TOOLS_CMD_H

#include "globals.h"

int cmd_backup(struct tusk_cli *cli);
int cmd_cat(struct tusk_cli *cli);
int cmd_check(struct tusk_cli *cli);
int cmd_diff(struct tusk_cli *cli);
int cmd_dump(struct tusk_cli *cli);
int cmd_find(struct tusk_cli *cli);
int cmd_forget(struct tusk_cli *cli);
int cmd_history(struct tusk_cli *cli);
int cmd_help(struct tusk_cli *cli);
int cmd_init(struct tusk_cli *cli);
int cmd_key(struct tusk_cli *cli);
int cmd_ls(struct tusk_cli *cli);
int cmd_mount(struct tusk_cli *cli);
int cmd_node(struct tusk_cli *cli);
int cmd_pipeline(struct tusk_cli *cli);
int cmd_pin(struct tusk_cli *cli);
int cmd_prune(struct tusk_cli *cli);
int cmd_drill(struct tusk_cli *cli);
int cmd_lineage(struct tusk_cli *cli);
int cmd_report(struct tusk_cli *cli);
int cmd_run(struct tusk_cli *cli);
int cmd_status(struct tusk_cli *cli);
int cmd_repair(struct tusk_cli *cli);
int cmd_restore(struct tusk_cli *cli);
int cmd_serve(struct tusk_cli *cli);
int cmd_snapshots(struct tusk_cli *cli);
int cmd_stats(struct tusk_cli *cli);
int cmd_tag(struct tusk_cli *cli);
int cmd_sync(struct tusk_cli *cli);
int cmd_umount(struct tusk_cli *cli);
int cmd_verify(struct tusk_cli *cli);
int cmd_version(struct tusk_cli *cli);

#endif
