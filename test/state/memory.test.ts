import { createMemoryStateStore } from '../../src/state/memory.ts'
import { stateStoreConformance } from '../conformance/state-store.ts'

stateStoreConformance('memory', async () => createMemoryStateStore())
