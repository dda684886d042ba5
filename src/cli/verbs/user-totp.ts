import type { TotpVerifier } from '../../core/auth/totp.ts'
import { createEnrolment, type Enrolment } from '../enrolment.ts'
import { OperatorError } from '../failure.ts'
import { formatEnrolment } from '../format/enrolment.ts'
import { formatChains, hasSingleFactorChain } from '../format/person.ts'
import { afterEdit, requireName, requireUser } from '../person.ts'
import type { Context, Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

const MAX_TRIES = 3

export const userTotpEnrol: Verb = {
  path: 'user totp enrol',
  group: 'One-time codes and keys',
  summary: 'give a user a new secret for one-time codes',
  details:
    'Shows the secret once, as a QR code and as text, and keeps it only after a code from the app has matched. ' +
    'A secret that the user had before stops working.',
  args: [{ syntax: '<name>', help: 'login name' }],
  options: [{ flags: '--no-confirm', help: 'keep the secret without asking for a code' }],
  run: (input, context) =>
    withUsers(context, async ({ config, store }) => {
      const name = await requireName(store, input.argument(0))
      if (input.flag('confirm') && !context.terminal.interactive) {
        throw new OperatorError(
          'There is no terminal to ask for a code on; nothing was changed.',
          'Run the command in a terminal, or use --no-confirm.',
        )
      }
      const enrolment = createEnrolment(name, config.mfa.issuer)
      for (const line of await formatEnrolment(enrolment, context.terminal)) context.terminal.out(line)
      if (input.flag('confirm')) await confirm(enrolment, context.services.totpVerifier(config), context)
      await store.change(name, { type: 'totp', credential: enrolment.credential })
      context.terminal.out(`${name} is enrolled.`)
      const user = await afterEdit(store, name)
      if (user !== undefined && !user.chains.flat().includes('totp')) {
        context.terminal.err(
          `Note: none of the chains of ${user.name} has "totp", so no code is asked for yet.`,
        )
      }
      return undefined
    }),
}

/** The app has the secret when one of its codes matches. */
async function confirm({ credential }: Enrolment, codes: TotpVerifier, { terminal }: Context): Promise<void> {
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    const code = await terminal.ask('Code that the app shows now: ', '--no-confirm')
    if (codes.verify(credential, code.replaceAll(' ', ''), Date.now()) !== undefined) return
    terminal.err('That code does not match.')
  }
  throw new OperatorError(
    'No code matched; nothing was changed.',
    'Compare the clocks of this machine and of the phone, then run the command again.',
  )
}

export const userTotpRemove: Verb = {
  path: 'user totp remove',
  group: 'One-time codes and keys',
  summary: "take a user's secret for one-time codes away",
  details:
    'Chains in the users file stay as they are: one that asks for a code cannot be completed until the user is enrolled again.',
  args: [{ syntax: '<name>', help: 'login name' }],
  run: (input, context) =>
    withUsers(context, async ({ store }) => {
      const user = await requireUser(store, input.argument(0))
      if (user.credentials.totp === undefined) {
        throw new OperatorError(`${user.name} has no one-time codes.`, 'There is nothing to remove.')
      }
      await store.change(user.name, { type: 'totp', credential: undefined })
      context.terminal.out(`${user.name} has no one-time codes any more.`)
      const after = await requireUser(store, user.name)
      if (after.chains.every((chain) => chain.includes('totp'))) {
        context.terminal.err(
          `Note: every chain of ${user.name} asks for a code, so ${user.name} cannot log in now.`,
        )
      } else if (hasSingleFactorChain(after)) {
        context.terminal.err(
          `Note: ${user.name} can now log in with one factor: ${formatChains(after.chains)}.`,
        )
      }
      return undefined
    }),
}
