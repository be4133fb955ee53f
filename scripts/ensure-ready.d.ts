import type {SpawnSyncOptions} from 'node:child_process'

export const root: string
export function whyBuild(): string | undefined
export function runOrExit(title: string, command: string, args: readonly string[], options?: SpawnSyncOptions): void
export function ensureReady(): void
