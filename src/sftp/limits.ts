const KIB = 1024
const MIB = 1024 * KIB

/** Length field of an SFTP packet; what OpenSSH takes as well. */
export const MAX_PACKET = 256 * KIB
/** Bytes of one READ or WRITE: a packet less the room for its header, as OpenSSH counts it. */
export const MAX_DATA = MAX_PACKET - KIB
/** Largest packet that a peer has to take on a channel, at least: each costs its headers, and a call. Usual are 16 KiB and more. */
export const LEAST_PACKET = 256
/** Unfinished input of a connection's first channel. It is ssh2's own window, so that one client runs at full speed. */
export const FIRST_WINDOW = 2 * MIB
/** Unfinished input of every further channel: room for one packet of the largest size and a share that is on its way back. */
export const NEXT_WINDOW = 320 * KIB
/** The window is re-opened when this part of it has been worked off; see NEXT_WINDOW for why it is not larger. */
export const WINDOW_SHARE = 8
/** Requests wait while the replies of a connection hold this much memory, wherever they are on their way. */
export const REPLIES_HELD = MIB
/** Replies wait while this much of them is queued for the window the peer grants. */
export const CHANNEL_HIGH_WATER = 256 * KIB
/** The socket is not read while this much waits to be sent: the peer asks but does not listen. */
export const SOCKET_STOP_READING = 1.5 * MIB
/** Unfinished input besides one packet that is not all there for each channel; with that much, one of them can be run. */
export const INPUT_SPARE = 96 * KIB
/** What a peer may send before it answers a key exchange; more than all its windows together. */
export const MAX_BYTES_IN_KEX = 8 * MIB
/** Packets that may wait for the end of a key exchange; honest sessions have a few dozen. */
export const MAX_HELD_PACKETS = 2048
/** Key exchanges that a client may begin one right after the other, and for which time and which traffic it may begin one more. */
export const KEX_AT_ONCE = 16
export const KEX_EACH_MS = 10_000
export const KEX_EACH_BYTES = MIB
/** Requests of one channel that wait for the storage at the same time. */
export const MAX_IN_FLIGHT = 64
/** Work done without waiting in one turn of the event loop, per connection; then everybody else has theirs. */
export const TURN_BUDGET = 256 * KIB
/** What a request costs of the budget, besides the bytes that it moves at once: some 30 of them a turn. */
export const REQUEST_COST = 8 * KIB
/** Requests to log in that may wait for one before them; ssh2 has as many. */
export const MAX_WAITING_LOGINS = 10
/** How long a peer may take to receive the last words, in milliseconds. */
export const LINGER_MS = 1000
/** Replies up to this size are joined with their neighbours into one SSH packet, and hold no memory of the pool. */
export const SMALL_REPLY = 8 * KIB
/** Names in one READDIR reply stop here, well below MAX_PACKET. */
export const MAX_NAMES_BYTES = 128 * KIB
/** One read of a socket. */
export const READ_SIZE = 256 * KIB
