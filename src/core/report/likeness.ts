/** What predictions of a result depend on besides weights and positions. */
export interface Alike {
  /** Config key -> value, of the template and lengths of its mode. */
  readonly settings: Readonly<Record<string, string | number>>
  /** Tokens that contexts lost, mean over positions. */
  readonly cutTokens: number
}

/**
 * In what two evaluations differ besides models and modes: settings that both have, and contexts.
 *
 * On the same positions the mean of cut tokens is equal only where every context is cut alike: less room cuts each as much
 * or more.
 */
export function unlike(subject: Alike, other: Alike): string[] {
  const [own, others] = [settingsOf(subject), settingsOf(other)]
  const settings = Object.keys(own)
    .filter((key) => Object.hasOwn(others, key) && own[key] !== others[key])
    .map((key) => `${key} ${own[key]} and ${others[key]}`)
  const contexts =
    subject.cutTokens === other.cutTokens
      ? []
      : [`contexts lose ${subject.cutTokens.toFixed(1)} and ${other.cutTokens.toFixed(1)} tokens`]
  return [...settings, ...contexts]
}

/** Older tables leave `rollout.stop` out where a mode samples and no text ends it. */
function settingsOf({settings}: Alike): Alike['settings'] {
  if (!Object.hasOwn(settings, 'rollout.maxTokens')) return settings
  return {...settings, 'rollout.stop': settings['rollout.stop'] ?? '[]'}
}
