import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Ran, run } from '../helpers/child.ts'
import type { Target } from './driver.ts'

/** The first words of what the server asks, and the answer; a prompt that comes again is answered again. */
export type Answers = readonly (readonly [prompt: string, answer: string])[]

/** Options that OpenSSH's programs share; none reads the tester's own settings. */
export function sshOptions(target: Target): readonly string[] {
  const methods = {
    password: 'password',
    appended: 'password',
    prompt: 'keyboard-interactive',
    key: 'publickey',
    'key-prompt': 'publickey,keyboard-interactive',
    'key-password': 'publickey,password',
    acct: 'none',
    'cert-password': 'none',
  }[target.form]
  const options = [
    `PreferredAuthentications=${methods}`,
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'NumberOfPasswordPrompts=1',
    'LogLevel=ERROR',
  ]
  const key = target.form.startsWith('key') ? ['-i', target.key] : ['-o', 'PubkeyAuthentication=no']
  return ['-F', 'none', ...key, ...options.flatMap((option) => ['-o', option]), '-P', String(target.port)]
}

export function sshAnswers(target: Target): Answers {
  const password = target.form === 'appended' ? `${target.password}${target.code}` : target.password
  return [
    ['erification code: ', target.code],
    ['assword: ', password],
  ]
}

/** Runs an OpenSSH program whose questions go to an SSH_ASKPASS program that answers by the words of the prompt. */
export async function withAskpass(
  command: string,
  args: readonly string[],
  target: Target,
  input = '',
): Promise<Ran> {
  await mkdir(target.home, { recursive: true })
  const askpass = join(target.home, 'askpass')
  const cases = sshAnswers(target).map(
    ([prompt], index) => `  *"${prompt}"*) printf '%s\\n' "$ANSWER_${index}" ;;`,
  )
  await writeFile(askpass, ['#!/bin/sh', 'case "$1" in', ...cases, '  *) exit 1 ;;', 'esac', ''].join('\n'))
  await chmod(askpass, 0o700)
  const env: Record<string, string> = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0' }
  for (const [index, [, answer]] of sshAnswers(target).entries()) env[`ANSWER_${index}`] = answer
  return run(command, args, { home: target.home, env, input })
}

/** Runs a program on a terminal of its own and types the answers when it asks; its exit code is the program's. */
export async function withTerminal(
  command: readonly string[],
  answers: Answers,
  home: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const quoted = command.map((_, index) => `$env(WORD_${index})`).join(' ')
  const script = [
    'set timeout 40',
    'log_user 1',
    `spawn -noecho ${quoted}`,
    'expect {',
    ...answers.map(
      ([prompt], index) => `  -ex "${prompt}" { send -- "$env(ANSWER_${index})\\r"; exp_continue }`,
    ),
    '  eof {}',
    '  timeout { exit 97 }',
    '}',
    'exit [lindex [wait] 3]',
  ]
  const all: Record<string, string> = { ...env }
  for (const [index, text] of command.entries()) all[`WORD_${index}`] = text
  for (const [index, [, answer]] of answers.entries()) all[`ANSWER_${index}`] = answer
  return run('expect', ['-c', script.join('\n')], { home, env: all })
}
