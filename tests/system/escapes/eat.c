/* SPDX-License-Identifier: MIT */
/*
 * eat KIND MIB [hold]: uses MIB of memory in one particular way, says "held KIND MIB" and, with
 * `hold`, stays until it is killed. Every way that an ordinary user has of making the kernel keep
 * bytes for it is a row of the table at the end. It stops at MIB: a route that is open costs the
 * machine that much and no more.
 *
 * `eat drop-queues 1` takes away what `eat mqueue` has left behind.
 *
 * Exit 0: it has it all. 1: the kernel said no on the way (the reason on stderr). 2: usage.
 * 77: this kernel has no such way.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/genetlink.h>
#include <linux/if_packet.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/if_tun.h>
#include <linux/vm_sockets.h>

#ifndef PATIENCE /* of an emulated machine */
#define PATIENCE 1
#endif

#define PAGE  ((size_t)4096)
#define CHUNK ((size_t)64 * 1024)

static char chunk[CHUNK];

__attribute__((noreturn, format(printf, 2, 3))) static void stop(int code, const char *format, ...)
{
	int cause = errno;
	va_list args;

	(void)fprintf(stderr, "eat: %s", code == 77 ? "not here: " : "");
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fprintf(stderr, ": %s\n", strerror(cause));
	exit(code);
}

/* The kernel does not know this way, or root has closed it: not a memory limit's doing. */
static bool is_absent(int code)
{
	return code == ENOSYS || code == EPERM || code == EACCES || code == EAFNOSUPPORT ||
	       code == EPROTONOSUPPORT || code == ENODEV || code == ENOENT || code == EINVAL ||
	       code == EADDRNOTAVAIL || code == ESOCKTNOSUPPORT || code == ENXIO;
}

__attribute__((noreturn)) static void stop_at_start(const char *what)
{
	stop(is_absent(errno) ? 77 : 1, "%s", what);
}

/* As many descriptors as this user may have. */
static void raise_descriptors(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* A child that ends with its parent, however and whenever that ends. */
static pid_t fork_with_me(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
		_exit(1);
	return pid;
}

static void touch(void *at, size_t bytes)
{
	volatile char *byte = at;
	size_t offset;

	for (offset = 0; offset < bytes; offset += PAGE)
		byte[offset] = 1;
}

static void touch_new(int flags, int fd, size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED)
		stop(1, "mmap");
	touch(at, bytes);
}

/* ---- plain memory ---------------------------------------------------------------------------- */

static void eat_anon(size_t bytes)
{
	touch_new(MAP_PRIVATE | MAP_ANONYMOUS, -1, bytes);
}

static void eat_shared(size_t bytes)
{
	touch_new(MAP_SHARED | MAP_ANONYMOUS, -1, bytes);
}

static void eat_huge(size_t bytes)
{
	const size_t huge = (size_t)2 * 1024 * 1024;
	char *at = mmap(NULL, bytes + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);

	if (at == MAP_FAILED)
		stop(1, "mmap");
	at += huge - (size_t)at % huge;
	if (madvise(at, bytes, MADV_HUGEPAGE) < 0)
		stop_at_start("madvise");
	touch(at, bytes);
}

/* The kernel's own pool of huge pages: the host's administrator fills it, or it is empty. */
static void eat_hugetlb(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (at == MAP_FAILED)
		stop(77, "mmap of huge pages");
	touch(at, bytes);
}

static void eat_mlock(size_t bytes)
{
	const size_t most = (size_t)4 * 1024 * 1024; /* within RLIMIT_MEMLOCK of each process */
	size_t done;

	for (done = 0; done < bytes; done += most) {
		pid_t pid = fork_with_me();
		void *at;

		if (pid < 0)
			stop(1, "fork");
		if (pid > 0)
			continue;
		at = mmap(NULL, most, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED || mlock(at, most) < 0)
			_exit(1);
		(void)raise(SIGSTOP);
		_exit(0);
	}
	for (done = 0; done < bytes; done += most) {
		int status;

		if (waitpid(-1, &status, WUNTRACED) < 0 || !WIFSTOPPED(status)) {
			errno = ENOMEM;
			stop(1, "a process with locked memory ended");
		}
	}
}

