import { curl } from './drivers/curl.ts'
import { describeClient } from './scenarios.ts'

describeClient(curl)
