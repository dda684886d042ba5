import { wget } from './drivers/wget.ts'
import { describeClient } from './scenarios.ts'

describeClient(wget)
