#include "readme.h"

#include "tusk/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int tuskfs_readme_new(const char *repository_name, char **ret_text, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf name = {0};
	if (tusk_text_escape(&name, repository_name, strlen(repository_name)) < 0 ||
	    asprintf(ret_text,
		     "These are the backups in the tusk repository\n"
		     "    %s\n"
		     "\n"
		     "Everything here is read-only and every byte is verified when it is read.\n"
		     "Look around and copy out what you need with cp -a, rsync or a file manager.\n"
		     "\n"
		     "latest/                         the newest snapshot\n"
		     "snapshots/2026-11-22T14-07-22Z/ one folder for each snapshot, named by its time\n"
		     "                                in UTC; below it are absolute paths: home/anna/...\n"
		     "ids/7f3a91c2/                   the same snapshots by id\n"
		     "hosts/NAME/                     the snapshots of one machine, and its latest\n"
		     "tags/NAME/                      the snapshots with a tag, and the latest of them\n"
		     "sources/NAME/                   the snapshots of one source, and its latest\n"
		     "at/2026-11-20/ at/3d/           the newest at that time; nothing is listed here\n"
		     "versions/home/anna/a.odt/       every version of a file that there is\n"
		     "shadow/NAME/@GMT-.../           a source's own folder, for Samba\n"
		     "sums/7f3a91c2.sha256            checksums of a snapshot, for sha256sum -c\n"
		     "\n"
		     "These folders are links into snapshots/: end a path with a slash, as in\n"
		     "    cp -a hosts/NAME/latest/home/anna /restore/\n"
		     "A new snapshot appears within a second; one that was forgotten disappears.\n"
		     "An input/output error means that those bytes are damaged: see the system log,\n"
		     "and run \"tusk check\".\n"
		     "Unmount with \"umount\" or \"fusermount3 -u\".\n",
		     (const char *)name.data) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot write the README");
	return 0;
}