static void eat_memfd(size_t bytes)
{
	int fd = memfd_create("eat", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
		stop_at_start("memfd");
	touch_new(MAP_SHARED, fd, bytes);
}

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
static void eat_secretmem(size_t bytes)
{
	const size_t most = (size_t)4 * 1024 * 1024;
	size_t done;

	for (done = 0; done < bytes; done += most) {
		int fd = (int)syscall(SYS_memfd_secret, 0);
		pid_t pid;
		int status;

		if (fd < 0 || ftruncate(fd, (off_t)most) < 0)
			stop_at_start("memfd_secret");
		pid = fork_with_me();
		if (pid < 0)
			stop(1, "fork");
		if (pid == 0) {
			touch_new(MAP_SHARED, fd, most);
			_exit(0);
		}
		if (waitpid(pid, &status, 0) < 0 || status != 0) {
			errno = ENOMEM;
			/* SIGBUS: the kernel cannot split its own mapping any further. */
			if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS)
				stop(77, "more secret memory");
			stop(1, "a process with secret memory ended");
		}
	}
}

static void write_file(const char *path, size_t bytes)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t done;

	if (fd < 0)
		stop_at_start(path);
	for (done = 0; done < bytes; done += CHUNK) {
		if (write(fd, chunk, CHUNK) != (ssize_t)CHUNK) {
			int cause = errno;

			(void)unlink(path);
			errno = cause;
			stop(1, "%s", path);
		}
	}
}

/* A file that stays when its writer has gone; EAT_FILE names it. */
static void eat_shm(size_t bytes)
{
	const char *path = getenv("EAT_FILE");

	write_file(path ? path : "/dev/shm/groupies-eat", bytes);
	if (!path)
		(void)unlink("/dev/shm/groupies-eat");
}

static void eat_sysv(size_t bytes)
{
	int id = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
	void *at = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (id >= 0)
		(void)shmctl(id, IPC_RMID, NULL);
	if (at == (void *)-1)
		stop_at_start("shm");
	touch(at, bytes);
}

/* One page of one file, mapped again and again 2 MiB apart: nothing but page tables. */
static void eat_pagetables(size_t bytes)
{
	const size_t apart = (size_t)2 * 1024 * 1024;
	size_t count = bytes / PAGE, index;
	int fd = memfd_create("eat", MFD_CLOEXEC);
	char *space = mmap(NULL, (count + 1) * apart, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (fd < 0 || ftruncate(fd, (off_t)PAGE) < 0 || space == MAP_FAILED)
		stop_at_start("mmap");
	for (index = 0; index < count; index++) {
		char *at =
			mmap(space + index * apart, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);

		if (at == MAP_FAILED)
			stop(1, "mmap");
		(void)*(volatile char *)at;
	}
}

/* ---- in user and mount namespaces of one's own ----------------------------------------------- */

static void be_root_in_a_namespace(int flags)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();
	int fd;

	if (unshare(CLONE_NEWUSER | flags) < 0)
		stop_at_start("unshare");
	fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "deny", 4) != 4)
		stop(77, "setgroups");
	(void)snprintf(map, sizeof(map), "0 %u 1", (unsigned)uid);
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, map, strlen(map)) < 0)
		stop(77, "uid_map");
	(void)snprintf(map, sizeof(map), "0 %u 1", (unsigned)gid);
	fd = open("/proc/self/gid_map", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, map, strlen(map)) < 0)
		stop(77, "gid_map");
}

static void eat_tmpfs(size_t bytes)
{
	be_root_in_a_namespace(CLONE_NEWNS);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("eat", "/tmp", "tmpfs", 0, NULL) < 0)
		stop_at_start("mount");
	write_file("/tmp/eat", bytes);
}

