/** Keys of one direction of an SSH connection, in the addon's memory. */
export type PacketKeys = object

/** Descriptors whose readiness is told to one function. */
export type Watch = object

/** What TLS connections have in common: certificate, ciphers and the keys of their tickets. */
export type TlsContext = object

/** The server's side of TLS on one descriptor, which it does not own. */
export type TlsConnection = object

/**
 * The functions of the addon in `native/`: system calls that Node does not offer, and ciphers as SSH needs them. Each answers with a number:
 * what it did, or the negative errno. Every caller has a way without them.
 */
export type Native = Readonly<{
  /** Reads what is in memory already: -EAGAIN where the disk would have to be asked, -EOPNOTSUPP where nobody can tell. */
  readCached(fd: number, into: Uint8Array, length: number, position: number): number
  /** How many bytes from `position` on, at most `length`, are in memory; -EOPNOTSUPP where nobody can tell. */
  cachedLength(fd: number, position: number, length: number): number
  /** Hands bytes to a socket within the kernel, as many as it takes now; waits for the disk. -EAGAIN: it is full. */
  sendFile(socket: number, fd: number, position: number, length: number): number
  /**
   * Copies text and puts a CR in front of each LF that has none; `previous` is the byte before the text. `into` is twice as long
   * as the text. Gives the bytes written.
   */
  addReturns(text: Uint8Array, into: Uint8Array, previous: number): number
  /** Takes each CR in front of an LF out, where the text lies; one at its very end stays. Gives the bytes left. */
  dropReturns(text: Uint8Array): number
  /** Describes a name of an open directory, which may be a link, in one record of RECORD_FIELDS numbers. */
  lstatAt(directory: number, name: string, record: Float64Array): number
  fstatInto(fd: number, record: Float64Array): number
  /** Here and below: one plain name, and -EINVAL for anything that could lead elsewhere. Gives the descriptor. */
  openAt(directory: number, name: string, flags: number, mode: number): number
  unlinkAt(directory: number, name: string): number
  /** Writes all bytes, or as many as the system takes at once. */
  writeAt(fd: number, bytes: Uint8Array, position: number): number
  renameAt(from: number, name: string, to: number, newName: string): number
  /** As `renameAt`, but -EEXIST where the new name is taken; -EINVAL or -ENOSYS where the system cannot do that in one step. */
  renameNewAt(from: number, name: string, to: number, newName: string): number
  /**
   * The next names of a directory open for reading, a NUL behind each; gives the bytes. With READ_NAMES_ROOM or more left
   * the directory has ended; `into` holds at least that much.
   */
  readNames(fd: number, into: Uint8Array): number
  /**
   * Describes names as `readNames` gives them, without the first `skip`, until `records` is full or the time is over, but
   * at least one. Gives their number, 0 when there are no more.
   */
  lstatNames(
    directory: number,
    names: Uint8Array,
    skip: number,
    records: Float64Array,
    microseconds: number,
  ): number
  /** How often this thread has given up the CPU because it had to wait, and not because others wanted it. */
  timesWaited(): number
  /**
   * Takes a copy of keys for aes128-gcm (0), aes256-gcm (1) or chacha20-poly1305@openssh.com (2). Null where Node's OpenSSL
   * cannot be reached or has no such cipher.
   */
  createPacketKeys(cipher: number, key: Uint8Array, iv: Uint8Array): PacketKeys | null
  /** Encrypts a packet where it lies, from its length field on, and fills in its MAC: its last 16 bytes. */
  sealPacket(keys: PacketKeys, packet: Uint8Array, sequence: number): number
  /**
   * Encrypts the packet in the first `length` bytes as sealPacket does, and sends it; gives how many bytes were taken, 0 when
   * the socket takes none. Negative: it was neither encrypted nor sent.
   */
  sealAndSend(keys: PacketKeys, memory: Uint8Array, length: number, sequence: number, socket: number): number
  /** Decrypts all between length field and MAC where it lies; -EBADMSG for a wrong MAC, and what lies there is void. */
  openPacket(keys: PacketKeys, packet: Uint8Array, sequence: number): number
  /**
   * Opens whole packets between `from` and `to` where they lie, up to the first whose payload is no channel data (type 94).
   * Of each `places` gets three numbers: where its payload begins and ends, and where the next packet begins. Gives their
   * number; -EBADMSG when the first is wrong. A wrong one ends the keys.
   */
  openPackets(
    keys: PacketKeys,
    bytes: Uint8Array,
    from: number,
    to: number,
    sequence: number,
    places: Uint32Array,
  ): number
  /** The length field in clear; nothing says yet that it is genuine. */
  packetLength(keys: PacketKeys, field: Uint8Array, sequence: number): number
  /** Wipes the keys; every later call answers -EINVAL. */
  freePacketKeys(keys: PacketKeys): number
  /** A listening socket on an address (`fe80::1%eth0` too), which decides the family, and a port from 1 on. Gives the descriptor. */
  listenTcp(address: string, port: number): number
  /** The next connection from that address, without TCP's delays; drops who comes from others. -EAGAIN: nobody is there. */
  acceptPeer(listener: number, address: string): number
  /** Drops all that have connected. */
  dropWaiting(listener: number): number
  /**
   * Sends from `bytes`, the byte `to` not included; gives how many were taken. -EAGAIN: the socket is full. `corked` not 0:
   * they go out with what follows at once, the end too.
   */
  sendBytes(socket: number, bytes: Uint8Array, from: number, to: number, corked?: number): number
  /** As UTF-8; gives how many bytes were not taken. -EMSGSIZE, and nothing is sent, for a text of more than some 2000 bytes. */
  sendText(socket: number, text: string): number
  /** Fills `into` behind its first `used` bytes. 0: the peer has ended. -EAGAIN: nothing is there. */
  receiveInto(socket: number, into: Uint8Array, used: number): number
  /** 1: the peer has ended, and all it sent has been read. 2: it has ended, and there is more to read. 0: it has not. */
  peerEnded(socket: number): number
  /** The peer sees the end behind what was sent. */
  endSending(socket: number): number
  /** `discard` not 0: what the peer has sent is read away, or the system would cut what is still on its way to it. */
  closeSocket(socket: number, discard: number): number
  /**
   * `told` hears the id of each descriptor that is ready, again and again as long as it is, each in a turn of its own. A
   * watch does not keep the process alive. Null where Node's event loop cannot be reached.
   */
  createWatch(told: (id: number) => void): Watch | null
  /** Begins, or changes what is waited for: a sum of WATCH. Closing the descriptor ends it. */
  watchDescriptor(watch: Watch, fd: number, id: number, events: number): number
  unwatchDescriptor(watch: Watch, fd: number): number
  /** Nothing is told any more; every later call answers -EINVAL. */
  closeWatch(watch: Watch): number
  /** 1 where Node's OpenSSL can be reached for TLS. */
  knowsTls(): number
  /**
   * For servers that ask for no client certificate. PEM in, the own certificate first; `ciphers` up to TLS 1.2 and `suites`
   * of TLS 1.3 as OpenSSL writes them; `version` is the lowest, as TLS encodes it. Null for what OpenSSL refuses, and where
   * Node's cannot be reached.
   */
  createTlsContext(
    certificates: Uint8Array,
    key: Uint8Array,
    ciphers: string,
    suites: string,
    version: number,
  ): TlsContext | null
  /**
   * Once for each context, before its first connection: sessions can be resumed that began in one of Node's contexts with the
   * same `ticketKeys` (48 bytes) and `sessionIdContext`. `find` knows those of TLS 1.2 that have an id, as Node stores them.
   * `begins` 0: a session that begins on a connection of this context is not to be resumed by anybody.
   */
  resumeSessions(
    context: TlsContext,
    ticketKeys: Uint8Array,
    sessionIdContext: string,
    seconds: number,
    find: (id: Uint8Array) => Uint8Array | undefined,
    begins: number,
  ): number
  /**
   * On a connected socket that does not block. Whoever closes the socket closes this before. `ticketsLast` not 0: the tickets of
   * TLS 1.3 go out with `endTls`, not with the handshake; a client that closes before it has read them loses what it has not
   * sent yet.
   */
  openTls(context: TlsContext, fd: number, ticketsLast: number): TlsConnection | null
  /** Goes on with the handshake: 0 when it is done, else what has to be waited for, of WATCH. -EPROTO: it failed. */
  shakeHands(tls: TlsConnection): number
  /** 1: the client resumed a session. */
  tlsResumed(tls: TlsConnection): number
  /**
   * Encrypts from `bytes`, the byte `to` not included; gives how many were taken, of which some may wait to be flushed. After
   * -EAGAIN, or where not all were taken, the next call goes on with the same bytes. `corked` not 0: they wait for what follows.
   */
  sendTls(tls: TlsConnection, bytes: Uint8Array, from: number, to: number, corked?: number): number
  /** 0: the system has all that was taken. -EAGAIN: the socket is full. */
  flushTls(tls: TlsConnection): number
  /** Takes close_notify to be sent, as `sendTls` does bytes. */
  endTls(tls: TlsConnection): number
  /** As `receiveInto`. 0: the peer sent close_notify. -EPROTO: the connection ended without, or TLS failed. */
  receiveTls(tls: TlsConnection, into: Uint8Array, used: number): number
  /** 1: the last call has not read all; the socket may not be readable for the rest. */
  pendingTls(tls: TlsConnection): number
  /** What failed last, in OpenSSL's words. */
  tlsProblem(tls: TlsConnection): string
  /** Says nothing to the peer; every later call answers -EINVAL. */
  closeTls(tls: TlsConnection): number
}>

