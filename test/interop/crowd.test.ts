// A folder of 100,000 files: every client lists it whole, over every door of FTP.
import assert from 'node:assert/strict'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { clientTest } from '../helpers/clients.ts'
import { type Fixture, lazyFixture } from '../helpers/fixture.ts'
import { type Driver, FTP_LISTENERS, hindrance, LISTENER_TITLES, type Listener } from './driver.ts'
import { FTP_CLIENTS } from './drivers/ftp-clients.ts'
import { targetOf } from './scenarios.ts'

/** The whole number is for CI; a checkout's plain `npm test` need not take the time. */
const ENTRIES = process.env.REQUIRE_CLIENTS === '1' ? 100_000 : 5_000
const FOLDER = 'crowd'

const shared = lazyFixture({ args: ['--open'] })
let made: Promise<Fixture> | undefined
after(shared.stop)

/** The fixture, with the folder in it: made once for all clients. */
function crowded(): Promise<Fixture> {
  made ??= shared.get().then((fixture) => {
    const folder = join(fixture.user('main').root, FOLDER)
    mkdirSync(folder)
    for (let n = 0; n < ENTRIES; n += 1) closeSync(openSync(join(folder, nameOf(n)), 'w'))
    return fixture
  })
  return made
}

function nameOf(n: number): string {
  return `entry-${String(n).padStart(6, '0')}.txt`
}

async function listWhole(driver: Driver, listener: Listener): Promise<void> {
  const fixture = await crowded()
  const scratch = await mkdtemp(join(tmpdir(), 'sallyport-crowd-'))
  try {
    const target = targetOf(fixture, { listener, user: 'main', form: 'password' }, join(scratch, 'home'))
    const listing = await driver.perform(target, { do: 'list', remote: `/${FOLDER}` })
    const names = new Set(listing.match(/entry-\d{6}\.txt/g))
    assert.equal(names.size, ENTRIES)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

for (const driver of FTP_CLIENTS) {
  for (const listener of FTP_LISTENERS) {
    if (hindrance(driver, listener, 'list') !== undefined) continue
    const title = `${driver.name} lists ${ENTRIES} entries over ${LISTENER_TITLES[listener]}`
    clientTest(title, driver.needs, () => listWhole(driver, listener))
  }
}
