/** The composition root: `src/app/` builds every part and is the only place that sees all of them. */
export { services } from './app/services.ts'