/* What a packet socket's ring holds is the kernel's memory, mapped into the owner. */
static void eat_packet_ring(size_t bytes)
{
	const unsigned block = 1024 * 1024;
	struct tpacket_req ring = {.tp_block_size = block,
				   .tp_block_nr = (unsigned)(bytes / block),
				   .tp_frame_size = 2048,
				   .tp_frame_nr = (unsigned)(bytes / 2048)};
	int fd;

	be_root_in_a_namespace(CLONE_NEWNET);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (fd < 0)
		stop_at_start("packet socket");
	if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) < 0)
		stop(errno == EINVAL ? 77 : 1, "ring");
	touch_new(MAP_SHARED, fd, bytes);
}

/* A queue that nobody reads: a tap device of one's own with a long one. */
static void eat_tap_queue(size_t bytes)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	size_t done;
	int tap, fd, control;

	be_root_in_a_namespace(CLONE_NEWNET);
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "eat0");
	tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tap < 0 || ioctl(tap, TUNSETIFF, &request) < 0)
		stop_at_start("tap");
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	request.ifr_qlen = 1000000;
	if (ioctl(control, SIOCSIFTXQLEN, &request) < 0)
		stop_at_start("queue length");
	request.ifr_mtu = 65521;
	if (ioctl(control, SIOCSIFMTU, &request) < 0)
		stop_at_start("mtu");
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(control, SIOCSIFFLAGS, &request) < 0)
		stop_at_start("tap up");
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));
	to.sll_ifindex = (int)if_nametoindex("eat0");
	to.sll_halen = 6;
	memset(to.sll_addr, 0xff, 6);
	for (done = 0; fd >= 0 && done < bytes; done += 60000) {
		if (sendto(fd, chunk, 60000, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			stop(1, "send");
	}
}

/* ---- what descriptors hold ------------------------------------------------------------------- */

static void eat_pipes(size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		int ends[2];
		ssize_t put;

		if (pipe2(ends, O_NONBLOCK) < 0)
			stop(1, "pipe");
		(void)fcntl(ends[1], F_SETPIPE_SZ, 1024 * 1024);
		while ((put = write(ends[1], chunk, CHUNK)) > 0)
			done += (size_t)put;
	}
}

static void fill_socket(int fd, size_t *done, size_t bytes)
{
	ssize_t put;

	while (*done < bytes && (put = send(fd, chunk, CHUNK, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
		*done += (size_t)put;
	if (*done < bytes && errno != EAGAIN && errno != EWOULDBLOCK)
		stop(1, "send");
}

static void eat_unix(size_t bytes)
{
	size_t done = 0, before;

	while (done < bytes) {
		int ends[2];

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
			stop(1, "socketpair");
		before = done;
		fill_socket(ends[0], &done, bytes);
		if (done == before)
			stop(1, "send");
	}
}

/* A receiver that the kernel has no memory left for answers no more. */
static bool connected(int fd, const struct sockaddr_in *to)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};

	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0)
		return true;
	if (errno != EINPROGRESS)
		return false;
	if (poll(&ready, 1, 2000) == 1 && !(ready.revents & (POLLERR | POLLHUP)))
		return true;
	errno = ENOBUFS;
	return false;
}

static bool accepted(int listener)
{
	struct pollfd ready = {.fd = listener, .events = POLLIN};

	errno = ENOBUFS;
	return poll(&ready, 1, 2000) == 1 && accept(listener, NULL, NULL) >= 0;
}

