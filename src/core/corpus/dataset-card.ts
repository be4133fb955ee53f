import {parse} from 'yaml'
import {z} from 'zod'
import {DataError} from '../util/errors.js'
import {isObject} from '../util/is-object.js'

const paths = z.union([z.string(), z.array(z.string())])
const dataFiles = z.union([paths, z.array(z.object({split: z.coerce.string(), path: paths}))])
const cardSchema = z.object({
  configs: z
    .array(
      z.object({
        config_name: z.coerce.string(),
        data_files: dataFiles.optional(),
        data_dir: z.string().optional(),
        default: z.boolean().optional(),
      }),
    )
    .optional(),
})

/** A subset (`config_name`) as a data set's card describes it. */
export interface CardSubset {
  readonly name: string
  readonly isDefault: boolean
  /** Folder that patterns are relative to, without slashes at its ends; '' for the repository's own. */
  readonly folder: string
  /** Split -> patterns of its files; null where names decide. */
  readonly splits: ReadonlyMap<string, readonly string[]> | null
}

/**
 * The subsets that the YAML block at the top of a README.md describes; none where it describes none, or is no mapping.
 *
 * @throws {DataError} when the block is not YAML or describes subsets in another way than the Hub documents
 */
export function readDatasetCard(card: string | null, label: string): CardSubset[] {
  const block = /^---\r?\n(.*?)\r?\n---\s*(?:\r?\n|$)/s.exec(card ?? '')?.[1]
  if (block === undefined) return []
  let content: unknown
  try {
    content = parse(block)
  } catch (cause) {
    throw new DataError(`${label}: the block at the top of its README.md is not YAML`, {cause})
  }
  if (!isObject(content)) return []
  const parsed = cardSchema.safeParse(content)
  if (!parsed.success)
    throw new DataError(
      `${label}: its README.md describes subsets in an unknown way, at ${parsed.error.issues[0].path.join('.')}`,
      {suggestions: ['give a folder with the files, but without README.md']},
    )
  return (parsed.data.configs ?? []).map(({config_name: name, data_files: files, data_dir: folder, ...rest}) => ({
    name,
    isDefault: rest.default ?? name === 'default',
    folder: (folder ?? '').replace(/^(?:\.?\/)+|\/+$/g, ''),
    splits: files === undefined ? null : splitPatterns(files),
  }))
}

/** Files without a split are the split `train`. */
function splitPatterns(files: z.infer<typeof dataFiles>): Map<string, string[]> {
  const splits = new Map<string, string[]>()
  for (const entry of [files].flat()) {
    const {split, path} = typeof entry === 'string' ? {split: 'train', path: entry} : entry
    splits.set(split, [...(splits.get(split) ?? []), path].flat())
  }
  return splits
}
