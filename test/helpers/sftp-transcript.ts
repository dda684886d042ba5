import assert from 'node:assert/strict'
import { ACTIONS, type Action } from '../../src/core/identity.ts'
import { openRaw, type RawClient } from './sftp-raw-client.ts'
import { startSftp, type TestServer } from './sftp-server.ts'
import {
  describeReply,
  EXTENDED,
  EXTENSION_FIELDS,
  encodeField,
  encodeRequest,
  extensionName,
  type FieldKind,
  REQUEST_FIELDS,
} from './sftp-wire.ts'
import { at, mount, upload } from './vfs.ts'

/**
 * Golden dialogues of SFTP. `>` a request: its name and its fields (texts as JSON strings, handles by the names they
 * were given, attributes and flags as words); `> name fields -> h` names the handle that comes. `<` a line of the reply.
 * `@ file /path content`, `@ folder /path`, `@ link target /path` make what is there before; `@ may list,read` opens a
 * new connection of a user who may only that; `> RAW type hex` sends any body.
 */
export type Exchange = { request: string; replies: string[] }
export type Part = Readonly<{ comment: string } | { instruction: string } | { exchange: Exchange }>

export function parseTranscript(text: string): Part[] {
  const parts: Part[] = []
  let last: Exchange | undefined
  for (const [index, line] of text.trimEnd().split('\n').entries()) {
    const rest = line.slice(2)
    if (line.startsWith('> ')) {
      last = { request: rest, replies: [] }
      parts.push({ exchange: last })
    } else if (line.startsWith('< ') && last !== undefined) last.replies.push(rest)
    else if (line.startsWith('@ ')) parts.push({ instruction: rest })
    else if (line === '' || line.startsWith('#')) parts.push({ comment: line })
    else throw new Error(`line ${index + 1}: ${line}`)
  }
  return parts
}

export function printTranscript(parts: readonly Part[]): string {
  const lines = parts.flatMap((part) => {
    if ('comment' in part) return [part.comment]
    if ('instruction' in part) return [`@ ${part.instruction}`]
    return [`> ${part.exchange.request}`, ...part.exchange.replies.map((reply) => `< ${reply}`)]
  })
  return `${lines.join('\n')}\n`
}

/** Words parted by spaces; a JSON string is one word. */
function wordsOf(text: string): string[] {
  return text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []
}

export const nameOfRequest = (request: string): string => wordsOf(request)[0] ?? ''

function fieldsOf(name: string): readonly FieldKind[] | undefined {
  const row = (REQUEST_FIELDS as Readonly<Record<string, readonly [number, ...FieldKind[]]>>)[name]
  return row === undefined ? EXTENSION_FIELDS[name] : (row.slice(1) as FieldKind[])
}

function encode(request: string, id: number, handles: ReadonlyMap<string, Buffer>): Buffer {
  const [name = '', ...words] = wordsOf(request.replace(/ -> \w+$/, ''))
  if (name === 'RAW') return encodeRequest(Number(words[0]), id, [Buffer.from(words[1] ?? '', 'hex')])
  const kinds = fieldsOf(name)
  if (kinds === undefined || kinds.length !== words.length) throw new Error(`fields of: ${request}`)
  const body = kinds.map((kind, index) => encodeField(kind, words[index] ?? '', handles))
  const row = REQUEST_FIELDS[name as keyof typeof REQUEST_FIELDS]
  return row === undefined
    ? encodeRequest(EXTENDED, id, [extensionName(name), ...body])
    : encodeRequest(row[0], id, body)
}

type Play = { server: TestServer; client: RawClient; handles: Map<string, Buffer>; id: number }

async function begin(may: readonly Action[]): Promise<Play> {
  const server = await startSftp({ mounts: [mount('/', 'home', may)] })
  return { server, client: await openRaw(server.port), handles: new Map(), id: 0 }
}

async function finish({ client, server }: Play): Promise<void> {
  await client.end()
  await server.close()
}

async function instruct(play: Play, instruction: string): Promise<Play> {
  const [what = '', ...words] = wordsOf(instruction)
  const [first = '', second = ''] = words
  if (what === 'may') {
    await finish(play)
    return begin(first.split(',') as Action[])
  }
  const files = play.server.session.another([mount('/', 'home')])
  if (what === 'file') await upload(files, first, JSON.parse(second))
  else if (what === 'folder') await files.mkdir(at(first))
  else if (what === 'link') await files.symbolicLink(first, at(second))
  else throw new Error(`no such instruction: ${what}`)
  return play
}

/** Sends the requests, and puts what came in the place of the replies. */
export async function replay(parts: readonly Part[]): Promise<Part[]> {
  let play = await begin(ACTIONS)
  const heard: Part[] = []
  try {
    for (const part of parts) {
      if ('instruction' in part) play = await instruct(play, part.instruction)
      heard.push('exchange' in part ? { exchange: await exchange(play, part.exchange) } : part)
    }
    assert.deepEqual(play.server.logged, [])
    return heard
  } finally {
    await finish(play)
  }
}

async function exchange(play: Play, { request }: Exchange): Promise<Exchange> {
  play.id += 1
  play.client.sendBytes(encode(request, play.id, play.handles))
  const { bytes, id } = await play.client.receive()
  assert.equal(id, play.id)
  const name = / -> (\w+)$/.exec(request)?.[1]
  const replies = describeReply(bytes, (handle) => {
    if (name === undefined) throw new Error(`no name for the handle of: ${request}`)
    play.handles.set(name, Buffer.from(handle))
  })
  return { request, replies }
}
