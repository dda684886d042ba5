import { FACTORS, type Factor } from '../identity.ts'

type Chains = readonly (readonly Factor[])[]

/** The first chain that `proven` covers whole. An empty chain proves nothing and never counts. */
export function completedChain(chains: Chains, proven: readonly Factor[]): readonly Factor[] | undefined {
  return chains.find((chain) => chain.length > 0 && chain.every((factor) => proven.includes(factor)))
}

/**
 * Whether evidence of `factor` may be looked at now. A one-time code only counts on top of another proven factor of its
 * chain: alone it is six digits that can be guessed.
 */
export function acceptsFactor(chains: Chains, proven: readonly Factor[], factor: Factor): boolean {
  return chains.some(
    (chain) =>
      chain.includes(factor) &&
      (factor !== 'totp' || chain.some((other) => other !== 'totp' && proven.includes(other))),
  )
}

/** The unproven factors that would bring some chain forward, in the order of FACTORS. */
export function nextFactors(chains: Chains, proven: readonly Factor[]): readonly Factor[] {
  return FACTORS.filter((factor) => !proven.includes(factor) && acceptsFactor(chains, proven, factor))
}
