import { certificateName, subjectText } from '../../core/auth/client-certificate.ts'
import { OperatorError } from '../failure.ts'
import { afterEdit, requireName, requireUser } from '../person.ts'
import { readCertificate } from '../setup/certificate-file.ts'
import type { Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

export const userCertAdd: Verb = {
  path: 'user cert add',
  group: 'One-time codes and keys',
  summary: 'let a user log in with a TLS client certificate',
  details:
    'The file holds the certificate in PEM. It counts on ftp listeners with clientCertificates, when an authority of ' +
    'clientCaFile signed it. With --subject so does every later one of the same holder: renewing it takes no edit then, and ' +
    'whoever signs there must give that name to nobody else.',
  args: [
    { syntax: '<name>', help: 'login name' },
    { syntax: '<file>', help: 'file with the certificate; - reads standard input' },
  ],
  options: [{ flags: '--subject', help: 'by its subject instead of its fingerprint' }],
  run: (input, context) =>
    withUsers(context, async ({ config, store }) => {
      const { terminal } = context
      const name = await requireName(store, input.argument(0))
      const certificate = await readCertificate(input.argument(1), terminal)
      const fingerprint = certificateName(certificate.fingerprint256)
      // Node's types leave out that it is undefined when it is empty.
      const lines: string | undefined = certificate.subject
      const subject = subjectText(lines ?? '')
      const bySubject = input.flag('subject')
      if (bySubject && subject === '') {
        throw new OperatorError('The certificate names nobody as its subject.', 'Leave --subject away.')
      }
      await store.change(name, { type: 'certificate-add', certificate: bySubject ? subject : fingerprint })
      terminal.out(`${name} has a new certificate.`)
      terminal.out(bySubject ? subject : `${fingerprint} ${subject}`)
      const user = await afterEdit(store, name)
      if (user !== undefined && !user.chains.flat().includes('client-cert')) {
        terminal.err(
          `Note: none of the chains of ${name} has "client-cert", so the certificate opens nothing yet.`,
        )
      }
      if (certificate.validToDate.getTime() <= Date.now()) terminal.err('Note: the certificate has expired.')
      const asked = config.listeners.some((one) => one.door === 'ftp' && one.clientCertificates !== 'off')
      if (!asked) terminal.err('Note: no listener asks for client certificates (clientCertificates).')
      return undefined
    }),
}

export const userCertRm: Verb = {
  path: 'user cert rm',
  group: 'One-time codes and keys',
  summary: 'take a client certificate away from a user',
  args: [
    { syntax: '<name>', help: 'login name' },
    { syntax: '<certificate>', help: 'fingerprint or subject, as `user show` prints it' },
  ],
  run: (input, context) =>
    withUsers(context, async ({ store }) => {
      const user = await requireUser(store, input.argument(0))
      const certificate = certificateName(input.argument(1))
      if (!user.credentials.certificates.includes(certificate)) {
        throw new OperatorError(
          `${user.name} has no certificate "${input.argument(1)}".`,
          `Give it as \`sallyport user show ${user.name}\` prints it.`,
        )
      }
      await store.change(user.name, { type: 'certificate-remove', certificate })
      context.terminal.out(`Removed ${certificate}.`)
      return undefined
    }),
}
