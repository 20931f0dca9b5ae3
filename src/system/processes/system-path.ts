/** Where Linux systems keep their programs; a monitor may have been started without those of the administrator. */
export const systemPath = '/usr/sbin:/usr/bin:/sbin:/bin';
