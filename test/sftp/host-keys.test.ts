import assert from 'node:assert/strict'
import { test } from 'node:test'
import ssh2 from 'ssh2'
import { generateHostKeys, parseHostKey } from '../../src/sftp/host-keys.ts'