/* What is sent over the loopback and never read. */
static void eat_tcp(size_t bytes)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	size_t done = 0, before;

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 ||
	    listen(listener, 1024) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) < 0)
		stop_at_start("tcp");
	while (done < bytes) {
		int from = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		int large = 64 * 1024 * 1024, tries;

		(void)setsockopt(from, SOL_SOCKET, SO_SNDBUF, &large, sizeof(large));
		if (from < 0 || !connected(from, &address) || !accepted(listener))
			stop(1, "connection");
		before = done;
		/* The receiver's window opens while data comes in: ask again a few times. */
		for (tries = 0; tries < 20 && done < bytes; tries++) {
			fill_socket(from, &done, bytes);
			(void)usleep(1000);
		}
		if (done - before < CHUNK)
			stop(1, "send");
	}
}

/* How much of the kernel's memory waits in a socket to be read. */
static size_t socket_holds(int fd)
{
	unsigned memory[9] = {0}; /* the first is SK_MEMINFO_RMEM_ALLOC */
	socklen_t size = sizeof(memory);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &size) < 0)
		stop_at_start("meminfo");
	return memory[0];
}

/* A datagram too many is dropped in silence: what is asked is how much the receiver holds. */
static void eat_udp(size_t bytes)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	size_t done = 0;

	while (done < bytes) {
		struct sockaddr_in mine = address;
		socklen_t length = sizeof(mine);
		int from = socket(AF_INET, SOCK_DGRAM, 0), to = socket(AF_INET, SOCK_DGRAM, 0);
		int large = 64 * 1024 * 1024, round;
		size_t held;

		if (from < 0 || to < 0 || bind(to, (struct sockaddr *)&mine, length) < 0 ||
		    getsockname(to, (struct sockaddr *)&mine, &length) < 0)
			stop(1, "udp");
		(void)setsockopt(to, SOL_SOCKET, SO_RCVBUF, &large, sizeof(large));
		for (round = 0; round < 16; round++)
			(void)sendto(from, chunk, 60000, MSG_DONTWAIT, (struct sockaddr *)&mine,
				     length);
		held = socket_holds(to);
		if (held == 0) {
			errno = ENOBUFS;
			stop(1, "nothing arrives");
		}
		(void)close(from);
		done += held;
	}
}

/* A window is 256 KiB, and what its owner asks for above that reaches the sender late or never: so many of them. */
static void eat_vsock(size_t bytes)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK, .svm_port = VMADDR_PORT_ANY, .svm_cid = VMADDR_CID_LOCAL};
	socklen_t length = sizeof(address);
	int listener = socket(AF_VSOCK, SOCK_STREAM, 0);
	size_t done = 0;

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 ||
	    listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) < 0)
		stop_at_start("vsock");
	address.svm_cid = VMADDR_CID_LOCAL;
	while (done < bytes) {
		int from = socket(AF_VSOCK, SOCK_STREAM, 0);
		size_t before = done;

		if (from < 0 || connect(from, (struct sockaddr *)&address, length) < 0)
			stop(done == 0 ? 77 : 1, "vsock loopback");
		if (accept(listener, NULL, NULL) < 0)
			stop(1, "accept");
		fill_socket(from, &done, bytes);
		if (done == before)
			stop(1, "send");
	}
}

