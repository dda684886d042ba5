import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { constants } from 'node:os'
import { test } from 'node:test'
import { openDescriptorNet } from '../../src/ftp/descriptor-net.ts'
import { openDescriptorPort } from '../../src/ftp/descriptor-port.ts'
import { createFakeClock, settle } from '../helpers/fake-clock.ts'
import { native, needsNative } from '../helpers/native.ts'

const { EMFILE, ENOMEM } = constants.errno
const OPTIONS = { localIp: '127.0.0.1', peerIp: '127.0.0.1', ports: { from: 0, to: 0 } }
const NEVER = new AbortController().signal
const TURNS = 50
/** Two sweeps. */
const LOOKED_AGAIN_MS = 200

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await settle()
}

/** A port on a machine that lacks something until `free` says it does not. */
function scarce(failing: 'acceptPeer' | 'dropWaiting' | 'watchDescriptor', reason: number) {
  if (native === undefined) throw new Error('no addon')
  const clock = createFakeClock()
  const state = { free: false, calls: 0 }
  const real = native[failing] as (...given: unknown[]) => number
  const double = (...given: unknown[]): number => {
    state.calls += 1
    return state.free ? real(...given) : -reason
  }
  const net = openDescriptorNet({ ...native, [failing]: double }, clock)
  if (net === undefined) throw new Error('no event loop')
  return { clock, state, net, port: openDescriptorPort(net, OPTIONS) }
}

test(
  'a client for whom there is no descriptor waits, and costs no turn of the loop',
  needsNative,
  async () => {
    const { clock, state, net, port } = scarce('acceptPeer', EMFILE)
    const arrival = port.accept(NEVER)
    const client = connect(port.port, OPTIONS.localIp)
    await once(client, 'connect')
    await turns()
    assert.ok(state.calls <= 3, `${state.calls} calls`)
    await clock.advance(LOOKED_AGAIN_MS)
    await turns()
    state.free = true
    await clock.advance(LOOKED_AGAIN_MS)
    const link = await arrival
    assert.ok(state.calls <= 7, `${state.calls} calls`)
    link.close()
    client.destroy()
    port.close()
    net.close()
  },
)

test('nor does a stranger who cannot be dropped for want of one', needsNative, async () => {
  const { clock, state, net, port } = scarce('dropWaiting', EMFILE)
  const client = connect(port.port, OPTIONS.localIp)
  const link = await port.accept(NEVER)
  const stranger = connect(port.port, OPTIONS.localIp).on('error', () => undefined)
  await once(stranger, 'connect')
  await clock.advance(LOOKED_AGAIN_MS)
  await turns()
  assert.ok(state.calls >= 1 && state.calls <= 3, `${state.calls} calls`)
  state.free = true
  const gone = once(stranger.resume(), 'close')
  await clock.advance(LOOKED_AGAIN_MS)
  await gone
  link.close()
  client.destroy()
  port.close()
  net.close()
})

test('a port that cannot be watched now is looked at later', needsNative, async () => {
  const { clock, state, net, port } = scarce('watchDescriptor', ENOMEM)
  const arrival = port.accept(NEVER)
  const client = connect(port.port, OPTIONS.localIp)
  await once(client, 'connect')
  await clock.advance(LOOKED_AGAIN_MS)
  state.free = true
  await clock.advance(LOOKED_AGAIN_MS)
  const link = await arrival
  link.close()
  client.destroy()
  port.close()
  net.close()
})
