/**
 * Frees the memory of a Buffer that OpenSSL's output came in, of which nothing is used any more. Node allocates one for
 * each packet. Left to the collector they come to dozens of MiB before it looks, none of which the processor's caches
 * hold, and V8, which counts them without looking at their age, would go through its whole heap for them.
 */
export function giveBack(output: Buffer): void {
  const { buffer } = output
  if (buffer instanceof ArrayBuffer && buffer.byteLength === output.length) buffer.transfer(0)
}
