/** A name that no listing of the Hub may hold, and why. */
type Rule = readonly [pattern: RegExp, fault: string]

const escapes: readonly Rule[] = [
  [/^$/, 'is empty'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  [/[\0-\x1f\x7f]/, 'holds a control character'],
  [/\\/, 'holds a backslash'],
  [/^\/|^[a-z]:/i, 'is absolute'],
  [/(?:^|\/)\.{0,2}(?:\/|$)/, 'has an empty, . or .. part'],
]

const unportable: readonly Rule[] = [
  [/(?:^|\/)(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:\.[^/]*)?(?:\/|$)/i, 'is a device name of Windows'],
  [/[<>:"|?*]/, 'holds a character that Windows refuses'],
  [/[. ](?:\/|$)/, 'has a part that ends in a dot or a space'],
]

function faultOf(rules: readonly Rule[], name: string): string | null {
  return rules.find(([pattern]) => pattern.test(name))?.[1] ?? null
}

/** Why a name relative to a folder, parts divided by '/', could lead out of it on some system; null when it cannot. */
export function escapeFault(name: string): string | null {
  return faultOf(escapes, name)
}

/** Why a file of that name could not be written, or would not be a file, on some system; null when there is nothing. */
export function nameFault(name: string): string | null {
  return escapeFault(name) ?? faultOf(unportable, name)
}
