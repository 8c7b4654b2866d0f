/**
 * What each memory of a guest may grow to, unless a host is told otherwise.
 *
 * It is part of a guest's behaviour, so an agent is replayed under the cap that it ran under.
 */
export const defaultMemoryCapBytes = 268_435_456;

/** The same for guests of world `blocking`: some that others build begin with half a gigabyte. */
export const blockingMemoryCapBytes = 1_073_741_824;
