import { type Step, secretOf, type Target } from './driver.ts'

/** What scripts in other languages get as JSON on their standard input. */
export function jobOf(target: Target, step: Step): object {
  return {
    host: target.info.host,
    servername: target.info.tls.servername,
    port: target.port,
    ca: target.info.tls.ca,
    listener: target.listener,
    form: target.form,
    user: target.user,
    secret: secretOf(target),
    code: target.code,
    key: target.key,
    certificate: target.form === 'cert-password' ? target.certificate : '',
    certificate_key: target.certificateKey,
    step,
  }
}