/** What `watchDescriptor` waits for; of native/src/watch.c. */
export const WATCH = { readable: 1, writable: 2 } as const

/** The order of the numbers in a record; that of native/src/directories.c. */
export const RECORD = {
  kind: 0,
  mode: 1,
  size: 2,
  mtimeMs: 3,
  atimeMs: 4,
  uid: 5,
  gid: 6,
  links: 7,
  device: 8,
  inode: 9,
} as const
export const RECORD_FIELDS = Object.keys(RECORD).length
/** Bytes for names as long as the system knows whether there are any more. */
export const READ_NAMES_ROOM = 16 * 1024
/** `kind` of a name that is gone. */
export const RECORD_MISSING = 0

/** Parts as an operator sees them, and what the absence of each costs. */
export const NATIVE_PARTS = {
  'cached reads': 'a slow disk can hold up other sessions until it is noticed',
  'direct sending': 'downloads over FTP in clear cost some three times the CPU',
  'text conversion': 'text over FTP (TYPE A) costs three to eight times the CPU',
  'directory calls': 'listings cost about twice the CPU',
  'encrypted data connections':
    'small files over FTPS cost about a third more CPU, large uploads several times, and Java cannot upload over TLS 1.3',
  'data connections': 'small files over SFTP and FTP in clear cost about twice the CPU',
  'packet ciphers': "without ssh2's ciphers as well SFTP transfers cost 1.5 to 2.5 times the CPU",
} as const