/* Each request for the list of families leaves its answer in a queue that nobody reads. */
static void eat_netlink(size_t bytes)
{
	const struct {
		struct nlmsghdr head;
		struct genlmsghdr generic;
	} ask = {.head = {.nlmsg_len = sizeof(ask),
			  .nlmsg_type = GENL_ID_CTRL,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		 .generic = {.cmd = CTRL_CMD_GETFAMILY, .version = 1}};
	size_t done = 0;

	while (done < bytes) {
		int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
		int size = 1 << 20, round;
		size_t held;

		if (fd < 0)
			stop_at_start("netlink");
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		for (round = 0; round < 64; round++)
			(void)send(fd, &ask, sizeof(ask), MSG_DONTWAIT);
		held = socket_holds(fd);
		if (held == 0) {
			errno = ENOBUFS;
			stop(1, "nothing arrives");
		}
		done += held;
	}
}

static void eat_mqueue(size_t bytes)
{
	int id = -1;
	size_t done = 0;
	struct {
		long type;
		char text[8192];
	} message = {.type = 1};

	/* SysV queues: 16 KiB each, as many as the host allows. */
	while (done < bytes) {
		if (id < 0 || msgsnd(id, &message, sizeof(message.text), IPC_NOWAIT) < 0) {
			id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
			if (id < 0)
				stop(errno == ENOSPC ? 77 : 1, "message queue");
			continue;
		}
		done += sizeof(message.text);
	}
}

/* Nobody else takes such a queue away, and what is in it stays charged. */
static void drop_queues(size_t unused)
{
	struct msqid_ds queue;
	int last = msgctl(0, MSG_INFO, (struct msqid_ds *)&(struct msginfo){0}), index;

	(void)unused;
	for (index = 0; index <= last; index++) {
		int id = msgctl(index, MSG_STAT, &queue);

		if (id >= 0 && queue.msg_perm.uid == getuid())
			(void)msgctl(id, IPC_RMID, NULL);
	}
}

static void eat_epoll(size_t bytes)
{
	const size_t each = 192; /* an entry and its place in the wait queue */
	int target = eventfd(0, EFD_CLOEXEC), set = -1;
	size_t done, count = 0;

	for (done = 0; done < bytes; done += each, count++) {
		struct epoll_event event = {.events = EPOLLIN};
		static int copies[1000];

		if (count < 1000)
			copies[count] = dup(target);
		if (count % 1000 == 0)
			set = epoll_create1(EPOLL_CLOEXEC);
		if (epoll_ctl(set, EPOLL_CTL_ADD, copies[count % 1000], &event) < 0)
			stop(errno == ENOSPC ? 77 : 1, "epoll");
	}
}

static void eat_inotify(size_t bytes)
{
	char path[64];
	size_t done, each = 1024; /* a watch pins the inode and the entry that it names */
	int fd = inotify_init1(IN_CLOEXEC);

	be_root_in_a_namespace(CLONE_NEWNS);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("eat", "/tmp", "tmpfs", 0, "nr_inodes=0") < 0)
		stop_at_start("mount");
	for (done = 0; done < bytes; done += each) {
		(void)snprintf(path, sizeof(path), "/tmp/%zu", done);
		if (mkdir(path, 0700) < 0)
			stop(1, "directory");
		(void)inotify_add_watch(fd, path, IN_ALL_EVENTS);
	}
}

/* v1 lets everybody write here: each line is an event that the kernel keeps. */
static void eat_event_control(size_t bytes)
{
	const char *group = getenv("EAT_GROUP");
	char path[512], line[64];
	size_t done, each = 256;
	int event, usage, control;

	if (!group)
		stop(77, "no memory group of v1");
	(void)snprintf(path, sizeof(path), "%s/memory.usage_in_bytes", group);
	usage = open(path, O_RDONLY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "%s/cgroup.event_control", group);
	control = open(path, O_WRONLY | O_CLOEXEC);
	event = eventfd(0, EFD_CLOEXEC);
	if (usage < 0 || control < 0 || event < 0)
		stop_at_start(path);
	(void)snprintf(path, sizeof(path), "%s/memory.oom_control", group);
	usage = open(path, O_RDONLY | O_CLOEXEC);
	(void)snprintf(line, sizeof(line), "%d %d", event, usage);
	for (done = 0; done < bytes; done += each) {
		if (write(control, line, strlen(line)) < 0)
			stop(1, "event");
	}
}

/* ---- born elsewhere -------------------------------------------------------------------------- */

static size_t born_bytes;

/* Starts a child in the group at PATH, as clone3(2) offers on the unified hierarchy, to eat there.
 */
static int be_born_in(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	struct clone_args how = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	int fd, status;
	long pid;

	(void)st;
	(void)at;
	if (kind != FTW_D)
		return 0;
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	how.cgroup = (__u64)fd;
	pid = syscall(SYS_clone3, &how, sizeof(how));
	if (pid == 0) {
		eat_anon(born_bytes);
		_exit(0);
	}
	(void)close(fd);
	if (pid < 0)
		return 0;
	return waitpid((pid_t)pid, &status, 0) > 0 && status == 0;
}

