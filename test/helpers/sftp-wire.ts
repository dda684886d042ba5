/**
 * SFTP version 3 as a client writes and reads it, for golden dialogues. It shares nothing with the server's own codec:
 * a mistake made there must not be made here as well.
 */

/** What stands behind the id of each request, in order (draft-ietf-secsh-filexfer-02, section 6). */
export const REQUEST_FIELDS = {
  OPEN: [3, 'text', 'flags', 'attributes'],
  CLOSE: [4, 'handle'],
  READ: [5, 'handle', 'uint64', 'uint32'],
  WRITE: [6, 'handle', 'uint64', 'text'],
  LSTAT: [7, 'text'],
  FSTAT: [8, 'handle'],
  SETSTAT: [9, 'text', 'attributes'],
  FSETSTAT: [10, 'handle', 'attributes'],
  OPENDIR: [11, 'text'],
  READDIR: [12, 'handle'],
  REMOVE: [13, 'text'],
  MKDIR: [14, 'text', 'attributes'],
  RMDIR: [15, 'text'],
  REALPATH: [16, 'text'],
  STAT: [17, 'text'],
  RENAME: [18, 'text', 'text'],
  READLINK: [19, 'text'],
  // OpenSSH's order: the target first.
  SYMLINK: [20, 'text', 'text'],
} as const satisfies Record<string, readonly [number, ...FieldKind[]]>

export const EXTENDED = 200

/** What stands behind the name of each extension. */
export const EXTENSION_FIELDS: Readonly<Record<string, readonly FieldKind[]>> = {
  'posix-rename@openssh.com': ['text', 'text'],
  'statvfs@openssh.com': ['text'],
  'fstatvfs@openssh.com': ['handle'],
  'hardlink@openssh.com': ['text', 'text'],
  'fsync@openssh.com': ['handle'],
  'lsetstat@openssh.com': ['text', 'attributes'],
  'limits@openssh.com': [],
  'expand-path@openssh.com': ['text'],
  'home-directory': ['text'],
  'copy-data': ['handle', 'uint64', 'uint64', 'handle', 'uint64'],
  'users-groups-by-id@openssh.com': ['ids', 'ids'],
  'check-file': ['handle', 'text', 'uint64', 'uint64', 'uint32'],
  'check-file-handle': ['handle', 'text', 'uint64', 'uint64', 'uint32'],
  'check-file-name': ['text', 'text', 'uint64', 'uint64', 'uint32'],
}

export type FieldKind = 'text' | 'handle' | 'uint32' | 'uint64' | 'flags' | 'attributes' | 'ids'

const OPEN_FLAGS: Readonly<Record<string, number>> = {
  none: 0,
  read: 1,
  write: 2,
  append: 4,
  create: 8,
  truncate: 16,
  exclusive: 32,
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const uint64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

const counted = (bytes: Buffer): Buffer => Buffer.concat([uint32(bytes.length), bytes])

/** `size=3,mode=600,times=11:22,owner=1:2`, or `none`. Mode in octal, times as atime:mtime in seconds. */
function attributes(text: string): Buffer {
  const given = new Map(
    (text === 'none' ? [] : text.split(',')).map((part) => part.split('=') as [string, string]),
  )
  const pair = (key: string) => (given.get(key) ?? '0:0').split(':').map((value) => uint32(Number(value)))
  const parts: Buffer[] = []
  let flags = 0
  const add = (flag: number, ...bytes: Buffer[]) => {
    flags |= flag
    parts.push(...bytes)
  }
  if (given.has('size')) add(1, uint64(BigInt(given.get('size') ?? 0)))
  if (given.has('owner')) add(2, ...pair('owner'))
  if (given.has('mode')) add(4, uint32(Number.parseInt(given.get('mode') ?? '', 8)))
  if (given.has('times')) add(8, ...pair('times'))
  return Buffer.concat([uint32(flags), ...parts])
}

/** `x:` and hexadecimal digits give any bytes where a counted field is. */
export function encodeField(kind: FieldKind, word: string, handles: ReadonlyMap<string, Buffer>): Buffer {
  if (word.startsWith('x:')) return counted(Buffer.from(word.slice(2), 'hex'))
  switch (kind) {
    case 'text':
      return counted(Buffer.from(JSON.parse(word)))
    case 'handle':
      return counted(handles.get(word) ?? Buffer.from(word))
    case 'uint32':
      return uint32(Number(word))
    case 'uint64':
      return uint64(BigInt(word))
    case 'flags':
      return uint32(word.split(',').reduce((sum, flag) => sum | (OPEN_FLAGS[flag] ?? Number.NaN), 0))
    case 'attributes':
      return attributes(word)
    case 'ids':
      return counted(
        Buffer.concat(word === 'none' ? [] : word.split(',').map((value) => uint32(Number(value)))),
      )
  }
}

export function encodeRequest(type: number, id: number, body: readonly Buffer[]): Buffer {
  return counted(Buffer.concat([Buffer.of(type), uint32(id), ...body]))
}

export const extensionName = (name: string): Buffer => counted(Buffer.from(name))

/** A reply as lines of text; a handle goes to `bind` and shows as the bare word. */
export function describeReply(bytes: Buffer, bind: (handle: Buffer) => void): string[] {
  let at = 5
  const number = (): number => {
    at += 4
    return bytes.readUInt32BE(at - 4)
  }
  const long = (): bigint => {
    at += 8
    return bytes.readBigUInt64BE(at - 8)
  }
  const blob = (): Buffer => {
    const length = number()
    at += length
    return bytes.subarray(at - length, at)
  }
  const text = (): string => JSON.stringify(blob().toString('utf8'))
  const looks = (): string => {
    const flags = number()
    const words: string[] = []
    if (flags & 1) words.push(`size=${long()}`)
    if (flags & 2) words.push(`owner=${number()}:${number()}`)
    if (flags & 4) words.push(`mode=${number().toString(8)}`)
    if (flags & 8) words.push(`times=${number()}:${number()}`)
    return words.length === 0 ? 'none' : words.join(',')
  }
  const names = (): string[] => Array.from({ length: number() }, () => `NAME ${text()} ${text()} ${looks()}`)
  const lines = ((): string[] => {
    switch (bytes[0]) {
      case 101:
        return [`STATUS ${number()} ${text()} ${text()}`]
      case 102:
        bind(blob())
        return ['HANDLE']
      case 103:
        return [`DATA ${text()}`]
      case 104:
        return names()
      case 105:
        return [`ATTRS ${looks()}`]
      case 201: {
        const rest = bytes.subarray(at)
        at = bytes.length
        return [`EXTENDED ${rest.toString('hex')}`]
      }
      default:
        throw new Error(`reply of type ${bytes[0]}`)
    }
  })()
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes behind the reply`)
  return lines
}