/** Every function, and the part that it is of. */
export const NATIVE_FUNCTIONS = {
  readCached: 'cached reads',
  cachedLength: 'direct sending',
  sendFile: 'direct sending',
  addReturns: 'text conversion',
  dropReturns: 'text conversion',
  lstatAt: 'directory calls',
  fstatInto: 'directory calls',
  openAt: 'directory calls',
  unlinkAt: 'directory calls',
  writeAt: 'directory calls',
  renameAt: 'directory calls',
  renameNewAt: 'directory calls',
  readNames: 'directory calls',
  lstatNames: 'directory calls',
  timesWaited: 'directory calls',
  createPacketKeys: 'packet ciphers',
  sealPacket: 'packet ciphers',
  sealAndSend: 'packet ciphers',
  openPacket: 'packet ciphers',
  openPackets: 'packet ciphers',
  packetLength: 'packet ciphers',
  freePacketKeys: 'packet ciphers',
  listenTcp: 'data connections',
  acceptPeer: 'data connections',
  dropWaiting: 'data connections',
  sendBytes: 'data connections',
  sendText: 'data connections',
  receiveInto: 'data connections',
  peerEnded: 'data connections',
  endSending: 'data connections',
  closeSocket: 'data connections',
  createWatch: 'data connections',
  watchDescriptor: 'data connections',
  unwatchDescriptor: 'data connections',
  closeWatch: 'data connections',
  knowsTls: 'encrypted data connections',
  createTlsContext: 'encrypted data connections',
  resumeSessions: 'encrypted data connections',
  openTls: 'encrypted data connections',
  shakeHands: 'encrypted data connections',
  tlsResumed: 'encrypted data connections',
  sendTls: 'encrypted data connections',
  flushTls: 'encrypted data connections',
  endTls: 'encrypted data connections',
  receiveTls: 'encrypted data connections',
  pendingTls: 'encrypted data connections',
  tlsProblem: 'encrypted data connections',
  closeTls: 'encrypted data connections',
} as const satisfies Readonly<Record<keyof Native, keyof typeof NATIVE_PARTS>>