static void eat_born_elsewhere(size_t bytes)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	size_t index;

	born_bytes = bytes;
	for (index = 0; index < sizeof(mounts) / sizeof(*mounts); index++) {
		struct statfs fs;

		if (statfs(mounts[index], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC &&
		    nftw(mounts[index], be_born_in, 64, FTW_PHYS | FTW_MOUNT) == 1)
			return;
	}
	eat_anon(bytes);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

/* Here MIB is a number of tasks. */
static void eat_forks(size_t count)
{
	size_t done;

	for (done = 0; done < count >> 20; done++) {
		pid_t pid = fork_with_me();

		if (pid < 0)
			stop(1, "fork %zu", done);
		if (pid == 0) {
			(void)pause();
			_exit(0);
		}
	}
}

static void eat_zombies(size_t count)
{
	size_t done;

	for (done = 0; done < count >> 20; done++) {
		pid_t pid = fork_with_me();

		if (pid < 0)
			stop(1, "fork %zu", done);
		if (pid == 0)
			_exit(0);
	}
}

static void *wait_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		(void)pause();
	return NULL;
}

static void eat_threads(size_t count)
{
	pthread_attr_t small;
	size_t done;

	(void)pthread_attr_init(&small);
	(void)pthread_attr_setstacksize(&small, CHUNK);
	for (done = 0; done < count >> 20; done++) {
		pthread_t thread;
		int code = pthread_create(&thread, &small, wait_for_ever, NULL);

		if (code) {
			errno = code;
			stop(1, "thread %zu", done);
		}
	}
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct {
	const char *kind;
	void (*eat)(size_t bytes);
} kinds[] = {
	{"anon", eat_anon},
	{"shared", eat_shared},
	{"huge", eat_huge},
	{"hugetlb", eat_hugetlb},
	{"mlock", eat_mlock},
	{"memfd", eat_memfd},
	{"secretmem", eat_secretmem},
	{"shm", eat_shm},
	{"sysv", eat_sysv},
	{"pagetables", eat_pagetables},
	{"tmpfs", eat_tmpfs},
	{"packet-ring", eat_packet_ring},
	{"tap-queue", eat_tap_queue},
	{"pipes", eat_pipes},
	{"unix", eat_unix},
	{"tcp", eat_tcp},
	{"udp", eat_udp},
	{"vsock", eat_vsock},
	{"netlink", eat_netlink},
	{"mqueue", eat_mqueue},
	{"drop-queues", drop_queues},
	{"epoll", eat_epoll},
	{"inotify", eat_inotify},
	{"event-control", eat_event_control},
	{"born-elsewhere", eat_born_elsewhere},
	{"forks", eat_forks},
	{"zombies", eat_zombies},
	{"threads", eat_threads},
};

int main(int argc, char **argv)
{
	size_t index, mib;

	if (argc < 3 || (mib = strtoul(argv[2], NULL, 10)) == 0) {
		(void)fprintf(stderr, "usage: eat KIND MIB [hold]\n");
		return 2;
	}
	/* What neither ends nor dies is a failure as well. */
	(void)alarm(30 * PATIENCE);
	raise_descriptors();
	memset(chunk, 'e', sizeof(chunk));
	for (index = 0; index < sizeof(kinds) / sizeof(*kinds); index++) {
		if (strcmp(argv[1], kinds[index].kind) != 0)
			continue;
		kinds[index].eat(mib << 20);
		(void)printf("held %s %zu\n", argv[1], mib);
		(void)fflush(stdout);
		if (argc > 3) {
			(void)alarm(0);
			for (;;)
				(void)pause();
		}
		return 0;
	}
	(void)fprintf(stderr, "eat: no way called %s\n", argv[1]);
	return 2;
}
