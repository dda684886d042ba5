const VERSION = / HTTP\/\d(\.\d)?$/i
const HEADER = /^[A-Z][A-Z0-9-]*:$/i

/**
 * The first line of a request, or a header of one. A web page can have a browser send such a request here, and behind it
 * whatever it likes, commands among it: in clear, or to a certificate that is good for a web server too (ALPACA, 2021). To be
 * asked of unknown commands only: a file may well be called `HTTP/1.1`.
 */
export function isHttp(verb: string, argument: string): boolean {
  return VERSION.test(` ${argument}`) || (HEADER.test(verb) && argument !== '')
}
