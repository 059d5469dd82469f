#define FUSE_USE_VERSION 314

#include "swap.h"

#include "tusk/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x200
#endif
#define BENEATH_MAJOR 6 /* Linux 6.5 */
#define BENEATH_MINOR 5

bool tuskfs_swap_is_possible(void)
{
	struct utsname name;
	unsigned major, minor;
	/* The kernel writes no numbers that overflow. NOLINTNEXTLINE(cert-err34-c) */
	if (geteuid() != 0 || uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major > BENEATH_MAJOR || (major == BENEATH_MAJOR && minor >= BENEATH_MINOR);
}

static int set_number(int context, const char *key, unsigned value)
{
	char text[16];
	snprintf(text, sizeof(text), "%u", value);
	return fsconfig(context, FSCONFIG_SET_STRING, key, text, 0);
}

/* What libfuse writes into the options of mount(2). */
static int configure(int context, int device, const struct tuskfs_options *options, const char *fsname)
{
	if (fsconfig(context, FSCONFIG_SET_STRING, "source", fsname, 0) < 0 ||
	    fsconfig(context, FSCONFIG_SET_STRING, "subtype", "tusk", 0) < 0 ||
	    set_number(context, "fd", (unsigned)device) < 0 ||
	    fsconfig(context, FSCONFIG_SET_STRING, "rootmode", "40000", 0) < 0 ||
	    set_number(context, "user_id", getuid()) < 0 || set_number(context, "group_id", getgid()) < 0 ||
	    fsconfig(context, FSCONFIG_SET_FLAG, "default_permissions", NULL, 0) < 0 ||
	    fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return -1;
	if ((options->allow_other || geteuid() == 0) &&
	    fsconfig(context, FSCONFIG_SET_FLAG, "allow_other", NULL, 0) < 0)
		return -1;
	return fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

int tuskfs_swap_mount(struct fuse_session *session, const struct tuskfs_options *options, const char *fsname,
		      int *ret_fd, struct tusk_err *err)
{
	unsigned attributes =
	    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (options->noexec ? MOUNT_ATTR_NOEXEC : 0);
	TUSK_AUTO_FD int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	TUSK_AUTO_FD int context = fsopen("fuse", FSOPEN_CLOEXEC);
	char name[32];
	if (device < 0)
		return tusk_err_set(err, TUSK_E_MOUNT, errno, "/dev/fuse");
	if (context < 0 || configure(context, device, options, fsname) < 0)
		return tusk_err_set(err, TUSK_E_MOUNT, errno, "cannot make a second mount");
	TUSK_AUTO_FD int mounted = fsmount(context, FSMOUNT_CLOEXEC, attributes);
	if (mounted < 0)
		return tusk_err_set(err, TUSK_E_MOUNT, errno, "cannot make a second mount");
	snprintf(name, sizeof(name), "/dev/fd/%d", device);
	if (fuse_session_mount(session, name) != 0)
		return tusk_err_set(err, TUSK_E_MOUNT, 0, "cannot serve a second mount");
	tusk_steal_fd(&device); /* the session closes it */
	*ret_fd = tusk_steal_fd(&mounted);
	return 0;
}

int tuskfs_swap_in(int fd, const char *mountpoint, struct tusk_err *err)
{
	if (move_mount(fd, "", AT_FDCWD, mountpoint, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_BENEATH) < 0)
		return tusk_err_set(err, TUSK_E_MOUNT, errno, "cannot mount beneath %s", mountpoint);
	if (umount2(mountpoint, MNT_DETACH) < 0)
		return tusk_err_set(err, TUSK_E_MOUNT, errno, "cannot detach the old mount on %s", mountpoint);
	return 0;
}
