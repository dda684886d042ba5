// Names of TLS client certificates: a SHA-256 fingerprint, which is one certificate, or a subject, which is every one that an
// authority gives to that holder.

/** Longer ones are no names, and would only fill files. */
const MAX_SUBJECT = 1024

/**
 * Of a subject as Node has it, an attribute a line: `C=DE, O=Acme, CN=bot`, in the order of the certificate. Commas inside
 * a value have a backslash before them (RFC 4514 section 2.4), so that no value passes for an attribute. One that is too
 * long is cut, and nobody's.
 */
export function subjectText(lines: string): string {
  return lines.replaceAll('\n', ', ').slice(0, MAX_SUBJECT + 1)
}

/** Commas that have no backslash before them come between attributes; OpenSSL's blanks around them and `=` mean nothing. */
function normalSubject(text: string): string {
  const attributes = text.match(/(?:\\.|[^\\,])+/gs) ?? []
  return attributes
    .map((one) => one.replace(/^\s+|(?<!\\)\s+$/g, '').replace(/^([\w.-]+)\s*=\s*/, '$1='))
    .join(', ')
}

export function isCertificateName(text: string): boolean {
  if (/^([0-9a-f]{2}:?){32}$/i.test(text)) return true
  return text.length <= MAX_SUBJECT && /^\s*[A-Za-z0-9][\w.-]*\s*=\s*[^\s\p{Cc}][^\p{Cc}]*$/u.test(text)
}

/** In one form, however it was written: fingerprints in lower-case hex without colons. */
export function certificateName(text: string): string {
  return text.includes('=') ? normalSubject(text) : text.replaceAll(':', '').toLowerCase()
}
