/** An address of a guest that an interface of the host announces (proxy ARP, proxy NDP). Pure. */
export interface Announcement {
  readonly address: string;
  readonly on: string;
}

export function isSameAnnouncement(one: Announcement, other: Announcement): boolean {
  return one.address === other.address && one.on === other.on;
}
